#include "workunits/seti/findings.h"

namespace picube::seti {
namespace {

constexpr float kLeastScore = -12;  // of a gaussian

std::size_t PlaceOf(Kind kind) { return static_cast<std::size_t>(kind) - 1; }
constexpr std::size_t kBefore = 4;
constexpr std::size_t kReported = 5;

}  // namespace

bool Bests::Fits(std::size_t place, Kind kind) {
  return place < kBefore ? PlaceOf(kind) == place : kind == Kind::kGaussian;
}

void Bests::Raise(std::optional<Signal>& best, const Signal& signal) {
  if (!best || MeritOf(signal) > MeritOf(*best)) best = signal;
}

void Bests::Offer(const Signal& signal) { Raise(best_[PlaceOf(signal.kind)], signal); }

void Bests::OfferGaussian(const Signal& signal, bool reported) {
  if (!(signal.score > kLeastScore)) return;
  if (reported) {
    Raise(best_[kReported], signal);
  } else if (!best_[kReported]) {
    Raise(best_[kBefore], signal);
  }
}

void Bests::Join(const Bests& later) {
  const bool reported = best_[kReported].has_value();
  for (std::size_t place = 0; place < kPlaces; ++place) {
    if (!later.best_[place] || (place == kBefore && reported)) continue;
    Raise(best_[place], *later.best_[place]);
  }
}

std::optional<Signal> Bests::Of(Kind kind) const {
  if (kind != Kind::kGaussian) return best_[PlaceOf(kind)];
  return best_[kReported] ? best_[kReported] : best_[kBefore];
}

}  // namespace picube::seti
