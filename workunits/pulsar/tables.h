// Tables of candidates as text: CSV for all, and one with the columns of PRESTO's accelsearch.
#pragma once

#include <span>
#include <string>

#include "workunits/pulsar/candidates.h"
#include "workunits/pulsar/units.h"

namespace picube::pulsar {

// fdot/f of an acceleration, 1/s: a period that grows has a falling frequency.
[[nodiscard]] double RelativeDrift(double acceleration);

[[nodiscard]] std::string CandidatesCsv(const Plan& plan, std::span<const Candidate> folded,
                                        std::span<const Candidate> fourier);
// PRESTO's acceleration has the opposite sign, a = c fdot/f.
[[nodiscard]] std::string AccelTable(const Plan& plan, std::span<const Candidate> fourier);

}  // namespace picube::pulsar
