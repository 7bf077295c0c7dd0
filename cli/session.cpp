#include "cli/session.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "cli/json_views.h"
#include "cli/text.h"

namespace picube {

Status Session::Connect() {
  Result<Profile> profile = FindProfile(ProfileFolders(common_, world_.environment));
  if (!profile) return std::unexpected(profile.error());
  return ConnectWith(profile->server, profile->keys.transport);
}

Status Session::ConnectWith(const ServerAddress& server, const TransportKeys& keys) {
  client_.reset();
  Result<std::unique_ptr<Link>> link = world_.connect(server, keys);
  if (!link) return std::unexpected(link.error());
  link_ = std::move(*link);
  Patience patience;
  patience.answer = Duration(std::chrono::seconds(common_.timeout_seconds)) / patience.attempts;
  client_ = std::make_unique<Client>(*link_, world_.now, patience);
  return {};
}

Exit Session::Show(const std::string& json, const std::string& text) {
  world_.out << (common_.json ? json : text) << std::flush;
  return Exit::kOk;
}

Exit Session::Fail(const Error& error) {
  if (common_.json) {
    world_.out << ErrorJson(error) << std::flush;
  } else {
    const bool colours = Colours(world_.err_is_terminal);
    world_.err << (colours ? "\x1b[1;31merror:\x1b[0m " : "error: ") << Clean(error.what) << '\n';
    if (!error.next.empty()) world_.err << "       " << Clean(error.next) << '\n';
    world_.err << std::flush;
  }
  return ExitOf(error.kind);
}

void Session::Note(const std::string& text) {
  if (!common_.json) world_.err << text << '\n' << std::flush;
}

std::unique_ptr<ProgressLine> Session::MakeProgress() {
  if (common_.json) return MakeTransferProgress();
  return std::make_unique<ProgressLine>(world_.out, Style(world_.out_is_terminal));
}

std::unique_ptr<ProgressLine> Session::MakeTransferProgress() {
  if (common_.json && !world_.err_is_terminal) return nullptr;
  return std::make_unique<ProgressLine>(world_.err, Style(world_.err_is_terminal));
}

ProgressLine::Style Session::Style(bool terminal) const {
  return {.terminal = terminal, .width = std::max<std::size_t>(world_.width, 20)};
}

bool Session::Colours(bool terminal) const {
  return terminal && !common_.no_color && world_.environment("NO_COLOR").empty() &&
         world_.environment("TERM") != "dumb";
}

std::string Session::Bold(const std::string& text) const {
  if (!Colours(world_.out_is_terminal) || common_.json) return text;
  return "\x1b[1m" + text + "\x1b[0m";
}

Exit ExitOf(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUnit:
    case ErrorKind::kUser: return Exit::kWrongUsage;
    case ErrorKind::kLink: return Exit::kUnreachable;
    case ErrorKind::kRefused: return Exit::kRefused;
    case ErrorKind::kHost:
    case ErrorKind::kProject:
    case ErrorKind::kStore: return Exit::kGridError;
  }
  return Exit::kGridError;
}

Exit RunPicube(const std::vector<std::string>& words, World& world) {
  const Parsed parsed = ParseArguments(words, world.applications);
  if (const auto* help = std::get_if<HelpText>(&parsed)) {
    world.out << help->text << std::flush;
    return Exit::kOk;
  }
  if (const auto* wrong = std::get_if<WrongUsage>(&parsed)) {
    CommonOptions common;
    common.json = WantsJson(words);
    return Session(world, common).Fail({ErrorKind::kUser, wrong->what, wrong->next});
  }
  const auto& invocation = std::get<Invocation>(parsed);
  Session session(world, invocation.common);
  return std::visit([&](const auto& command) { return Run(session, command); }, invocation.command);
}

}  // namespace picube
