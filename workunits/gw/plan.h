// What a submission asks for, and how it is cut into units.
#pragma once

#include "workunits/application.h"
#include "workunits/gw/task.h"

namespace picube::gw {

[[nodiscard]] std::vector<ParameterSpec> GwParameters();

struct Plan {
  std::vector<Spectra> detectors;
  std::optional<GivenTemplate> given;
  Bank bank;
  double least_snr = 5;
  std::uint64_t units_each = 1;  // of a detector

  [[nodiscard]] std::uint64_t Units() const { return units_each * detectors.size(); }
  [[nodiscard]] std::uint64_t Templates() const { return given ? 1 : bank.Size(); }
  // Unit u is part u % units_each of detector u / units_each.
  [[nodiscard]] Task TaskOf(std::uint64_t unit) const;
};

// Files in any order: strains of different detectors, perhaps a given template.
[[nodiscard]] Result<Plan> MakePlan(const ApplicationInfo& info, const Dataset& dataset,
                                    const Parameters& parameters);
[[nodiscard]] std::unique_ptr<UnitSource> MakeUnitSource(Plan plan);

}  // namespace picube::gw
