#include "examples/milkyway/maker.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "protocol/base/rng.h"
#include "workunits/math/elementary.h"
#include "workunits/milkyway/density.h"
#include "workunits/parameters.h"

namespace picube::examples {
namespace {

using namespace milkyway;

constexpr std::uint64_t kMostCells = 2'000'000;
constexpr std::uint64_t kMostDrawn = 1'000'000;

// The background and each stream in every cell, r first, then mu, then nu; each adds to one.
std::vector<std::vector<double>> PartsOf(const Model& model) {
  const Density density(model);
  const Area& area = model.areas.front();
  std::vector<std::vector<double>> parts(density.Kinds());
  std::vector<double> found(density.Kinds() * kLanes);
  Nodes nodes(density.NodeCount());
  for (auto& part : parts) part.resize(area.Cells());
  for (std::uint32_t first = 0; first < area.r.steps; first += kLanes) {
    Lanes r{};
    Lanes volume{};
    for (std::size_t i = 0; i < kLanes; ++i) {
      const double cell = std::min<double>(first + static_cast<double>(i), area.r.steps - 1);
      const double low = DistanceOf(area.r.low + cell * area.r.Step());
      const double high = DistanceOf(area.r.low + (cell + 1) * area.r.Step());
      r[i] = (low + high) / 2;
      volume[i] = (high * high * high - low * low * low) * SeenOverCube(r[i], MagnitudeOf(r[i]));
    }
    density.Prepare(r, nodes);
    for (std::uint64_t column = 0; column < std::uint64_t{area.mu.steps} * area.nu.steps;
         ++column) {
      const double mu = static_cast<double>(column % area.mu.steps) + 0.5;
      const double nu = static_cast<double>(column / area.mu.steps) + 0.5;
      const double latitude = area.nu.low + nu * area.nu.Step();
      const Vector direction =
          DirectionOf(GalacticOf(area.mu.low + mu * area.mu.Step(), latitude, model.wedge));
      Directions all;
      all.x.fill(direction.x), all.y.fill(direction.y), all.z.fill(direction.z);
      density.At(all, nodes, found.data());
      const double width = math::SinCos(Radians(latitude)).re;
      for (std::size_t k = 0; k < parts.size(); ++k) {
        for (std::size_t i = 0; i < kLanes && first + i < area.r.steps; ++i) {
          parts[k][column * area.r.steps + first + i] = found[k * kLanes + i] * volume[i] * width;
        }
      }
    }
  }
  for (auto& part : parts) {
    double sum = 0;
    for (const double value : part) sum += value;
    for (double& value : part) value = sum > 0 ? value / sum : 0;
  }
  return parts;
}

// Where each cell's probability ends, the last at the sum of all.
std::vector<double> Ladder(const Model& model) {
  const auto parts = PartsOf(model);
  std::vector<double> ends = parts[0];
  for (std::size_t k = 1; k < parts.size(); ++k) {
    const double weight = math::Exp(model.streams[k - 1].epsilon);
    for (std::size_t i = 0; i < ends.size(); ++i) ends[i] += weight * parts[k][i];
  }
  double sum = 0;
  for (double& end : ends) end = sum += end;
  return ends;
}

}  // namespace

Result<std::string> MakeStars(const Model& model, const StarsOptions& options) {
  const Area& area = model.areas.front();
  if (area.Cells() > kMostCells || options.stars == 0 || options.stars > kMostDrawn) {
    return Fail(ErrorKind::kUser, "This is too much to draw from, or nothing.",
                "Give 1 to 1000000 stars, and a grid of at most 2000000 cells.");
  }
  const std::vector<double> ends = Ladder(model);
  if (!(ends.back() > 0)) {
    return Fail(ErrorKind::kUser, "No star has a place in this model.", "Check its parameters.");
  }
  Rng rng(options.seed);
  const auto uniform = [&] { return static_cast<double>(rng.Next() >> 11) * 0x1p-53; };
  std::string text = std::to_string(options.stars) + "\n";
  for (std::uint64_t star = 0; star < options.stars; ++star) {
    const double drawn = uniform() * ends.back();
    const auto cell = static_cast<std::uint64_t>(
        std::upper_bound(ends.begin(), ends.end() - 1, drawn) - ends.begin());
    const std::uint64_t column = cell / area.r.steps;
    const double g =
        area.r.low + (static_cast<double>(cell % area.r.steps) + uniform()) * area.r.Step();
    const double mu =
        area.mu.low + (static_cast<double>(column % area.mu.steps) + uniform()) * area.mu.Step();
    const double nu =
        area.nu.low + (static_cast<double>(column / area.mu.steps) + uniform()) * area.nu.Step();
    const Galactic at = GalacticOf(mu, nu, model.wedge);
    text +=
        NumberText(at.l, 9) + " " + NumberText(at.b, 9) + " " + NumberText(DistanceOf(g), 9) + "\n";
  }
  return text;
}

}  // namespace picube::examples
