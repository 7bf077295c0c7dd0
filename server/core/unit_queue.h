// Units that wait for a host, in order. Each has a position that only grows, so that a host can
// remember "nothing for me before here" and no ask looks at an entry twice.
//
// A removed entry leaves a hole; holes at the front go at once, others when `Sparse()` makes the
// owner rebuild the queue. 8 bytes an entry.
#pragma once

#include <cstdint>
#include <deque>

#include "protocol/base/check.h"
#include "protocol/base/ids.h"

namespace picube {

class UnitQueue {
 public:
  [[nodiscard]] std::uint64_t Begin() const { return begin_; }
  [[nodiscard]] std::uint64_t End() const { return begin_ + entries_.size(); }
  // Zero for a hole. `position` must be in [Begin, End).
  [[nodiscard]] UnitId At(std::uint64_t position) const { return entries_[position - begin_]; }
  [[nodiscard]] std::uint64_t Live() const { return live_; }

  // Appends and returns the position.
  std::uint64_t Push(UnitId unit) {
    entries_.push_back(unit);
    ++live_;
    return End() - 1;
  }
  void Remove(std::uint64_t position) {
    PICUBE_CHECK(position >= begin_ && position < End() && At(position), "it waits here");
    entries_[position - begin_] = {};
    --live_;
    while (!entries_.empty() && !entries_.front()) {
      entries_.pop_front();
      ++begin_;
    }
  }
  // True when most entries are holes: take all entries out in order and push them again.
  [[nodiscard]] bool Sparse() const { return entries_.size() > 4 * live_ + 1024; }

 private:
  std::deque<UnitId> entries_;
  std::uint64_t begin_ = 0;
  std::uint64_t live_ = 0;
};

}  // namespace picube
