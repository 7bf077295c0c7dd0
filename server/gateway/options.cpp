#include "server/gateway/options.h"

#include <yaml-cpp/yaml.h>

#include <array>
#include <functional>
#include <set>
#include <utility>

namespace picube {
namespace {

constexpr std::array<std::pair<std::string_view, PolicyKind>, 5> kPolicies = {{
    {"round-robin", PolicyKind::kRoundRobin},
    {"weighted", PolicyKind::kWeighted},
    {"least-leases", PolicyKind::kLeastLeases},
    {"load", PolicyKind::kLoad},
    {"adaptive", PolicyKind::kAdaptive},
}};

std::unexpected<Error> At(const std::filesystem::path& file, const YAML::Mark& mark,
                          const std::string& what) {
  return Fail(ErrorKind::kUser,
              file.string() + ":" + std::to_string(mark.line + 1) + ":" +
                  std::to_string(mark.column + 1) + ": " + what + ".",
              "Mend the line; docs/SERVER.md lists all settings.");
}

using Setter = std::function<Status(const YAML::Node&, ServerOptions&)>;

template <class T>
T Bounded(const YAML::Node& node, T least, T most) {
  const T value = node.as<T>();
  if (value < least || value > most) throw YAML::RepresentationException(node.Mark(), "range");
  return value;
}

Status ReadScheduling(const YAML::Node& node, ServerOptions& options) {
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    if (key == "policy") {
      auto policy = PolicyByName(entry.second.as<std::string>());
      if (!policy) return std::unexpected(policy.error());
      options.policy = *policy;
    } else if (key == "weights") {
      options.weights.clear();
      for (const auto& weight : entry.second) {
        options.weights[weight.first.as<std::string>()] =
            Bounded<std::uint32_t>(weight.second, 1, 1'000'000);
      }
    } else {
      return Fail(ErrorKind::kUser, "unknown setting scheduling." + key);
    }
  }
  return {};
}

Status ReadSite(const std::string& name, const YAML::Node& node, GridOptions::Site& site) {
  site.name = name;
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    if (key == "master") {
      site.master = entry.second.as<std::string>();
    } else if (key == "watts") {
      site.watts = Bounded<double>(entry.second, 1, 1e6);
    } else if (key == "hosts" || key == "owners") {
      auto& names = key == "hosts" ? site.hosts : site.owners;
      for (const auto& one : entry.second) names.insert(one.as<std::string>());
    } else {
      return Fail(ErrorKind::kUser, "unknown setting sites." + name + "." + key +
                                        ": there are hosts, owners, master and watts");
    }
  }
  if (site.hosts.empty() && site.owners.empty()) {
    return Fail(ErrorKind::kUser, "site " + name + " has neither hosts nor owners");
  }
  return {};
}

