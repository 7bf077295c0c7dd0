#include <algorithm>
#include <utility>

#include "worker/core/agent_impl.h"

namespace picube {
namespace {

constexpr Duration kLeastPause = 100ms;    // between two asks, whatever the server says
constexpr Duration kRefusedPause = 10s;    // before a refused request is made again
constexpr Duration kShortestBeat = 100ms;  // a server that wishes more would only be flooded
constexpr Duration kLongestBeat = 10min;
constexpr int kBeatsUnheard = 3;  // each is answered by a Pulse: then the server is greeted again

std::chrono::milliseconds Milliseconds(Duration d) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(d);
}

}  // namespace

// --- Requests ---------------------------------------------------------------------------------

void Agent::Impl::SendNow(std::uint64_t request, Message message) {
  Do(agent::Send{request, version_, std::move(message)});
}

std::uint64_t Agent::Impl::Request(RequestKind kind, Message message, Duration patience,
                                   Instant now) {
  const std::uint64_t id = next_request_++;
  open_[kind] = {{id}, now, now + patience};
  SendNow(id, std::move(message));
  return id;
}

// Of chunks: one message more, besides those that are on their way.
void Agent::Impl::RequestMore(RequestKind kind, Message message, Instant now) {
  const std::uint64_t id = next_request_++;
  OpenRequest& open = open_[kind];
  if (open.ids.size() == 2 * std::size_t{limits::kChunkCredit}) open.ids.erase(open.ids.begin());
  open.ids.push_back(id);
  Extend(kind, now);
  SendNow(id, std::move(message));
}

void Agent::Impl::Extend(RequestKind kind, Instant now) {
  const auto open = open_.find(kind);
  if (open == open_.end()) return;
  open->second.sent = now;
  open->second.give_up = now + options_.request_timeout;
}

// What was under way is begun again after the next Welcome. A pause that the server wished for
// stays: whoever is refused must not come back sooner by greeting.
void Agent::Impl::DropConversation() {
  online_ = false;
  open_.clear();
  for (auto& [lease, kept] : results_) {
    if (kept.phase == Phase::kReported) kept.phase = Phase::kReady;
  }
  RestartUpload();
}

bool Agent::Impl::IsOpen(RequestKind kind, std::uint64_t request) const {
  const auto open = open_.find(kind);
  return open != open_.end() &&
         std::ranges::find(open->second.ids, request) != open->second.ids.end();
}

void Agent::Impl::ExpireRequests(Instant now) {
  bool silent = false;
  std::vector<RequestKind> late;
  for (const auto& [kind, open] : open_) {
    if (now < open.give_up) continue;
    late.push_back(kind);
    silent = silent || heard_ <= open.sent;
  }
  for (const RequestKind kind : late) {
    open_.erase(kind);
    TimedOut(kind, now);
  }
  // Not a word since the request went out: perhaps the server has forgotten this connection.
  if (silent && state_ != AgentState::kGreeting) Event(AgentEvent::kSilent, now);
}

void Agent::Impl::TimedOut(RequestKind kind, Instant now) {
  switch (kind) {
    case RequestKind::kHello:
      if (state_ == AgentState::kGreeting) SayHello(now);
      break;
    case RequestKind::kReport:
      for (auto& [lease, kept] : results_) {
        if (kept.phase == Phase::kReported) kept.phase = Phase::kReady;
      }
      break;
    case RequestKind::kPut: RestartUpload(); break;
    case RequestKind::kWork:
    case RequestKind::kGet: break;  // Pump makes them again
  }
}

void Agent::Impl::SayHello(Instant now) {
  DropConversation();
  greeted_ = now;
  Hello hello;
  hello.facts = options_.facts;
  const std::size_t most = std::min(cache_.size(), limits::kBlobsAnnounced);
  for (std::size_t i = 0; i < most; ++i) {
    hello.blobs_held.push_back(cache_[cache_.size() - 1 - i].hash);
  }
  if (running_ && !running_->dropped) hello.leases_held.push_back(running_->work.lease);
  for (const agent::UnitWork& work : waiting_) hello.leases_held.push_back(work.lease);
  for (const auto& [lease, kept] : results_) hello.leases_held.push_back(lease);
  version_ = kGreetingVersion;  // what both sides can read before they have agreed
  Request(RequestKind::kHello, std::move(hello), options_.hello_timeout, now);
}

void Agent::Impl::PumpHeartbeat(Instant now) {
  if (!online_ || now < next_heartbeat_) return;
  if (now - heard_ >= kBeatsUnheard * heartbeat_) {
    Event(AgentEvent::kSilent, now);
    if (!online_) return;
  }
  next_heartbeat_ = now + heartbeat_;
  Heartbeat beat;
  if (running_ && !running_->stop_by) {  // what does not stop must not keep its lease for ever
    beat.alive.push_back({running_->work.lease, running_->permille});
  }
  for (const agent::UnitWork& work : waiting_) beat.alive.push_back({work.lease, 0});
  for (const auto& [lease, kept] : results_) beat.alive.push_back({lease, 1000});
  beat.readings = readings_;
  beat.paused_why = paused_why_.empty() ? no_inputs_ : paused_why_;
  SendNow(next_request_++, std::move(beat));
}

