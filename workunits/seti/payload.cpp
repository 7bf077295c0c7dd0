#include "workunits/seti/payload.h"

#include <cmath>

#include "protocol/base/rng.h"
#include "workunits/bytes.h"

namespace picube::seti {
namespace {

constexpr std::uint32_t kRangeVersion = 2;
constexpr std::uint32_t kResultVersion = 2;
constexpr std::size_t kLeastSignalBytes = 70;
constexpr std::uint32_t kMostPot = 1U << 16;

void Put(ByteWriter& out, const Signal& signal) {
  out.U8(static_cast<std::uint8_t>(signal.kind));
  out.U8(signal.marginal ? 1 : 0);
  out.U32(signal.length);
  out.I64(signal.k);
  out.U32(signal.at);
  out.U32(signal.bin);
  out.U32(signal.adds);
  for (const float value :
       {signal.power, signal.mean, signal.period, signal.snr, signal.threshold, signal.sigma,
        signal.chi_sq, signal.null_chi_sq, signal.max_power, signal.score}) {
    out.F32(value);
  }
  out.U32(static_cast<std::uint32_t>(signal.pot.size()));
  for (const std::uint8_t level : signal.pot) out.U8(level);
}

bool Get(ByteReader& in, Signal& signal) {
  const std::uint8_t kind = in.U8();
  const std::uint8_t marginal = in.U8();
  if (kind < 1 || kind > kKinds || marginal > 1) return false;
  signal.kind = static_cast<Kind>(kind);
  signal.marginal = marginal == 1;
  signal.length = in.U32();
  signal.k = in.I64();
  signal.at = in.U32();
  signal.bin = in.U32();
  signal.adds = in.U32();
  for (float* value :
       {&signal.power, &signal.mean, &signal.period, &signal.snr, &signal.threshold, &signal.sigma,
        &signal.chi_sq, &signal.null_chi_sq, &signal.max_power, &signal.score}) {
    *value = in.F32();
    if (!std::isfinite(*value)) return false;
  }
  const std::uint32_t count = in.U32();
  if (count > kMostPot || count > in.Left()) return false;
  for (std::uint32_t i = 0; i < count; ++i) signal.pot.push_back(in.U8());
  return in.Good();
}

}  // namespace

void UnitResult::Fold(Findings&& next) {
  ++pairs;
  spectra += next.spectra;
  digest = Mix64(digest ^ next.digest);
  bests.Join(next.bests);
  for (Signal& signal : next.signals) {
    if (signals.size() < kMostSignalsPerUnit) {
      signals.push_back(std::move(signal));
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
  out.U32(range.selection.kinds);
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
  range.selection.kinds = in.U32();
  range.first = in.U64();
  range.count = in.U64();
  if (!in.Done() || (range.selection.kinds & ~kAllKinds) != 0) return std::nullopt;
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
  for (std::size_t place = 0; place < Bests::kPlaces; ++place) {
    out.U8(result.bests.At(place) ? 1 : 0);
    if (result.bests.At(place)) Put(out, *result.bests.At(place));
  }
  out.U32(static_cast<std::uint32_t>(result.signals.size()));
  for (const Signal& signal : result.signals) Put(out, signal);
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
  for (std::size_t place = 0; place < Bests::kPlaces; ++place) {
    const std::uint8_t there = in.U8();
    if (there > 1) return std::nullopt;
    Signal signal;
    if (there == 1 && (!Get(in, signal) || !Bests::Fits(place, signal.kind))) return std::nullopt;
    if (there == 1) result.bests.Set(place, std::move(signal));
  }
  const std::uint32_t count = in.U32();
  if (count > kMostSignalsPerUnit || in.Left() < count * kLeastSignalBytes) return std::nullopt;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (!Get(in, result.signals.emplace_back())) return std::nullopt;
  }
  if (!in.Done()) return std::nullopt;
  return result;
}

}  // namespace picube::seti
