#include "workunits/seti/spikes.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "protocol/base/rng.h"
#include "workunits/math/sincos.h"
#include "workunits/math/sums.h"
#include "workunits/math/twin.h"

namespace picube::seti {

struct SpikeSearch::Space {
  math::Aligned<float> re, im, power;            // one batch of dechirped blocks
  std::vector<math::Fft<float>::Workspace> fft;  // by log2 of the length
};

SpikeSearch::SpikeSearch(std::shared_ptr<const Recording> recording, std::uint32_t fft_flags)
    : recording_(std::move(recording)) {
  for (int log2 = 0; log2 < 32; ++log2) {
    const bool wanted = (fft_flags >> log2 & 1U) != 0;
    plans_.push_back(wanted ? std::make_unique<math::Fft<float>>(std::size_t{1} << log2) : nullptr);
  }
}

SpikeSearch::~SpikeSearch() = default;

void SpikeSearch::Reserve(int threads) {
  while (spaces_.size() < static_cast<std::size_t>(threads)) {
    auto space = std::make_unique<Space>();
    std::size_t most = 0;
    for (const auto& plan : plans_) {
      space->fft.push_back(plan ? plan->MakeWorkspace() : math::Fft<float>::Workspace{});
      if (plan) most = std::max(most, plan->Length() * plan->Batch());
    }
    space->re = math::Aligned<float>(most);
    space->im = math::Aligned<float>(most);
    space->power = math::Aligned<float>(most);
    spaces_.push_back(std::move(space));
  }
}

PairResult SpikeSearch::Search(const Pair& pair, float threshold, std::size_t worker,
                               const OnSpectra& on_spectra) {
  Space& space = *spaces_[worker];
  const auto log2 = static_cast<std::size_t>(pair.Log2Length());
  const math::Fft<float>& plan = *plans_[log2];
  const std::size_t length = plan.Length();
  const auto samples = static_cast<std::size_t>(recording_->header.samples);
  const math::ChirpPhase phase =
      math::PhaseOfChirp(recording_->table.Rate(pair), recording_->header.sample_rate);
  const std::size_t batch = std::min(plan.Batch(), samples / length);
  PairResult result;
  for (std::size_t first = 0; first < samples; first += batch * length) {
    math::Dechirp(phase, first, batch * length, recording_->re.data() + first,
                  recording_->im.data() + first, space.re.data(), space.im.data());
    plan.Power(space.re.data(), space.im.data(), batch, space.power.data(), space.fft[log2]);
    if (on_spectra) {
      on_spectra(static_cast<std::uint32_t>(first / length), batch, space.power.data());
    }
    for (std::size_t b = 0; b < batch; ++b) {
      const math::Peak peak = math::SumAndPeak(space.power.data() + b * length, length);
      const double mean = peak.sum / static_cast<double>(length);
      Spike spike{pair.K(),
                  pair.Length(),
                  static_cast<std::uint32_t>(first / length + b),
                  peak.bin,
                  0,
                  static_cast<float>(mean)};
      if (mean > 0) spike.power = static_cast<float>(static_cast<double>(peak.peak) / mean);
      result.digest = Mix64(result.digest ^ std::bit_cast<std::uint32_t>(peak.peak));
      result.digest = Mix64(result.digest ^ peak.bin);
      ++result.spectra;
      if (spike.power > result.best.power) result.best = spike;
      if (spike.power > kMarginal * threshold) result.spikes.push_back(spike);
    }
  }
  return result;
}

namespace twin {

std::vector<Spike> Search(const Recording& recording, const Pair& pair, double threshold) {
  const std::size_t length = pair.Length();
  std::vector<Spike> spikes;
  for (std::size_t block = 0; block < recording.header.samples / length; ++block) {
    std::vector<math::twin::Complex> x;
    for (std::size_t i = block * length; i < (block + 1) * length; ++i) {
      x.emplace_back(recording.re[i], recording.im[i]);
    }
    x = math::twin::Dechirp(x, block * length, recording.table.Rate(pair),
                            recording.header.sample_rate);
    x = math::twin::Fft(std::move(x));
    double sum = 0;
    std::size_t best = 1;
    for (std::size_t k = 0; k < length; ++k) {
      sum += std::norm(x[k]);
      if (k > 1 && std::norm(x[k]) > std::norm(x[best])) best = k;
    }
    const double mean = sum / static_cast<double>(length);
    const double power = std::norm(x[best]) / mean;
    if (power > threshold) {
      spikes.push_back({pair.K(), pair.Length(), static_cast<std::uint32_t>(block),
                        static_cast<std::uint32_t>(best), static_cast<float>(power),
                        static_cast<float>(mean)});
    }
  }
  return spikes;
}

}  // namespace twin

}  // namespace picube::seti
