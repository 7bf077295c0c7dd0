#include "workunits/seti/search.h"

#include <algorithm>
#include <bit>

#include "protocol/base/rng.h"

namespace picube::seti {
namespace {

constexpr double kLarge = 1.5e8;  // additions of folds
constexpr std::uint32_t kPots =
    BitOf(Kind::kGaussian) | BitOf(Kind::kTriplet) | BitOf(Kind::kPulse);

Signal SignalOf(const Spike& spike, float threshold) {
  Signal signal;
  signal.k = spike.k;
  signal.length = spike.length;
  signal.at = spike.block;
  signal.bin = spike.bin;
  signal.power = spike.power;
  signal.mean = spike.mean;
  signal.marginal = !(spike.power > threshold);
  return signal;
}

std::uint64_t DigestOf(std::uint64_t digest, const Signal& signal) {
  for (const std::uint64_t part :
       {static_cast<std::uint64_t>(signal.kind), static_cast<std::uint64_t>(signal.k),
        std::uint64_t{signal.length} << 32 | signal.at,
        std::uint64_t{signal.bin} << 32 | std::bit_cast<std::uint32_t>(signal.power),
        std::uint64_t{std::bit_cast<std::uint32_t>(signal.snr)} << 32 |
            std::bit_cast<std::uint32_t>(signal.chi_sq)}) {
    digest = Mix64(digest ^ part);
  }
  return digest;
}

}  // namespace

PairSearch::PairSearch(std::shared_ptr<const Recording> recording, const Selection& selection)
    : recording_(std::move(recording)),
      selection_(selection),
      searches_(recording_->header, recording_->table, selection),
      spikes_(recording_, selection.fft_flags),
      pots_(recording_->header, searches_, selection.fft_flags) {
  const std::uint32_t length = recording_->header.autocorr_length;
  if ((searches_.Kinds() & BitOf(Kind::kAutocorr)) != 0 && (selection.fft_flags & length) != 0) {
    autocorr_ = std::make_unique<AutocorrSearch>(length);
  }
}

void PairSearch::Reserve(int threads) {
  spikes_.Reserve(threads);
  const auto count = static_cast<std::size_t>(threads);
  while (autocorr_ && autocorr_spaces_.size() < count) {
    autocorr_spaces_.push_back(autocorr_->MakeSpace());
  }
  pot_spaces_.resize(std::max(pot_spaces_.size(), count));
  powers_.resize(std::max(powers_.size(), count));
}

double PairSearch::CostOf(const Pair& pair) const {
  return pots_.CostOf(pair.Length(), searches_.Of(pair));
}

bool PairSearch::IsLarge(const Pair& pair) const { return CostOf(pair) > kLarge; }

Findings PairSearch::Search(const Pair& pair, std::size_t worker) {
  const PotSearch::Run alone = [worker](std::size_t count, const auto& body) {
    for (std::size_t i = 0; i < count; ++i) body(i, worker);
    return true;
  };
  return *SearchBy(pair, worker, alone);
}

std::optional<Findings> PairSearch::SearchLarge(const Pair& pair, const PotSearch::Run& run) {
  return SearchBy(pair, 0, run);
}

std::optional<Findings> PairSearch::SearchBy(const Pair& pair, std::size_t worker,
                                             const PotSearch::Run& run) {
  const std::uint32_t kinds = searches_.Of(pair);
  const SahHeader& header = recording_->header;
  const std::uint32_t length = pair.Length();
  std::vector<float>& powers = powers_[worker];
  const bool pots = (kinds & kPots) != 0;
  if (pots) powers.resize(header.samples);
  std::vector<AutocorrSearch::Delay> delays;
  std::vector<float> waiting;  // a spectrum whose neighbour has not come yet
  const bool autocorr = autocorr_ && (kinds & BitOf(Kind::kAutocorr)) != 0;
  const auto take = [&](const float* first, const float* second) {
    AutocorrSearch::Delay one;
    AutocorrSearch::Delay two;
    autocorr_->Search(first, second, autocorr_spaces_[worker], one, two);
    delays.push_back(one);
    if (second != nullptr) delays.push_back(two);
  };
  const auto on_spectra = [&](std::uint32_t first, std::size_t count, const float* spectra) {
    if (pots) {
      std::copy_n(spectra, count * length, powers.begin() + std::size_t{first} * length);
    }
    for (std::size_t b = 0; autocorr && b < count; ++b) {
      const float* spectrum = spectra + b * length;
      if (waiting.empty()) {
        waiting.assign(spectrum, spectrum + length);
      } else {
        take(waiting.data(), spectrum);
        waiting.clear();
      }
    }
  };
  PairResult result = spikes_.Search(
      pair, selection_.threshold, worker,
      pots || autocorr ? SpikeSearch::OnSpectra(on_spectra) : SpikeSearch::OnSpectra());
  if (!waiting.empty()) take(waiting.data(), nullptr);
  Findings found;
  found.spectra = result.spectra;
  found.digest = result.digest;
  // Of each block the spike, then the autocorrelation.
  auto spike = result.spikes.begin();
  const bool spikes = (kinds & BitOf(Kind::kSpike)) != 0;
  const auto limit = static_cast<float>(header.autocorr_threshold);
  for (std::uint32_t block = 0; block < header.samples / length; ++block) {
    if (spike != result.spikes.end() && spike->block == block) {
      if (spikes) found.signals.push_back(SignalOf(*spike, selection_.threshold));
      ++spike;
    }
    if (block >= delays.size()) continue;
    Signal signal;
    signal.kind = Kind::kAutocorr;
    signal.k = pair.K();
    signal.length = length;
    signal.at = block;
    signal.bin = delays[block].delay;
    signal.power = delays[block].power;
    signal.mean = delays[block].mean;
    signal.marginal = !(signal.power > limit);
    found.bests.Offer(signal);
    if (signal.power > kMarginal * limit) found.signals.push_back(signal);
  }
  if (spikes && result.best.power > 0) {
    found.bests.Offer(SignalOf(result.best, selection_.threshold));
  }
  if (pots && !pots_.Search(pair, powers.data(), kinds & kPots, run, pot_spaces_, found)) {
    return std::nullopt;
  }
  for (const Signal& signal : found.signals) found.digest = DigestOf(found.digest, signal);
  return found;
}

}  // namespace picube::seti
