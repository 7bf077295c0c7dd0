#include "server/gateway/blob_desk.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/limits.h"
#include "protocol/transport/blob_transfer.h"

namespace picube {
namespace {

// Lanes of connections, of hosts and of batches must not meet. A host has one lane however many
// connections it opens: what may wait for it is bounded.
std::uint64_t LaneOf(const ReplyTo& reply, const BlobDesk::Peer& peer) {
  return peer.is_host ? peer.id.value | (1ULL << 62) : reply.connection | (1ULL << 63);
}

constexpr std::size_t kMostWaiting = 4 * limits::kChunkCredit;

Message RefusedBy(const Error& error) { return Refused{error.kind, error.what, error.next}; }

// The chunks that answer `get`, in order; a Refused alone if there is no such blob.
std::vector<Message> ReadChunks(const BlobStore& blobs, const GetChunk& get) {
  std::vector<Message> answers;
  const auto size = blobs.Size(get.blob);
  if (!size) {
    answers.emplace_back(Refused{ErrorKind::kUnit, "there is no blob " + ToHex(get.blob),
                                 "Its batch may be over; ask for work again."});
    return answers;
  }
  std::uint64_t offset = get.offset;
  for (std::uint32_t i = 0; i < std::min(get.credit, limits::kChunkCredit); ++i) {
    if (offset >= *size && !(offset == 0 && *size == 0)) break;
    auto data = blobs.Read(get.blob, offset, limits::kChunkBytes);
    if (!data) {
      answers.emplace_back(RefusedBy(data.error()));
      break;
    }
    const std::uint64_t at = offset;
    offset += data->size();
    answers.emplace_back(PackChunk({.blob = get.blob,
                                    .offset = at,
                                    .total = *size,
                                    .compression = Compression::kNone,
                                    .data = std::move(*data)}));
    if (*size == 0) break;
  }
  return answers;
}

Message TakeChunk(BlobStore& blobs, const Chunk& chunk, HostId owner) {
  auto data = OpenChunk(chunk);
  if (!data) return RefusedBy(data.error());
  auto state = blobs.Put(chunk.blob, chunk.offset, chunk.total, *data, owner.value);
  if (!state) return RefusedBy(state.error());
  return *state;
}

}  // namespace

void BlobDesk::Get(const ReplyTo& reply, const Peer& peer, const GetChunk& get) {
  const std::uint64_t lane = LaneOf(reply, peer);
  if (pool_.Depth(lane) > kMostWaiting) return;
  pool_.Post(lane, [this, reply, get](std::stop_token) {
    auto answers = ReadChunks(blobs_, get);
    return [this, reply, answers = std::move(answers)]() mutable {
      for (Message& answer : answers) send_(reply, std::move(answer));
    };
  });
}

bool BlobDesk::MayPut(const ReplyTo& reply, const Peer& peer, const Chunk& chunk, Instant now) {
  const std::uint64_t most = peer.is_host ? limits::kResultBytes : limits::kBlobBytes;
  if (chunk.total > most) {
    send_(reply, Refused{ErrorKind::kRefused,
                         "a blob of " + std::to_string(chunk.total) +
                             " bytes is above the limit of " + std::to_string(most),
                         "Send less, or ask the operator."});
    return false;
  }
  if (!peer.is_host) return true;
  const auto verdict = ledger_.Piece(peer.id, chunk.blob, chunk.total, now);
  if (verdict == UploadLedger::Verdict::kPass) return true;
  send_(reply, Refused{ErrorKind::kRefused,
                       verdict == UploadLedger::Verdict::kTooManyUnfinished
                           ? "this host has too many unfinished uploads"
                           : "this host has put too many bytes that no result of it names",
                       "Finish them and report their results; the rest is forgotten in a day."});
  return false;
}

void BlobDesk::Put(const ReplyTo& reply, const Peer& peer, PutChunk put, Instant now) {
  const std::uint64_t lane = LaneOf(reply, peer);
  if (pool_.Depth(lane) > kMostWaiting) return;
  if (!MayPut(reply, peer, put.chunk, now)) return;
  pool_.Post(lane, [this, reply, peer, put = std::move(put)](std::stop_token) {
    Message answer = TakeChunk(blobs_, put.chunk, peer.id);
    return [this, reply, host = peer.id, answer = std::move(answer)]() mutable {
      const auto* state = std::get_if<PutState>(&answer);
      if (state != nullptr && state->complete) ledger_.Complete(host, state->blob);
      send_(reply, std::move(answer));
    };
  });
}

}  // namespace picube
