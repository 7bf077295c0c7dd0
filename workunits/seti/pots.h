// Searches of power over time: gaussians, triplets and pulses of every frequency bin of a pair.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include "workunits/seti/findings.h"
#include "workunits/seti/folds.h"
#include "workunits/seti/gaussian.h"
#include "workunits/seti/series.h"

namespace picube::seti {

class PotSearch {
 public:
  // Tables for the lengths of `fft_flags`.
  PotSearch(const SahHeader& header, const Searches& searches, std::uint32_t fft_flags);

  // What a thread has for itself.
  struct Space {
    std::vector<float> tile, scratch;
  };
  // Calls body(task, worker) for tasks 0 .. count - 1; false if the search must stop.
  using Run = std::function<bool(std::size_t count,
                                 const std::function<void(std::size_t, std::size_t)>& body)>;

  // `powers` are [N / L][L]; `kinds` what is searched. Appends to `found` in the official order;
  // false if it was stopped.
  [[nodiscard]] bool Search(const Pair& pair, const float* powers, std::uint32_t kinds,
                            const Run& run, std::vector<Space>& spaces, Findings& found) const;

  // Additions of the folds of a pair, about.
  [[nodiscard]] double CostOf(std::uint32_t length, std::uint32_t kinds) const;
  // Bytes of a Space at most.
  [[nodiscard]] std::uint64_t SpaceBytes() const;

 private:
  struct Tile;
  bool Gaussians(const Pair& pair, const float* powers, const Run& run, Findings& found) const;
  bool Segments16(const Pair& pair, const float* powers, std::uint32_t kinds, const Run& run,
                  std::vector<Space>& spaces, Findings& found) const;
  void LoadTile(Tile& tile, const float* powers, Space& space) const;
  void TripletsAbove(const Tile& tile, std::size_t lane, const Space& space, float limit,
                     std::vector<Signal>& found) const;
  void Triplets(const Tile& tile, std::size_t lane, const Space& space, Findings& found) const;
  void Pulse(const Tile& tile, std::size_t lane, const Space& space, const BinFolds& folds,
             Findings& found) const;
  bool FoldTile(const Tile& tile, const Space& space, const Run& run, std::vector<Space>& spaces,
                std::array<BinFolds, kFoldLanes>& folds) const;

  const SahHeader& header_;
  GaussianSearch gaussians_;
  std::map<std::uint32_t, Segments> segments_;  // by FFT length
  std::map<std::uint32_t, FoldTables> tables_;  // by n
};

}  // namespace picube::seti
