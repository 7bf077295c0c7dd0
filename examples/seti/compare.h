// Compares the signals that a search found with the tones that are in the recording.
#pragma once

#include <istream>
#include <string>

#include "protocol/base/error.h"

namespace picube::examples {

struct Comparison {
  std::string text;          // a table for people, and a last line with the sums
  std::size_t injected = 0;  // tones
  std::size_t found = 0;     // of them
  std::size_t invented = 0;  // signals that no tone explains
  std::size_t signals = 0;   // rows above the threshold

  [[nodiscard]] bool Good() const { return found == injected && invented == 0; }
};

// `product` is signals.csv, `truth` the list of picube-recording. A tone explains a signal if the
// drifting lines agree in the middle of the signal's block within 3.5 bins, and the drifts within
// what smears a signal by about four bins: neighbouring bins and chirp steps belong to one tone.
// Marginal signals count neither as found nor as invented.
[[nodiscard]] Result<Comparison> Compare(std::istream& product, std::istream& truth);

}  // namespace picube::examples
