// The load generator: many hosts on one thread, each with its own CURVE connection, keeping one
// exchange under way: it reports what it was given and asks for as much again in the same message.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "tests/bench/project.h"

namespace picube::bench {

struct LoadOptions {
  std::size_t hosts = 64;
  std::uint32_t per_exchange = 16;
  double seconds = 60;
  double warm_seconds = 3;
  double rate = 0;  // results a second at most; 0 = as fast as it goes
  // A signature covers so many results (ADR 2); at most limits::kResultsPerReport.
  std::size_t per_signature = 256;
};

struct LoadFigures {
  double results_per_second = 0;
  double p50_ms = 0;
  double p99_ms = 0;
  std::uint64_t acknowledged = 0;  // in the measured time
  std::uint64_t server_rss_bytes = 0;
};

struct HostKeys {
  Keys keys;
  std::string name;
};

// Invites and enrols hosts, each of an owner of its own, through the protocol.
[[nodiscard]] std::vector<HostKeys> EnrolHosts(const Address& address, std::size_t count);
[[nodiscard]] LoadFigures RunLoad(const Project& project, const Address& address,
                                  const std::vector<HostKeys>& hosts, const LoadOptions& options);

}  // namespace picube::bench
