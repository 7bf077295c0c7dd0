// The prime loop beside the real sysbench. By processor time, so that a busy machine does not
// matter; skipped where there is no sysbench.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "hardware/benchmark.h"
#include "protocol/base/descriptor.h"
#include "workunits/primes/badge.h"

namespace picube {
namespace {

constexpr std::uint64_t kMost = 20'000;

double ProcessorSeconds(const rusage& usage) {
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

// Events a second of processor time; nothing if it cannot be run.
std::optional<double> Sysbench(int threads, int seconds) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return std::nullopt;
  const Descriptor out(ends[0]);
  const std::string wanted = "--threads=" + std::to_string(threads);
  const std::string time = "--time=" + std::to_string(seconds);
  const pid_t pid = ::fork();
  if (pid == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execlp("sysbench", "sysbench", "cpu", "--cpu-max-prime=20000", wanted.c_str(), time.c_str(),
             "run", nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  std::string text;
  char bytes[4096];
  for (ssize_t got = 0; (got = ::read(out.Get(), bytes, sizeof bytes)) > 0;) {
    text.append(bytes, static_cast<std::size_t>(got));
  }
  int status = 0;
  rusage usage{};
  if (::wait4(pid, &status, 0, &usage) != pid || status != 0) return std::nullopt;
  constexpr std::string_view kEvents = "total number of events:";
  const std::size_t at = text.find(kEvents);
  if (at == std::string::npos) return std::nullopt;
  return std::stod(text.substr(at + kEvents.size())) / ProcessorSeconds(usage);
}

double Ours(int threads, int seconds) {
  rusage before{};
  rusage after{};
  ::getrusage(RUSAGE_SELF, &before);
  const auto begun = std::chrono::steady_clock::now();
  const double rate = MeasureEvents(
      [] {
        volatile std::uint64_t kept = primes::BadgeEvent(kMost);
        static_cast<void>(kept);
      },
      threads, std::chrono::seconds(seconds));
  const std::chrono::duration<double> wall = std::chrono::steady_clock::now() - begun;
  ::getrusage(RUSAGE_SELF, &after);
  return rate * wall.count() / (ProcessorSeconds(after) - ProcessorSeconds(before));
}

void Compare(int threads) {
  std::vector<double> ratios;
  for (int i = 0; i < 9; ++i) {  // in turns, so that both meet the same clock
    const auto theirs = Sysbench(threads, 1);
    if (!theirs) GTEST_SKIP() << "there is no sysbench here";
    ratios.push_back(Ours(threads, 1) / *theirs);
    std::printf("%d threads: ours / sysbench %.4f\n", threads, ratios.back());
  }
  std::ranges::sort(ratios);
  EXPECT_NEAR(ratios[4], 1, 0.02) << "the median of nine";
}

TEST(PrimeLoop, IsAsFastAsThatOfSysbenchOnOneThread) { Compare(1); }

TEST(PrimeLoop, IsAsFastAsThatOfSysbenchOnAllThreads) {
  Compare(static_cast<int>(std::max(1U, std::thread::hardware_concurrency())));
}

}  // namespace
}  // namespace picube
