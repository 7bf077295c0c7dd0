// A worker that forges some of its results, for the demonstration: the worker of this project with
// its applications wrapped. Everything else about it is honest, as a real cheat's would be.
//
//   picube-demo-forger ONE_IN [arguments of picube-worker]
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <variant>

#include "protocol/base/rng.h"
#include "worker/worker.h"
#include "workunits/applications.h"

namespace picube {
namespace {

// Computes honestly, then alters the payload of one unit in `one_in`, chosen by its parameters.
class Forging final : public Application {
 public:
  Forging(const Application& honest, std::uint64_t one_in) : honest_(honest), one_in_(one_in) {}

  const ApplicationInfo& Info() const override { return honest_.Info(); }
  Result<std::unique_ptr<UnitSource>> Split(const Dataset& dataset,
                                            const Parameters& parameters) const override {
    return honest_.Split(dataset, parameters);
  }
  ComputeOutcome Compute(const UnitInput& input, ComputeContext& context) const override {
    ComputeOutcome outcome = honest_.Compute(input, context);
    Bytes* payload = std::get_if<Bytes>(&outcome);
    if (payload == nullptr || payload->empty()) return outcome;
    std::uint64_t hash = 0;
    for (const char c : input.parameters) hash = Mix64(hash ^ static_cast<unsigned char>(c));
    if (hash % one_in_ == 0) payload->back() = static_cast<char>(payload->back() ^ 1);
    return outcome;
  }
  Result<std::unique_ptr<Merger>> StartMerge(const Dataset& dataset, const Parameters& parameters,
                                             const std::filesystem::path& folder) const override {
    return honest_.StartMerge(dataset, parameters, folder);
  }

 private:
  const Application& honest_;
  std::uint64_t one_in_;
};

}  // namespace
}  // namespace picube

int main(int argc, char** argv) {
  const long one_in = argc > 1 ? std::strtol(argv[1], nullptr, 10) : 0;
  if (one_in < 1) {
    std::fprintf(stderr, "usage: picube-demo-forger ONE_IN [arguments of picube-worker]\n");
    return 2;
  }
  picube::ApplicationRegistry honest;
  picube::AddBuiltInApplications(honest);
  picube::ApplicationRegistry forging;
  for (const picube::Application* application : honest.All()) {
    forging.Add(
        std::make_unique<picube::Forging>(*application, static_cast<std::uint64_t>(one_in)));
  }
  argv[1] = argv[0];
  return picube::WorkerMain(argc - 1, argv + 1, forging);
}
