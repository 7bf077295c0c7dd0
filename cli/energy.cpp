#include "cli/energy.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "cli/text.h"

namespace picube {
namespace {

struct KnownSource {
  EnergySource source;
  const char* name;
  int error;  // percent
};
constexpr KnownSource kSources[] = {{EnergySource::kIna, "ina", 2},
                                    {EnergySource::kMeter, "meter", 2},
                                    {EnergySource::kPmic, "pmic", 10},
                                    {EnergySource::kModel, "model", 20}};

bool Has(const EnergySums& sums, EnergySource source) {
  return (sums.sources >> static_cast<std::uint32_t>(source) & 1U) != 0;
}

void Add(EnergyRow& to, const EnergyRow& row) {
  to.flop += row.flop;
  to.results += row.results;
  to.cpu_ms += row.cpu_ms;
  to.energy.results += row.energy.results;
  to.energy.millijoules += row.energy.millijoules;
  to.energy.marginal_millijoules += row.energy.marginal_millijoules;
  to.energy.sources |= row.energy.sources;
}

std::vector<EnergyRow> Sorted(const std::map<std::string, EnergyRow>& rows) {
  std::vector<EnergyRow> all;
  for (const auto& [name, row] : rows) {
    all.push_back(row);
    all.back().name = name;
  }
  return all;
}

std::string Number(const std::optional<double>& value) {
  if (!value) return "-";
  return *value < 100 ? fmt::format("{:.3g}", *value) : fmt::format("{:.0f}", *value);
}

std::string TableOf(const std::string& title, const std::vector<EnergyRow>& rows,
                    const Tariff& tariff) {
  if (rows.empty()) return {};
  std::vector<Table::Column> columns = {
      {.title = title, .flexible = true},  {.title = "UNITS", .right = true},
      {.title = "CPU H", .right = true},   {.title = "KWH", .right = true},
      {.title = "J/UNIT", .right = true},  {.title = "MARGINAL", .right = true},
      {.title = "GFLOP/J", .right = true}, {.title = "SOURCE"}};
  if (tariff.euro_per_kwh) columns.push_back({.title = "EURO", .right = true});
  if (tariff.grams_per_kwh) columns.push_back({.title = "G CO2", .right = true});
  Table table(columns);
  for (const EnergyRow& row : rows) {
    auto work = row.FlopPerJoule();
    if (work) *work /= 1e9;
    const bool known = row.energy.results > 0;
    const std::string source =
        known ? fmt::format("{} ±{}%", row.Source(), row.ErrorPercent()) : "-";
    std::vector<std::string> cells = {
        row.name,
        Grouped(row.results),
        fmt::format("{:.2f}", static_cast<double>(row.cpu_ms) / 3.6e6),
        known ? fmt::format("{:.6f}", row.Kwh()) : "-",
        Number(row.JoulesPerUnit()),
        Number(row.MarginalPerUnit()),
        Number(work),
        source};
    const auto cost = [&](const std::optional<double>& per_kwh, const char* format) {
      if (per_kwh)
        cells.push_back(known ? fmt::format(fmt::runtime(format), row.Kwh() * *per_kwh) : "-");
    };
    cost(tariff.euro_per_kwh, "{:.4f}");
    cost(tariff.grams_per_kwh, "{:.2f}");
    table.Add(std::move(cells));
  }
  return table.Text() + "\n";
}

nlohmann::json OrNull(const std::optional<double>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

nlohmann::json ToJson(const EnergyRow& row, const Tariff& tariff) {
  const bool known = row.energy.results > 0;
  nlohmann::json json = {
      {"name", row.name},
      {"units", row.results},
      {"cpu_ms", row.cpu_ms},
      {"flop", row.flop},
      {"results_with_energy", row.energy.results},
      {"millijoules", known ? nlohmann::json(row.energy.millijoules) : nullptr},
      {"marginal_millijoules", known ? nlohmann::json(row.energy.marginal_millijoules) : nullptr},
      {"source", known ? nlohmann::json(row.Source()) : nullptr},
      {"error_percent", known ? nlohmann::json(row.ErrorPercent()) : nullptr},
      {"joules_per_unit", OrNull(row.JoulesPerUnit())},
      {"marginal_joules_per_unit", OrNull(row.MarginalPerUnit())},
      {"flop_per_joule", OrNull(row.FlopPerJoule())}};
  if (tariff.euro_per_kwh && known) json["euro"] = row.Kwh() * *tariff.euro_per_kwh;
  if (tariff.grams_per_kwh && known) json["grams_co2"] = row.Kwh() * *tariff.grams_per_kwh;
  return json;
}

}  // namespace

std::optional<double> EnergyRow::JoulesPerUnit() const {
  if (energy.results == 0 || results == 0) return std::nullopt;
  return static_cast<double>(energy.millijoules) / 1e3 / static_cast<double>(results);
}

std::optional<double> EnergyRow::MarginalPerUnit() const {
  if (energy.results == 0 || results == 0) return std::nullopt;
  return static_cast<double>(energy.marginal_millijoules) / 1e3 / static_cast<double>(results);
}

std::optional<double> EnergyRow::FlopPerJoule() const {
  if (energy.millijoules == 0) return std::nullopt;
  return flop / (static_cast<double>(energy.millijoules) / 1e3);
}

std::string EnergyRow::Source() const {
  std::string all;
  for (const auto& one : kSources) {
    if (Has(energy, one.source)) all += (all.empty() ? "" : "+") + std::string(one.name);
  }
  return all.empty() ? "-" : all;
}

int EnergyRow::ErrorPercent() const {
  int worst = 0;
  for (const auto& one : kSources) {
    if (Has(energy, one.source)) worst = std::max(worst, one.error);
  }
  return worst;
}

EnergyView EnergyOf(const std::vector<HostInfo>& hosts, const std::vector<BatchInfo>& batches) {
  EnergyView view;
  std::map<std::string, EnergyRow> owners;
  std::map<std::string, EnergyRow> sites;
  for (const HostInfo& host : hosts) {
    if (host.kind != PrincipalKind::kHost) continue;
    const EnergyRow row{.name = host.name,
                        .flop = host.flop,
                        .results = host.settled,
                        .cpu_ms = host.cpu_ms,
                        .energy = host.energy};
    Add(owners[host.owner], row);
    if (!host.site.empty()) Add(sites[host.site], row);
    Add(view.total, row);
    view.hosts.push_back(row);
  }
  view.owners = Sorted(owners);
  view.sites = Sorted(sites);
  view.total.name = "all";
  for (const BatchInfo& batch : batches) {
    view.batches.push_back({.name = fmt::format("{} {}", batch.id.value, batch.name),
                            .flop = batch.flop_settled,
                            .results = batch.settled,
                            .cpu_ms = batch.cpu_ms,
                            .energy = batch.energy});
  }
  return view;
}

std::string EnergyText(const EnergyView& view, const Tariff& tariff) {
  if (view.hosts.empty()) return "No hosts yet: nothing has been computed.\n";
  std::vector<EnergyRow> hosts = view.hosts;
  if (hosts.size() > 1) hosts.push_back(view.total);
  std::string text = TableOf("HOST", hosts, tariff);
  if (view.owners.size() > 1) text += TableOf("OWNER", view.owners, tariff);
  text += TableOf("SITE", view.sites, tariff);
  text += TableOf("BATCH", view.batches, tariff);
  text +=
      "J/UNIT is all that the boards took while they computed, for each settled unit;\n"
      "MARGINAL what they took more than when idle. ina, meter and pmic are measured;\n"
      "model is worked out from clock and load. Copies of a unit are counted too.\n";
  if (!tariff.euro_per_kwh && !tariff.grams_per_kwh) {
    text += "With your own tariff: picube energy --euro-per-kwh 0.32 --grams-per-kwh 380\n";
  }
  return text;
}

std::string EnergyJson(const EnergyView& view, const Tariff& tariff) {
  const auto list = [&](const std::vector<EnergyRow>& rows) {
    nlohmann::json all = nlohmann::json::array();
    for (const EnergyRow& row : rows) all.push_back(ToJson(row, tariff));
    return all;
  };
  const nlohmann::json json = {{"hosts", list(view.hosts)},
                               {"owners", list(view.owners)},
                               {"sites", list(view.sites)},
                               {"batches", list(view.batches)},
                               {"total", ToJson(view.total, tariff)}};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
}

}  // namespace picube
