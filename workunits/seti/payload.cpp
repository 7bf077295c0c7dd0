#include "workunits/seti/payload.h"

#include "protocol/base/rng.h"
#include "workunits/bytes.h"

namespace picube::seti {
namespace {

constexpr std::uint32_t kRangeVersion = 1;
constexpr std::uint32_t kResultVersion = 1;
constexpr std::uint8_t kKindSpike = 1;  // of a signal; other kinds get numbers of their own
constexpr std::size_t kSpikeBytes = 29;

void Put(ByteWriter& out, const Spike& spike) {
  out.U8(kKindSpike);
  out.U32(spike.length);
  out.I64(spike.k);
  out.U32(spike.block);
  out.U32(spike.bin);
  out.F32(spike.power);
  out.F32(spike.mean);
}

bool Get(ByteReader& in, Spike& spike) {
  if (in.U8() != kKindSpike) return false;
  spike.length = in.U32();
  spike.k = in.I64();
  spike.block = in.U32();
  spike.bin = in.U32();
  spike.power = in.F32();
  spike.mean = in.F32();
  return in.Good();
}

}  // namespace

void UnitResult::Fold(const PairResult& next) {
  ++pairs;
  spectra += next.spectra;
  digest = Mix64(digest ^ next.digest);
  if (next.best.power > best.power) best = next.best;
  for (const Spike& spike : next.spikes) {
    if (spikes.size() < kMostSpikesPerUnit) {
      spikes.push_back(spike);
    } else {
      ++dropped;
    }
  }
}

Bytes EncodeRange(const UnitRange& range) {
  ByteWriter out;
  out.U32(kRangeVersion);
  out.F64(range.selection.chirp_low);
  out.F64(range.selection.chirp_high);
  out.U32(range.selection.fft_flags);
  out.F32(range.selection.threshold);
  out.U64(range.first);
  out.U64(range.count);
  return out.Take();
}

std::optional<UnitRange> DecodeRange(BytesView bytes) {
  ByteReader in(bytes);
  if (in.U32() != kRangeVersion) return std::nullopt;
  UnitRange range;
  range.selection.chirp_low = in.F64();
  range.selection.chirp_high = in.F64();
  range.selection.fft_flags = in.U32();
  range.selection.threshold = in.F32();
  range.first = in.U64();
  range.count = in.U64();
  if (!in.Done()) return std::nullopt;
  return range;
}

Bytes EncodeResult(const UnitResult& result) {
  ByteWriter out;
  out.U32(kResultVersion);
  out.U64(result.first);
  out.U64(result.pairs);
  out.U64(result.spectra);
  out.U64(result.digest);
  out.U64(result.dropped);
  Put(out, result.best);
  out.U32(static_cast<std::uint32_t>(result.spikes.size()));
  for (const Spike& spike : result.spikes) Put(out, spike);
  return out.Take();
}

std::optional<UnitResult> DecodeResult(BytesView bytes) {
  ByteReader in(bytes);
  if (in.U32() != kResultVersion) return std::nullopt;
  UnitResult result;
  result.first = in.U64();
  result.pairs = in.U64();
  result.spectra = in.U64();
  result.digest = in.U64();
  result.dropped = in.U64();
  if (!Get(in, result.best)) return std::nullopt;
  const std::uint32_t count = in.U32();
  if (in.Left() != count * kSpikeBytes) return std::nullopt;
  for (std::uint32_t i = 0; i < count; ++i) {
    Spike spike;
    if (!Get(in, spike)) return std::nullopt;
    result.spikes.push_back(spike);
  }
  if (!in.Done()) return std::nullopt;
  return result;
}

}  // namespace picube::seti
