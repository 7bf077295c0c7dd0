// `picube-worker benchmark`: what this machine computes a second, cold and hot.
#include "worker/benchmark.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>

#include <chrono>
#include <cmath>
#include <cstdio>
#include <memory>
#include <thread>

#include "hardware/benchmark.h"
#include "hardware/probe.h"
#include "hardware/published_boards.h"
#include "protocol/base/descriptor.h"
#include "worker/core/agent.h"
#include "worker/facts.h"
#include "worker/worker.h"
#include "workunits/math/fft.h"
#include "workunits/math/multiply_add.h"
#include "workunits/primes/badge.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFftLength = 16'384;
constexpr double kLong = 2;               // hours of a virtual board
constexpr double kBoardSoakMinutes = 10;  // on a Raspberry Pi, unless another time is asked for

Event PrimeEvent(std::uint64_t most) {
  return [most] {
    // What the loop counts is not used, but must be counted.
    volatile std::uint64_t kept = primes::BadgeEvent(most);
    static_cast<void>(kept);
    return 1.0;
  };
}

Event MultiplyAddEvent() {
  return [sink = 0.0]() mutable { return math::MultiplyAddBlock(sink); };
}

Event FftEvent() {
  struct Job {
    math::Fft<float> fft{kFftLength};
    math::Fft<float>::Workspace space = fft.MakeWorkspace();
    math::Aligned<float> re = math::Aligned<float>(kFftLength);
    math::Aligned<float> im = math::Aligned<float>(kFftLength);
    math::Aligned<float> out_re = math::Aligned<float>(kFftLength);
    math::Aligned<float> out_im = math::Aligned<float>(kFftLength);
  };
  auto job = std::make_shared<Job>();
  for (std::size_t i = 0; i < kFftLength; ++i) job->re[i] = i % 7 == 0 ? 1.0F : -0.25F;
  return [job] {
    job->fft.Transform(job->re.data(), job->im.data(), 1, job->out_re.data(), job->out_im.data(),
                       job->space);
    volatile float kept = job->out_re[1];
    static_cast<void>(kept);
    return 5.0 * kFftLength * std::log2(static_cast<double>(kFftLength));
  };
}

std::string Progress(BoardProbe& probe, double seconds, double flops) {
  const BoardSample sample = probe.Sample();
  std::string text = fmt::format("{:3.0f}:{:02.0f}  {:.2f} GFLOP/s", std::floor(seconds / 60),
                                 std::floor(std::fmod(seconds, 60)), flops / 1e9);
  if (sample.temperature_millicelsius) {
    text += fmt::format("  {:.1f} C", *sample.temperature_millicelsius / 1000.0);
  }
  if (sample.clock_mhz) text += fmt::format("  {} MHz", *sample.clock_mhz);
  return text;
}

// One holds the lock of the state directory.
bool WorkerRuns(const fs::path& state) {
  const Descriptor lock(::open((state / "lock").c_str(), O_RDONLY | O_CLOEXEC));
  return lock.Get() >= 0 && ::flock(lock.Get(), LOCK_EX | LOCK_NB) != 0;
}

void Say(const std::string& line) { fmt::print(stderr, "{}\n", line); }

double SoakMinutes(const WorkerOptions& options) {
  if (options.sustained_minutes >= 0) return options.sustained_minutes;
  if (!options.virtual_board.empty()) return kBoardSoakMinutes;
  const std::string board = BoardProbe(options.board_root).Facts().board;
  return board.starts_with("Raspberry Pi") ? kBoardSoakMinutes : 0;
}

