#include <sys/eventfd.h>
#include <unistd.h>
#include <cerrno>
#include <cstdint>

#include "protocol/base/check.h"
#include "protocol/transport/context_impl.h"

namespace picube {

Context::Context(int io_threads) : impl_(std::make_unique<Impl>(io_threads)) {}
Context::~Context() = default;
Context::Impl& Context::Internals() { return *impl_; }

Waker::Waker() : descriptor_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
  PICUBE_CHECK(descriptor_ >= 0, "no file descriptor left for a waker");
}

Waker::~Waker() { ::close(descriptor_); }

void Waker::Wake() {
  const std::uint64_t one = 1;
  // Fails only if 2^64 wakes are pending, and then the waiter wakes anyway.
  while (::write(descriptor_, &one, sizeof one) < 0 && errno == EINTR) {
  }
}

void Waker::Clear() {
  std::uint64_t count = 0;
  while (::read(descriptor_, &count, sizeof count) < 0 && errno == EINTR) {
  }
}

}  // namespace picube
