// What a submission asks for, how it is cut into tiles, and the statistics that sums are compared
// with.
#pragma once

#include <memory>
#include <optional>

#include "workunits/application.h"
#include "workunits/drift/search.h"
#include "workunits/formats/filterbank.h"

namespace picube::drift {

[[nodiscard]] std::vector<ParameterSpec> DriftParameters();

struct Plan {
  std::shared_ptr<const Filterbank> file;
  std::uint64_t coarse_size = 0;  // channels of a coarse channel
  bool repair_centre = false;     // the channel in the middle is the receiver's own
  double most_rate = 10;          // Hz/s
  double least_rate = 0;
  double least_snr = 25;
  std::int64_t most_drift = 0;  // channels
  std::uint32_t window = 1;
  std::uint32_t tile_channels = 0;
  std::uint64_t tiles_each = 1;  // of a coarse channel

  [[nodiscard]] std::uint64_t Coarse() const { return file->Header().channels / coarse_size; }
  [[nodiscard]] std::uint64_t Units() const { return Coarse() * tiles_each; }
  [[nodiscard]] std::uint32_t PaddedRows() const;
  // Hz/s of a drift by one channel.
  [[nodiscard]] double Resolution() const;
  // < 0 if the tone falls in frequency.
  [[nodiscard]] double RateOf(std::int32_t drift) const;
  // Unit u, but for the threshold.
  [[nodiscard]] Task TaskOf(std::uint64_t unit) const;
};
[[nodiscard]] Result<Plan> MakePlan(const ApplicationInfo& info, const Dataset& dataset,
                                    const Parameters& parameters);
[[nodiscard]] std::unique_ptr<UnitSource> MakeUnitSource(Plan plan);

// Of the sums over time of one coarse channel: median, and deviation of what lies between 5 % and
// 95 %, as turbo_seti has them. A channel with a cell that is no number does not count.
struct Statistics {
  double median = 0;
  double deviation = 0;
  std::uint64_t left_out = 0;  // channels
  [[nodiscard]] double SnrOf(float sum) const {
    return (static_cast<double>(sum) - median) / deviation;
  }
};
[[nodiscard]] Result<Statistics> StatisticsOf(const Plan& plan, std::uint64_t coarse);

// Some channels of a coarse channel in every row, the centre repaired; [row][channel].
[[nodiscard]] Result<std::vector<float>> CutOut(const Plan& plan, std::uint64_t coarse,
                                                std::uint64_t first, std::uint64_t channels);

}  // namespace picube::drift
