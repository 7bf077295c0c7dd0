// kernel_bench: how long the computing kernels take beside well-known libraries. One JSON line a
// case on standard output: kernel, seconds, reference, reference_seconds, speedup (reference /
// ours), isa, threads. Seconds are medians; a case without a reference has null there.
#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "tests/bench/kernels/kernels.h"
#include "workunits/math/isa.h"

namespace picube::bench {
namespace {

constexpr double kLeastSeconds = 0.02;  // a shorter sample would time the clock

double SecondsOf(const std::function<void()>& work, int calls) {
  const auto start = std::chrono::steady_clock::now();
  for (int i = 0; i < calls; ++i) work();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count() / calls;
}

double Median(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return values[values.size() / 2];
}

int CallsFor(const std::function<void()>& work, const RunOptions& options) {
  if (!work || options.quick) return 1;
  const double once = SecondsOf(work, 1);  // also warms the caches
  return std::max(1, static_cast<int>(kLeastSeconds / std::max(once, 1e-7)));
}

double Rounded(double value) { return std::stod(fmt::format("{:.4g}", value)); }

void RunOne(const Case& one, std::string_view isa, const RunOptions& options) {
  const int our_calls = CallsFor(one.ours, options);
  const int their_calls = CallsFor(one.theirs, options);
  std::vector<double> ours;
  std::vector<double> theirs;
  for (int i = 0; i < (options.quick ? 2 : options.repeats); ++i) {
    ours.push_back(SecondsOf(one.ours, our_calls));
    if (one.theirs) theirs.push_back(SecondsOf(one.theirs, their_calls));
  }
  const double seconds = Median(ours);
  nlohmann::ordered_json line;
  line["kernel"] = one.kernel;
  line["seconds"] = Rounded(seconds);
  line["reference"] = nullptr;
  line["reference_seconds"] = nullptr;
  line["speedup"] = nullptr;
  if (one.theirs) {
    line["reference"] = one.reference;
    line["reference_seconds"] = Rounded(Median(theirs));
    line["speedup"] = Rounded(Median(theirs) / seconds);
  }
  line["isa"] = isa;
  line["threads"] = one.threads;
  std::puts(line.dump().c_str());
  std::fflush(stdout);
}

}  // namespace

int Run(const std::vector<Case>& cases, const RunOptions& options) {
  int count = 0;
  for (const Case& one : cases) {
    if (one.kernel.find(options.kernel) == std::string::npos) continue;
    for (const math::Isa isa : math::IsasHere()) {
      if (!one.each_isa && isa != math::IsasHere().back()) continue;
      const math::WithIsa with(isa);
      RunOne(one, math::Name(isa), options);
      ++count;
    }
  }
  return count;
}

}  // namespace picube::bench

int main(int argc, char** argv) {
  picube::bench::RunOptions options;
  CLI::App app("Times the computing kernels beside well-known libraries.");
  app.add_option("--kernel", options.kernel, "only cases with this in their name");
  app.add_option("--repeats", options.repeats, "of which the median counts")
      ->check(CLI::Range(1, 1000))
      ->capture_default_str();
  app.add_flag("--quick", options.quick, "every case once: that it runs, not how fast");
  CLI11_PARSE(app, argc, argv);
  std::vector<picube::bench::Case> cases;
  picube::bench::AddSeti(cases);
  picube::bench::AddPrimes(cases);
  picube::bench::AddDrift(cases);
  picube::bench::AddGw(cases);
  picube::bench::AddMilkyWay(cases);
  picube::bench::AddPulsar(cases);
  if (picube::bench::Run(cases, options) > 0) return 0;
  std::fprintf(stderr, "no kernel has '%s' in its name\n", options.kernel.c_str());
  return 2;
}
