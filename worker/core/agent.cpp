#include "worker/core/agent.h"

#include <algorithm>
#include <utility>

#include "protocol/base/check.h"
#include "worker/core/agent_impl.h"

namespace picube {
namespace {

constexpr Duration kLeastBetweenNews = 2s;  // of why the board is slow

}  // namespace

Agent::Agent(AgentOptions options, Rng rng)
    : impl_(std::make_unique<Impl>(std::move(options), rng)) {}
Agent::~Agent() = default;
Agent::Agent(Agent&&) noexcept = default;
Agent& Agent::operator=(Agent&&) noexcept = default;

void Agent::Step(agent::Input input, Instant now) { impl_->Step(std::move(input), now); }
std::vector<agent::Action> Agent::TakeActions() { return impl_->TakeActions(); }
std::optional<Instant> Agent::NextDeadline() const { return impl_->NextDeadline(); }
void Agent::CheckInvariants() const { impl_->CheckInvariants(); }
AgentState Agent::State() const { return impl_->State(); }
std::optional<LeaseId> Agent::Running() const { return impl_->Running(); }
std::vector<LeaseId> Agent::Waiting() const { return impl_->Waiting(); }
std::vector<LeaseId> Agent::Unreported() const { return impl_->Unreported(); }
bool Agent::Idle() const { return impl_->Idle(); }

// Request ids begin at a random place, so that an answer meant for an earlier process of this host
// is not taken for one of ours.
Agent::Impl::Impl(AgentOptions options, Rng rng)
    : options_(std::move(options)),
      rng_(rng),
      installed_(options_.facts.applications),
      next_request_(1 + rng_.Below(1ULL << 40)) {}

void Agent::Impl::Step(agent::Input input, Instant now) {
  if (state_ == AgentState::kEnded) return;
  std::visit([&](auto& in) { Take(in, now); }, input);
  Pump(now);
}

void Agent::Impl::Event(AgentEvent event, Instant now) {
  const AgentState before = state_;
  state_ = Next(state_, event);
  if (state_ == AgentState::kGreeting && before != AgentState::kGreeting) SayHello(now);
}

void Agent::Impl::Take(agent::Started& in, Instant now) {
  PICUBE_CHECK(state_ == AgentState::kStarting, "Started comes once, first");
  for (UnitResult& result : in.results) {
    const LeaseId lease = result.lease;
    KeptResult& kept = results_[lease];
    kept.phase = NeedsBlob(result) ? Phase::kToPut : Phase::kReady;
    kept.result = std::move(result);
  }
  for (agent::UnitWork& work : in.leases) {
    if (!Knows(work.lease)) waiting_.push_back(std::move(work));
  }
  once_got_work_ = !waiting_.empty() || !results_.empty();
  cache_checked_ = in.cache_checked;
  cache_ = std::move(in.blobs);
  static_cast<void>(MakeRoom(0));
  give_up_once_ = now + options_.request_timeout;
  Event(AgentEvent::kStarted, now);
}

void Agent::Impl::Take(agent::CacheChecked& in, Instant) {
  if (std::exchange(cache_checked_, true)) return;
  cache_ = std::move(in.blobs);
  static_cast<void>(MakeRoom(0));
}

void Agent::Impl::Take(agent::Connected&, Instant now) {
  DropConversation();
  if (state_ == AgentState::kGreeting) {
    SayHello(now);
  } else {
    Event(AgentEvent::kConnected, now);
  }
}

void Agent::Impl::Take(agent::Disconnected&, Instant now) {
  DropConversation();
  Event(AgentEvent::kDisconnected, now);
}

void Agent::Impl::Take(agent::LinkRefused& in, Instant) { End(WorkerExit::kRefused, in.why); }

void Agent::Impl::Take(agent::FromServer& in, Instant now) {
  heard_ = now;
  TakeMessage(in.request, std::move(in.message), now);
}

void Agent::Impl::Take(agent::SpoolTrouble& in, Instant now) {
  if (trouble_.empty() && !in.why.empty()) {
    trouble_since_ = now;
    Warn(in.why + " Results are reported from memory and no new work is asked for until then.");
  }
  if (!trouble_.empty() && in.why.empty()) {
    Info("the state directory can be written again");
    for (auto& [lease, kept] : results_) kept.held = false;
  }
  trouble_ = std::move(in.why);
}

void Agent::Impl::Take(agent::BoardReadings& in, Instant now) {
  const bool news = in.readings.slowed_why != readings_.slowed_why;
  readings_ = in.readings;
  // The operator sees it soon; a reason that comes and goes makes no flood.
  const Instant soon = std::max(now, next_heartbeat_ - heartbeat_ + kLeastBetweenNews);
  if (news) next_heartbeat_ = std::min(next_heartbeat_, soon);
  if (!running_ || !readings_.temperature_millicelsius) return;
  running_->top_millicelsius =
      std::max(running_->top_millicelsius.value_or(*readings_.temperature_millicelsius),
               *readings_.temperature_millicelsius);
}

void Agent::Impl::Take(agent::StopAsked&, Instant now) {
  if (state_ == AgentState::kLeaving) return;
  if (state_ == AgentState::kStarting) return End(WorkerExit::kOk, "stopped before it began");
  Info("asked to stop");
  leave_by_ = now + options_.leave_within;
  if (running_) TellToStop(now);
  Event(AgentEvent::kStop, now);
}

void Agent::Impl::Pump(Instant now) {
  if (state_ == AgentState::kStarting || state_ == AgentState::kEnded) return;
  ExpireRequests(now);
  PumpUnits(now);
  PumpFetch(now);
  PumpUpload(now);
  PumpReport(now);
  PumpAsk(now);
  PumpHeartbeat(now);
  PumpOnce(now);
  PumpLeaving(now);
}

// In trouble with the disk, and nothing at hand that could still go out.
bool Agent::Impl::Waits() const {
  return options_.once && !trouble_.empty() && !running_ && results_.empty();
}

void Agent::Impl::PumpOnce(Instant now) {
  if (!options_.once) return;
  if (Waits() && now >= trouble_since_ + options_.request_timeout) {
    return End(WorkerExit::kFailed, trouble_ + " It is not waited for with --once.");
  }
  if (state_ == AgentState::kDraining && once_asked_ && Idle()) {
    SendNow(next_request_++, Goodbye{});
    if (once_got_work_) return End(WorkerExit::kOk, "done");
    return End(WorkerExit::kNoWork, "the server has no work for this host now");
  }
  const bool waits = state_ == AgentState::kOffline || state_ == AgentState::kGreeting;
  if (waits && !once_asked_ && now >= give_up_once_) {
    End(WorkerExit::kUnreachable, "the server does not answer");
  }
}

// Ends as soon as nothing more can be gained by staying, and at `leave_by_` in any case.
void Agent::Impl::PumpLeaving(Instant now) {
  if (state_ != AgentState::kLeaving) return;
  if (now < leave_by_) {
    if (running_) return;
    for (const auto& [lease, kept] : results_) {
      if (online_ || kept.phase == Phase::kSpooling) return;
    }
  }
  if (online_) GiveLeasesBack();
  const bool all = results_.empty();
  End(WorkerExit::kOk, all ? "stopped"
                           : "stopped; results not acknowledged yet are kept and will "
                             "be reported after the next start");
}

// Without a server the leases stay on disk instead, and the next start goes on with them.
void Agent::Impl::GiveLeasesBack() {
  if (running_) {
    given_back_.push_back(running_->work.lease);
    Do(agent::DropLease{running_->work.lease});
  }
  for (const agent::UnitWork& work : waiting_) {
    given_back_.push_back(work.lease);
    Do(agent::DropLease{work.lease});
  }
  running_.reset();
  waiting_.clear();
  SendNow(next_request_++, Goodbye{std::exchange(given_back_, {})});
}

void Agent::Impl::End(WorkerExit code, std::string why) {
  state_ = Next(state_, AgentEvent::kEnd);
  Do(agent::Exit{std::to_underlying(code), std::move(why)});
}

std::optional<Instant> Agent::Impl::NextDeadline() const {
  if (state_ == AgentState::kStarting || state_ == AgentState::kEnded) return std::nullopt;
  std::optional<Instant> first;
  const auto at = [&](Instant t) {
    if (!first || t < *first) first = t;
  };
  for (const auto& [kind, open] : open_) at(open.give_up);
  if (online_) at(next_heartbeat_);
  if (state_ == AgentState::kLeaving) at(leave_by_);
  if (state_ == AgentState::kWorking && WantsWork() && !Open(RequestKind::kWork)) {
    at(ask_not_before_);
  }
  if (running_ && running_->stop_by) at(*running_->stop_by);
  if (running_ && !running_->stop_by && !running_->paused_at) at(WallBound());
  for (const auto& [lease, kept] : results_) {
    const bool ready = kept.phase == Phase::kReady && !Open(RequestKind::kReport);
    if (online_ && (ready || (kept.phase == Phase::kToPut && !upload_))) at(kept.not_before);
  }
  const bool fetches = fetch_ && MayFetch() && !Open(RequestKind::kGet);
  if (fetches && (!fetch_->asked || (fetch_->opened && online_))) at(fetch_->not_before);
  if (Waits()) at(trouble_since_ + options_.request_timeout);
  if (online_ && upload_ && !upload_->reading && !Open(RequestKind::kPut)) at(upload_->not_before);
  const bool waits = state_ == AgentState::kOffline || state_ == AgentState::kGreeting;
  if (options_.once && waits && !once_asked_) at(give_up_once_);
  return first;
}

void Agent::Impl::CheckInvariants() const {
  for (std::size_t i = 0; i < waiting_.size(); ++i) {
    const LeaseId lease = waiting_[i].lease;
    PICUBE_CHECK(!running_ || running_->work.lease != lease, "a lease runs or waits");
    PICUBE_CHECK(!results_.contains(lease), "a lease with a result does not wait");
    for (std::size_t j = 0; j < i; ++j) {
      PICUBE_CHECK(waiting_[j].lease != lease, "a lease waits once");
    }
  }
  PICUBE_CHECK(!running_ || !results_.contains(running_->work.lease),
               "a lease with a result does not run");
  PICUBE_CHECK(ended_.size() <= limits::kLeasesPerHost, "the memory of ended leases is bounded");
  PICUBE_CHECK(waiting_.size() <= limits::kLeasesPerHost, "waiting leases are bounded");
  std::uint64_t pinned = fetch_ ? fetch_->blob.size : 0;
  for (const BlobRef& blob : cache_) pinned += Pinned(blob.hash) ? blob.size : 0;
  PICUBE_CHECK(CachedBytes() <= std::max(options_.cache_bytes, pinned), "the cache is bounded");
  PICUBE_CHECK(!upload_ || results_.contains(upload_->lease), "what is put is a kept result");
  const bool in_report = std::ranges::any_of(
      results_, [](const auto& entry) { return entry.second.phase == Phase::kReported; });
  PICUBE_CHECK(!in_report || Open(RequestKind::kReport), "a reported result has its open report");
}

std::optional<LeaseId> Agent::Impl::Running() const {
  if (!running_) return std::nullopt;
  return running_->work.lease;
}
std::vector<LeaseId> Agent::Impl::Waiting() const {
  std::vector<LeaseId> leases;
  for (const agent::UnitWork& work : waiting_) leases.push_back(work.lease);
  return leases;
}
std::vector<LeaseId> Agent::Impl::Unreported() const {
  std::vector<LeaseId> leases;
  for (const auto& [lease, kept] : results_) leases.push_back(lease);
  return leases;
}

}  // namespace picube
