// The commands that ask one thing and show the answer.
#include <fmt/format.h>

#include <utility>

#include "cli/json_views.h"
#include "cli/names.h"
#include "cli/session.h"
#include "cli/text.h"
#include "cli/views.h"
#include "protocol/qr/qr.h"

namespace picube {
namespace {

constexpr std::size_t kNewestBatches = 20;  // a screen of them; --json lists all

// The title line of a table in bold.
std::string BoldTitle(const Session& session, const std::string& table) {
  const std::size_t end = table.find('\n');
  if (end == std::string::npos || end + 1 == table.size()) return table;  // a sentence
  return session.Bold(table.substr(0, end)) + table.substr(end);
}

Exit ShowBatch(Session& session, BatchId id) {
  const Result<Answer> answer =
      session.client().AskFor<Answer>(QueryFor(QueryKind::kBatch, id.value));
  if (!answer) return session.Fail(answer.error());
  if (answer->batches.empty()) {
    return session.Fail({ErrorKind::kUser, fmt::format("there is no batch {}.", id.value),
                         "`picube status` lists the batches."});
  }
  const BatchInfo& batch = answer->batches.front();
  return session.Show(BatchJson(batch), BatchText(batch));
}

}  // namespace

Exit Run(Session& session, const StatusCommand& command) {
  if (Status connected = session.Connect(); !connected) return session.Fail(connected.error());
  if (command.batch) return ShowBatch(session, *command.batch);
  Client& client = session.client();
  const Result<Answer> server = client.AskFor<Answer>(QueryFor(QueryKind::kServer));
  if (!server) return session.Fail(server.error());
  if (!server->server) {
    return session.Fail({ErrorKind::kProject, "the server's answer lacks its own state.",
                         "Install the same version of picube and picube-server."});
  }
  if (session.json()) {
    const auto all = AskPages(client, QueryKind::kBatches, &Answer::batches);
    if (!all) return session.Fail(all.error());
    return session.Show(StatusJson(*server->server, *all), "");
  }
  Result<Answer> newest = client.AskFor<Answer>(QueryFor(QueryKind::kBatches));
  if (!newest) return session.Fail(newest.error());
  const bool more = newest->more || newest->batches.size() > kNewestBatches;
  if (newest->batches.size() > kNewestBatches) newest->batches.resize(kNewestBatches);
  const std::string table = BatchesText(newest->batches, more);
  return session.Show("", ServerText(*server->server) + "\n" + BoldTitle(session, table));
}

Exit Run(Session& session, const HostsCommand&) {
  if (Status connected = session.Connect(); !connected) return session.Fail(connected.error());
  const auto hosts = AskPages(session.client(), QueryKind::kHosts, &Answer::hosts);
  if (!hosts) return session.Fail(hosts.error());
  return session.Show(HostsJson(*hosts), BoldTitle(session, HostsText(*hosts)));
}

Exit Run(Session& session, const EnergyCommand& command) {
  if (Status connected = session.Connect(); !connected) return session.Fail(connected.error());
  const auto hosts = AskPages(session.client(), QueryKind::kHosts, &Answer::hosts);
  if (!hosts) return session.Fail(hosts.error());
  const auto batches = AskPages(session.client(), QueryKind::kBatches, &Answer::batches);
  if (!batches) return session.Fail(batches.error());
  const EnergyView view = EnergyOf(*hosts, *batches);
  return session.Show(EnergyJson(view, command.tariff), EnergyText(view, command.tariff));
}

Exit Run(Session& session, const ExplainCommand& command) {
  if (Status connected = session.Connect(); !connected) return session.Fail(connected.error());
  const Query query{.kind = command.kind, .id = command.id, .name = command.name};
  const Result<Answer> answer = session.client().AskFor<Answer>(query);
  if (!answer) return session.Fail(answer.error());
  return session.Show(ExplainJson(*answer), ExplainText(*answer));
}

Exit Run(Session& session, const ControlCommand& command) {
  if (Status connected = session.Connect(); !connected) return session.Fail(connected.error());
  const Result<Done> done = session.client().AskFor<Done>(command.control);
  if (!done) return session.Fail(done.error());
  if (command.control.kind != ControlKind::kInvite) {
    return session.Show(DoneJson(done->text), Clean(done->text) + "\n");
  }
  const bool for_operator = command.control.principal == PrincipalKind::kOperator;
  const std::string code = Clean(done->text);
  const std::string join = (for_operator ? "picube join " : "picube-worker join ") + code;
  std::string text =
      fmt::format("{}\n\nOn the new machine type (the code is good once, for {}):\n\n  {}\n", code,
                  HumanSpan(static_cast<std::uint64_t>(command.control.number)), join);
  if (command.qr) {
    const std::string picture = QrText(code);
    text += picture.empty() ? "\nThe code is too long for a QR code.\n" : "\n" + picture;
  }
  return session.Show(InviteJson(code, join, command.control.principal), text);
}

}  // namespace picube
