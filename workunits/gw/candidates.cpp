#include "workunits/gw/candidates.h"

#include <algorithm>
#include <cmath>

namespace picube::gw {
namespace {

bool Louder(const Candidate& a, const Candidate& b) {
  if (a.peak.snr != b.peak.snr) return a.peak.snr > b.peak.snr;
  if (a.detector != b.detector) return a.detector < b.detector;
  return a.index < b.index;
}

bool AreNeighbours(const Bank& bank, std::uint64_t a, std::uint64_t b) {
  if (bank.etas == 0) return a == b;
  const auto apart = [](std::uint64_t x, std::uint64_t y) { return x > y ? x - y : y - x; };
  return apart(a / bank.etas, b / bank.etas) <= 1 && apart(a % bank.etas, b % bank.etas) <= 1;
}

}  // namespace

std::vector<Candidate> Cluster(std::vector<Candidate> found) {
  std::ranges::sort(found, Louder);
  std::vector<Candidate> kept;
  for (const Candidate& one : found) {
    const bool near = std::ranges::any_of(kept, [&](const Candidate& louder) {
      return louder.detector == one.detector && std::fabs(louder.time - one.time) < kClusterSeconds;
    });
    if (!near) kept.push_back(one);
  }
  return kept;
}

double Coincidence::Snr() const {
  return std::sqrt(first.peak.snr * first.peak.snr + second.peak.snr * second.peak.snr);
}

std::vector<Coincidence> Coincidences(const Bank& bank, const std::vector<Candidate>& candidates) {
  std::vector<Coincidence> pairs;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    for (std::size_t j = i + 1; j < candidates.size(); ++j) {
      const Candidate& a = candidates[i];
      const Candidate& b = candidates[j];
      if (a.detector == b.detector || std::fabs(a.time - b.time) > kCoincidenceSeconds ||
          !AreNeighbours(bank, a.index, b.index)) {
        continue;
      }
      pairs.push_back(a.detector < b.detector ? Coincidence{a, b} : Coincidence{b, a});
    }
  }
  std::ranges::stable_sort(pairs, std::greater{}, &Coincidence::Snr);
  return pairs;
}

}  // namespace picube::gw
