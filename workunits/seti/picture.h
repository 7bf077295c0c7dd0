// The time-frequency picture of a search: every signal as its drifting line.
#pragma once

#include <string>
#include <vector>

#include "workunits/formats/sah.h"
#include "workunits/seti/chirp_table.h"
#include "workunits/seti/spikes.h"

namespace picube::seti {

// SVG text. A thin line shows the drift over the whole recording, a thick piece the block that the
// spike was found in; colours tell the power in units of `threshold`. `lack` is
// added to what the picture says of itself.
[[nodiscard]] std::string DrawSignals(const SahHeader& header, const ChirpTable& table,
                                      const std::vector<Spike>& spikes, float threshold,
                                      const std::string& lack);

}  // namespace picube::seti
