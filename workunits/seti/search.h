// The whole search of pairs: spikes, autocorrelations, gaussians, triplets, pulses, in the official
// order of signals.
#pragma once

#include <deque>

#include "workunits/seti/autocorr.h"
#include "workunits/seti/pots.h"
#include "workunits/seti/spikes.h"

namespace picube::seti {

class PairSearch {
 public:
  PairSearch(std::shared_ptr<const Recording> recording, const Selection& selection);

  // Grows to at least this many workers; not while a search runs.
  void Reserve(int threads);

  // Whether a pair alone keeps all workers busy for long: then only one is searched at a time, by
  // SearchLarge.
  [[nodiscard]] bool IsLarge(const Pair& pair) const;
  // Calls with different `worker` may run at the same time.
  [[nodiscard]] Findings Search(const Pair& pair, std::size_t worker);
  // `run` shares tasks among the workers; nothing if it has stopped.
  [[nodiscard]] std::optional<Findings> SearchLarge(const Pair& pair, const PotSearch::Run& run);

  [[nodiscard]] double CostOf(const Pair& pair) const;

 private:
  std::optional<Findings> SearchBy(const Pair& pair, std::size_t worker, const PotSearch::Run& run);

  std::shared_ptr<const Recording> recording_;
  Selection selection_;
  Searches searches_;
  SpikeSearch spikes_;
  PotSearch pots_;
  std::unique_ptr<AutocorrSearch> autocorr_;
  std::vector<AutocorrSearch::Space> autocorr_spaces_;
  std::vector<PotSearch::Space> pot_spaces_;
  std::deque<std::vector<float>> powers_;  // [N / L][L] of a worker's pair
};

}  // namespace picube::seti
