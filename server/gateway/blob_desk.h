// Serves and takes blobs in chunks, on the pool: reading, hashing and compressing never hold up the
// server's loop. The chunks of one lane (a host, or a connection of an operator) keep their order.
// Loop thread only.
#pragma once

#include <cstdint>
#include <functional>

#include "protocol/messages.h"
#include "server/core/grid.h"
#include "server/gateway/pool.h"
#include "server/gateway/upload_ledger.h"
#include "server/store/blob_store.h"

namespace picube {

class BlobDesk {
 public:
  using Send = std::function<void(const ReplyTo& reply, Message message)>;

  BlobDesk(Pool& pool, BlobStore& blobs, Send send)
      : pool_(pool), blobs_(blobs), send_(std::move(send)) {}

  struct Peer {
    HostId id;
    bool is_host = true;  // else an operator
  };
  // Answers with up to `get.credit` chunks, or Refused. Dropped without an answer while the lane
  // has too much waiting: the peer asks again.
  void Get(const ReplyTo& reply, const Peer& peer, const GetChunk& get);
  // Answers with PutState, or Refused: a host's blob is a result, and it has a share of the disk.
  void Put(const ReplyTo& reply, const Peer& peer, PutChunk put, Instant now);
  // A result of the host that counts names the blob.
  void Named(HostId host, const Digest& blob) { ledger_.Named(host, blob); }
  // Once a minute is enough.
  void Sweep(Instant now) { ledger_.Sweep(now); }

 private:
  [[nodiscard]] bool MayPut(const ReplyTo& reply, const Peer& peer, const Chunk& chunk,
                            Instant now);

  Pool& pool_;
  BlobStore& blobs_;
  Send send_;
  UploadLedger ledger_;
};

}  // namespace picube
