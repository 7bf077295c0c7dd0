#include "cli/arguments.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <charconv>

#include "cli/command_tree.h"
#include "cli/text.h"
#include "protocol/base/limits.h"

namespace picube {
namespace {

// The command whose words were not all understood, innermost first.
const CLI::App* Innermost(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::string HelpHint(const CLI::App& app) {
  return "`" + PathOf(app) + " --help` shows what there is.";
}

// Words that no option took: an unknown option, an unknown command, or one word too many.
WrongUsage Unknown(const CLI::App& app, const std::string& word) {
  const bool option = word.size() > 1 && word.front() == '-';
  std::vector<std::string> known;
  if (option) {
    for (const CLI::Option* each : app.get_options()) {
      for (const std::string& name : each->get_lnames()) known.push_back("--" + name);
    }
  } else {
    for (const CLI::App* each : app.get_subcommands({})) known.push_back(each->get_name());
  }
  const std::string typed = word.substr(0, option ? word.find('=') : std::string::npos);
  const std::string kind =
      option          ? "option"
      : known.empty() ? "word"
      : app.get_parent() == nullptr || app.get_name() == "host" || app.get_name() == "report"
          ? "command"
          : "application";
  WrongUsage wrong{fmt::format("{}: unknown {} \"{}\".", app.get_name(), kind, Clean(typed)), {}};
  const std::string nearest = Nearest(typed, known);
  wrong.next = nearest.empty() ? HelpHint(app) : fmt::format("Did you mean {}?", nearest);
  return wrong;
}

WrongUsage FromParseError(const CLI::App& app, const CLI::ParseError& error) {
  const CLI::App& at = *Innermost(app);
  std::string what = at.get_name() + ": " + Clean(error.what());
  if (what.back() != '.') what += '.';
  return {what, HelpHint(at)};
}

Parsed ParseWith(CommandTree& tree, const std::vector<std::string>& words) {
  try {
    tree.app.parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::CallForVersion&) {
    return HelpText{std::string(kVersionText) + "\n"};
  } catch (const CLI::CallForHelp&) {
    return HelpText{Innermost(tree.app)->help()};
  } catch (const CLI::ParseError& error) {
    const CLI::App& at = *Innermost(tree.app);
    if (!at.remaining().empty()) return Unknown(at, at.remaining().front());
    return FromParseError(tree.app, error);
  }
  for (const CLI::App* at = Innermost(tree.app); at != nullptr; at = at->get_parent()) {
    if (!at->remaining().empty()) return Unknown(*at, at->remaining().front());
  }
  if (!tree.choose) return WrongUsage{"picube needs a command.", "`picube --help` lists them."};
  if (std::optional<WrongUsage> wrong = tree.choose()) return *wrong;
  return Invocation{tree.common, tree.command};
}

}  // namespace

std::optional<Replication> ParseReplication(const std::string& text) {
  if (text == "single") return Replication{};
  const std::string prefix = "quorum:";
  if (!text.starts_with(prefix)) return std::nullopt;
  Replication replication{.kind = ReplicationKind::kQuorum};
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + prefix.size(), end, replication.quorum);
  constexpr std::uint32_t kMost = limits::kMaxSuccesses;
  if (error != std::errc() || stop != end || replication.quorum < 2) return std::nullopt;
  return replication.quorum > kMost ? std::nullopt : std::optional(replication);
}

bool WantsJson(const std::vector<std::string>& words) {
  return std::find(words.begin(), words.end(), "--json") != words.end();
}

Parsed ParseArguments(const std::vector<std::string>& words,
                      const ApplicationRegistry& applications) {
  try {
    CommandTree tree(applications);
    if (words.empty()) return HelpText{tree.app.help()};
    return ParseWith(tree, words);
  } catch (const CLI::Error& error) {  // two options of one name: an application's parameter
    return WrongUsage{error.what(), "Rename the parameter of the application."};
  }
}

}  // namespace picube
