// One message of each type, with the values that docs/PROTOCOL.md shows.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "protocol/messages.h"

namespace picube::samples {

struct Sample {
  std::string name;  // of the golden file: "report"
  Envelope envelope;
};

// Every type in the order of Message; some types twice (version 1 and 2).
[[nodiscard]] std::vector<Sample> All();
[[nodiscard]] Envelope Named(const std::string& name);

// first, first + 1, …
template <class Block>
Block Counting(std::uint8_t first) {
  Block block;
  for (std::uint8_t& byte : block.bytes) byte = first++;
  return block;
}

// As large as benchmarks measure: sixteen small results; sixteen leases of one batch.
[[nodiscard]] Envelope ReportOfSixteen();
[[nodiscard]] Envelope AssignOfSixteen();

}  // namespace picube::samples
