// A worker's agent with a hand-driven world around it: the test says what the server answers and
// when time passes; spool and cache do at once what they are told.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include "worker/core/agent.h"

namespace picube {

inline Digest DigestOf(std::uint64_t n) {
  Digest digest;
  for (int i = 0; i < 8; ++i)
    digest.bytes[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(n >> (8 * i));
  return digest;
}

inline agent::UnitWork KeptLease(std::uint64_t id, std::uint32_t attempts = 0) {
  agent::UnitWork work;
  work.lease = LeaseId{id};
  work.unit = UnitId{id};
  work.application = {"primes", 1};
  work.attempts = attempts;
  return work;
}
inline UnitResult KeptResult(std::uint64_t id, std::size_t bytes = 4) {
  UnitResult result;
  result.lease = LeaseId{id};
  result.digest = DigestOf(1000 + id);
  result.payload_bytes = bytes;
  if (bytes <= limits::kInlinePayloadBytes) result.payload = Bytes(bytes, 'x');
  return result;
}
inline bool Says(const std::vector<std::string>& log, std::string_view part) {
  return std::ranges::any_of(
      log, [&](const std::string& line) { return line.find(part) != std::string::npos; });
}

class AgentTest : public ::testing::Test {
 protected:
  // --- Life
  void Begin(agent::Started kept = {}) {
    options_.facts.applications = {{"primes", 1}};
    agent_.emplace(options_, Rng(7));
    Feed(std::move(kept));
  }
  void BeginWelcomed(agent::Started kept = {}) {
    Begin(std::move(kept));
    Connect();
    GetWelcome();
  }
  void Connect() { Feed(agent::Connected{}); }
  void GetWelcome(std::uint16_t version = kProtocolVersion) {
    Welcome welcome;
    welcome.version = version;
    welcome.heartbeat_ms = 20'000;
    Answer<Hello>(welcome);
  }
  void Feed(agent::Input input) {
    agent_->Step(std::move(input), now_);
    Collect();
  }
  // Time passes; ticks come when the agent asks for them.
  void Pass(Duration span) {
    const Instant until = now_ + span;
    for (int turns = 0; turns < 10'000; ++turns) {
      const auto next = agent_->NextDeadline();
      if (!next || *next > until) break;
      now_ = std::max(now_, *next);
      Feed(agent::Tick{});
    }
    now_ = until;
  }

  // --- The server
  void Hear(Message message) { Feed(agent::FromServer{0, std::move(message)}); }
  // Answers the latest request of this type.
  template <class Asked>
  void Answer(Message message) {
    for (std::size_t i = sent_.size(); i-- > 0;) {
      if (!std::holds_alternative<Asked>(sent_[i].message)) continue;
      Feed(agent::FromServer{sent_[i].request, std::move(message)});
      return;
    }
    FAIL() << "nothing of this kind was sent";
  }
  void HandOut(std::vector<std::uint64_t> leases, std::vector<BlobRef> inputs = {}) {
    Assign assign;
    assign.terms.push_back({BatchId{1}, {"primes", 1}, bounds_, std::move(inputs)});
    for (const std::uint64_t id : leases) {
      LeaseOffer offer;
      offer.lease = LeaseId{id};
      offer.unit = UnitId{id};
      assign.leases.push_back(offer);
    }
    Answer<AskWork>(assign);
  }
  void Acknowledge(std::vector<std::uint64_t> leases) {
    Ack ack;
    for (const std::uint64_t id : leases) ack.durable.push_back(LeaseId{id});
    Answer<Report>(ack);
  }

  // --- The kernel
  void Finish(std::uint64_t lease, std::size_t bytes = 8) {
    Feed(agent::UnitFinished{LeaseId{lease}, Bytes(bytes, 'r'), {}});
  }

  // --- What was decided
  template <class T>
  [[nodiscard]] std::size_t Sent() const {
    std::size_t n = 0;
    for (const agent::Send& send : sent_) n += std::holds_alternative<T>(send.message) ? 1 : 0;
    return n;
  }
  template <class T>
  [[nodiscard]] const T& LastSent() const {
    for (std::size_t i = sent_.size(); i-- > 0;) {
      if (const T* found = std::get_if<T>(&sent_[i].message)) return *found;
    }
    throw std::runtime_error("nothing of this kind was sent");
  }
  // Of all chunks put so far, questions too.
  [[nodiscard]] std::vector<std::uint64_t> OffsetsPut() const {
    std::vector<std::uint64_t> offsets;
    for (const agent::Send& send : sent_) {
      const auto* put = std::get_if<PutChunk>(&send.message);
      if (put != nullptr) offsets.push_back(put->chunk.offset);
    }
    return offsets;
  }
  [[nodiscard]] std::uint64_t Running() const {
    return agent_->Running().value_or(LeaseId{}).value;
  }

  AgentOptions options_;
  Bounds bounds_;
  std::optional<Agent> agent_;
  Instant now_{1'000'000};
  std::vector<agent::Send> sent_;
  std::vector<std::string> log_;
  std::vector<Peer> peers_;
  std::vector<Duration> sleeps_;
  std::optional<agent::Exit> exit_;
  std::set<LeaseId> leases_;             // on disk
  std::map<LeaseId, UnitResult> spool_;  // on disk
  std::vector<LeaseId> set_aside_;
  std::vector<LeaseId> started_;
  std::vector<LeaseId> stopped_;
  std::vector<bool> pauses_;
  std::map<Digest, std::uint64_t> coming_;  // blobs under way: bytes there
  std::map<Digest, std::uint64_t> sizes_;
  std::vector<Digest> dropped_blobs_;
  bool disk_full_ = false;

 private:
  void Collect() {
    agent_->CheckInvariants();
    for (agent::Action& action : agent_->TakeActions()) {
      std::visit([this](auto& a) { Do(a); }, action);
    }
  }
  void Do(agent::Send& a) { sent_.push_back(std::move(a)); }
  void Do(agent::KeepLease& a) { leases_.insert(a.work.lease); }
  void Do(agent::DropLease& a) { leases_.erase(a.lease); }
  void Do(agent::StartUnit& a) { started_.push_back(a.work.lease); }
  void Do(agent::StopUnit& a) { stopped_.push_back(a.lease); }
  void Do(agent::PauseUnits& a) { pauses_.push_back(a.paused); }
  void Do(agent::SpoolResult& a) {
    const LeaseId lease = a.result.lease;
    spool_[lease] = std::move(a.result);
    leases_.erase(lease);
    Feed(agent::ResultSpooled{lease, DigestOf(1000 + lease.value), !disk_full_});
  }
  void Do(agent::ForgetResult& a) { spool_.erase(a.lease); }
  void Do(agent::SetResultAside& a) {
    set_aside_.push_back(a.lease);
    spool_.erase(a.lease);
  }
  void Do(agent::OpenBlob& a) {
    sizes_[a.blob.hash] = a.blob.size;
    Feed(agent::BlobState{a.blob.hash, coming_[a.blob.hash], false, {}});
  }
  void Do(agent::StoreChunk& a) {
    std::uint64_t& there = coming_[a.chunk.blob];
    if (a.chunk.offset == there) there += a.chunk.data.size();
    const bool whole = there == sizes_[a.chunk.blob];
    Feed(agent::BlobState{a.chunk.blob, there, whole, {}});
  }
  void Do(agent::DropBlob& a) { dropped_blobs_.push_back(a.blob); }
  void Do(agent::ReadPayload& a) {
    const Bytes& payload = spool_.at(a.lease).payload;
    agent::PayloadChunk answer;
    answer.lease = a.lease;
    answer.chunk.blob = a.blob;
    answer.chunk.offset = a.offset;
    answer.chunk.total = payload.size();
    answer.chunk.data = payload.substr(a.offset, limits::kChunkBytes);
    Feed(std::move(answer));
  }
  void Do(agent::MaySleep& a) { sleeps_.push_back(a.span); }
  void Do(agent::TellPeers& a) { peers_ = a.peers; }
  void Do(agent::Log& a) { log_.push_back(a.text); }
  void Do(agent::Exit& a) { exit_ = a; }
};

}  // namespace picube
