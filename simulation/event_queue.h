// Virtual time: what happens next, in order of time and, at one instant, in order of arrival.
//
// One thread. Nothing here waits: time is the time of the event that runs.
#pragma once

#include <cstdint>
#include <functional>
#include <queue>
#include <utility>
#include <vector>

#include "protocol/base/time.h"

namespace picube::sim {

class EventQueue {
 public:
  using Action = std::function<void()>;

  [[nodiscard]] Instant Now() const { return now_; }
  // An instant that has passed means now.
  void At(Instant when, Action action) {
    if (when < now_) when = now_;
    events_.push(Event{when, next_++, std::move(action)});
  }
  void After(Duration wait, Action action) { At(now_ + wait, std::move(action)); }
  // Runs the next event that is due no later than `until`. False, with the time set to `until`, if
  // there is none.
  bool RunNext(Instant until) {
    if (events_.empty() || events_.top().when > until) {
      now_ = until;
      return false;
    }
    // The queue hands out const references only; the event is popped before it can be compared
    // again.
    Action action = std::move(const_cast<Event&>(events_.top()).action);
    now_ = events_.top().when;
    events_.pop();
    action();
    return true;
  }

 private:
  struct Event {
    Instant when;
    std::uint64_t number = 0;
    Action action;
    bool operator<(const Event& other) const {  // the queue's top is its greatest: the earliest
      return when != other.when ? when > other.when : number > other.number;
    }
  };

  Instant now_;
  std::uint64_t next_ = 0;
  std::priority_queue<Event> events_;
};

}  // namespace picube::sim
