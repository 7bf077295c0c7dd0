// Threads over independent pieces. A result never depends on how many there are, or on which
// thread does which piece: each piece writes its own output.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_THREAD__)
// The thread sanitizer cannot see into libgomp and would report its barriers as races.
#include <atomic>
#include <thread>
#include <vector>
#else
#include <omp.h>
#endif

namespace picube::math {

// Calls body(piece, worker) for each piece of [0, count), worker < threads. The body must not
// throw.
template <class Body>
void ParallelFor(int threads, std::size_t count, const Body& body) {
  if (threads <= 1 || count <= 1) {  // no team for nothing
    for (std::size_t i = 0; i < count; ++i) body(i, std::size_t{0});
    return;
  }
#if defined(__SANITIZE_THREAD__)
  std::atomic<std::size_t> next{0};
  std::vector<std::jthread> crew;
  for (int worker = 0; worker < threads; ++worker) {
    crew.emplace_back([&, worker] {
      for (std::size_t i = next++; i < count; i = next++) body(i, static_cast<std::size_t>(worker));
    });
  }
#else
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads)
  for (std::size_t i = 0; i < count; ++i) {
    body(i, static_cast<std::size_t>(omp_get_thread_num()));
  }
#endif
}

}  // namespace picube::math
