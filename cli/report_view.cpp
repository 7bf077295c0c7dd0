// The report on a batch as text: a line for each node, then what follows from all of them.
#include <fmt/format.h>

#include <algorithm>
#include <tuple>

#include "cli/names.h"
#include "cli/text.h"
#include "cli/views.h"

namespace picube {
namespace {

using report::Part;
using report::Times;

std::string Time(std::int64_t ms) { return HumanTime(static_cast<std::uint64_t>(ms)); }
std::string Time(double ms) { return HumanTime(static_cast<std::uint64_t>(ms)); }

std::string Percent(std::int64_t part, std::int64_t whole) {
  if (whole <= 0) return "-";
  return fmt::format("{:.0f}%", 100 * static_cast<double>(part) / static_cast<double>(whole));
}

std::string Line(std::string_view label, const std::string& text) {
  return TwoColumns(label, text, /*left_width=*/14);
}

// "2.1 G" for 2.1 Gflop/s; the column's title has the rest.
std::string Speed(double speed, bool in_units) {
  if (!(speed > 0)) return "-";
  if (in_units) return fmt::format("{:.3g}", speed);
  std::string text = HumanFlop(speed);
  text.resize(text.size() - std::string_view("flop").size());
  while (!text.empty() && text.back() == ' ') text.pop_back();
  return text;
}

std::string Temperature(const std::optional<std::int32_t>& millicelsius) {
  return millicelsius ? fmt::format("{:.0f} °C", *millicelsius / 1000.0) : "-";
}

std::vector<std::string> Cells(const Times& times) {
  const std::int64_t whole = times.Total();
  return {Percent(times.Useful(), whole), Percent(times.Slower(), whole),
          Percent(times.Checks(), whole), Percent(times.Network(), whole),
          Percent(times.Waiting(), whole)};
}

std::string NodesTable(const report::Report& report) {
  Table table({{.title = "NODE", .flexible = true},
               {.title = "UNITS", .right = true},
               {.title = report.in_units ? "UNITS/S" : "FLOP/S", .right = true},
               {.title = "USEFUL", .right = true},
               {.title = "SLOWER", .right = true},
               {.title = "CHECKS", .right = true},
               {.title = "NETWORK", .right = true},
               {.title = "WAITING", .right = true},
               {.title = "TOP", .right = true}});
  double speed = 0;
  std::optional<std::int32_t> top;
  const auto add = [&](const std::string& name, std::uint64_t units, double its_speed,
                       const Times& times, const std::optional<std::int32_t>& its_top) {
    std::vector<std::string> cells = {name, Grouped(units), Speed(its_speed, report.in_units)};
    for (std::string& cell : Cells(times)) cells.push_back(std::move(cell));
    cells.push_back(Temperature(its_top));
    table.Add(std::move(cells));
  };
  for (const report::Node& node : report.nodes) {
    add(node.host.name, node.units, node.speed, node.times, node.top_millicelsius);
    speed += node.speed;
    if (node.top_millicelsius) top = std::max(top.value_or(-300'000), *node.top_millicelsius);
  }
  add("together", report.units, speed, report.total, top);
  return table.Text();
}

std::string SpeedUpText(const report::Report& report) {
  if (!report.mean) return Line("speed-up", "not known: no result has been believed");
  const auto& [mean, fastest, slowest] = std::tie(*report.mean, *report.fastest, *report.slowest);
  const std::size_t nodes = report.nodes.size();
  std::string text = Line(
      "one node", fmt::format("would have taken {} if it were as fast as the mean; {} as the "
                              "fastest ({}), {} as the slowest ({})",
                              Time(mean.one_node_ms), Time(fastest.one_node_ms),
                              Clean(fastest.name), Time(slowest.one_node_ms), Clean(slowest.name)));
  text += Line("speed-up", fmt::format("{:.2f} on {}: efficiency {:.0f}%", mean.speed_up,
                                       nodes == 1 ? "1 node" : fmt::format("{} nodes", nodes),
                                       100 * report.efficiency));
  if (nodes < 2) return text;
  text += Line(
      "", fmt::format("{:.2f} against the fastest (at most {:.2f}), {:.2f} against the "
                      "slowest (at most {:.2f})",
                      fastest.speed_up, fastest.equivalent, slowest.speed_up, slowest.equivalent));
  text += Line("serial", fmt::format("{:.3f} by Amdahl's law from the speed-up: whatever was "
                                     "lost counts",
                                     *report.serial_share));
  text += Line("", fmt::format("{:.3f} fitted to how many nodes computed at each moment",
                               *report.profile_share));
  return text + Line("scaled", fmt::format("{:.2f} by Gustafson's law, for a batch {} times as "
                                           "large",
                                           *report.scaled_speed_up, nodes));
}

// "3 min 5 s copies that agreed, 2 s errors"; parts without time are left out.
std::string Parts(const Times& times,
                  std::initializer_list<std::pair<Part, std::string_view>> parts) {
  std::string text;
  for (const auto& [part, what] : parts) {
    if (times[part] == 0) continue;
    text += fmt::format("{}{} {}", text.empty() ? "" : ", ", Time(times[part]), what);
  }
  return text.empty() ? "nothing" : text;
}

std::string LossesText(const report::Report& report) {
  const Times& times = report.total;
  const std::int64_t whole = times.Total();
  const auto line = [&](std::string_view label, std::int64_t ms, const std::string& what) {
    return Line(label, fmt::format("{}, {}: {}", Time(ms), Percent(ms, whole), what));
  };
  std::string text = fmt::format("\nOf {} × {} = {} of the nodes' time:\n", report.nodes.size(),
                                 Time(report.makespan_ms), Time(whole));
  text += line("useful", times.Useful(), "results that were believed, at each node's best speed");
  text += line("slower", times.Slower(),
               "the same, below the node's own best speed: heat, other programs, or units dearer "
               "than declared");
  text += line("checks", times.Checks(),
               Parts(times, {{Part::kCopies, "copies that agreed"},
                             {Part::kDisagreed, "results that lost"},
                             {Part::kErrors, "errors"},
                             {Part::kLost, "leases that brought nothing"},
                             {Part::kUnused, "results of units that have not settled"}}));
  text += line("network", times.Network(),
               "a unit at hand and not computed: files and results under way, or other work "
               "before it");
  return text +
         line("waiting", times.Waiting(),
              "without a unit of this batch: " + Parts(times, {{Part::kBefore, "before the first"},
                                                               {Part::kBetween, "in between"},
                                                               {Part::kAfter, "after the last"}}));
}

}  // namespace

std::string ReportText(const BatchInfo& batch, const report::Report& report) {
  const std::size_t nodes = report.nodes.size();
  std::string text = fmt::format(
      "batch {} {}: {}, {} from its submission to {}\n\n", batch.id.value, Clean(batch.name),
      nodes == 1 ? "1 node" : fmt::format("{} nodes", nodes), Time(report.makespan_ms),
      batch.finished.ms != 0 ? "its end" : "its newest result");
  text += NodesTable(report) + "\n" + SpeedUpText(report) + LossesText(report);
  if (report.units >= batch.settled) return text;
  return text + "\n" +
         Line("incomplete", fmt::format("the server has the times of {} of {} settled units; it "
                                        "kept none of the others, or writes them yet",
                                        Grouped(report.units), Grouped(batch.settled)));
}

}  // namespace picube
