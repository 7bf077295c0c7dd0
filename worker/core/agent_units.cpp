#include <algorithm>
#include <utility>

#include "worker/core/agent_impl.h"

namespace picube {

bool Agent::Impl::Knows(LeaseId lease) const {
  if (running_ && running_->work.lease == lease) return true;
  if (results_.contains(lease)) return true;
  const auto same = [&](const agent::UnitWork& work) { return work.lease == lease; };
  return std::ranges::any_of(waiting_, same) || std::ranges::find(ended_, lease) != ended_.end();
}

void Agent::Impl::Remember(LeaseId lease) {
  ended_.push_back(lease);
  if (ended_.size() > limits::kLeasesPerHost) ended_.pop_front();
}

void Agent::Impl::Accept(const WorkTerms& terms, const LeaseOffer& offer) {
  agent::UnitWork work{.lease = offer.lease,
                       .unit = offer.unit,
                       .batch = terms.batch,
                       .application = terms.application,
                       .bounds = terms.bounds,
                       .parameters = offer.parameters,
                       .inputs = terms.inputs,
                       .cost_flop = offer.cost_flop,
                       .attempts = 0};
  work.inputs.insert(work.inputs.end(), offer.inputs.begin(), offer.inputs.end());
  Do(agent::KeepLease{work});
  waiting_.push_back(std::move(work));
}

// Nothing need be reported. A result that exists already is reported all the same: it is cheap, and
// the server answers for it.
void Agent::Impl::CancelLease(LeaseId lease, Instant now) {
  const auto waits = std::ranges::find_if(
      waiting_, [&](const agent::UnitWork& work) { return work.lease == lease; });
  if (waits != waiting_.end()) {
    waiting_.erase(waits);
    Remember(lease);
    Do(agent::DropLease{lease});
    return;
  }
  if (!running_ || running_->work.lease != lease || running_->dropped) return;
  running_->dropped = true;
  TellToStop(now);
}

void Agent::Impl::TellToStop(Instant now) {
  if (running_->stop_by) return;
  running_->stop_by = now + options_.stop_within;
  Do(agent::StopUnit{running_->work.lease});
}

const ApplicationVersion* Agent::Impl::Unknown(const agent::UnitWork& work) const {
  const bool known = std::ranges::find(installed_, work.application) != installed_.end();
  return known ? nullptr : &work.application;
}

void Agent::Impl::FailHopeless() {
  for (std::size_t i = 0; i < waiting_.size();) {
    const agent::UnitWork& work = waiting_[i];
    std::optional<Error> error;
    if (const ApplicationVersion* app = Unknown(work)) {
      error = {
          ErrorKind::kHost,
          "this worker has no application " + app->name + " " + std::to_string(app->version) + ".",
          "Install the worker that belongs to the server."};
    } else if (work.attempts >= options_.max_attempts) {
      error = {ErrorKind::kUnit,
               "the unit ended the worker's process " + std::to_string(work.attempts) +
                   " times and is not tried again.",
               {}};
    }
    if (!error) {
      ++i;
      continue;
    }
    const agent::UnitWork failed = work;
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(i));
    FailUnit(failed, *std::move(error), {});
  }
}

Instant Agent::Impl::WallBound() const {
  // A bound of centuries is no bound; the cut keeps the sum in range.
  const auto seconds = std::min<std::uint64_t>(running_->work.bounds.wall_seconds, 1ULL << 31);
  return running_->started + running_->paused +
         std::chrono::seconds(static_cast<std::int64_t>(seconds));
}

// A kernel that never comes to a pause cannot be ended alone. The process ends, and whoever watches
// it starts it again: the count of attempts on disk ends the unit after some of them.
void Agent::Impl::PumpRunning(Instant now) {
  if (!running_->stop_by) {
    if (running_->paused_at || now < WallBound()) return;
    const auto bound = std::to_string(running_->work.bounds.wall_seconds);
    running_->over =
        Error{ErrorKind::kUnit, "the unit ran longer than its bound of " + bound + " seconds.", {}};
    return TellToStop(now);
  }
  if (now < *running_->stop_by || state_ == AgentState::kLeaving) return;
  const RunningUnit unit = TakeRunning(now);
  if (unit.over) EndOver(unit, now);
  if (unit.dropped) Do(agent::DropLease{unit.work.lease});
  End(WorkerExit::kFailed, "the kernel of unit " + std::to_string(unit.work.unit.value) +
                               " does not stop; the process ends and must be started again");
}

// The machine may be full by now, of this or of others: then it is not for this host at present.
// What the process itself holds is of the last unit, or small.
bool Agent::Impl::FailTooBig(const agent::UnitWork& work) {
  if (!memory_.own_bytes || !memory_.available_bytes) return false;
  const std::uint64_t most = *memory_.own_bytes + *memory_.available_bytes;
  if (work.bounds.memory_bytes <= most) return false;
  FailUnit(work,
           {ErrorKind::kHost,
            "the unit may use " + std::to_string(work.bounds.memory_bytes) +
                " bytes of memory; this machine has " + std::to_string(most) + " to give.",
            {}},
           {});
  return true;
}

