// Application `seti`: searches a SETI@home work unit for spikes, autocorrelations, triplets,
// pulses and gaussians over chirp rates and FFT lengths.
//
// A unit of the grid is a range of the table of (chirp rate, FFT length) pairs of the recording, in
// the official order. Its result is one canonical string of bytes (workunits/seti/payload.h), with
// the same bits on every machine, for any number of threads and any checkpoint in between.
#pragma once

#include <memory>

#include "workunits/application.h"

namespace picube {

[[nodiscard]] std::unique_ptr<Application> MakeSetiApplication();

}  // namespace picube
