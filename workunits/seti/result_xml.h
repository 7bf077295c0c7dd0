// The result file in the form of SETI@home (version 7): header, signals, best rows.
#pragma once

#include <string>

#include "workunits/formats/sah.h"
#include "workunits/seti/chirp_table.h"
#include "workunits/seti/signal.h"

namespace picube::seti {

// "spike", "autocorr", ...
[[nodiscard]] const char* TagOf(Kind kind);
// One row; best rows have the tag "best_…". After a reported pulse or gaussian comes an empty line.
[[nodiscard]] std::string SignalXml(const SahHeader& header, const ChirpTable& table,
                                    const Signal& signal, bool best);
// The row of a best gaussian when there was none: zeros.
[[nodiscard]] std::string NoGaussianXml();

}  // namespace picube::seti
