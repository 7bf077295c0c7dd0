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
void Agent::Impl::CancelLease(LeaseId lease) {
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
  if (!std::exchange(running_->stopping, true)) Do(agent::StopUnit{lease});
}

const ApplicationVersion* Agent::Impl::Unknown(const agent::UnitWork& work) const {
  const auto& known = options_.facts.applications;
  return std::ranges::find(known, work.application) == known.end() ? &work.application : nullptr;
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

void Agent::Impl::PumpUnits(Instant now) {
  FailHopeless();
  if (running_) {
    if (running_->stopping || running_->paused_at || now < WallBound()) return;
    running_->too_long = true;
    running_->stopping = true;
    Do(agent::StopUnit{running_->work.lease});
    return;
  }
  if (state_ == AgentState::kLeaving || !paused_why_.empty()) return;
  const auto ready =
      std::ranges::find_if(waiting_, [&](const agent::UnitWork& work) { return HasInputs(work); });
  if (ready == waiting_.end()) return;
  running_ = RunningUnit{.work = std::move(*ready),
                         .started = now,
                         .permille = 0,
                         .stopping = false,
                         .dropped = false,
                         .too_long = false,
                         .paused_at = {},
                         .paused = {},
                         .top_millicelsius = readings_.temperature_millicelsius};
  waiting_.erase(ready);
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
  if (!unit.stopping) {
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
  const std::uint64_t most = std::min(unit.work.bounds.result_bytes, limits::kResultBytes);
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

void Agent::Impl::Take(agent::UnitStopped& in, Instant now) {
  if (!running_ || running_->work.lease != in.lease) return;
  RunningUnit unit = TakeRunning(now);
  if (unit.dropped) {
    Remember(in.lease);
    Do(agent::DropLease{in.lease});
    return;
  }
  if (unit.too_long) {
    const auto bound = std::to_string(unit.work.bounds.wall_seconds);
    Cost cost;
    cost.wall_ms = static_cast<std::uint64_t>((now - unit.started - unit.paused).count() / 1000);
    cost.top_millicelsius = unit.top_millicelsius;
    return FailUnit(
        unit.work,
        {ErrorKind::kUnit, "the unit ran longer than its bound of " + bound + " seconds.", {}},
        cost);
  }
  // Stopped on purpose: that start does not count against the unit.
  if (unit.work.attempts > 0) --unit.work.attempts;
  Do(agent::KeepLease{unit.work});
  waiting_.push_front(std::move(unit.work));
}

}  // namespace picube
