#include "worker/settings.h"

#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <sstream>

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

Status ReadField(const std::filesystem::path& path, const YAML::Node& key, const YAML::Node& value,
                 WorkerSettings& settings) {
  const std::string name = key.IsScalar() ? key.Scalar() : "";
  if (name == "server") return ReadText(path, value, settings.server);
  if (name == "server_key") return ReadKey(path, value, settings.server_key);
  if (name == "server_signing_key") return ReadKey(path, value, settings.server_signing_key);
  if (name == "name") return ReadText(path, value, settings.name);
  if (name == "log_level") return ReadText(path, value, settings.log_level);
  if (name == "cache_mb") return ReadNumber(path, value, 1ULL << 30, settings.cache_mb);
  if (name == "threads") {
    std::uint64_t threads = 0;
    Status read = ReadNumber(path, value, 1024, threads);
    settings.threads = static_cast<int>(threads);
    return read;
  }
  return Wrong(path, key,
               "unknown setting '" + name +
                   "'. There are: server, server_key, server_signing_key, name, threads, cache_mb, "
                   "log_level.");
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

Result<WorkerSettings> LoadSettings(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (file) text << file.rdbuf();
  if (!file) {
    return Fail(ErrorKind::kHost, "cannot read " + path.string() + ".",
                "Join a project first: picube-worker join CODE");
  }
  try {
    return Parse(path, text.str());
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
  out << YAML::Key << "server_key" << YAML::Value << ToHex(settings.server_key);
  out << YAML::Key << "server_signing_key" << YAML::Value << ToHex(settings.server_signing_key);
  out << YAML::Key << "name" << YAML::Value << YAML::DoubleQuoted << settings.name;
  out << YAML::Key << "threads" << YAML::Value << settings.threads;
  out << YAML::Key << "cache_mb" << YAML::Value << settings.cache_mb;
  out << YAML::Key << "log_level" << YAML::Value << settings.log_level << YAML::EndMap;
  std::filesystem::path fresh = path;
  fresh += ".tmp";
  {
    std::ofstream file(fresh, std::ios::binary | std::ios::trunc);
    file << out.c_str() << '\n';
    file.flush();
    if (!file) return Fail(ErrorKind::kStore, "cannot write " + fresh.string() + ".");
  }
  std::error_code error;
  std::filesystem::rename(fresh, path, error);
  if (error) {
    return Fail(ErrorKind::kStore, "cannot write " + path.string() + ": " + error.message() + ".");
  }
  return {};
}

}  // namespace picube
