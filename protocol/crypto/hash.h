// BLAKE2b-256: names of blobs, digests of results, the journal's chain. Call InitCrypto() (keys.h)
// once before. A Hasher belongs to one thread at a time.
#pragma once

#include <cstddef>

#include "protocol/base/ids.h"

namespace picube {

[[nodiscard]] Digest Hash(BytesView bytes);

// Hash of bytes that come in pieces. Copying it copies the state (a prefix hashed once).
class Hasher {
 public:
  Hasher();
  void Update(BytesView bytes);
  // The digest of all bytes so far. Afterwards only Reset may be called.
  [[nodiscard]] Digest Finish();
  void Reset();

 private:
  alignas(64) unsigned char state_[384];  // crypto_generichash_state
};

}  // namespace picube