Status ReadScaling(const YAML::Node& node, ServerOptions& options) {
  for (const auto& entry : node) {
    const auto key = entry.first.as<std::string>();
    if (key == "min_hosts") {
      options.scaling.min_hosts = Bounded<std::uint32_t>(entry.second, 0, 1'000'000);
    } else if (key == "max_hosts") {
      options.scaling.max_hosts = Bounded<std::uint32_t>(entry.second, 1, 1'000'000);
    } else if (key == "target_seconds") {
      options.scaling.target = std::chrono::seconds(Bounded<int>(entry.second, 10, 30 * 86'400));
    } else if (key == "power_off") {
      options.power_off_command = entry.second.as<std::string>();
    } else if (key == "power_on") {
      options.power_on_command = entry.second.as<std::string>();
    } else {
      return Fail(ErrorKind::kUser, "unknown setting scaling." + key +
                                        ": there are min_hosts, max_hosts, target_seconds, "
                                        "power_off and power_on");
    }
  }
  const ScalingOptions& scaling = options.scaling;
  if (scaling.max_hosts != 0 && scaling.max_hosts < scaling.min_hosts) {
    return Fail(ErrorKind::kUser, "scaling.max_hosts is below scaling.min_hosts");
  }
  if (options.power_off_command.empty() != options.power_on_command.empty()) {
    return Fail(ErrorKind::kUser, "scaling.power_off needs scaling.power_on, and the other way");
  }
  return {};
}

Status ReadSites(const YAML::Node& node, ServerOptions& options) {
  options.sites.clear();
  std::set<std::string> hosts;
  for (const auto& entry : node) {
    const auto name = entry.first.as<std::string>();
    GridOptions::Site& site = options.sites.emplace_back();
    if (Status read = ReadSite(name, entry.second, site); !read) return read;
    for (const std::string& host : site.hosts) {
      if (hosts.insert(host).second) continue;
      return Fail(ErrorKind::kUser, "host " + host + " belongs to two sites");
    }
  }
  return {};
}

const std::map<std::string, Setter>& Setters() {
  static const std::map<std::string, Setter> kSetters = {
      {"listen",
       [](const YAML::Node& n, ServerOptions& o) {
         o.listen = n.as<std::string>();
         return Status();
       }},
      {"advertise",
       [](const YAML::Node& n, ServerOptions& o) {
         o.advertise = n.as<std::string>();
         return Status();
       }},
      {"announce",
       [](const YAML::Node& n, ServerOptions& o) {
         o.announce = n.as<bool>();
         return Status();
       }},
      {"scheduling", ReadScheduling},
      {"sites", ReadSites},
      {"scaling", ReadScaling},
      {"host_silence_seconds",
       [](const YAML::Node& n, ServerOptions& o) {
         o.host_silence = std::chrono::seconds(Bounded<std::int64_t>(n, 2, 7 * 86400));
         return Status();
       }},
      {"commit_gap_ms",
       [](const YAML::Node& n, ServerOptions& o) {
         o.commit_gap = std::chrono::milliseconds(Bounded<std::int64_t>(n, 0, 1000));
         return Status();
       }},
      {"snapshot_megabytes",
       [](const YAML::Node& n, ServerOptions& o) {
         o.snapshot_bytes = Bounded<std::uint64_t>(n, 1, 1 << 20) << 20;
         return Status();
       }},
      {"free_disk_megabytes",
       [](const YAML::Node& n, ServerOptions& o) {
         o.free_disk_bytes = Bounded<std::uint64_t>(n, 0, 1 << 20) << 20;
         return Status();
       }},
      {"keep_payloads_days",
       [](const YAML::Node& n, ServerOptions& o) {
         o.keep_payloads = std::chrono::days(Bounded<int>(n, 0, 36500));
         return Status();
       }},
      {"units_ahead",
       [](const YAML::Node& n, ServerOptions& o) {
         o.units_ahead = Bounded<std::uint64_t>(n, 100, 10'000'000);
         return Status();
       }},
      {"pool_threads",
       [](const YAML::Node& n, ServerOptions& o) {
         o.pool_threads = Bounded<unsigned>(n, 1, 64);
         return Status();
       }},
      {"messages_per_second",
       [](const YAML::Node& n, ServerOptions& o) {
         o.messages_per_second = Bounded<std::uint32_t>(n, 10, 10'000'000);
         return Status();
       }},
      {"bytes_per_second",
       [](const YAML::Node& n, ServerOptions& o) {
         // Never below a few messages, or none would pass.
         o.bytes_per_second =
             Bounded<std::uint64_t>(n, 8 * limits::kMessageBytes, std::uint64_t{1} << 40);
         return Status();
       }},
  };
  return kSetters;
}

Status ReadEntry(const std::filesystem::path& file, const YAML::Node& key_node,
                 const YAML::Node& value, ServerOptions& options) {
  const auto key = key_node.as<std::string>();
  const auto setter = Setters().find(key);
  if (setter == Setters().end()) {
    return At(file, key_node.Mark(), "there is no setting '" + key + "'");
  }
  try {
    const Status read = setter->second(value, options);
    if (!read) return At(file, value.Mark(), read.error().what);
  } catch (const YAML::Exception&) {
    return At(file, value.Mark(), "'" + key + "' has no value of the right kind and range");
  }
  return {};
}

}  // namespace

Result<PolicyKind> PolicyByName(std::string_view name) {
  for (const auto& [known, kind] : kPolicies) {
    if (known == name) return kind;
  }
  return Fail(ErrorKind::kUser, "there is no scheduling policy '" + std::string(name) + "'",
              "Choose round-robin, weighted, least-leases, load or adaptive.");
}

std::string_view Name(PolicyKind policy) {
  for (const auto& [name, kind] : kPolicies) {
    if (kind == policy) return name;
  }
  return "adaptive";
}

Status ReadServerSettings(const std::filesystem::path& file, ServerOptions& options) {
  if (!std::filesystem::exists(file)) return {};
  ServerOptions read = options;
  try {
    const YAML::Node root = YAML::LoadFile(file.string());
    if (root.IsNull()) return {};
    if (!root.IsMap()) return At(file, root.Mark(), "expected settings, one 'name: value' a line");
    for (const auto& entry : root) {
      if (Status status = ReadEntry(file, entry.first, entry.second, read); !status) return status;
    }
  } catch (const YAML::ParserException& error) {
    return At(file, error.mark, error.msg);
  } catch (const YAML::Exception& error) {
    return At(file, error.mark, error.msg);
  }
  options = read;
  return {};
}

}  // namespace picube
