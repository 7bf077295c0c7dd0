// The table of (chirp rate, FFT length) pairs that a work unit is searched with, in the official
// order: by |k|, then + before -, then L ascending. The chirp rate of index k is k * Step().
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <vector>

#include "workunits/formats/sah.h"

namespace picube::seti {

// Eight bytes, ordered as the official client works.
class Pair {
 public:
  Pair() = default;
  Pair(std::int64_t k, int log2_length);

  [[nodiscard]] std::int64_t K() const;
  [[nodiscard]] int Log2Length() const { return static_cast<int>(key_ & 0x3f); }
  [[nodiscard]] std::uint32_t Length() const { return 1U << Log2Length(); }
  constexpr auto operator<=>(const Pair&) const = default;

 private:
  std::uint64_t key_ = 0;  // |k| << 7 | (k < 0) << 6 | log2 L
};

class ChirpTable {
 public:
  // Fails (kUser) if the header asks for an absurd number of pairs.
  [[nodiscard]] static Result<ChirpTable> Make(const SahHeader& header);

  [[nodiscard]] double Step() const { return step_; }  // Hz/s between neighbouring k
  // Hz/s between neighbouring rates of a length; 0 if it is not searched.
  [[nodiscard]] double StepOf(int log2_length) const {
    return steps_[static_cast<std::size_t>(log2_length)];
  }
  [[nodiscard]] const std::vector<Pair>& Pairs() const { return pairs_; }
  [[nodiscard]] double Rate(const Pair& pair) const {
    return static_cast<double>(pair.K()) * step_;
  }
  // The greatest chirp rate (Hz/s) that lengths of `fft_flags` are searched at; -1 if none is.
  [[nodiscard]] double Limit(std::uint32_t fft_flags) const;
  [[nodiscard]] std::uint32_t Lengths() const { return lengths_; }  // set bits

 private:
  double step_ = 0;
  std::array<double, 32> steps_{};
  std::uint32_t lengths_ = 0;
  std::vector<SahHeader::ChirpEntry> entries_;
  std::vector<Pair> pairs_;
};

// What is searched of a table.
struct Selection {
  double chirp_low = 0;  // Hz/s, inclusive
  double chirp_high = 0;
  std::uint32_t fft_flags = 0;  // set bits are lengths
  float threshold = 0;          // of spikes: times the mean
  std::uint32_t kinds = 0;      // bits of signal.h

  bool operator==(const Selection&) const = default;
};

[[nodiscard]] std::vector<Pair> Select(const ChirpTable& table, const Selection& selection);

}  // namespace picube::seti
