// The time-frequency picture of a search: every signal as its drifting line.
#pragma once

#include <string>
#include <vector>

#include "workunits/formats/sah.h"
#include "workunits/seti/chirp_table.h"
#include "workunits/seti/signal.h"

namespace picube::seti {

// SVG text. A thin line shows the drift over the whole recording, a thick piece where the signal
// was found: a spike's block; colours tell the power of spikes in units of `threshold`, and the
// other kinds. Autocorrelations have no frequency and are not drawn. `lack` is added to what the
// picture says of itself.
[[nodiscard]] std::string DrawSignals(const SahHeader& header, const ChirpTable& table,
                                      const std::vector<Signal>& signals, float threshold,
                                      const std::string& lack);

}  // namespace picube::seti
