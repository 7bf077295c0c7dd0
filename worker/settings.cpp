#include "worker/settings.h"

#include <unistd.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <sstream>

#include "protocol/base/limits.h"
#include "worker/wishes/wishes_yaml.h"

namespace picube {
namespace {

std::string Where(const std::filesystem::path& path, const YAML::Mark& mark) {
  if (mark.is_null()) return path.string();
  return path.string() + ":" + std::to_string(mark.line + 1) + ":" +
         std::to_string(mark.column + 1);
}

std::unexpected<Error> Wrong(const std::filesystem::path& path, const YAML::Node& node,
                             const std::string& what) {
  return Fail(ErrorKind::kUser, Where(path, node.Mark()) + ": " + what);
}

Status ReadNumber(const std::filesystem::path& path, const YAML::Node& node, std::uint64_t most,
                  std::uint64_t& out) {
  const std::string text = node.IsScalar() ? node.Scalar() : "";
  std::uint64_t value = 0;
  const auto [end, bad] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (bad != std::errc{} || end != text.data() + text.size() || text.empty() || value > most) {
    return Wrong(path, node, "a whole number from 0 to " + std::to_string(most) + " was expected.");
  }
  out = value;
  return {};
}

template <class Key>
Status ReadKey(const std::filesystem::path& path, const YAML::Node& node, Key& out) {
  if (node.IsScalar() && FromHex(node.Scalar(), out)) return {};
  return Wrong(path, node,
               "64 hexadecimal digits were expected; `picube-worker join` writes them.");
}

Status ReadText(const std::filesystem::path& path, const YAML::Node& node, std::string& out) {
  if (!node.IsScalar() || node.Scalar().size() > 256) {
    return Wrong(path, node, "a text was expected.");
  }
  out = node.Scalar();
  return {};
}

Status ReadList(const std::filesystem::path& path, const YAML::Node& node,
                std::vector<std::string>& out) {
  if (!node.IsSequence() || node.size() > limits::kEndpoints) {
    return Wrong(path, node,
                 "a list of at most " + std::to_string(limits::kEndpoints) + " was expected.");
  }
  for (const auto& entry : node) {
    if (Status read = ReadText(path, entry, out.emplace_back()); !read) return read;
  }
  return {};
}

Status ReadField(const std::filesystem::path& path, const YAML::Node& key, const YAML::Node& value,
                 WorkerSettings& settings) {
  const std::string name = key.IsScalar() ? key.Scalar() : "";
  if (name == "server") return ReadText(path, value, settings.server);
  if (name == "endpoints") return ReadList(path, value, settings.endpoints);
  if (name == "server_key") return ReadKey(path, value, settings.server_key);
  if (name == "server_signing_key") return ReadKey(path, value, settings.server_signing_key);
  if (name == "name") return ReadText(path, value, settings.name);
  if (name == "log_level") return ReadText(path, value, settings.log_level);
  if (name == "sleep_command") return ReadText(path, value, settings.sleep_command);
  const auto wrong = [&](const YAML::Node& node, const std::string& what) {
    return Wrong(path, node, what);
  };
  if (name == "display") return ReadDisplay(value, wrong, settings.display);
  if (name == "board") return ReadBoard(value, wrong, settings.board);
  if (name == "fan") return ReadFanSettings(value, wrong, settings.fan);
  if (name == "wishes") return ReadWishes(path, value, settings.wishes);
  if (name == "cache_mb") return ReadNumber(path, value, 1ULL << 30, settings.cache_mb);
  const auto read_int = [&](std::uint64_t most, int& out) {
    std::uint64_t number = 0;
    Status read = ReadNumber(path, value, most, number);
    out = static_cast<int>(number);
    return read;
  };
  if (name == "threads") return read_int(1024, settings.threads);
  if (name == "offline_hours") return read_int(24, settings.offline_hours);
  if (name == "reconnect_spread") return read_int(3600, settings.reconnect_spread);
  return Wrong(
      path, key,
      "unknown setting '" + name +
          "'. There are: server, endpoints, server_key, server_signing_key, name, threads, "
          "cache_mb, offline_hours, reconnect_spread, log_level, display, wishes, board, fan, "
          "sleep_command.");
}

Result<WorkerSettings> Parse(const std::filesystem::path& path, const std::string& text) {
  WorkerSettings settings;
  const YAML::Node root = YAML::Load(text);
  if (root.IsNull()) return settings;
  if (!root.IsMap()) return Wrong(path, root, "lines of the form `name: value` were expected.");
  for (const auto& entry : root) {
    if (Status read = ReadField(path, entry.first, entry.second, settings); !read) {
      return std::unexpected(read.error());
    }
  }
  return settings;
}

}  // namespace

Status ReplaceSettings(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::path fresh = path;
  fresh += ".tmp";
  const auto failed = [](const std::filesystem::path& what) {
    return Fail(ErrorKind::kStore,
                "cannot write " + what.string() + ": " + std::strerror(errno) + ".");
  };
  std::FILE* file = std::fopen(fresh.c_str(), "wbe");
  if (file == nullptr) return failed(fresh);
  const bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size() &&
                       std::fflush(file) == 0 && ::fsync(::fileno(file)) == 0;
  const bool closed = std::fclose(file) == 0;
  if (!written || !closed) return failed(fresh);
  if (std::rename(fresh.c_str(), path.c_str()) != 0) return failed(path);
  return {};
}

Result<WorkerSettings> LoadSettings(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (file) text << file.rdbuf();
  if (!file) {
    return Fail(ErrorKind::kHost, "cannot read " + path.string() + ".",
                "Join a project first: picube-worker join CODE");
  }
  return ParseSettings(path, text.str());
}

Result<WorkerSettings> ParseSettings(const std::filesystem::path& path, const std::string& text) {
  try {
    return Parse(path, text);
  } catch (const YAML::Exception& e) {
    return Fail(ErrorKind::kUser, Where(path, e.mark) + ": " + e.msg + ".");
  }
}

Status SaveSettings(const std::filesystem::path& path, const WorkerSettings& settings) {
  YAML::Emitter out;
  out << YAML::Comment(
             "Written by `picube-worker join`. threads: 0 = all; cache_mb: input data kept.")
      << YAML::Newline << YAML::BeginMap;
  out << YAML::Key << "server" << YAML::Value << settings.server;
  if (!settings.endpoints.empty()) {
    out << YAML::Key << "endpoints" << YAML::Value << YAML::Flow << settings.endpoints;
  }
  out << YAML::Key << "server_key" << YAML::Value << ToHex(settings.server_key);
  out << YAML::Key << "server_signing_key" << YAML::Value << ToHex(settings.server_signing_key);
  out << YAML::Key << "name" << YAML::Value << YAML::DoubleQuoted << settings.name;
  out << YAML::Key << "threads" << YAML::Value << settings.threads;
  out << YAML::Key << "cache_mb" << YAML::Value << settings.cache_mb;
  out << YAML::Key << "offline_hours" << YAML::Value << settings.offline_hours;
  out << YAML::Key << "reconnect_spread" << YAML::Value << settings.reconnect_spread;
  out << YAML::Key << "log_level" << YAML::Value << settings.log_level;
  if (settings.display != DisplaySettings{}) {
    out << YAML::Key << "display" << YAML::Value;
    WriteDisplay(out, settings.display);
  }
  out << YAML::EndMap;
  return ReplaceSettings(path, std::string(out.c_str()) + '\n');
}

Status SaveEndpoints(const std::filesystem::path& path, const std::vector<std::string>& endpoints) {
  YAML::Emitter line;
  line << YAML::Flow << YAML::BeginMap << YAML::Key << "endpoints" << YAML::Value << endpoints
       << YAML::EndMap;
  std::string text(line.c_str());  // "{endpoints: [...]}", perhaps over several lines
  std::ranges::replace(text, '\n', ' ');
  text = text.substr(1, text.rfind('}') - 1);
  const auto before = LoadSettings(path);
  if (!before) return std::unexpected(before.error());
  const Error by_hand{
      ErrorKind::kUser,
      "the list of endpoints in " + path.string() + " is not on one line; it is left as it is.",
      {}};
  std::ifstream old(path, std::ios::binary);
  std::string all;
  for (std::string one; std::getline(old, one);) {
    const bool list = one.starts_with("endpoints:");
    // What follows a list over several lines would be read as part of the line before it.
    if (list && one.find(']') == std::string::npos) return std::unexpected(by_hand);
    if (!list) all += one + '\n';
  }
  all += text + '\n';
  const auto parsed = ParseSettings(path, all);
  const bool good = parsed && parsed->endpoints == endpoints && parsed->server == before->server &&
                    parsed->server_key == before->server_key;
  if (!good) return std::unexpected(by_hand);
  return ReplaceSettings(path, all);
}

}  // namespace picube
