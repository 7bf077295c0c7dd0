// What a search has found: signals in the official order, and the best of each kind.
#pragma once

#include <optional>
#include <vector>

#include "workunits/seti/signal.h"

namespace picube::seti {

// Signals down to this part of the threshold are kept, marked as marginal: another program may
// round them to the other side.
inline constexpr float kMarginal = 0.995F;

// The best of each kind; the first of equal ones. Until a gaussian is reported every good fit may
// be the best, from then on only reported ones: so both are kept, and parts can be joined in order.
class Bests {
 public:
  // Spikes, autocorrs and pulses are offered whether reported or not, triplets if reported.
  void Offer(const Signal& signal);
  void OfferGaussian(const Signal& signal, bool reported);
  // Of a later part of the same search.
  void Join(const Bests& later);
  [[nodiscard]] std::optional<Signal> Of(Kind kind) const;

  // As they travel: the last two places are of gaussians, before and among the reported ones.
  static constexpr std::size_t kPlaces = kKinds + 1;
  [[nodiscard]] const std::optional<Signal>& At(std::size_t place) const { return best_[place]; }
  // Whether a place is for signals of this kind.
  [[nodiscard]] static bool Fits(std::size_t place, Kind kind);
  void Set(std::size_t place, Signal signal) { best_[place] = std::move(signal); }

  bool operator==(const Bests&) const = default;

 private:
  static void Raise(std::optional<Signal>& best, const Signal& signal);
  // Spike, autocorr, triplet, pulse; gaussians before the first reported one; reported ones.
  std::optional<Signal> best_[kPlaces];
};

struct Findings {
  std::vector<Signal> signals;
  Bests bests;
  std::uint64_t digest = 0;  // of the peak and bin of every spectrum, and of all signals
  std::uint64_t spectra = 0;
};

}  // namespace picube::seti
