// What an operator can set: `server.yaml` in the state directory, and flags that override it.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <string>

#include "protocol/base/error.h"
#include "protocol/base/time.h"
#include "server/core/grid.h"

namespace picube {

struct ServerOptions {
  std::filesystem::path state;  // the state directory
  std::string listen = "tcp://*:7425";
  std::string advertise;  // what workers are told to connect to; empty = made from `listen`
  bool announce = true;   // by mDNS, unless only this machine can reach it
  PolicyKind policy = PolicyKind::kAdaptive;
  std::map<std::string, std::uint32_t> weights;  // by host name, for `weighted`
  std::vector<GridOptions::Site> sites;
  ScalingOptions scaling;
  // Run with the host's name as last argument when it may be switched off, or is needed again.
  std::string power_off_command;
  std::string power_on_command;
  Duration host_silence = limits::kHostSilence;
  Duration commit_gap{0};  // least time between two commits: 50 ms spares an SD card
  std::uint64_t snapshot_bytes = 64ULL << 20;  // journal growth that makes a snapshot worth it
  // Blobs and merges leave this much free. Journal and tables do not stop there: it is kept for
  // them.
  std::uint64_t free_disk_bytes = 256ULL << 20;
  // Payloads of units are kept this long after the end of their batch; zero = for ever.
  std::chrono::days keep_payloads{30};
  std::uint64_t units_ahead = limits::kUnitsAhead;  // of one batch that wait in memory
  unsigned pool_threads = 2;                        // split, merge, hash, serve blobs
  std::uint32_t messages_per_second = limits::kMessagesPerSecond;  // quota of one principal
  std::uint64_t bytes_per_second = limits::kBytesPerSecond;        // quota of one host
};

// Reads `file` over `options`; a missing file changes nothing. Errors name file, line and column;
// `options` is unchanged on error.
[[nodiscard]] Status ReadServerSettings(const std::filesystem::path& file, ServerOptions& options);

[[nodiscard]] Result<PolicyKind> PolicyByName(std::string_view name);
[[nodiscard]] std::string_view Name(PolicyKind policy);

}  // namespace picube
