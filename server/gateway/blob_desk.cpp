#include "server/gateway/blob_desk.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "protocol/base/limits.h"
#include "protocol/transport/blob_transfer.h"

namespace picube {
namespace {

// Lanes of connections and of batches must not meet.
std::uint64_t LaneOf(std::uint64_t connection) { return connection | (1ULL << 63); }

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

Message TakeChunk(BlobStore& blobs, const Chunk& chunk) {
  auto data = OpenChunk(chunk);
  if (!data) return RefusedBy(data.error());
  auto state = blobs.Put(chunk.blob, chunk.offset, chunk.total, *data);
  if (!state) return RefusedBy(state.error());
  return *state;
}

}  // namespace

void BlobDesk::Get(std::uint64_t connection, std::uint64_t request, const GetChunk& get) {
  if (pool_.Depth(LaneOf(connection)) > kMostWaiting) return;
  pool_.Post(LaneOf(connection), [this, connection, request, get](std::stop_token) {
    auto answers = ReadChunks(blobs_, get);
    return [this, connection, request, answers = std::move(answers)]() mutable {
      for (Message& answer : answers) send_(connection, request, std::move(answer));
    };
  });
}

void BlobDesk::Put(std::uint64_t connection, std::uint64_t request, PutChunk put,
                   std::uint64_t most_bytes) {
  if (pool_.Depth(LaneOf(connection)) > kMostWaiting) return;
  if (put.chunk.total > most_bytes) {
    send_(connection, request,
          Refused{ErrorKind::kRefused,
                  "a blob of " + std::to_string(put.chunk.total) + " bytes is above the limit of " +
                      std::to_string(most_bytes),
                  "Send less, or ask the operator."});
    return;
  }
  pool_.Post(LaneOf(connection),
             [this, connection, request, put = std::move(put)](std::stop_token) {
               Message answer = TakeChunk(blobs_, put.chunk);
               return [this, connection, request, answer = std::move(answer)]() mutable {
                 send_(connection, request, std::move(answer));
               };
             });
}

}  // namespace picube
