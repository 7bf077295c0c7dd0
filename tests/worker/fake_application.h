// An application whose kernel is the test's: `compute` is called with the context.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "workunits/application.h"

namespace picube {

class FakeApplication final : public Application {
 public:
  using Kernel = std::function<ComputeOutcome(const UnitInput&, ComputeContext&)>;
  explicit FakeApplication(Kernel kernel) : kernel_(std::move(kernel)) { info_.name = "fake"; }

  const ApplicationInfo& Info() const override { return info_; }
  Result<std::unique_ptr<UnitSource>> Split(const Dataset&, const Parameters&) const override {
    return Fail(ErrorKind::kProject, "not used here");
  }
  ComputeOutcome Compute(const UnitInput& input, ComputeContext& context) const override {
    return kernel_(input, context);
  }
  Result<std::unique_ptr<Merger>> StartMerge(const Dataset&, const Parameters&,
                                             const std::filesystem::path&) const override {
    return Fail(ErrorKind::kProject, "not used here");
  }

 private:
  ApplicationInfo info_;
  Kernel kernel_;
};

}  // namespace picube
