// The commands and options of `picube`, as CLI11 knows them. Used by arguments.cpp only, so that
// the library is compiled in two files.
#pragma once

#include <CLI/CLI.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cli/arguments.h"

namespace picube {

inline constexpr const char* kVersionText = "picube " PICUBE_VERSION;

// Everything the options are parsed into; lives as long as the CLI::App.
struct CommandTree {
  explicit CommandTree(const ApplicationRegistry& registry);
  CommandTree(const CommandTree&) = delete;  // CLI11 keeps references to the members
  CommandTree& operator=(const CommandTree&) = delete;

  const ApplicationRegistry& applications;
  CLI::App app{"Hands work to a PiCube Grid and brings the products home.", "picube"};
  CommonOptions common;
  Command command;
  // Fills `command` from the rest; set while parsing by the command that was named.
  std::function<std::optional<WrongUsage>()> choose;
  std::uint64_t batch = 0;
  std::string explain_what, explain_id;
  std::string host;
  std::vector<std::string> settings;
  JoinCommand join;
  SubmitCommand submit;
  std::string replication = "single";
  bool distinct_owners = false;
  std::map<std::string, std::string> parameters;  // of the application that was named
  ProductCommand product;
  ReportCommand report;
  EnergyCommand energy;
  Control control;
  std::int64_t priority = 0;
  bool operator_invited = false, qr = false;
  std::string owner, valid = "24h";
};

// "picube host retire"
[[nodiscard]] std::string PathOf(const CLI::App& app);

}  // namespace picube
