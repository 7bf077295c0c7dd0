// The applications this build contains. The only place that names them all.
#pragma once

#include "workunits/application.h"

namespace picube {

// Adds `primes`, `pulsar` and `seti`.
void AddBuiltInApplications(ApplicationRegistry& registry);

}  // namespace picube
