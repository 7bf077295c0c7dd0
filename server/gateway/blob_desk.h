// Serves and takes blobs in chunks, on the pool: reading, hashing and compressing never hold up the
// server's loop. The chunks of one connection keep their order. Loop thread only.
#pragma once

#include <cstdint>
#include <functional>

#include "protocol/messages.h"
#include "server/gateway/pool.h"
#include "server/store/blob_store.h"

namespace picube {

class BlobDesk {
 public:
  using Send = std::function<void(std::uint64_t connection, std::uint64_t request, Message)>;

  BlobDesk(Pool& pool, BlobStore& blobs, Send send)
      : pool_(pool), blobs_(blobs), send_(std::move(send)) {}

  // Answers with up to `get.credit` chunks, or Refused. Dropped without an answer while the
  // connection has too much waiting: it asks again.
  void Get(std::uint64_t connection, std::uint64_t request, const GetChunk& get);
  // Answers with PutState, or Refused. `most_bytes` bounds the whole blob.
  void Put(std::uint64_t connection, std::uint64_t request, PutChunk put, std::uint64_t most_bytes);

 private:
  Pool& pool_;
  BlobStore& blobs_;
  Send send_;
};

}  // namespace picube
