// The command line as values. Parsing is a pure function of the words and of the applications this
// program was built with; it prints nothing, reads no file and asks no server.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "cli/energy.h"
#include "protocol/messages.h"
#include "workunits/application.h"

namespace picube {

struct CommonOptions {
  bool json = false;
  bool no_color = false;
  std::string profile;                // --profile DIR; empty = search
  std::string server_state;           // --server-state DIR; empty = none
  std::int64_t timeout_seconds = 15;  // for an answer
};

struct JoinCommand {
  std::string code;
  std::string name;  // wished for; empty = user@machine
};
struct SubmitCommand {
  std::string application;
  std::vector<std::string> files;
  Parameters parameters;  // only those given
  std::string name;
  std::int32_t priority = 0;
  Replication replication;
  bool wait = false;
  std::string request_key;  // empty = make one
  struct Fit {              // a search instead of one batch
    bool on = false;
    std::uint64_t evaluations = 10'000;
    std::uint64_t seed = 1;
    std::uint64_t step = 0;  // points of a step; 0 = two for each connected core
    std::string output;      // folder; empty = ./fit
  } fit;
};
struct StatusCommand {
  std::optional<BatchId> batch;
};
struct WatchCommand {
  BatchId batch;
};
struct ProductCommand {
  BatchId batch;
  std::string output;  // folder; empty = ./batch-ID
  bool force = false;  // replace files that differ
};
struct ExplainCommand {
  QueryKind kind = QueryKind::kExplainBatch;
  std::uint64_t id = 0;  // 0 = by name
  std::string name;
};
// cancel, retry, priority, host retire|drain|undrain, invite: what to ask of the server.
struct ControlCommand {
  Control control;
  bool qr = false;  // of an invitation
};
struct HostsCommand {};
struct EnergyCommand {
  Tariff tariff;
};
struct ReportCommand {
  BatchId batch;
  std::string plot;  // SVG file to write; empty = none
};

using Command =
    std::variant<JoinCommand, SubmitCommand, StatusCommand, WatchCommand, ProductCommand,
                 ExplainCommand, ControlCommand, HostsCommand, ReportCommand, EnergyCommand>;

struct Invocation {
  CommonOptions common;
  Command command;
};
struct HelpText {  // --help or --version: print it, exit 0
  std::string text;
};
struct WrongUsage {  // exit 2
  std::string what;
  std::string next;
};
using Parsed = std::variant<Invocation, HelpText, WrongUsage>;

// `words` without the program's name.
[[nodiscard]] Parsed ParseArguments(const std::vector<std::string>& words,
                                    const ApplicationRegistry& applications);

// Whether --json is among the words: for errors found before or while parsing.
[[nodiscard]] bool WantsJson(const std::vector<std::string>& words);

// "single" or "quorum:K"; empty if it is neither.
[[nodiscard]] std::optional<Replication> ParseReplication(const std::string& text);

}  // namespace picube
