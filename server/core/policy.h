// Who gets how much: the five scheduling policies (server.yaml: scheduling.policy).
//
// Hosts ask; nobody is given work unasked. So a policy says two things: how much one answer brings
// (Share), and which of several waiting hosts is answered first when work appears (Rank). What a
// unit may go to, and which batch is next, is the same for all. Values without state; any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "protocol/base/time.h"
#include "server/core/grid.h"

namespace picube {

struct PolicyHost {  // what a policy may look at
  std::uint32_t cores = 1;
  std::uint32_t free_cores = 1;
  std::uint64_t leases_out = 0;
  std::uint32_t load_permille = 0;  // 1-minute load over cores; 0 if unknown
  std::uint32_t weight = 1;
  std::uint64_t served = 0;     // units given since the server started
  std::uint64_t last_turn = 0;  // grows with each answer that brought work; 0 = never
  double held_seconds = 0;      // work at hand, by the worker's estimate
  double outlook = 1;           // its speed to come over the measured one: heat
};

struct Share {
  std::uint32_t units = 0;      // at most
  double seconds = 0;           // until the estimates of the units add up to this; 0 with no bound
  bool timed = false;           // `seconds` is a bound
  bool prefers_cached = false;  // batches whose inputs the host holds come first
  bool matches_size = false;    // big units to fast hosts, small ones to slow hosts
};

class Policy {
 public:
  virtual ~Policy() = default;
  [[nodiscard]] virtual std::string_view Name() const = 0;
  // units == 0: the host has enough.
  [[nodiscard]] virtual Share ShareOf(const PolicyHost& host, std::uint32_t most_units) const = 0;
  // Lower is served first; equal ranks by host id.
  [[nodiscard]] virtual double Rank(const PolicyHost& host) const = 0;
};

// `work_ahead`: what `adaptive` fills a host up to.
[[nodiscard]] std::unique_ptr<Policy> MakePolicy(PolicyKind kind, Duration work_ahead);

}  // namespace picube
