// From the parameters of a submission to units: which dispersion measures, accelerations and
// periods are searched, and where that is cut.
#pragma once

#include <memory>
#include <vector>

#include "workunits/application.h"
#include "workunits/pulsar/recording.h"
#include "workunits/pulsar/task.h"

namespace picube::pulsar {

struct Plan {
  SearchPlan search;
  std::vector<double> dms;
  double period_low = 0;  // s; of what is listed
  double period_high = 0;
  std::uint32_t harmonics = 8;
  std::uint64_t units = 1;
  std::uint64_t most_samples = 0;   // of the series of the lowest DM
  std::vector<double> stage_costs;  // of one series at one acceleration
  double series_cost = 0;           // all pieces of one series

  // Unit `index` of `units`. Cheap: nothing is remembered from unit to unit.
  [[nodiscard]] Task TaskOf(std::uint64_t index) const;
  [[nodiscard]] double CostOf(const Task& task) const;

 private:
  [[nodiscard]] double CostBefore(std::uint64_t pieces) const;
  [[nodiscard]] std::uint64_t PieceAt(double cost) const;
};

// The parameters of application pulsar.
[[nodiscard]] std::vector<ParameterSpec> PulsarParameters();

[[nodiscard]] Result<Recording> OpenRecording(const Dataset& dataset, const Parameters& parameters);
// Checks all parameters against the recording. Errors (kUser) name the parameter.
[[nodiscard]] Result<Plan> MakePlan(const Recording& recording, const Parameters& parameters);

// Makes each unit's input when it is asked for, and keeps the last.
[[nodiscard]] std::unique_ptr<UnitSource> MakeUnitSource(Recording recording, Plan plan);

}  // namespace picube::pulsar
