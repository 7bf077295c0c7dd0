// Spikes of one (chirp rate, FFT length) pair: the greatest bin of each spectrum over its mean.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "workunits/math/fft.h"
#include "workunits/seti/chirp_table.h"
#include "workunits/seti/findings.h"
#include "workunits/seti/recording.h"

namespace picube::seti {

struct Spike {
  std::int64_t k = 0;        // chirp rate in steps of the table
  std::uint32_t length = 0;  // FFT length
  std::uint32_t block = 0;
  std::uint32_t bin = 0;
  float power = 0;  // peak / mean
  float mean = 0;   // of the spectrum's powers

  bool operator==(const Spike&) const = default;
};

struct PairResult {
  std::vector<Spike> spikes;  // above kMarginal * threshold, by block
  Spike best;                 // greatest power, the first on a tie
  std::uint64_t digest = 0;   // of the peak and bin of every spectrum
  std::uint64_t spectra = 0;
};

// Searches pairs of one recording. Plans (one a length) are shared; each thread has a workspace.
class SpikeSearch {
 public:
  // `fft_flags`: the lengths that will be searched. Makes `threads` workspaces on first use.
  SpikeSearch(std::shared_ptr<const Recording> recording, std::uint32_t fft_flags);
  ~SpikeSearch();

  // Grows to at least this many workspaces; not while Search runs.
  void Reserve(int threads);
  // Called with `count` power spectra of neighbouring blocks, `first` being the first's number.
  using OnSpectra =
      std::function<void(std::uint32_t first, std::size_t count, const float* powers)>;
  // Calls with different `worker` may run at the same time.
  [[nodiscard]] PairResult Search(const Pair& pair, float threshold, std::size_t worker,
                                  const OnSpectra& on_spectra = {});

 private:
  struct Space;
  std::shared_ptr<const Recording> recording_;
  std::vector<std::unique_ptr<math::Fft<float>>> plans_;  // by log2 of the length
  std::vector<std::unique_ptr<Space>> spaces_;
};

namespace twin {
// The same by the formulas as they are written, in double with a textbook FFT. For tests.
[[nodiscard]] std::vector<Spike> Search(const Recording& recording, const Pair& pair,
                                        double threshold);
}  // namespace twin

}  // namespace picube::seti
