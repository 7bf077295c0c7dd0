// worker.yaml in the state directory: what `join` learnt, and a few settings for people to change.
// Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "worker/board/fan.h"
#include "worker/board/settings.h"
#include "worker/display/settings.h"
#include "worker/wishes/wishes.h"

namespace picube {

struct WorkerSettings {
  std::string server;                  // endpoint: "tcp://cube.local:7425"
  std::vector<std::string> endpoints;  // of the same server, as it said; tried after `server`
  TransportKey server_key;             // the key the server must prove to hold
  SigningKey server_signing_key;
  std::string name;               // as the server knows this host
  int threads = 0;                // 0 = all
  std::uint64_t cache_mb = 4096;  // of input blobs, in MiB
  int reconnect_spread = 15;      // seconds; after a loss the first try comes within it
  int offline_hours = 0;          // the link may be away for so long while units run, up to a day
  std::string log_level = "info";
  DisplaySettings display;
  BoardSettings board;
  FanSettings fan;
  std::string sleep_command;  // the machine sleeps by it when it is not needed; empty = never
  Wishes wishes;
};

// kUser: what is wrong, with file, line and column. kHost: not there or cannot be read.
[[nodiscard]] Result<WorkerSettings> LoadSettings(const std::filesystem::path& path);
// Replaces the file in one step, durably. kStore.
[[nodiscard]] Status SaveSettings(const std::filesystem::path& path,
                                  const WorkerSettings& settings);

// Of a text that shall become the file `path`. kUser, as LoadSettings.
[[nodiscard]] Result<WorkerSettings> ParseSettings(const std::filesystem::path& path,
                                                   const std::string& text);
// Replaces the file by the text in one step, durably. kStore.
[[nodiscard]] Status ReplaceSettings(const std::filesystem::path& path, const std::string& text);

// Puts the list into the file and leaves all else, comments too, as people wrote it. kStore: cannot
// be written. kUser: the list stands there in a form that only a person can change.
[[nodiscard]] Status SaveEndpoints(const std::filesystem::path& path,
                                   const std::vector<std::string>& endpoints);

}  // namespace picube
