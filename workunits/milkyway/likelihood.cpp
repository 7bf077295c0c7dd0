#include "workunits/milkyway/likelihood.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>

#include "workunits/math/elementary.h"
#include "workunits/math/parallel.h"

namespace picube::milkyway {
namespace {

// Nodes of one step of a thread; a node takes 60 to 150 ns on the slowest machine.
constexpr std::uint64_t kNodesPerStep = 1'500'000;
constexpr std::uint64_t kMostCells = 1U << 20;  // kept at once

std::size_t GroupsOf(std::uint32_t cells) { return (cells + kLanes - 1) / kLanes; }

}  // namespace

std::uint64_t RowsOf(const Model& model) {
  std::uint64_t rows = 0;
  for (const Area& area : model.areas) rows += area.nu.steps;
  return rows;
}

RowAt RowOf(const Model& model, std::uint64_t row) {
  RowAt at;
  while (row >= model.areas[at.area].nu.steps) row -= model.areas[at.area++].nu.steps;
  at.nu = static_cast<std::uint32_t>(row);
  return at;
}

RowIntegral::RowIntegral(const Model& model) : model_(model), density_(model) {}

const RowIntegral::Table& RowIntegral::TableOf(std::size_t area) {
  if (area == table_area_) return table_;
  const Range& range = model_.areas[area].r;
  const double dmu = model_.areas[area].mu.Step();
  const std::size_t groups = GroupsOf(range.steps);
  table_.groups.clear();
  table_.groups.reserve(groups);
  table_.volumes.assign(groups * kLanes, 0);
  for (std::size_t group = 0; group < groups; ++group) {
    Lanes distances{};
    for (std::size_t i = 0; i < kLanes; ++i) {
      const auto cell = std::min(group * kLanes + i, std::size_t{range.steps} - 1);
      const double magnitude = range.low + static_cast<double>(cell) * range.Step();
      const double r1 = DistanceOf(magnitude);
      const double r2 = DistanceOf(magnitude + range.Step());
      const double r = (r1 + r2) / 2;
      distances[i] = r;
      table_.volumes[group * kLanes + i] =
          Radians((r2 * r2 * r2 - r1 * r1 * r1) / 3 * dmu) * SeenOverCube(r, MagnitudeOf(r));
    }
    density_.Prepare(distances, table_.groups.emplace_back(density_.NodeCount()));
  }
  table_area_ = area;
  return table_;
}

std::uint32_t RowIntegral::Step(RowAt row, std::uint32_t mu, int threads, Sums& sums) {
  const Area& area = model_.areas[row.area];
  const Table& table = TableOf(row.area);
  const std::size_t kinds = density_.Kinds();
  const std::size_t padded = table.volumes.size();
  const std::uint64_t nodes = padded * density_.NodeCount() * kinds;
  const std::uint64_t at_once =
      std::clamp<std::uint64_t>(kNodesPerStep / nodes, 1, kMostCells / (padded * kinds) + 1);
  const auto end = static_cast<std::uint32_t>(
      std::min<std::uint64_t>(area.mu.steps, mu + at_once * static_cast<unsigned>(threads)));
  const double nu_low = area.nu.low + row.nu * area.nu.Step();
  const double width = math::SinCos(Radians(90.0 - nu_low - area.nu.Step())).re -
                       math::SinCos(Radians(90.0 - nu_low)).re;
  const double nu = nu_low + area.nu.Step() / 2;
  cells_.resize(std::size_t{end - mu} * kinds * padded);
  math::ParallelFor(threads, end - mu, [&](std::size_t i, std::size_t) {
    const double at = area.mu.low + (static_cast<double>(mu + i) + 0.5) * area.mu.Step();
    const Vector direction = DirectionOf(GalacticOf(at, nu, model_.wedge));
    Directions all;
    all.x.fill(direction.x), all.y.fill(direction.y), all.z.fill(direction.z);
    std::vector<double> found(kinds * kLanes);
    for (std::size_t group = 0; group < table.groups.size(); ++group) {
      density_.At(all, table.groups[group], found.data());
      for (std::size_t k = 0; k < kinds; ++k) {
        double* cell = cells_.data() + (i * kinds + k) * padded + group * kLanes;
        for (std::size_t lane = 0; lane < kLanes; ++lane) {
          cell[lane] = found[k * kLanes + lane] * (width * table.volumes[group * kLanes + lane]);
        }
      }
    }
  });
  math::ParallelFor(threads, kinds, [&](std::size_t k, std::size_t) {
    for (std::size_t i = 0; i < end - mu; ++i) {
      const double* cell = cells_.data() + (i * kinds + k) * padded;
      for (std::uint32_t r = 0; r < area.r.steps; ++r) sums[k].Add(cell[r]);
    }
  });
  return end;
}

void StarDensities(const Density& density, std::span<const Star> stars, double* out) {
  Nodes nodes(density.NodeCount());
  const std::size_t kinds = density.Kinds();
  std::vector<double> found(kinds * kLanes);
  for (std::size_t first = 0; first < stars.size(); first += kLanes) {
    const std::size_t count = std::min(kLanes, stars.size() - first);
    Lanes distances{};
    Directions directions;
    for (std::size_t i = 0; i < kLanes; ++i) {
      const Star& star = stars[first + std::min(i, count - 1)];
      const Vector direction = DirectionOf({star.l, star.b});
      directions.x[i] = direction.x;
      directions.y[i] = direction.y;
      directions.z[i] = direction.z;
      distances[i] = star.r;
    }
    density.Prepare(distances, nodes);
    density.At(directions, nodes, found.data());
    for (std::size_t i = 0; i < count; ++i) {
      const double factor = SeenOverCube(distances[i], nodes.g[i]);
      for (std::size_t k = 0; k < kinds; ++k) {
        out[(first + i) * kinds + k] = found[k * kLanes + i] * factor;
      }
    }
  }
}

std::vector<double> JoinRows(const Model& model, std::span<const Sums> rows) {
  const std::size_t kinds = 1 + model.streams.size();
  std::vector<double> integrals(kinds);
  std::size_t row = 0;
  for (std::size_t area = 0; area < model.areas.size(); ++area) {
    Sums sums(kinds);
    for (std::uint32_t nu = 0; nu < model.areas[area].nu.steps; ++nu, ++row) {
      for (std::size_t k = 0; k < kinds; ++k) sums[k].Add(rows[row][k]);
    }
    for (std::size_t k = 0; k < kinds; ++k) {
      integrals[k] = area == 0 ? sums[k].sum : integrals[k] - sums[k].sum;
    }
  }
  for (std::size_t i = 0; i < model.streams.size(); ++i) {
    if (std::fabs(model.streams[i].sigma) <= kThinnest) integrals[i + 1] = 0;
  }
  return integrals;
}

Likelihood::Likelihood(const Model& model, std::vector<double> integrals)
    : integrals_(std::move(integrals)) {
  double sum = 1;
  for (const Stream& stream : model.streams) {
    weights_.push_back(math::Exp(stream.epsilon));
    sum += weights_.back();
  }
  whole_ = 0.001 * sum;
}

void Likelihood::Star(const double* densities, StarLogs& to) const {
  constexpr double kLeast = 1e-15;
  constexpr double kNoLog = -238;
  const std::size_t kinds = integrals_.size();
  to.logs.resize(kinds + 1);
  to.shares.resize(kinds);
  double all = 0;
  for (std::size_t k = 0; k < kinds; ++k) {
    double part = densities[k] / integrals_[k];
    if (k > 0) part *= weights_[k - 1];
    to.shares[k] = part;
    all = k == 0 ? part : all + part;
    to.logs[k + 1] = part < kLeast ? kNoLog : math::Log10(part / whole_);
  }
  for (double& share : to.shares) share /= all;
  to.logs[0] = math::Log10(all / whole_);
  to.bad = !(all > 0);
}

BlockSums Likelihood::Block(std::span<const double> densities, std::uint64_t first) const {
  const std::size_t kinds = integrals_.size();
  BlockSums block{std::vector<KahanSum>(kinds + 1), {}};
  StarLogs star;
  for (std::size_t i = 0; i < densities.size() / kinds; ++i) {
    Star(densities.data() + i * kinds, star);
    for (std::size_t k = 0; k <= kinds; ++k) block.logs[k].Add(star.logs[k]);
    if (star.bad && !block.bad) block.bad = first + i;
  }
  return block;
}

Values JoinBlocks(const std::vector<double>& integrals, std::span<const BlockSums> blocks,
                  std::uint64_t stars) {
  const std::size_t kinds = integrals.size();
  std::vector<KahanSum> logs(kinds + 1);
  Values values;
  for (const BlockSums& block : blocks) {
    for (std::size_t k = 0; k <= kinds; ++k) logs[k].Add(block.logs[k]);
    if (!values.bad_star) values.bad_star = block.bad;
  }
  std::vector<double> means;
  for (const KahanSum& log : logs) {
    means.push_back((log.sum - log.lost) / static_cast<double>(stars) - 3.0);
  }
  values.background_integral = integrals[0];
  values.stream_integrals.assign(integrals.begin() + 1, integrals.end());
  values.search = means[0];
  values.background = means[1];
  values.stream_only.assign(means.begin() + 2, means.end());
  const auto sound = [](double value) { return std::isfinite(value); };
  if (values.bad_star || !std::ranges::all_of(integrals, sound) ||
      !std::ranges::all_of(means, sound)) {
    values.search = kImpossible;
  }
  return values;
}

std::string Values::Reason() const {
  if (search != kImpossible) return {};
  if (bad_star) return "star " + std::to_string(*bad_star + 1) + " has no probability";
  return "an integral or a likelihood is not finite";
}

std::string ProgramText(const Values& values) {
  const auto line = [](const std::string& name, const std::vector<double>& numbers) {
    std::string text = "<" + name + ">";
    for (const double number : numbers) {
      char buffer[64];
      std::snprintf(buffer, sizeof buffer, " %.15f", number);
      text += buffer;
    }
    return text + " </" + name + ">\n";
  };
  return line("background_integral", {values.background_integral}) +
         line("stream_integral", values.stream_integrals) +
         line("background_likelihood", {values.background}) +
         line("stream_only_likelihood", values.stream_only) +
         line("search_likelihood", {values.search});
}

}  // namespace picube::milkyway
