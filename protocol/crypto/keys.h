// Keys: a Curve25519 pair for transport and an Ed25519 pair for signing, and the file they live in.
// Secrets wipe themselves and are never copied by accident. All functions: any thread.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"

namespace picube {

// Before anything else of this library; may be called again. Fails only if the system has no
// source of randomness.
[[nodiscard]] Status InitCrypto();

// Overwrites memory in a way that the compiler keeps.
void Wipe(void* memory, std::size_t size);

// N secret bytes: moved, never copied; wiped when moved from and at the end.
template <std::size_t N>
class Secret {
 public:
  Secret() = default;
  ~Secret() { Wipe(bytes_.data(), N); }
  Secret(Secret&& other) noexcept : bytes_(other.bytes_) { Wipe(other.bytes_.data(), N); }
  Secret& operator=(Secret&& other) noexcept {
    if (this != &other) {
      bytes_ = other.bytes_;
      Wipe(other.bytes_.data(), N);
    }
    return *this;
  }
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;

  [[nodiscard]] Secret Copy() const {  // deliberately
    Secret copy;
    copy.bytes_ = bytes_;
    return copy;
  }
  [[nodiscard]] std::uint8_t* Data() { return bytes_.data(); }
  [[nodiscard]] const std::uint8_t* Data() const { return bytes_.data(); }
  static constexpr std::size_t kSize = N;

 private:
  std::array<std::uint8_t, N> bytes_{};
};

struct TransportKeys {
  TransportKey key;
  Secret<32> secret;
};
struct SigningKeys {
  SigningKey key;
  Secret<64> secret;  // libsodium's form: seed, then public key
};
struct Keys {  // of a server, a host or an operator
  TransportKeys transport;
  SigningKeys signing;
};

[[nodiscard]] TransportKeys MakeTransportKeys();
[[nodiscard]] SigningKeys MakeSigningKeys();
[[nodiscard]] Keys MakeKeys();
// The pair that belongs to a secret (of a join code).
[[nodiscard]] TransportKeys TransportKeysOf(Secret<32> secret);
[[nodiscard]] Keys Copy(const Keys& keys);
[[nodiscard]] TransportKeys Copy(const TransportKeys& keys);
// Sixteen hexadecimal digits in groups of four, for people to compare: "3f1a-…".
[[nodiscard]] std::string Fingerprint(const TransportKey& key);

// Writes a new file of mode 0600 beside `path`, syncs it and renames it to `path`.
[[nodiscard]] Status SaveKeys(const std::string& path, const Keys& keys);
// Refuses (kHost) a file that others may read or write, or that belongs to another user, and says
// the command that mends it; a damaged file (checksum), an unknown version, a missing file.
[[nodiscard]] Result<Keys> LoadKeys(const std::string& path);

}  // namespace picube
