// The real series of PSR B1804-08, flattened and quantised.
#pragma once

#include <optional>
#include <vector>

#include "tests/workunits/support.h"
#include "workunits/formats/presto.h"
#include "workunits/pulsar/series.h"

namespace picube::test {

inline std::optional<std::vector<float>> RealSamples() {
  const auto dat = DataFile("pulsar/GBT_J1807-0847.dat");
  const auto inf_path = DataFile("pulsar/GBT_J1807-0847.inf");
  if (!dat || !inf_path) return std::nullopt;
  const auto inf = ReadInf(*inf_path, "GBT.inf");
  const auto series = PrestoSeries::Open(*dat, "GBT.dat", *inf);
  std::vector<float> values(series->Samples());
  if (!series->Read(0, values.size(), values.data())) return std::nullopt;
  return values;
}

inline std::vector<float> FlatSeries(const std::vector<float>& values) {
  return *pulsar::Flatten({values.begin(), values.end()}, 0.00016384, "GBT");
}

}  // namespace picube::test