// --- Asking for work --------------------------------------------------------------------------

// One unit waits besides the running one; several if they are short, so that a round trip to the
// server is never what limits the worker.
std::uint32_t Agent::Impl::UnitsWanted() const {
  std::int64_t ahead = 1;
  if (mean_unit_us_ > 0) ahead = options_.work_ahead.count() / mean_unit_us_;
  ahead = std::clamp<std::int64_t>(ahead, 1, std::max(1U, options_.most_waiting));
  const auto held = static_cast<std::int64_t>(waiting_.size());
  if (held > (ahead - 1) / 2) return 0;
  const std::int64_t wanted = ahead - held + (running_ ? 0 : 1);
  return static_cast<std::uint32_t>(
      std::min<std::int64_t>(wanted, std::int64_t{limits::kLeasesPerAssign}));
}

bool Agent::Impl::WantsWork() const {
  if (!paused_why_.empty() || !MayFetch()) return false;
  if (options_.once) return !once_asked_;
  return UnitsWanted() > 0;
}

AskWork Agent::Impl::MakeAsk(Duration wait) const {
  AskWork ask;
  ask.free_cores = options_.threads;
  ask.most_units = options_.once ? 1 : UnitsWanted();
  const auto held = static_cast<std::int64_t>(waiting_.size()) * mean_unit_us_;
  ask.held_ms = static_cast<std::uint64_t>(held / 1000);
  ask.wait_ms = static_cast<std::uint32_t>(Milliseconds(wait).count());
  const std::size_t most = std::min(cache_.size(), limits::kBlobsAnnounced);
  for (std::size_t i = 0; i < most; ++i) {
    ask.cached_blobs.push_back(cache_[cache_.size() - 1 - i].hash);
  }
  return ask;
}

void Agent::Impl::PumpAsk(Instant now) {
  if (state_ != AgentState::kWorking || Open(RequestKind::kWork)) return;
  if (now < ask_not_before_ || !WantsWork()) return;
  const Duration wait = options_.once ? 0s : limits::kLongPoll;
  Request(RequestKind::kWork, MakeAsk(wait), wait + options_.request_timeout, now);
}

// --- What the server says ----------------------------------------------------------------------

void Agent::Impl::TakeMessage(std::uint64_t request, Message message, Instant now) {
  if (const auto* welcome = std::get_if<Welcome>(&message)) return On(*welcome, now);
  if (const auto* assign = std::get_if<Assign>(&message)) return On(*assign, now);
  if (const auto* ack = std::get_if<Ack>(&message)) return On(*ack, request, now);
  if (const auto* pulse = std::get_if<Pulse>(&message)) return On(*pulse, now);
  if (const auto* state = std::get_if<PutState>(&message)) return OnPutState(*state, now);
  if (auto* chunk = std::get_if<Chunk>(&message)) return OnChunk(std::move(*chunk));
  if (const auto* refused = std::get_if<Refused>(&message))
    return OnRefused(request, *refused, now);
  if (const auto* none = std::get_if<NoWork>(&message)) {
    if (IsOpen(RequestKind::kWork, request)) On(*none, now);
    return;
  }
  if (const auto* cancel = std::get_if<Cancel>(&message)) {
    for (const LeaseId lease : cancel->leases) CancelLease(lease, now);
    return;
  }
  if (std::holds_alternative<Drain>(message)) SetDraining(true, now);
}

void Agent::Impl::On(const Welcome& m, Instant now) {
  if (state_ != AgentState::kGreeting) return;  // an answer to a Hello that was said twice
  if (m.version < kOldestProtocolVersion || m.version > kProtocolVersion) {
    return End(WorkerExit::kRefused, "the server speaks protocol version " +
                                         std::to_string(m.version) +
                                         ", which this worker does not know. Update the worker.");
  }
  version_ = m.version;
  Closed(RequestKind::kHello);
  online_ = true;
  heartbeat_ =
      std::clamp<Duration>(std::chrono::milliseconds(m.heartbeat_ms), kShortestBeat, kLongestBeat);
  // A first beat at once: its Pulse says which of the held leases are still wanted.
  next_heartbeat_ = now;
  ask_not_before_ = now;
  Info("connected to " + m.software + " as " + m.name);
  Event(AgentEvent::kWelcomed, now);
  if (once_asked_) Event(AgentEvent::kDrain, now);
}

void Agent::Impl::On(const Assign& m, Instant now) {
  Closed(RequestKind::kWork);
  ask_not_before_ = m.leases.empty() ? now + 1s : now;
  for (const LeaseOffer& offer : m.leases) {
    if (Knows(offer.lease) || offer.terms >= m.terms.size()) continue;
    if (waiting_.size() >= limits::kLeasesPerHost) break;
    Accept(m.terms[offer.terms], offer);
  }
  if (!options_.once || m.leases.empty()) return;
  once_asked_ = true;
  once_got_work_ = true;
  Event(AgentEvent::kDrain, now);
}

