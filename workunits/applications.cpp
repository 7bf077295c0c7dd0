#include "workunits/applications.h"

#include "workunits/drift/drift.h"
#include "workunits/gw/gw.h"
#include "workunits/milkyway/milkyway.h"
#include "workunits/primes/primes.h"
#include "workunits/pulsar/pulsar.h"
#include "workunits/seti/seti.h"

namespace picube {

void AddBuiltInApplications(ApplicationRegistry& registry) {
  registry.Add(MakeDriftApplication());
  registry.Add(MakeGwApplication());
  registry.Add(MakeMilkyWayApplication());
  registry.Add(MakePrimesApplication());
  registry.Add(MakePulsarApplication());
  registry.Add(MakeSetiApplication());
}

}  // namespace picube
