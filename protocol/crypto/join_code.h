// The join code: all that a new host or operator needs to reach a server and be let in once. It
// carries a secret (the invitation's transport key): show it only to who shall join.
//
// Text: "picube1-" and Crockford base32 in groups of five (dashes, spaces and case do not matter; O
// reads as 0, I and L as 1) of: version (1 byte), kind (1), expiry (8, milliseconds of wall time,
// big-endian), server transport key (32), server signing key (32), invitation secret (32), endpoint
// (text), checksum (4 bytes of BLAKE2b over all before). Any thread.
#pragma once

#include <string>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/base/time.h"
#include "protocol/crypto/keys.h"
#include "protocol/messages.h"

namespace picube {

struct JoinCode {
  PrincipalKind kind = PrincipalKind::kHost;
  WallTime expires;
  TransportKey server_transport_key;
  SigningKey server_signing_key;
  Secret<32> invitation_secret;
  std::string endpoint;  // "tcp://cube.local:7425", at most 200 bytes

  // The key pair to connect with for the one Enrol.
  [[nodiscard]] TransportKeys Invitation() const {
    return TransportKeysOf(invitation_secret.Copy());
  }
};

[[nodiscard]] std::string EncodeJoinCode(const JoinCode& code);
// kUser: not a join code, mistyped (names the first character that cannot be one, if there is one),
// made for another version, or expired at `now`.
[[nodiscard]] Result<JoinCode> ParseJoinCode(std::string_view text, WallTime now);

}  // namespace picube
