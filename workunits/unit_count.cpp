#include "workunits/unit_count.h"

#include <algorithm>
#include <cmath>

#include "workunits/parameters.h"

namespace picube {
namespace {

constexpr double kDefaultSeconds = 60;
constexpr double kLeastSeconds = 0.001;

Result<std::uint64_t> CountFrom(std::string_view text, double cost_flop, const GridFacts& grid,
                                const UnitCountLimits& limits) {
  const auto count = ParseCount(text);
  if (!count || *count == 0 || *count > limits.most_units) {
    return Fail(ErrorKind::kUser,
                "--units " + std::string(text.substr(0, 40)) + " is not a number from 1 to " +
                    std::to_string(limits.most_units) + ".",
                "Leave it out for units of about a minute.");
  }
  const double each = cost_flop / (grid.flop_per_second * static_cast<double>(*count));
  if (each <= limits.most_seconds) return *count;
  const double least = std::ceil(cost_flop / grid.flop_per_second / limits.most_seconds);
  return Fail(ErrorKind::kUser,
              "--units " + std::to_string(*count) + " makes units of about " + NumberText(each, 3) +
                  " seconds on the slowest host; they may take " + NumberText(limits.most_seconds) +
                  ".",
              "Give at least --units " + NumberText(least) +
                  ", or leave it out for units of about a minute.");
}

}  // namespace

GridFacts GridFactsOf(const Parameters& parameters) {
  GridFacts facts;
  const auto flops = ParseNumber(ParameterOr(parameters, kGridFlops, ""));
  if (flops && *flops >= 1e6 && *flops <= 1e18) facts.flop_per_second = *flops;
  const auto memory = ParseCount(ParameterOr(parameters, kGridMemory, ""));
  if (memory && *memory > 0) facts.memory_bytes = *memory;
  return facts;
}

ParameterSpec UnitsSpec() {
  return {"units", "N", "", "number of units; default: by --unit-seconds, at least 16"};
}

ParameterSpec UnitSecondsSpec() {
  return {"unit-seconds", "S", "60",
          "length of a unit on the slowest host of the grid, roughly; <= 3600"};
}

Result<std::uint64_t> ReadUnitCount(const Parameters& parameters, double cost_flop,
                                    std::uint64_t pieces, const UnitCountLimits& limits) {
  const GridFacts grid = GridFactsOf(parameters);
  const auto most = static_cast<double>(std::clamp<std::uint64_t>(pieces, 1, limits.most_units));
  if (const auto units = ParameterOr(parameters, "units", ""); !units.empty()) {
    auto count = CountFrom(units, cost_flop, grid, limits);
    if (count) *count = std::min(*count, static_cast<std::uint64_t>(most));
    return count;
  }
  double each = kDefaultSeconds;
  double least = static_cast<double>(limits.least_units);
  if (const auto seconds = ParameterOr(parameters, "unit-seconds", ""); !seconds.empty()) {
    const auto given = ParseNumber(seconds);
    if (!given || !(*given >= kLeastSeconds && *given <= limits.most_seconds)) {
      return Fail(ErrorKind::kUser,
                  "--unit-seconds " + std::string(seconds.substr(0, 40)) +
                      " is not a time from 0.001 to " + NumberText(limits.most_seconds) +
                      " seconds.",
                  "Leave it out for units of about a minute.");
    }
    each = *given;
    least = 1;
  }
  const double wished = std::ceil(cost_flop / (grid.flop_per_second * each));
  return static_cast<std::uint64_t>(std::min(std::max(wished, least), most));
}

Status CheckMemory(const Parameters& parameters, std::uint64_t bytes, const std::string& what,
                   const std::string& next) {
  const std::uint64_t lent = GridFactsOf(parameters).memory_bytes;
  if (bytes <= lent) return {};
  return Fail(ErrorKind::kUser,
              what + " needs " + std::to_string((bytes >> 20) + 1) +
                  " MiB of memory; the largest host of the grid lends " +
                  std::to_string(lent >> 20) + " MiB.",
              next);
}

}  // namespace picube
