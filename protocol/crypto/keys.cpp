#include "protocol/crypto/keys.h"

#include <sodium.h>
#include <utility>

#include "protocol/base/check.h"

namespace picube {

Status InitCrypto() {
  if (sodium_init() < 0) {
    return Fail(ErrorKind::kHost, "libsodium found no source of randomness.",
                "Check that /dev/urandom can be read.");
  }
  return {};
}

void Wipe(void* memory, std::size_t size) { sodium_memzero(memory, size); }

TransportKeys MakeTransportKeys() {
  TransportKeys keys;
  const int failed = crypto_box_keypair(keys.key.bytes.data(), keys.secret.Data());
  PICUBE_CHECK(failed == 0, "libsodium makes key pairs");
  return keys;
}

SigningKeys MakeSigningKeys() {
  SigningKeys keys;
  const int failed = crypto_sign_keypair(keys.key.bytes.data(), keys.secret.Data());
  PICUBE_CHECK(failed == 0, "libsodium makes key pairs");
  return keys;
}

Keys MakeKeys() { return {MakeTransportKeys(), MakeSigningKeys()}; }

TransportKeys TransportKeysOf(Secret<32> secret) {
  TransportKeys keys;
  keys.secret = std::move(secret);
  const int failed = crypto_scalarmult_base(keys.key.bytes.data(), keys.secret.Data());
  PICUBE_CHECK(failed == 0, "the base point times a scalar");
  return keys;
}

TransportKeys Copy(const TransportKeys& keys) { return {keys.key, keys.secret.Copy()}; }

Keys Copy(const Keys& keys) {
  return {Copy(keys.transport), {keys.signing.key, keys.signing.secret.Copy()}};
}

std::string Fingerprint(const TransportKey& key) {
  const std::string hex = ToHex(key.View().substr(0, 8));
  std::string grouped;
  for (std::size_t i = 0; i < hex.size(); ++i) {
    if (i != 0 && i % 4 == 0) grouped += '-';
    grouped += hex[i];
  }
  return grouped;
}

}  // namespace picube
