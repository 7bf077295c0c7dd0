#include "simulation/payload.h"

#include <cstring>

#include "simulation/dice.h"
#include "simulation/event_log.h"

namespace picube::sim {
namespace {

enum Part : std::uint64_t { kUnitPart = 20, kFilePart = 21 };
constexpr std::uint64_t kHonest = 0x686f6e657374;

// Little-endian on every machine.
void PutWord(Bytes& out, std::uint64_t word) {
  for (int i = 0; i < 8; ++i) out += static_cast<char>((word >> (8 * i)) & 0xff);
}
std::uint64_t GetWord(BytesView bytes, std::size_t word) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < 8; ++i) {
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[8 * word + i])) << (8 * i);
  }
  return value;
}

// Fills a block from a hash, eight bytes a step.
template <std::size_t N, class Tag>
void Fill(Block<N, Tag>& block, std::uint64_t hash) {
  for (std::size_t i = 0; i < N; ++i) {
    if (i % 8 == 0) hash = Mix64(hash + i);
    block.bytes[i] = static_cast<std::uint8_t>(hash >> (8 * (i % 8)));
  }
}

Bytes Stream(std::uint64_t seed, std::size_t size) {
  Bytes bytes;
  bytes.reserve(size + 8);
  for (std::uint64_t i = 0; bytes.size() < size; ++i) PutWord(bytes, Mix64(seed + i));
  bytes.resize(size);
  return bytes;
}

}  // namespace

Digest SimDigest(BytesView bytes) {
  Digest digest;
  Fill(digest, HashBytes(bytes, bytes.size()));
  return digest;
}

TransportKey SimTransportKey(std::string_view of) {
  TransportKey key;
  Fill(key, HashBytes(of, /*seed=*/1));
  return key;
}

SigningKey SimSigningKey(std::string_view of) {
  SigningKey key;
  Fill(key, HashBytes(of, /*seed=*/2));
  return key;
}

Signature SimSign(const SigningKey& key, const Report& report) {
  std::uint64_t hash = HashBytes(key.View());
  for (const SealedResult& sealed : report.earlier) {
    hash = HashBytes(sealed.digest.View(), hash ^ sealed.lease.value);
  }
  for (const UnitResult& result : report.results) {
    hash = HashBytes(result.digest.View(), hash ^ result.lease.value);
  }
  Signature signature;
  Fill(signature, hash);
  return signature;
}

UnitNature MakeUnit(const Scenario& scenario, std::uint64_t batch, std::uint64_t index) {
  const BatchNature& nature = scenario.batches[batch];
  Rng rng = RngFor(scenario.seed, kUnitPart, (batch << 32) + index);
  UnitNature unit{.batch = batch, .index = index};
  unit.flop = Between(rng, nature.cost_least, nature.cost_most);
  unit.payload_bytes = static_cast<std::uint32_t>(Between(rng, 8, 64));
  if (Chance(rng, nature.blob_permille)) {
    // Some stay inline but leave the core, some travel as blobs, some of these in two chunks.
    constexpr std::uint32_t kSizes[] = {1500, 16 * 1024, 17'000, 70'000};
    unit.payload_bytes = kSizes[rng.Below(4)];
  }
  if (Chance(rng, nature.poison_permille)) {
    unit.fate = rng.OneIn(3) ? UnitNature::Fate::kDeadly : UnitNature::Fate::kPoison;
  }
  if (nature.project_error && index == nature.units / 2) {
    unit.fate = UnitNature::Fate::kProjectError;
  }
  return unit;
}

Bytes EncodeUnit(const UnitNature& unit) {
  Bytes bytes;
  PutWord(bytes, unit.batch);
  PutWord(bytes, unit.index);
  PutWord(bytes, unit.flop);
  PutWord(bytes, unit.payload_bytes | (static_cast<std::uint64_t>(unit.fate) << 32));
  return bytes;
}

std::optional<UnitNature> DecodeUnit(BytesView parameters) {
  if (parameters.size() != 32) return std::nullopt;
  UnitNature unit;
  unit.batch = GetWord(parameters, 0);
  unit.index = GetWord(parameters, 1);
  unit.flop = GetWord(parameters, 2);
  const std::uint64_t last = GetWord(parameters, 3);
  unit.payload_bytes = static_cast<std::uint32_t>(last);
  if ((last >> 32) > 3) return std::nullopt;
  unit.fate = static_cast<UnitNature::Fate>(last >> 32);
  return unit;
}

Bytes HonestPayload(BytesView parameters) { return ForgedPayload(parameters, kHonest); }

Bytes ForgedPayload(BytesView parameters, std::uint64_t salt) {
  const std::optional<UnitNature> unit = DecodeUnit(parameters);
  return Stream(HashBytes(parameters, salt), unit ? unit->payload_bytes : 8);
}

Bytes FileBytes(const Scenario& scenario, std::uint64_t batch) {
  return Stream(Mix64(scenario.seed) ^ Mix64(kFilePart + batch),
                scenario.batches[batch].file_bytes);
}

}  // namespace picube::sim
