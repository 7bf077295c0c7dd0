// report: what a batch's leases say about its nodes. The server gives the leases; the rest is
// reckoned here.
#include <fmt/format.h>

#include <fstream>

#include "cli/json_views.h"
#include "cli/report/plot.h"
#include "cli/report/report.h"
#include "cli/session.h"
#include "cli/text.h"
#include "cli/views.h"
#include "protocol/base/limits.h"

namespace picube {
namespace {

struct Leases {
  BatchInfo batch;
  std::vector<LeaseInfo> rows;
};

Result<Leases> AskLeases(Client& client, BatchId batch) {
  Leases leases;
  Query query = QueryFor(QueryKind::kReport, batch.value);
  while (true) {
    Result<Answer> answer = client.AskFor<Answer>(query);
    if (!answer) return std::unexpected(answer.error());
    if (answer->batches.empty()) {
      return Fail(ErrorKind::kProject, "the server's answer lacks the batch.",
                  "Install the same version of picube and picube-server.");
    }
    leases.batch = std::move(answer->batches.front());
    leases.rows.insert(leases.rows.end(), answer->leases.begin(), answer->leases.end());
    if (leases.rows.size() > limits::kLeasesPerReport) {
      return Fail(ErrorKind::kUser,
                  fmt::format("batch {} has more than {} leases.", batch.value,
                              Grouped(limits::kLeasesPerReport)),
                  "The server's table `lease` has them all (docs/STORE.md).");
    }
    const bool more =
        answer->more && !leases.rows.empty() && leases.rows.back().unit.value > query.after;
    if (!more) return leases;
    query.after = leases.rows.back().unit.value;
  }
}

report::Fate FateOf(LeaseFate fate) {
  switch (fate) {
    case LeaseFate::kCanonical: return report::Fate::kCanonical;
    case LeaseFate::kCopy: return report::Fate::kCopy;
    case LeaseFate::kDisagreed: return report::Fate::kDisagreed;
    case LeaseFate::kError: return report::Fate::kError;
    case LeaseFate::kLost: return report::Fate::kLost;
    case LeaseFate::kUnused: return report::Fate::kUnused;
  }
  return report::Fate::kUnused;
}

report::Input ToInput(const Leases& leases, const std::vector<HostInfo>& hosts) {
  report::Input input{.rows = {},
                      .hosts = {},
                      .submitted_ms = leases.batch.submitted.ms,
                      .finished_ms = leases.batch.finished.ms};
  input.rows.reserve(leases.rows.size());
  for (const LeaseInfo& lease : leases.rows) {
    input.rows.push_back({.host = lease.host.value,
                          .granted_ms = lease.ended.ms - static_cast<std::int64_t>(lease.held_ms),
                          .ended_ms = lease.ended.ms,
                          .wall_ms = static_cast<std::int64_t>(lease.wall_ms),
                          .cpu_ms = static_cast<std::int64_t>(lease.cpu_ms),
                          .fate = FateOf(lease.fate),
                          .flop = lease.flop,
                          .top_millicelsius = lease.top_millicelsius});
  }
  for (const HostInfo& host : hosts) {
    input.hosts.push_back({host.id.value, host.name, host.facts.cores});
  }
  return input;
}

Status WritePlot(const std::string& path, const std::string& svg) {
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << svg;
  file.close();
  if (file) return {};
  return Fail(ErrorKind::kHost, fmt::format("cannot write {}.", Clean(path)),
              "Name another file with --plot FILE.");
}

}  // namespace

Exit Run(Session& session, const ReportCommand& command) {
  if (Status connected = session.Connect(); !connected) return session.Fail(connected.error());
  const Result<Leases> leases = AskLeases(session.client(), command.batch);
  if (!leases) return session.Fail(leases.error());
  const std::uint64_t id = command.batch.value;
  if (leases->rows.empty()) {
    return session.Fail({ErrorKind::kUser,
                         fmt::format("batch {} has no lease that has ended: there is nothing to "
                                     "report.",
                                     id),
                         fmt::format("`picube status {}` shows how far it is; of batches that "
                                     "older servers ran no times were kept.",
                                     id)});
  }
  const auto hosts = AskPages(session.client(), QueryKind::kHosts, &Answer::hosts);
  if (!hosts) return session.Fail(hosts.error());
  const report::Report report = report::MakeReport(ToInput(*leases, *hosts));
  std::string text = ReportText(leases->batch, report);
  if (!command.plot.empty()) {
    const std::string title = fmt::format("batch {} {}", id, Clean(leases->batch.name));
    if (Status written = WritePlot(command.plot, report::PlotText(report, title)); !written) {
      return session.Fail(written.error());
    }
    text += "\n" + Clean(command.plot) + "\n";
  }
  return session.Show(ReportJson(leases->batch, report, command.plot), text);
}

}  // namespace picube
