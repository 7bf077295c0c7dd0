// The integral of stripe 82 at a quarter of its rows, and the densities of stars, beside the same
// formulas written straightforwardly with the C library's functions.
#include <benchmark/benchmark.h>

#include <cmath>
#include <memory>

#include "tests/bench/kernels/kernels.h"
#include "workunits/milkyway/likelihood.h"

namespace picube::bench {
namespace {

using namespace milkyway;

constexpr std::uint32_t kRows = 16;  // of the 64 of the whole stripe

Model StripeEightyTwo() {
  Model model;
  model.wedge = 82;
  model.background = {0.95, 0.456};
  model.streams = {{-1.828, 31.361, 29.228, 1.696, 0.044, 2.854}};
  model.areas = {{{16, 22.5, 140}, {310, 419, 160}, {-1.25, 1.25, 64}}};
  return model;
}

void Integrate(const Model& model, int threads) {
  RowIntegral integral(model);
  for (std::uint32_t row = 0; row < kRows; ++row) {
    Sums sums(1 + model.streams.size());
    for (std::uint32_t mu = 0; mu < model.areas[0].mu.steps;) {
      mu = integral.Step({0, row}, mu, threads, sums);
    }
    benchmark::DoNotOptimize(sums);
  }
}

// The cells of the same rows, node after node.
void IntegratePlainly(const Model& model) {
  const Quadrature nodes = MakeQuadrature(model.convolve);
  const Area& area = model.areas[0];
  const Axis axis = AxisOf(model.streams[0], model.wedge);
  const double sigma = model.streams[0].sigma;
  const std::size_t count = nodes.weights.size();
  std::vector<double> r(area.r.steps * count);
  std::vector<double> q(r.size());
  for (std::uint32_t i = 0; i < area.r.steps; ++i) {
    const double g = MagnitudeOf(DistanceOf(area.r.low + (i + 0.5) * area.r.Step()));
    for (std::size_t j = 0; j < count; ++j) {
      const double dx = nodes.offsets[j];
      const double at = DistanceOf(g - dx);
      r[i * count + j] = at;
      q[i * count + j] = nodes.weights[j] * at * at * at * std::exp(-dx * dx / 0.72);
    }
  }
  double background = 0;
  double stream = 0;
  for (std::uint32_t row = 0; row < kRows; ++row) {
    for (std::uint32_t mu = 0; mu < area.mu.steps; ++mu) {
      const Vector d =
          DirectionOf(GalacticOf(area.mu.low + (mu + 0.5) * area.mu.Step(),
                                 area.nu.low + (row + 0.5) * area.nu.Step(), model.wedge));
      for (std::size_t i = 0; i < r.size(); ++i) {
        const double x = r[i] * d.x - 8.5;
        const double y = r[i] * d.y;
        const double z = r[i] * d.z;
        const double flat = x * x + y * y;
        const double up = z / model.background.q;
        const double radius = std::sqrt(flat + up * up);
        const double wide = radius + 12;
        background +=
            q[i] * (0.95 / (radius * wide * wide * wide) +
                    0.05 * std::exp(-0.285714286 * std::sqrt(flat) - 1.428571429 * std::fabs(z)));
        const double ux = x - axis.centre.x;
        const double uy = y - axis.centre.y;
        const double uz = z - axis.centre.z;
        const double along = ux * axis.along.x + uy * axis.along.y + uz * axis.along.z;
        const double px = ux - along * axis.along.x;
        const double py = uy - along * axis.along.y;
        const double pz = uz - along * axis.along.z;
        stream += q[i] * std::exp(-(px * px + py * py + pz * pz) / (2 * sigma * sigma));
      }
    }
  }
  benchmark::DoNotOptimize(background);
  benchmark::DoNotOptimize(stream);
}

}  // namespace

void AddMilkyWay(std::vector<Case>& cases) {
  const auto model = std::make_shared<const Model>(StripeEightyTwo());
  cases.push_back({"milkyway-stripe-82-quarter", [model] { Integrate(*model, 1); },
                   "the C library's exp and sqrt, node by node",
                   [model] { IntegratePlainly(*model); }});
  Case two{"milkyway-stripe-82-quarter", [model] { Integrate(*model, 2); }, "one thread",
           [model] { Integrate(*model, 1); }};
  two.threads = 2;
  two.each_isa = false;
  cases.push_back(std::move(two));
}

}  // namespace picube::bench
