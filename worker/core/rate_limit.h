// A bound on bytes a second: each piece that is sent puts off the next one for as long as the bound
// gives it. A value; time is an argument.
#pragma once

#include <algorithm>
#include <cstdint>

#include "protocol/base/time.h"

namespace picube {

class RateLimit {
 public:
  [[nodiscard]] bool Limited() const { return bytes_per_second_ > 0; }
  // 0 = no bound. What has been spent stays spent, but for the span that the new bound gives it.
  void Set(std::uint64_t bytes_per_second, Instant now) {
    if (bytes_per_second == bytes_per_second_) return;
    bytes_per_second_ = bytes_per_second;
    free_at_ = now;
  }
  // The next piece may begin then; in the past = now.
  [[nodiscard]] Instant FreeAt() const { return Limited() ? free_at_ : Instant{}; }
  // A piece begins. At most a day is waited for one.
  void Spend(std::uint64_t bytes, Instant now) {
    if (!Limited()) return;
    constexpr std::uint64_t kMost = 1ULL << 40;
    const double seconds =
        static_cast<double>(std::min(bytes, kMost)) / static_cast<double>(bytes_per_second_);
    free_at_ = std::max(free_at_, now) + std::min<Duration>(FromSeconds(seconds), 24h);
  }

 private:
  std::uint64_t bytes_per_second_ = 0;
  Instant free_at_{};
};

}  // namespace picube
