// Simulated work: what a unit's honest payload is, what a forged one is, and digests that need no
// cryptography. Everything follows from the unit's parameters.
//
// Free functions, any thread.
#pragma once

#include <cstdint>
#include <optional>

#include "protocol/base/ids.h"
#include "protocol/messages.h"
#include "simulation/scenario.h"

namespace picube::sim {

// Stands for BLAKE2b-256: equal bytes, equal digest, and nothing better is needed here.
[[nodiscard]] Digest SimDigest(BytesView bytes);
[[nodiscard]] TransportKey SimTransportKey(std::string_view of);
[[nodiscard]] SigningKey SimSigningKey(std::string_view of);
// Stands for an Ed25519 signature over the list of (lease, digest).
[[nodiscard]] Signature SimSign(const SigningKey& key, const Report& report);

// What a unit's parameters say.
struct UnitNature {
  std::uint64_t batch = 0;  // its number in the scenario, from 0
  std::uint64_t index = 0;
  std::uint64_t flop = 0;
  std::uint32_t payload_bytes = 0;
  enum class Fate : std::uint8_t {
    kGood,
    kPoison,        // an error of the unit on every host
    kDeadly,        // ends the process that computes it
    kProjectError,  // shows a bug of the application
  } fate = Fate::kGood;
};
// The unit `index` of a batch: the same whenever it is asked for.
[[nodiscard]] UnitNature MakeUnit(const Scenario& scenario, std::uint64_t batch,
                                  std::uint64_t index);
[[nodiscard]] Bytes EncodeUnit(const UnitNature& unit);
// Nothing if these are not parameters of a simulated unit.
[[nodiscard]] std::optional<UnitNature> DecodeUnit(BytesView parameters);

[[nodiscard]] Bytes HonestPayload(BytesView parameters);
// Differs from the honest one and from every lie with another salt.
[[nodiscard]] Bytes ForgedPayload(BytesView parameters, std::uint64_t salt);

// The salts of the lies: one for all who collude, else each host's own.
inline constexpr std::uint64_t kColludersSalt = 0xc0111de;
[[nodiscard]] constexpr std::uint64_t LiarsSalt(std::uint64_t host) { return 1000 + host; }

// The one file of a batch's dataset.
[[nodiscard]] Bytes FileBytes(const Scenario& scenario, std::uint64_t batch);

}  // namespace picube::sim
