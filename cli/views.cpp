#include "cli/views.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/energy.h"
#include "cli/names.h"
#include "cli/text.h"
#include "protocol/readings.h"

namespace picube {
namespace {

// Settled units only: what failed or was cancelled is not done.
std::string DoneText(const BatchInfo& batch) {
  if (batch.units_total == 0) return "-";
  return fmt::format("{}%", Percent(batch.settled, batch.units_total));
}

std::string Temperature(const Readings& readings) {
  if (!readings.temperature_millicelsius) return "-";
  return fmt::format("{:.0f} °C", *readings.temperature_millicelsius / 1000.0);
}

std::string Line(std::string_view label, std::string_view text) {
  return TwoColumns(label, Clean(text), /*left_width=*/14);
}

// "Raspberry Pi 4 Model B Rev 1.4" -> "Pi 4 B".
std::string ShortBoard(std::string board) {
  const auto drop = [&](std::string_view words) {
    if (const std::size_t at = board.find(words); at != std::string::npos) {
      board.erase(at, words.size());
    }
  };
  drop("Raspberry ");
  drop("Model ");
  board.resize(std::min(board.find(" Rev "), board.size()));
  return board.empty() ? "-" : board;
}

}  // namespace

std::string ServerText(const ServerInfo& server) {
  std::string text = fmt::format(
      "{}, up {}, policy {}\nhosts {}, live batches {}, units {}, leases {}; results {}, {}/s "
      "now\n",
      Clean(server.software), HumanTime(server.uptime_ms), Clean(server.policy),
      Grouped(server.hosts_connected), Grouped(server.batches_live), Grouped(server.units_live),
      Grouped(server.leases_live), Grouped(server.results), Grouped(server.results_per_second));
  if (server.read_only) {
    text += TwoColumns(
        "READ-ONLY",
        Clean(server.why) + " Nothing is lost; it takes work again " + "when that is mended.", 14);
  }
  return text;
}

std::string BatchesText(const std::vector<BatchInfo>& batches, bool more) {
  if (batches.empty()) return "No batches yet. `picube submit APP FILE…` hands in the first.\n";
  Table table({{.title = "BATCH", .right = true},
               {.title = "NAME", .flexible = true},
               {.title = "APP", .flexible = true},
               {.title = "STATE"},
               {.title = "DONE", .right = true},
               {.title = "UNITS", .right = true},
               {.title = "FAILED", .right = true},
               {.title = "SUBMITTED"}});
  for (const BatchInfo& batch : batches) {
    table.Add({fmt::format("{}", batch.id.value), batch.name, batch.application.name,
               std::string(Name(batch.state)), DoneText(batch), Grouped(batch.units_total),
               Grouped(batch.failed), HumanWall(batch.submitted)});
  }
  return table.Text() + (more ? "Older ones: picube status --json, or picube status BATCH\n" : "");
}

std::string BatchText(const BatchInfo& batch) {
  std::string text =
      fmt::format("batch {} {}: {}, version {}, {}\n", batch.id.value, Clean(batch.name),
                  Clean(batch.application.name), batch.application.version, Name(batch.state));
  if (!batch.why.empty()) text += Line("why", batch.why);
  std::string units =
      batch.units_total == 0 ? "not counted yet" : Grouped(batch.units_total) + " in all";
  units += fmt::format(": {} settled, {} leased, {} checking, {} unsent", Grouped(batch.settled),
                       Grouped(batch.leased), Grouped(batch.checking), Grouped(batch.unsent));
  if (batch.failed > 0) units += fmt::format(", {} failed", Grouped(batch.failed));
  if (batch.cancelled > 0) units += fmt::format(", {} cancelled", Grouped(batch.cancelled));
  text += Line("units", units);
  text += Line("results",
               fmt::format("{} received, {} disagreed; {} leases lost", Grouped(batch.results),
                           Grouped(batch.disagreed), Grouped(batch.leases_lost)));
  text +=
      Line("work", fmt::format("{} of {} settled; {} of CPU time", HumanFlop(batch.flop_settled),
                               HumanFlop(batch.flop_total), HumanTime(batch.cpu_ms)));
  const EnergyRow energy{.name = {}, .results = batch.settled, .energy = batch.energy};
  if (const auto joules = energy.JoulesPerUnit()) {
    text += Line("energy", fmt::format("{:.3g} J a unit, {:.3g} J of them marginal; {:.6f} kWh in "
                                       "all (by {}, ±{}%)",
                                       *joules, energy.MarginalPerUnit().value_or(0), energy.Kwh(),
                                       energy.Source(), energy.ErrorPercent()));
  }
  text += Line("policy", fmt::format("{}{}, priority {}", Name(batch.replication),
                                     batch.replication.distinct_owners ? " (distinct owners)" : "",
                                     batch.priority));
  text += Line("submitted", HumanWall(batch.submitted) + " UTC by " + batch.owner);
  if (batch.finished.ms != 0) text += Line("finished", HumanWall(batch.finished) + " UTC");
  const char* next = HasEnded(batch) ? "explain batch" : "watch";
  if (batch.state == BatchState::kDone) next = "product";
  return text + Line("next", fmt::format("picube {} {}", next, batch.id.value));
}

std::string HostsText(const std::vector<HostInfo>& hosts) {
  if (hosts.empty()) {
    return "No hosts yet. `picube invite` makes a code for the first machine.\n";
  }
  Table table({{.title = "ID", .right = true},
               {.title = "NAME", .flexible = true},
               {.title = "OWNER", .flexible = true},
               {.title = "BOARD", .flexible = true},
               {.title = "CORES", .right = true},
               {.title = "STATE"},
               {.title = "RESULTS", .right = true},
               {.title = "WRONG", .right = true},
               {.title = "TEMP", .right = true}});
  std::string paused;
  for (const HostInfo& host : hosts) {
    const bool worker = host.kind == PrincipalKind::kHost;
    const std::string state(worker ? HostState(host) : host.retired ? "retired" : "operator");
    table.Add({fmt::format("{}", host.id.value), host.name, host.owner,
               worker ? ShortBoard(host.facts.board) : "-",
               worker ? fmt::format("{}", host.facts.cores) : "-", state,
               worker ? Grouped(host.results) : "-", worker ? Grouped(host.disagreed) : "-",
               Temperature(host.readings)});
    if (worker && host.connected && !host.paused_why.empty()) {
      paused += Line(host.name, "paused: " + host.paused_why);
    }
    const std::string slow = WhySlow(host.readings);
    if (worker && host.connected && !slow.empty()) paused += Line(host.name, "slowed: " + slow);
  }
  return table.Text() + paused;
}

std::string ExplainText(const Answer& answer) {
  std::string text = Clean(answer.headline) + "\n";
  for (const Reason& reason : answer.reasons) text += TwoColumns("-", Clean(reason.text), 4);
  return text;
}

Progress ToProgress(const BatchProgress& progress) {
  const BatchInfo& batch = progress.batch;
  Progress bar{.label = fmt::format("batch {} {}", batch.id.value, Name(batch.state)),
               .done = batch.settled,
               .total = batch.units_total,
               .amount = {},
               .rate = {},
               .left_ms = HasEnded(batch) ? 0 : progress.left_ms,
               .note = {}};
  if (batch.units_total != 0) {
    bar.amount = fmt::format("{} of {} units", Grouped(bar.done), Grouped(bar.total));
  } else {
    bar.amount = fmt::format("{} units so far", Grouped(batch.units_created));
  }
  if (progress.results_per_second_milli != 0 && !HasEnded(batch)) {
    bar.rate = HumanRate(progress.results_per_second_milli);
  }
  if (batch.failed > 0) bar.note = fmt::format("{} failed", Grouped(batch.failed));
  return bar;
}

std::string NoProductText(const BatchInfo& batch) {
  const std::string text = fmt::format("batch {}", batch.id.value);
  if (batch.state == BatchState::kCancelled) return text + " was cancelled: it has no product.";
  if (batch.state == BatchState::kFailed) return text + " has failed: it has no product.";
  if (batch.state == BatchState::kDone) return text + " is done, and its product has no files.";
  return text + " has no product yet.";
}

std::string EndText(const BatchInfo& batch) {
  const std::uint64_t id = batch.id.value;
  const char* how = batch.state == BatchState::kFailed      ? "has failed"
                    : batch.state == BatchState::kCancelled ? "was cancelled"
                                                            : "is done";
  std::string text = fmt::format("batch {} {}", id, how);
  if (batch.state == BatchState::kDone) {
    if (batch.failed > 0) {
      return text + fmt::format(
                        ", but {} of its {} units failed and are missing from the product.\n"
                        "Why: picube explain batch {}\nThe product: picube product {}\n",
                        Grouped(batch.failed), Grouped(batch.units_total), id, id);
    }
    return text + fmt::format(". The product: picube product {}\n", id);
  }
  if (!batch.why.empty()) text += ": " + Clean(batch.why);
  if (text.back() != '.') text += '.';
  return text + fmt::format(" Why: picube explain batch {}\n", id);
}

}  // namespace picube
