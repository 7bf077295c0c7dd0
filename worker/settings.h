// worker.yaml in the state directory: what `join` learnt, and a few settings for people to change.
// Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"

namespace picube {

struct WorkerSettings {
  std::string server;       // endpoint: "tcp://cube.local:7425"
  TransportKey server_key;  // the key the server must prove to hold
  SigningKey server_signing_key;
  std::string name;               // as the server knows this host
  int threads = 0;                // 0 = all
  std::uint64_t cache_mb = 4096;  // of input blobs, in MiB
  std::string log_level = "info";
};

// kUser: what is wrong, with file, line and column. kHost: not there or cannot be read.
[[nodiscard]] Result<WorkerSettings> LoadSettings(const std::filesystem::path& path);
// Replaces the file in one step. kStore.
[[nodiscard]] Status SaveSettings(const std::filesystem::path& path,
                                  const WorkerSettings& settings);

}  // namespace picube
