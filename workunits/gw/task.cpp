#include "workunits/gw/task.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "protocol/base/rng.h"
#include "workunits/bytes.h"

namespace picube::gw {
namespace {

constexpr std::uint32_t kFormat = 1;

bool Louder(const Found& a, const Found& b) {
  return a.peak.snr != b.peak.snr ? a.peak.snr > b.peak.snr : a.index < b.index;
}

void PutFound(ByteWriter& out, const Found& found) {
  out.U64(found.index);
  out.U64(found.peak.lag);
  out.F64(found.peak.snr);
}
Found GetFound(ByteReader& in) {
  Found found;
  found.index = in.U64();
  found.peak.lag = in.U64();
  found.peak.snr = in.F64();
  return found;
}

// Keeps the loudest, in the order of their templates.
void KeepLoudest(std::vector<Found>& found) {
  if (found.size() <= kMostFound) return;
  std::ranges::nth_element(found, found.begin() + kMostFound, Louder);
  found.resize(kMostFound);
  std::ranges::sort(found, {}, &Found::index);
}

}  // namespace

bool IsSound(const Bank& bank) {
  const auto within = [](double value, double low, double high) {
    return value >= low && value <= high;
  };
  if (!within(bank.low_hertz, 1, 1e5) || !within(bank.high_hertz, 0, 1e6)) return false;
  if (!within(bank.chirp_low, 0.1, 1000) || !within(bank.chirp_ratio, 1, 10)) return false;
  if (bank.chirps == 0 || bank.etas == 0 || bank.Size() > kMostTemplates) return false;
  const double most_chirp =
      std::log(bank.chirp_low) + (bank.chirps - 1.0) * std::log(bank.chirp_ratio);
  const double most_eta = bank.eta_low + (bank.etas - 1.0) * bank.eta_step;
  return most_chirp < std::log(1001) && within(bank.eta_low, 0.01, 0.25) &&
         within(bank.eta_step, 0, 0.25) && most_eta <= 0.25 + 1e-9;
}

Bytes EncodeTask(const Task& task) {
  const Bank& bank = task.bank;
  ByteWriter out;
  out.U32(kFormat);
  out.U8(static_cast<std::uint8_t>(bank.family));
  out.U8(task.given ? 1 : 0);
  out.U32(task.detector);
  for (const double value : {bank.low_hertz, bank.high_hertz, bank.chirp_low, bank.chirp_ratio,
                             bank.eta_low, bank.eta_step, task.least_snr}) {
    out.F64(value);
  }
  out.U32(bank.chirps);
  out.U32(bank.etas);
  out.U64(task.first);
  out.U64(task.count);
  return out.Take();
}

std::optional<Task> DecodeTask(BytesView bytes) {
  ByteReader in(bytes);
  Task task;
  Bank& bank = task.bank;
  if (in.U32() != kFormat) return std::nullopt;
  const std::uint8_t family = in.U8();
  const std::uint8_t given = in.U8();
  task.detector = in.U32();
  for (double* value : {&bank.low_hertz, &bank.high_hertz, &bank.chirp_low, &bank.chirp_ratio,
                        &bank.eta_low, &bank.eta_step, &task.least_snr}) {
    *value = in.F64();
  }
  bank.chirps = in.U32();
  bank.etas = in.U32();
  task.first = in.U64();
  task.count = in.U64();
  if (!in.Done() || family > 1 || given > 1 || !std::isfinite(task.least_snr)) return std::nullopt;
  bank.family = static_cast<Family>(family);
  task.given = given == 1;
  if (task.given) return task.first == 0 && task.count == 1 ? std::optional(task) : std::nullopt;
  if (!IsSound(bank) || task.count == 0 || task.first > bank.Size() ||
      task.count > bank.Size() - task.first) {
    return std::nullopt;
  }
  return task;
}

void UnitResult::Fold(const Found& one, double least_snr) {
  const std::uint64_t bits = std::bit_cast<std::uint64_t>(one.peak.snr);
  digest = Mix64(Mix64(digest ^ one.peak.lag) ^ bits);
  if (searched == 0 || Louder(one, loudest)) loudest = one;
  ++searched;
  if (one.peak.snr >= least_snr) {
    found.push_back(one);
    if (found.size() >= 2 * kMostFound) KeepLoudest(found);
  }
}

Bytes EncodeResult(const Task& task, const UnitResult& result) {
  std::vector<Found> found = result.found;
  // What is on its way keeps all of them, so that it ends with the same ones.
  if (result.searched == task.count) KeepLoudest(found);
  ByteWriter out;
  out.U32(kFormat);
  out.U32(task.detector);
  out.U64(task.first);
  out.U64(result.searched);
  out.U64(result.digest);
  PutFound(out, result.loudest);
  out.U32(static_cast<std::uint32_t>(found.size()));
  for (const Found& one : found) PutFound(out, one);
  return out.Take();
}

std::optional<UnitResult> DecodeResult(const Task& task, BytesView bytes, std::uint64_t samples) {
  ByteReader in(bytes);
  if (in.U32() != kFormat || in.U32() != task.detector || in.U64() != task.first) {
    return std::nullopt;
  }
  UnitResult result;
  result.searched = in.U64();
  result.digest = in.U64();
  result.loudest = GetFound(in);
  const std::uint32_t count = in.U32();
  const bool whole = result.searched == task.count;
  const std::size_t most = whole ? kMostFound : 2 * kMostFound;
  if (result.searched > task.count || count > most || in.Left() != 24ULL * count) {
    return std::nullopt;
  }
  const auto sound = [&](const Found& one) {
    return one.index >= task.first && one.index - task.first < result.searched &&
           one.peak.lag < samples && std::isfinite(one.peak.snr) && one.peak.snr >= 0;
  };
  for (std::uint32_t i = 0; i < count; ++i) {
    const Found one = GetFound(in);
    const bool rising = result.found.empty() || result.found.back().index < one.index;
    if (!sound(one) || !rising || one.peak.snr < task.least_snr ||
        one.peak.snr > result.loudest.peak.snr) {
      return std::nullopt;
    }
    result.found.push_back(one);
  }
  if (!in.Done() || (result.searched > 0 && !sound(result.loudest))) return std::nullopt;
  return result;
}

Bytes EncodeGiven(const std::vector<float>& plus, const std::vector<float>& cross) {
  ByteWriter out;
  out.U32(kFormat);
  for (const float value : plus) out.F32(value);
  for (const float value : cross) out.F32(value);
  return out.Take();
}

std::optional<GivenSeries> DecodeGiven(BytesView bytes, std::uint64_t samples) {
  ByteReader in(bytes);
  if (in.U32() != kFormat || in.Left() != 8 * samples) return std::nullopt;
  GivenSeries series;
  for (auto* values : {&series.plus, &series.cross}) {
    for (std::uint64_t i = 0; i < samples; ++i) {
      values->push_back(in.F32());
      if (!std::isfinite(values->back())) return std::nullopt;
    }
  }
  return series;
}

double CostOfTemplate(std::uint64_t samples) {
  const auto n = static_cast<double>(samples);
  // A transform, and a phase with its sine and cosine for each bin.
  return 5 * n * std::log2(n) + 50 * n + 8 * n;
}

}  // namespace picube::gw
