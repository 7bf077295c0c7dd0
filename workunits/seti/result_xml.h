// The result file in the form of SETI@home (version 7): header, signals, best rows.
#pragma once

#include <string>

#include "workunits/formats/sah.h"
#include "workunits/seti/chirp_table.h"
#include "workunits/seti/spikes.h"

namespace picube::seti {

// One row, `tag` is "spike" or "best_spike".
[[nodiscard]] std::string SpikeXml(const SahHeader& header, const ChirpTable& table,
                                   const Spike& spike, const std::string& tag);

}  // namespace picube::seti
