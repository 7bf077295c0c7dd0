#include <algorithm>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/wire/codec.h"
#include "simulation/dice.h"
#include "simulation/server_process.h"

namespace picube::sim {
namespace {

constexpr Duration kSplitMost = 2s;  // of one step
constexpr Duration kMergeMost = 20s;

Message No(std::string what) {
  return Refused{.kind = ErrorKind::kRefused, .what = std::move(what), .next = {}};
}

}  // namespace

// --- Connections
// ------------------------------------------------------------------------------------

void ServerProcess::AdmitAnew() {
  admitted_.clear();
  for (const AdmittedKey& admitted : grid_->Admitted(Now().wall)) {
    admitted_[admitted.key] = admitted;
  }
}

bool ServerProcess::Admits(const TransportKey& key) const { return admitted_.contains(key); }

void ServerProcess::OnOpened(std::uint64_t connection, const TransportKey& key) {
  peers_[connection] = Peer{key, admitted_.at(key)};
}

void ServerProcess::OnClosed(std::uint64_t connection) {
  const auto peer = peers_.find(connection);
  if (peer == peers_.end()) return;
  const HostId host = peer->second.who.id;
  peers_.erase(peer);
  if (host) Push(PeerGone{host, connection});
}

void ServerProcess::OnMessage(std::uint64_t connection, const Envelope& envelope) {
  const auto found = peers_.find(connection);
  if (found == peers_.end()) return;
  const Peer& peer = found->second;
  const bool enrols = std::holds_alternative<Enrol>(envelope.message);
  if (enrols != !peer.who.id) return;  // an invitation may enrol, and do nothing else
  if (AnswerHere(peer, connection, envelope)) return;
  FromPeer from;
  from.host = peer.who.id;
  from.key = peer.key;
  from.reply = {connection, envelope.request};
  from.message = envelope.message;
  CheckReport(peer, from);
  Push(std::move(from));
}

// Signatures, and payloads that must be blobs: the shell's part of a report.
void ServerProcess::CheckReport(const Peer& peer, FromPeer& from) {
  auto* report = std::get_if<Report>(&from.message);
  if (report == nullptr) return;
  from.signature_valid =
      report->signature && *report->signature == SimSign(peer.who.signing_key, *report);
  for (const UnitResult& result : report->results) {
    if (result.outcome != Outcome::kSuccess) continue;
    if (result.payload_bytes > limits::kInlinePayloadBytes) {
      if (!disk_.blobs.contains(result.digest)) from.blobs_missing.push_back(result.lease);
    } else if (result.payload_bytes > limits::kCorePayloadBytes) {
      disk_.blobs[result.digest] = result.payload;
    }
  }
}

void ServerProcess::Reply(std::uint64_t connection, std::uint64_t request, Message message) {
  network_.SendToPeer(connection, Envelope{.request = request, .message = std::move(message)});
}

// Blobs, queries and invitations are the shell's; the core never sees them.
bool ServerProcess::AnswerHere(const Peer& peer, std::uint64_t connection,
                               const Envelope& envelope) {
  const std::uint64_t request = envelope.request;
  if (const auto* get = std::get_if<GetChunk>(&envelope.message)) {
    SendChunks(connection, request, *get);
  } else if (const auto* put = std::get_if<PutChunk>(&envelope.message)) {
    TakeChunk(connection, request, put->chunk);
  } else if (const auto* query = std::get_if<Query>(&envelope.message)) {
    AnswerQuery(connection, request, *query);
  } else if (const auto* control = std::get_if<Control>(&envelope.message);
             control != nullptr && control->kind == ControlKind::kInvite) {
    Invite(peer, connection, request, *control);
  } else {
    return false;
  }
  return true;
}

void ServerProcess::Invite(const Peer& peer, std::uint64_t connection, std::uint64_t request,
                           const Control& control) {
  if (peer.who.kind != PrincipalKind::kOperator) {
    return Reply(connection, request, No("only an operator invites"));
  }
  const std::string code = "invitation" + std::to_string(++invitations_);
  Push(MadeInvitation{.key = SimTransportKey(code),
                      .kind = control.principal,
                      .owner = control.text,
                      .expires = WallTime{Now().wall.ms + control.number * 1000},
                      .reply = {connection, request},
                      .code = code});
}

// --- Blobs
// ------------------------------------------------------------------------------------------

void ServerProcess::SendChunks(std::uint64_t connection, std::uint64_t request,
                               const GetChunk& wanted) {
  const auto blob = disk_.blobs.find(wanted.blob);
  if (blob == disk_.blobs.end()) {
    return Reply(connection, request,
                 Refused{.kind = ErrorKind::kUnit, .what = "there is no such blob", .next = {}});
  }
  const Bytes& bytes = blob->second;
  std::uint64_t offset = wanted.offset;
  for (std::uint32_t i = 0; i < wanted.credit && offset < bytes.size(); ++i) {
    Chunk chunk{.blob = wanted.blob, .offset = offset, .total = bytes.size(), .data = {}};
    chunk.data = bytes.substr(offset, limits::kChunkBytes);
    offset += chunk.data.size();
    Reply(connection, request, std::move(chunk));
  }
}

void ServerProcess::TakeChunk(std::uint64_t connection, std::uint64_t request, const Chunk& chunk) {
  PutState state{.blob = chunk.blob};
  if (const auto whole = disk_.blobs.find(chunk.blob); whole != disk_.blobs.end()) {
    state.next_offset = whole->second.size();
    state.complete = true;
    return Reply(connection, request, state);
  }
  if (disk_full_) {
    return Reply(connection, request,
                 Refused{.kind = ErrorKind::kStore, .what = "the disk is full", .next = {}});
  }
  Bytes& partial = partial_blobs_[chunk.blob];
  if (chunk.offset == partial.size()) partial += chunk.data;
  state.next_offset = partial.size();
  if (partial.size() == chunk.total) {
    if (SimDigest(partial) == chunk.blob) {
      state.complete = true;
      disk_.blobs[chunk.blob] = std::move(partial);
    } else {
      state.next_offset = 0;
    }
    partial_blobs_.erase(chunk.blob);
  }
  Reply(connection, request, state);
}

void ServerProcess::AnswerQuery(std::uint64_t connection, std::uint64_t request,
                                const Query& query) {
  picube::Answer answer;
  const Instant now = Now().now;
  switch (query.kind) {
    case QueryKind::kServer: answer.server = grid_->DescribeServer(); break;
    case QueryKind::kBatches:
      for (const BatchId batch : grid_->LiveBatches()) {
        if (auto info = grid_->DescribeBatch(batch)) answer.batches.push_back(std::move(*info));
      }
      break;
    case QueryKind::kHosts:
      for (const HostId host : grid_->Hosts()) {
        if (auto info = grid_->DescribeHost(host, now)) answer.hosts.push_back(std::move(*info));
      }
      break;
    case QueryKind::kExplainUnit: answer = grid_->ExplainUnit(UnitId{query.id}, now); break;
    case QueryKind::kExplainHost: answer = grid_->ExplainHost(HostId{query.id}, now); break;
    case QueryKind::kBatch:
    case QueryKind::kProduct:
    case QueryKind::kExplainBatch: answer = grid_->ExplainBatch(BatchId{query.id}, now); break;
    case QueryKind::kReport: break;  // the simulated tables keep no leases
  }
  FitAnswer(answer);
  Reply(connection, request, std::move(answer));
}

// --- Behind the core: splitter and merger
// -------------------------------------------------------------

void ServerProcess::HandleEvent(const Event& event, std::uint64_t row) {
  if (std::holds_alternative<PrincipalsChanged>(event)) {
    AdmitAnew();
    for (auto& [connection, peer] : peers_) {
      const auto admitted = admitted_.find(peer.key);
      if (admitted != admitted_.end()) peer.who = admitted->second;
    }
  } else if (const auto* wanted = std::get_if<WantUnits>(&event)) {
    Split(*wanted);
  } else if (const auto* merge = std::get_if<WantMerge>(&event)) {
    Merge(merge->batch, row);
  }
}

void ServerProcess::Split(const WantUnits& wanted) {
  const Submit* submit = grid_->SubmissionOf(wanted.batch);
  if (submit == nullptr || !splitting_.insert(wanted.batch).second) return;
  const auto nature = std::ranges::find(scenario_.batches, submit->name, &BatchNature::name);
  if (nature == scenario_.batches.end()) return stage_.Fail("units wanted for a strange batch");
  const auto number = static_cast<std::uint64_t>(nature - scenario_.batches.begin());
  RunLater(Between(rng_, Duration(0), kSplitMost), [this, wanted, number] {
    const BatchNature& batch = scenario_.batches[number];
    splitting_.erase(wanted.batch);
    if (batch.split_fails && wanted.from > 0) {
      return Push(SplitFailed{wanted.batch, {ErrorKind::kUser, "the recording ends early", {}}});
    }
    SplitStep step{.batch = wanted.batch, .units = {}, .last = false};
    const std::uint64_t end = std::min(batch.units, wanted.from + scenario_.server.units_per_split);
    for (std::uint64_t index = wanted.from; index < end; ++index) {
      const UnitNature unit = MakeUnit(scenario_, number, index);
      step.units.push_back({.parameters = EncodeUnit(unit),
                            .cost_flop = static_cast<double>(unit.flop),
                            .memory_bytes = 1 << 20,
                            .result_bytes = 1 << 20});
    }
    step.last = end == batch.units;
    Push(std::move(step));
  });
}

void ServerProcess::Merge(BatchId batch, std::uint64_t row) {
  if (!merging_.insert(batch).second) return;
  RunLater(Between(rng_, Duration(0), kMergeMost), [this, batch, row] {
    merging_.erase(batch);
    if (disk_.projection.cursor < row) FlushProjection();
    if (grid_->SubmissionOf(batch) == nullptr) return;  // cancelled meanwhile
    if (!MergeIsSound(batch)) return;
    const BatchNature& nature = scenario_.batches[ledger_.Batches().at(batch).nature];
    if (nature.merge_fails) {
      Push(MergeFailed{batch, {ErrorKind::kStore, "no space left for the product", {}}});
    } else {
      Push(ProductReady{batch, {{"product.csv", "what was found", {SimDigest("product"), 7}}}});
    }
  });
}

// The merger sees every unit of the batch once, in order, with the payload that was believed.
bool ServerProcess::MergeIsSound(BatchId batch) {
  const auto found = ledger_.Batches().find(batch);
  if (found == ledger_.Batches().end()) return false;
  std::uint64_t index = 0;
  for (const UnitId id : found->second.units) {
    const auto closed = disk_.projection.units.find(id);
    const Ledger::Unit& unit = *ledger_.FindUnit(id);
    const std::string text = "unit " + std::to_string(id.value);
    if (!ledger_.UnitIsOver(unit)) return false;  // a failed one was retried meanwhile
    if (closed == disk_.projection.units.end()) {
      stage_.Fail(text + " is not in the projection when its batch is merged");
      return false;
    }
    const UnitClosed& row = closed->second;
    stage_.Require(row.index == index++ && row.batch == batch && row.state == unit.state,
                   text + " is in the projection as something else");
    if (row.state != UnitState::kSettled) continue;
    const Ledger::Lease& canonical = *ledger_.FindLease(unit.canonical);
    stage_.Require(row.digest == canonical.digest && row.host == canonical.host,
                   text + " is in the projection with another result");
    const auto blob = disk_.blobs.find(row.digest);
    const bool large = row.payload_bytes > limits::kCorePayloadBytes;
    stage_.Require(large ? blob != disk_.blobs.end() && SimDigest(blob->second) == row.digest
                         : SimDigest(row.payload) == row.digest,
                   text + " has lost its payload");
  }
  return true;
}

}  // namespace picube::sim