void Agent::Impl::On(const NoWork& m, Instant now) {
  Closed(RequestKind::kWork);
  Duration wait = std::chrono::milliseconds(m.ask_again_ms);
  // Jitter of a quarter: hosts that were refused together must not come back together.
  wait += Duration(
      static_cast<std::int64_t>(rng_.Below(1 + static_cast<std::uint64_t>(wait.count()) / 4)));
  ask_not_before_ = now + std::max(wait, kLeastPause);
  if (options_.once) {
    once_asked_ = true;
    Event(AgentEvent::kDrain, now);
  } else if (m.reason == NoWorkReason::kDraining) {
    SetDraining(true, now);
  } else if (m.rest_ms > 0 && Idle()) {
    Do(agent::MaySleep{std::chrono::milliseconds(m.rest_ms)});
  }
}

void Agent::Impl::On(const Ack& m, std::uint64_t request, Instant now) {
  for (const LeaseId lease : m.durable) Forget(lease);
  for (const NotTaken& no : m.not_taken) {
    const auto found = results_.find(no.lease);
    if (found == results_.end() || found->second.phase == Phase::kSpooling) continue;
    KeptResult& kept = found->second;
    if (!no.again) {
      Warn("the server does not take the result of lease " + std::to_string(no.lease.value) + ": " +
           no.why);
      Forget(no.lease);
      continue;
    }
    // Perhaps its blob has got lost on the way: putting it again costs one round trip if not.
    kept.phase = NeedsBlob(kept.result) ? Phase::kToPut : Phase::kReady;
    kept.not_before = now + kRefusedPause;
  }
  // What the Ack does not name stays to be reported again.
  Closed(RequestKind::kReport);
  for (auto& [lease, kept] : results_) {
    if (kept.phase != Phase::kReported) continue;
    kept.phase = Phase::kReady;
    kept.not_before = now + kLeastPause;
  }
  if (m.assign) return On(*m.assign, now);
  if (!IsOpen(RequestKind::kWork, request)) return;
  // The ask within a report does not wait; a long poll does, and hears of new work at once.
  const bool may_poll = !m.no_work || m.no_work->reason == NoWorkReason::kNothingToDo ||
                        m.no_work->reason == NoWorkReason::kHasItsCopy;
  if (m.no_work) On(*m.no_work, now);
  Closed(RequestKind::kWork);
  if (may_poll) ask_not_before_ = now + kLeastPause;
}

void Agent::Impl::On(const Pulse& m, Instant now) {
  for (const LeaseId lease : m.cancelled) CancelLease(lease, now);
  SetDraining(m.draining, now);
  if (!m.peers.empty()) Do(agent::TellPeers{m.peers});
}

void Agent::Impl::SetDraining(bool draining, Instant now) {
  if (once_asked_) return;
  const AgentState before = state_;
  Event(draining ? AgentEvent::kDrain : AgentEvent::kUndrain, now);
  if (state_ == before) return;
  Info(draining ? "the server drains this host: what it has is finished, no more is asked for"
                : "the server wants this host to work again");
  if (!draining) ask_not_before_ = now;
}

void Agent::Impl::OnRefused(std::uint64_t request, const Refused& m, Instant now) {
  std::vector<RequestKind> kinds;  // two when a report asked for work as well
  for (const auto& [kind, open] : open_) {
    if (IsOpen(kind, request)) kinds.push_back(kind);
  }
  for (const RequestKind kind : kinds) {
    open_.erase(kind);
    OnRefusedKind(kind, m, now);
  }
  if (kinds.empty() || state_ == AgentState::kGreeting) return;
  // A server that has forgotten this connection refuses everything until it is greeted.
  const bool stranger = m.kind == ErrorKind::kLink || m.kind == ErrorKind::kRefused;
  if (stranger && now - greeted_ >= kRefusedPause) Event(AgentEvent::kSilent, now);
}

void Agent::Impl::OnRefusedKind(RequestKind kind, const Refused& m, Instant now) {
  const std::string text = m.next.empty() ? m.what : m.what + " " + m.next;
  const bool passing = m.kind == ErrorKind::kLink || m.kind == ErrorKind::kStore;
  if (kind == RequestKind::kHello) {
    if (!passing) return End(WorkerExit::kRefused, text);
    open_[kind] = {{}, now, now + kRefusedPause};  // then it greets again
    return;
  }
  Warn("the server refuses: " + text);
  const Instant later = now + kRefusedPause;
  if (kind == RequestKind::kReport) ReportRefused(m, later);
  TimedOut(kind, now);
  if (kind == RequestKind::kWork) ask_not_before_ = later;
  if (kind == RequestKind::kPut && upload_) {
    upload_->not_before = later;
    if (!passing) CountRefusal(upload_->lease, m.what);
  }
  if (kind != RequestKind::kGet || !fetch_) return;
  fetch_->not_before = later;
  if (passing || m.kind == ErrorKind::kRefused) return;
  FailWaitingOn(fetch_->blob.hash,
                {ErrorKind::kUnit, "the server does not give an input: " + m.what, m.next});
}

}  // namespace picube
