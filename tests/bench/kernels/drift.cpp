// The search of 2^20 channels and 16 spectra for drifts to +-4 Hz/s, as application drift does it,
// beside a pass over the rows for each drift.
#include <benchmark/benchmark.h>

#include <memory>

#include "protocol/base/rng.h"
#include "tests/bench/kernels/kernels.h"
#include "workunits/math/parallel.h"
#include "workunits/math/taylor_tree.h"

namespace picube::bench {
namespace {

constexpr std::size_t kColumns = 1U << 20;
constexpr std::size_t kRows = 16;
constexpr std::int64_t kDrift = 392;  // 4 Hz/s at 0.0102 Hz/s a channel

template <class T>
struct Job {
  math::TaylorTree<T> tree{kRows, -kDrift, kDrift};
  std::size_t stride = tree.Left() + kColumns + tree.Right();
  std::vector<T> cells = std::vector<T>(kRows * stride);
  std::vector<T> best = std::vector<T>(kColumns);
  std::vector<typename math::TaylorTree<T>::Workspace> workspaces;

  Job() {
    Rng rng(1);
    for (T& cell : cells) cell = static_cast<T>(rng.Below(200));
    for (int i = 0; i < 2; ++i) workspaces.push_back(tree.MakeWorkspace());
  }
  void Search(int threads) {
    constexpr std::size_t kPiece = 4096;
    math::ParallelFor(threads, kColumns / kPiece, [&](std::size_t i, std::size_t worker) {
      tree.Search(cells.data() + tree.Left() + i * kPiece, stride, kPiece, best.data() + i * kPiece,
                  workspaces[worker]);
    });
    benchmark::DoNotOptimize(best.data());
  }
  // One drift after another over all columns.
  void SearchPlainly() {
    std::vector<T> sums(kColumns);
    for (std::int64_t d = -kDrift; d <= kDrift; ++d) {
      const auto path = math::TreePath(d, kRows);
      std::fill(sums.begin(), sums.end(), T{0});
      for (std::size_t t = 0; t < kRows; ++t) {
        const T* row = cells.data() + tree.Left() + t * stride + path[t];
        for (std::size_t c = 0; c < kColumns; ++c) sums[c] = static_cast<T>(sums[c] + row[c]);
      }
      for (std::size_t c = 0; c < kColumns; ++c) best[c] = std::max(best[c], sums[c]);
    }
    benchmark::DoNotOptimize(best.data());
  }
};

}  // namespace

void AddDrift(std::vector<Case>& cases) {
  const auto floats = std::make_shared<Job<float>>();
  const auto shorts = std::make_shared<Job<std::uint16_t>>();
  cases.push_back({"drift-2^20x16-4Hz/s", [floats] { floats->Search(1); }, "a pass for each drift",
                   [floats] { floats->SearchPlainly(); }});
  Case two{"drift-2^20x16-4Hz/s", [floats] { floats->Search(2); }, "one thread",
           [floats] { floats->Search(1); }};
  two.threads = 2;
  two.each_isa = false;
  cases.push_back(std::move(two));
  cases.push_back({"drift-2^20x16-4Hz/s-u16", [shorts] { shorts->Search(1); }, "", {}});
}

}  // namespace picube::bench
