// The spectra of one detector's strain: the data's Fourier transform and the noise's density. Made
// once by the server; units carry them.
//
// Convention: X(f) = sum x_k e^(-2 pi i f k / rate) / rate, f = 0, rate / N, .. rate / 2.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "protocol/base/ids.h"
#include "workunits/formats/strain.h"

namespace picube::gw {

struct Spectra {
  std::string detector;
  double start = 0;  // GPS seconds
  double rate = 0;
  std::uint64_t samples = 0;   // N, a power of two
  std::vector<double> re, im;  // of the windowed strain, N / 2 + 1 values
  std::vector<double> noise;   // one-sided density, 1/Hz, at the same frequencies; > 0

  [[nodiscard]] double Frequency(std::size_t bin) const {
    return static_cast<double>(bin) * rate / static_cast<double>(samples);
  }
};

// Welch's density: segments of 4 s that overlap by half, mean removed, Blackman window, averaged in
// order; interpolated linearly. Errors (kUser): lengths and rates that are not powers of two, less
// than 8 s, strain without noise.
[[nodiscard]] Result<Spectra> MakeSpectra(const Strain& strain, const std::string& name);

// Tukey's window with alpha = 1/8 at sample i of n.
[[nodiscard]] double TukeyWindow(std::uint64_t i, std::uint64_t n);

// A unit's input. Nothing if the bytes are not what Encode makes.
[[nodiscard]] Bytes EncodeSpectra(const Spectra& spectra);
[[nodiscard]] std::optional<Spectra> DecodeSpectra(BytesView bytes);

}  // namespace picube::gw
