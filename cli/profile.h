// Who this person is to which server: a folder with `keys` (the key file of protocol/crypto, mode
// 0600) and `endpoint` (text: the endpoint, then the server's transport key in hexadecimal; lines
// that begin with '#' are comments). The server makes the same folder for its own machine
// (STATE/operator), so one loader serves both.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/crypto/keys.h"

namespace picube {

// A variable of the environment; empty = not set.
using Environment = std::function<std::string(const std::string& name)>;

struct ServerAddress {
  std::string endpoint;  // "tcp://cube.local:7425"
  TransportKey key;
};

struct Profile {
  std::filesystem::path folder;
  ServerAddress server;
  Keys keys;
};

// The folders to look into, first choice first. One that was named (--profile, --server-state,
// PICUBE_PROFILE) is the only one.
[[nodiscard]] std::vector<std::filesystem::path> ProfileFolders(const CommonOptions& common,
                                                                const Environment& environment);
// Where `join` writes: --profile, PICUBE_PROFILE or the user's configuration folder.
[[nodiscard]] std::filesystem::path JoinFolder(const CommonOptions& common,
                                               const Environment& environment);

// Whether a join was completed there.
[[nodiscard]] bool HasProfile(const std::filesystem::path& folder);
// The first folder that holds a profile. kUser: none does. kHost: it cannot be read or others can
// read the keys.
[[nodiscard]] Result<Profile> FindProfile(const std::vector<std::filesystem::path>& folders);
[[nodiscard]] Result<Profile> LoadProfile(const std::filesystem::path& folder);

// Reads the keys of an interrupted join, or makes the folder (0700) and new keys (0600).
[[nodiscard]] Result<Keys> PrepareKeys(const std::filesystem::path& folder);
// Writes `endpoint`, which completes the profile: beside it first, then renamed.
[[nodiscard]] Status SaveAddress(const std::filesystem::path& folder, const ServerAddress& server);

}  // namespace picube
