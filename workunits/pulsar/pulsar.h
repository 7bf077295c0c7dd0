// Application `pulsar`: searches a radio recording for pulsars, by fast folding and by Fourier
// transforms, over dispersion measures and accelerations.
//
// The server sums the channels for each dispersion measure, flattens the series and quantises them
// to 8 bits; a unit brings its series along, so workers never see the recording. A result is one
// canonical string of bytes (workunits/pulsar/payload.h), the same on every machine.
#pragma once

#include <memory>

#include "workunits/application.h"

namespace picube {

[[nodiscard]] std::unique_ptr<Application> MakePulsarApplication();

}  // namespace picube
