#include <algorithm>
#include <utility>

#include "worker/core/agent_impl.h"

namespace picube {

void Agent::Impl::Take(agent::Pause& in, Instant now) {
  if (in.why == paused_why_) return;
  const bool was = !paused_why_.empty();
  const bool is = !in.why.empty();
  Info(is ? "computing pauses: " + in.why : "computing goes on");
  paused_why_ = std::move(in.why);
  next_heartbeat_ = std::min(next_heartbeat_, now);  // the operator sees it at once
  if (was == is) return;
  Do(agent::PauseUnits{is});
  if (!running_) return;
  if (is) {
    running_->paused_at = now;
  } else if (running_->paused_at) {
    running_->paused += now - *running_->paused_at;
    running_->paused_at.reset();
  }
}

// What has been accepted is computed, whatever is offered from now on.
void Agent::Impl::Take(agent::Allowance& in, Instant now) {
  if (in.no_inputs != no_inputs_) {
    Info(in.no_inputs.empty() ? "inputs are fetched again" : in.no_inputs);
    no_inputs_ = std::move(in.no_inputs);
    next_heartbeat_ = std::min(next_heartbeat_, now);
  }
  down_.Set(in.down_bytes_per_second, now);
  up_.Set(in.up_bytes_per_second, now);
  options_.threads = std::max(1U, in.threads);
  options_.cache_bytes = in.cache_bytes;
  if (in.facts == options_.facts) return;
  options_.facts = std::move(in.facts);
  // The server learns them by a new Hello, even if one is under way.
  if (state_ == AgentState::kGreeting) return SayHello(now);
  Event(AgentEvent::kSilent, now);
}

}  // namespace picube
