#include "cli/profile.h"

#include <fmt/format.h>

#include <fstream>
#include <system_error>

#include "cli/text.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

constexpr const char* kJoinHint =
    "On the server's own machine add --server-state DIR; elsewhere ask its operator for "
    "`picube invite --operator` and type `picube join CODE`.";

fs::path ConfigFolder(const Environment& environment) {
  const std::string config = environment("XDG_CONFIG_HOME");
  if (!config.empty()) return fs::path(config) / "picube";
  return fs::path(environment("HOME")) / ".config" / "picube";
}

}  // namespace

fs::path JoinFolder(const CommonOptions& common, const Environment& environment) {
  if (!common.profile.empty()) return common.profile;
  const std::string named = environment("PICUBE_PROFILE");
  return named.empty() ? ConfigFolder(environment) : fs::path(named);
}

std::vector<fs::path> ProfileFolders(const CommonOptions& common, const Environment& environment) {
  if (!common.server_state.empty()) return {fs::path(common.server_state) / "operator"};
  if (!common.profile.empty() || !environment("PICUBE_PROFILE").empty()) {
    return {JoinFolder(common, environment)};
  }
  const std::string data = environment("XDG_DATA_HOME");
  const fs::path share =
      data.empty() ? fs::path(environment("HOME")) / ".local" / "share" : fs::path(data);
  return {ConfigFolder(environment), "/var/lib/picube/operator",
          share / "picube" / "server" / "operator"};
}

bool HasProfile(const fs::path& folder) {
  std::error_code ignored;  // a folder that may not be entered is none of ours
  return fs::exists(folder / "endpoint", ignored);
}

Result<Profile> FindProfile(const std::vector<fs::path>& folders) {
  std::string looked;
  for (const fs::path& folder : folders) {
    if (HasProfile(folder)) return LoadProfile(folder);
    looked += (looked.empty() ? "" : ", ") + folder.string();
  }
  return Fail(ErrorKind::kUser, fmt::format("no key for a server was found in {}.", Clean(looked)),
              kJoinHint);
}

Result<Profile> LoadProfile(const fs::path& folder) {
  const fs::path path = folder / "endpoint";
  std::ifstream file(path);
  if (!file) {
    return Fail(ErrorKind::kHost, fmt::format("cannot read {}.", path.string()),
                "Run picube as the user that owns it.");
  }
  std::vector<std::string> lines;
  for (std::string line; lines.size() < 2 && std::getline(file, line);) {
    line.erase(line.find_last_not_of(" \t\r") + 1);
    if (!line.empty() && line.front() != '#') lines.push_back(line);
  }
  Profile profile{.folder = folder, .server = {}, .keys = {}};
  if (lines.size() < 2 || !FromHex(lines[1], profile.server.key)) {
    return Fail(ErrorKind::kHost,
                fmt::format("{} is damaged: it needs a line with the endpoint and one with the "
                            "server's key.",
                            path.string()),
                "Remove the folder and join again with a new code.");
  }
  profile.server.endpoint = lines[0];
  Result<Keys> keys = LoadKeys((folder / "keys").string());
  if (!keys) return std::unexpected(keys.error());
  profile.keys = std::move(*keys);
  return profile;
}

Result<Keys> PrepareKeys(const fs::path& folder) {
  const fs::path path = folder / "keys";
  std::error_code error;
  if (fs::exists(path, error)) return LoadKeys(path.string());
  if (!fs::exists(folder, error)) {
    fs::create_directories(folder, error);
    if (!error) fs::permissions(folder, fs::perms::owner_all, error);
  }
  if (error) {
    return Fail(ErrorKind::kHost,
                fmt::format("cannot make the folder {}: {}.", folder.string(), error.message()),
                "Name another one with --profile DIR.");
  }
  Keys keys = MakeKeys();
  if (Status saved = SaveKeys(path.string(), keys); !saved) return std::unexpected(saved.error());
  return keys;
}

Status SaveAddress(const fs::path& folder, const ServerAddress& server) {
  const fs::path path = folder / "endpoint";
  const fs::path beside = folder / "endpoint.new";
  {
    std::ofstream file(beside, std::ios::trunc);
    file << server.endpoint << '\n' << ToHex(server.key) << '\n' << std::flush;
    if (!file) {
      return Fail(ErrorKind::kHost, fmt::format("cannot write {}.", beside.string()),
                  "Make room on the disk and join again with the same code.");
    }
  }
  std::error_code error;
  fs::rename(beside, path, error);
  if (error) {
    return Fail(ErrorKind::kHost,
                fmt::format("cannot write {}: {}.", path.string(), error.message()),
                "Mend it and join again with the same code.");
  }
  return {};
}

}  // namespace picube
