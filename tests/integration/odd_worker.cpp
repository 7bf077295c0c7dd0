// A worker whose `primes` kernel misbehaves, everything else about it as it is:
//
//   picube_odd_worker HOW [arguments of picube-worker]
//     stubborn   never comes to a pause
//     hungry     takes more and more memory
//     accents    fails the unit that begins at 0, with a text that is not clean UTF-8
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "worker/worker.h"
#include "workunits/applications.h"

namespace picube {
namespace {

class Odd final : public Application {
 public:
  Odd(const Application& real, std::string how) : real_(real), how_(std::move(how)) {}

  const ApplicationInfo& Info() const override { return real_.Info(); }
  Result<std::unique_ptr<UnitSource>> Split(const Dataset& dataset,
                                            const Parameters& parameters) const override {
    return real_.Split(dataset, parameters);
  }
  ComputeOutcome Compute(const UnitInput& input, ComputeContext& context) const override {
    while (how_ == "stubborn") std::this_thread::sleep_for(std::chrono::seconds(1));
    if (how_ == "hungry") return Eat(context);
    if (how_ == "accents" && input.parameters.starts_with(std::string(8, '\0'))) {
      return Error{ErrorKind::kHost, "caf\xe9 closed\x80", {}};
    }
    return real_.Compute(input, context);
  }
  Result<std::unique_ptr<Merger>> StartMerge(const Dataset& dataset, const Parameters& parameters,
                                             const std::filesystem::path& folder) const override {
    return real_.StartMerge(dataset, parameters, folder);
  }

 private:
  static ComputeOutcome Eat(ComputeContext& context) {
    std::vector<std::vector<char>> eaten;
    while (context.Pause(0.5)) {
      if (eaten.size() < 200) eaten.emplace_back(1 << 20, 'x');
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return Stopped{};
  }

  const Application& real_;
  std::string how_;
};

}  // namespace
}  // namespace picube

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: picube_odd_worker HOW [arguments of picube-worker]\n");
    return 2;
  }
  picube::ApplicationRegistry real;
  picube::AddBuiltInApplications(real);
  picube::ApplicationRegistry odd;
  for (const picube::Application* application : real.All()) {
    const bool primes = application->Info().name == "primes";
    odd.Add(std::make_unique<picube::Odd>(*application, primes ? argv[1] : "as it is"));
  }
  argv[1] = argv[0];
  return picube::WorkerMain(argc - 1, argv + 1, odd);
}