int RunVirtually(const WorkerOptions& options) {
  BoardRun run;
  run.board = BoardNamed(options.virtual_board).value_or(BoardKind::k3B);
  run.virtual_board.ambient = options.ambient.value_or(run.virtual_board.ambient);
  run.governor.ambient = run.virtual_board.ambient;
  if (options.virtual_fan) run.virtual_board.resistance_times = kFanned;
  run.governor.mode = GovernorModeNamed(options.mode).value_or(GovernorMode::kCool);
  run.hours = std::max(1.0, SoakMinutes(options)) / 60;
  const VirtualBenchmark benchmark = MeasureVirtually(run);
  fmt::print("{}", options.json ? JsonOf(benchmark) + "\n" : TextOf(benchmark));
  return std::to_underlying(WorkerExit::kOk);
}

}  // namespace

VirtualBenchmark MeasureVirtually(const BoardRun& run) {
  constexpr std::string_view kModels[] = {"Raspberry Pi 3 Model B Rev", "Raspberry Pi 4 Model B",
                                          "Raspberry Pi 5 Model B", "Raspberry Pi 3 Model B Plus"};
  VirtualBenchmark benchmark{.run = run, .soak = SoakVirtually(run), .watts = {}};
  BoardRun longer = run;
  longer.hours = kLong;
  benchmark.part_later = SoakVirtually(longer).part;
  const auto* board = PublishedBoardOf(kModels[static_cast<std::size_t>(run.board)]);
  if (board != nullptr && board->idle_watts) {
    benchmark.watts =
        *board->idle_watts + benchmark.soak.heat_watts - ModelOf(run.board).idle_watts;
  }
  return benchmark;
}

BenchmarkFigures MeasureMachine(const BenchmarkPlan& plan,
                                const std::function<void(const std::string&)>& progress) {
  const auto both = [&](const std::function<Event()>& make, double& one, double& all) {
    one = MeasureEach(make, 1, plan.span);
    all = plan.threads == 1 ? one : MeasureEach(make, plan.threads, plan.span);
  };
  BenchmarkFigures f;
  f.threads = plan.threads;
  f.primes = plan.primes;
  progress(fmt::format("measuring ten things for {:.3g} s each", Seconds(plan.span)));
  both([&] { return PrimeEvent(plan.primes); }, f.events, f.events_all);
  f.events_all_10000 =
      plan.primes == primes::kBadgeMost
          ? f.events_all
          : MeasureEach([] { return PrimeEvent(primes::kBadgeMost); }, plan.threads, plan.span);
  f.flops = MeasureFlops(plan.threads, plan.span);
  both(MultiplyAddEvent, f.multiply_add, f.multiply_add_all);
  both(FftEvent, f.fft, f.fft_all);
  f.copy_bytes = MeasureCopy(plan.span);
  f.fill_bytes = MeasureFill(plan.span);
  return f;
}

int RunBenchmark(const WorkerOptions& options) {
  if (!options.virtual_board.empty()) return RunVirtually(options);
  const fs::path state = options.state.empty() ? DefaultWorkerState() : options.state;
  const bool busy = WorkerRuns(state);
  if (busy) Say("a worker computes on this machine: these are figures of what it leaves over");
  BenchmarkPlan plan;
  plan.threads = options.threads > 0
                     ? options.threads
                     : std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
  plan.span = std::chrono::seconds(options.benchmark_seconds);
  plan.primes = static_cast<std::uint64_t>(options.benchmark_primes);
  BoardProbe probe(options.board_root);
  BenchmarkFigures figures = MeasureMachine(plan, Say);
  figures.board = probe.Facts().board;
  const auto* published = PublishedBoardOf(figures.board);
  if (published != nullptr) figures.watts = published->stress_watts;
  const double minutes = SoakMinutes(options);
  if (minutes > 0) {
    Say(fmt::format("full load for {:.3g} minutes", minutes));
    figures.soak_minutes = minutes;
    figures.soak = Soak(plan.threads, FromSeconds(minutes * 60),
                        [&](double at, double flops) { Say(Progress(probe, at, flops)); });
    if (!busy) KeepSustainedFlops(state, plan.threads, figures.soak->sustained);
  }
  fmt::print("{}", options.json ? JsonOf(figures) + "\n" : TextOf(figures));
  return std::to_underlying(WorkerExit::kOk);
}

}  // namespace picube
