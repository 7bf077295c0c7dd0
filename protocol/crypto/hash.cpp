#include "protocol/crypto/hash.h"

#include <sodium.h>
#include <new>

#include "protocol/base/check.h"

namespace picube {
namespace {
crypto_generichash_state* State(unsigned char* memory) {
  return reinterpret_cast<crypto_generichash_state*>(memory);
}
}  // namespace

Digest Hash(BytesView bytes) {
  Digest digest;
  const int failed = crypto_generichash(digest.bytes.data(), Digest::kSize,
                                        reinterpret_cast<const unsigned char*>(bytes.data()),
                                        bytes.size(), nullptr, 0);
  PICUBE_CHECK(failed == 0, "BLAKE2b with constant sizes cannot fail");
  return digest;
}

Hasher::Hasher() {
  static_assert(sizeof(crypto_generichash_state) <= sizeof state_);
  static_assert(alignof(crypto_generichash_state) <= 64);
  new (state_) crypto_generichash_state;
  Reset();
}

void Hasher::Reset() {
  const int failed = crypto_generichash_init(State(state_), nullptr, 0, Digest::kSize);
  PICUBE_CHECK(failed == 0, "BLAKE2b with constant sizes cannot fail");
}

void Hasher::Update(BytesView bytes) {
  const int failed = crypto_generichash_update(
      State(state_), reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size());
  PICUBE_CHECK(failed == 0, "a Hasher is used after Finish");
}

Digest Hasher::Finish() {
  Digest digest;
  const int failed = crypto_generichash_final(State(state_), digest.bytes.data(), Digest::kSize);
  PICUBE_CHECK(failed == 0, "a Hasher is finished twice");
  return digest;
}

}  // namespace picube
