// A whole likelihood without a grid, for tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <span>
#include <vector>

#include "workunits/milkyway/likelihood.h"

namespace picube::milkyway {

inline std::vector<double> Integrals(const Model& model, int threads = 2) {
  RowIntegral integral(model);
  std::vector<Sums> rows;
  for (std::uint64_t row = 0; row < RowsOf(model); ++row) {
    const RowAt at = RowOf(model, row);
    Sums& sums = rows.emplace_back(1 + model.streams.size());
    for (std::uint32_t mu = 0; mu < model.areas[at.area].mu.steps;) {
      mu = integral.Step(at, mu, threads, sums);
    }
  }
  return JoinRows(model, rows);
}

inline Values Evaluate(const Model& model, std::span<const Star> stars) {
  const auto integrals = Integrals(model);
  const Density density(model);
  const Likelihood likelihood(model, integrals);
  std::vector<BlockSums> blocks;
  for (std::size_t first = 0; first < stars.size(); first += kBlock) {
    const auto block = stars.subspan(first, std::min(kBlock, stars.size() - first));
    std::vector<double> densities(block.size() * density.Kinds());
    StarDensities(density, block, densities.data());
    blocks.push_back(likelihood.Block(densities, first));
  }
  return JoinBlocks(integrals, blocks, stars.size());
}

inline void ExpectNear(double value, double expected, double relative = 1e-12) {
  EXPECT_NEAR(value / expected, 1, relative) << value << " " << expected;
}

}  // namespace picube::milkyway
