// One run of a command: the world, the options, the client. Commands are free functions on it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/arguments.h"
#include "cli/client.h"
#include "cli/program.h"
#include "cli/progress.h"

namespace picube {

class Session {
 public:
  Session(World& world, const CommonOptions& common) : world_(world), common_(common) {}

  // Finds the profile and begins to connect; the first question waits for the connection.
  [[nodiscard]] Status Connect();
  // Instead, with other keys: for the one conversation of a join.
  [[nodiscard]] Status ConnectWith(const ServerAddress& server, const TransportKeys& keys);
  [[nodiscard]] Client& client() { return *client_; }

  [[nodiscard]] World& world() { return world_; }
  [[nodiscard]] const CommonOptions& common() const { return common_; }
  [[nodiscard]] bool json() const { return common_.json; }

  // Prints the document with --json, else the text; and says that all went well.
  Exit Show(const std::string& json, const std::string& text);
  // Prints the error where it belongs.
  Exit Fail(const Error& error);
  // On standard error, for people only.
  void Note(const std::string& text);

  // A watched batch is what the command is about: standard output (with --json as a transfer).
  [[nodiscard]] std::unique_ptr<ProgressLine> MakeProgress();
  // Transfers are drawn on standard error, so that standard output has paths and numbers only;
  // with --json only if it is a terminal. May be null.
  [[nodiscard]] std::unique_ptr<ProgressLine> MakeTransferProgress();
  // "\x1b[1m…" if standard output is a terminal that may have colours.
  [[nodiscard]] std::string Bold(const std::string& text) const;

 private:
  [[nodiscard]] bool Colours(bool terminal) const;
  [[nodiscard]] ProgressLine::Style Style(bool terminal) const;

  World& world_;
  const CommonOptions& common_;
  std::unique_ptr<Link> link_;
  std::unique_ptr<Client> client_;
};

Exit Run(Session& session, const JoinCommand& command);
Exit Run(Session& session, const SubmitCommand& command);
Exit Run(Session& session, const StatusCommand& command);
Exit Run(Session& session, const WatchCommand& command);
Exit Run(Session& session, const ProductCommand& command);
Exit Run(Session& session, const ExplainCommand& command);
Exit Run(Session& session, const ControlCommand& command);
Exit Run(Session& session, const HostsCommand& command);
Exit Run(Session& session, const ReportCommand& command);
Exit Run(Session& session, const EnergyCommand& command);

// Follows a batch to its end, drawing it; for `watch` and `submit --wait`.
[[nodiscard]] Result<BatchInfo> FollowBatch(Session& session, BatchId batch);
// The exit code that tells how a batch has ended.
[[nodiscard]] Exit ExitOf(const BatchInfo& batch);

}  // namespace picube