void Agent::Impl::Take(agent::MemoryReading& in, Instant now) {
  memory_ = in;
  if (!running_ || !in.own_bytes || running_->work.bounds.memory_bytes == 0) return;
  if (!running_->base_bytes) running_->base_bytes = in.own_bytes;
  const std::uint64_t base = *running_->base_bytes;
  // A bound is meant for up to four threads; each has buffers of its own.
  const std::uint64_t times = std::max<std::uint64_t>(1, (options_.threads + 3) / 4);
  const std::uint64_t bound =
      std::min<std::uint64_t>(running_->work.bounds.memory_bytes, 1ULL << 50) * times;
  const std::uint64_t uses = *in.own_bytes > base ? *in.own_bytes - base : 0;
  if (uses <= bound || running_->stop_by) return;
  running_->over = Error{ErrorKind::kUnit,
                         "the unit used " + std::to_string(uses) +
                             " bytes of memory; its bound is " + std::to_string(bound) + ".",
                         {}};
  TellToStop(now);
}

bool Agent::Impl::Holds() const {
  return std::ranges::any_of(results_, [](const auto& entry) { return entry.second.held; });
}

void Agent::Impl::PumpUnits(Instant now) {
  FailHopeless();
  if (running_) return PumpRunning(now);
  if (state_ == AgentState::kLeaving || !paused_why_.empty()) return;
  if (!trouble_.empty() && Holds()) return;  // one more result would only fill the memory
  const auto ready =
      std::ranges::find_if(waiting_, [&](const agent::UnitWork& work) { return HasInputs(work); });
  if (ready == waiting_.end()) return;
  agent::UnitWork work = std::move(*ready);
  waiting_.erase(ready);
  if (FailTooBig(work)) return;
  running_ = RunningUnit{.work = std::move(work),
                         .started = now,
                         .permille = 0,
                         .stop_by = {},
                         .dropped = false,
                         .over = {},
                         .base_bytes = {},
                         .paused_at = {},
                         .paused = {},
                         .top_millicelsius = readings_.temperature_millicelsius};
  ++running_->work.attempts;
  Touch(running_->work);
  Do(agent::StartUnit{running_->work});
}

void Agent::Impl::Take(agent::UnitProgress& in, Instant) {
  if (running_ && running_->work.lease == in.lease) {
    running_->permille = std::min(in.permille, 1000U);
  }
}

Agent::Impl::RunningUnit Agent::Impl::TakeRunning(Instant now) {
  RunningUnit unit = *std::exchange(running_, std::nullopt);
  const std::int64_t took = std::max<std::int64_t>(1, (now - unit.started - unit.paused).count());
  if (!unit.stop_by) {
    mean_unit_us_ = mean_unit_us_ == 0 ? took : mean_unit_us_ + (took - mean_unit_us_) / 4;
    mean_unit_us_ = std::max<std::int64_t>(1, mean_unit_us_);
  }
  return unit;
}

void Agent::Impl::Take(agent::UnitFinished& in, Instant now) {
  if (!running_ || running_->work.lease != in.lease) return;
  RunningUnit unit = TakeRunning(now);
  if (unit.dropped) {
    Remember(in.lease);
    Do(agent::DropLease{in.lease});
    return;
  }
  if (!in.cost.top_millicelsius) in.cost.top_millicelsius = unit.top_millicelsius;
  const std::uint64_t bound = unit.work.bounds.result_bytes;  // 0 = none of its own
  const std::uint64_t most =
      bound == 0 ? limits::kResultBytes : std::min(bound, limits::kResultBytes);
  if (in.payload.size() > most) {
    return FailUnit(unit.work,
                    {ErrorKind::kUnit,
                     "the result has " + std::to_string(in.payload.size()) +
                         " bytes; the unit's bound is " + std::to_string(most) + ".",
                     {}},
                    in.cost);
  }
  Succeed(unit.work, std::move(in.payload), in.cost);
}

void Agent::Impl::Take(agent::UnitFailed& in, Instant now) {
  if (!running_ || running_->work.lease != in.lease) return;
  RunningUnit unit = TakeRunning(now);
  if (unit.dropped) {
    Remember(in.lease);
    Do(agent::DropLease{in.lease});
    return;
  }
  if (!in.cost.top_millicelsius) in.cost.top_millicelsius = unit.top_millicelsius;
  FailUnit(unit.work, std::move(in.error), in.cost);
}

void Agent::Impl::EndOver(const RunningUnit& unit, Instant now) {
  Cost cost;
  cost.wall_ms = static_cast<std::uint64_t>((now - unit.started - unit.paused).count() / 1000);
  cost.top_millicelsius = unit.top_millicelsius;
  FailUnit(unit.work, *unit.over, cost);
}

void Agent::Impl::Take(agent::UnitStopped& in, Instant now) {
  if (!running_ || running_->work.lease != in.lease) return;
  RunningUnit unit = TakeRunning(now);
  if (unit.dropped) {
    Remember(in.lease);
    Do(agent::DropLease{in.lease});
    return;
  }
  if (unit.over) return EndOver(unit, now);
  // Stopped on purpose: that start does not count against the unit.
  if (unit.work.attempts > 0) --unit.work.attempts;
  Do(agent::KeepLease{unit.work});
  waiting_.push_front(std::move(unit.work));
}

}  // namespace picube
