// `picube-worker benchmark`: what it measures, says and keeps.
#include "worker/benchmark.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "tests/files.h"
#include "worker/core/agent.h"
#include "worker/facts.h"
#include "worker/worker.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

bool Has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

// Of a Pi 4B, about.
BenchmarkFigures SomeFigures() {
  return {.board = "Raspberry Pi 4 Model B Rev 1.4",
          .threads = 4,
          .primes = 20'000,
          .events = 500,
          .events_all = 2000,
          .events_all_10000 = 5000,
          .flops = 8e9,
          .multiply_add = 5e9,
          .multiply_add_all = 20e9,
          .fft = 2e9,
          .fft_all = 6e9,
          .copy_bytes = 2.5e9,
          .fill_bytes = 3e9,
          .soak = SoakFigures{8e9, 6e9},
          .soak_minutes = 10,
          .watts = 5};
}

TEST(BenchmarkFigures, JsonKeepsItsKeysAndHasNewOnes) {
  const auto json = nlohmann::json::parse(JsonOf(SomeFigures()));
  for (const char* old :
       {"primes_to", "events_per_second", "threads", "events_per_second_all", "flop_per_second"}) {
    EXPECT_TRUE(json.contains(old)) << old;
  }
  EXPECT_EQ(json["sustained_flop_per_second"], 6e9);
  EXPECT_EQ(json["sustained_part"], 0.75);
  EXPECT_EQ(json["gflops_per_watt"], 4);
  EXPECT_EQ(json["watts_source"], "model");
}

TEST(BenchmarkFigures, WhatIsNotKnownIsLeftOut) {
  BenchmarkFigures figures = SomeFigures();
  figures.watts.reset();
  figures.soak.reset();
  const auto json = nlohmann::json::parse(JsonOf(figures));
  for (const char* gone : {"watts", "watts_source", "gflops_per_watt", "sustained_part"}) {
    EXPECT_FALSE(json.contains(gone)) << gone;
  }
  EXPECT_FALSE(Has(TextOf(figures), "sustained"));
  EXPECT_FALSE(Has(TextOf(figures), "model"));
}

TEST(BenchmarkFigures, TheTextHasTheTableAndSaysWhyAPi3LooksSlow) {
  const std::string text = TextOf(SomeFigures());
  for (const char* part : {"4.00 GFLOPS/W at 5.0 W (model", "this machine", "115.15", "11.28",
                           "32-bit system", "6.00 GFLOP/s, 75 % of the best"}) {
    EXPECT_TRUE(Has(text, part)) << part << "\n" << text;
  }
  // The thesis' test needs its bound.
  EXPECT_TRUE(Has(text, "      5.00")) << text;
  BenchmarkFigures other = SomeFigures();
  other.primes = 10'000;
  EXPECT_FALSE(Has(TextOf(other), "      5.00"));
  for (std::size_t from = 0, end = 0; from < text.size(); from = end + 1) {
    end = text.find('\n', from);
    ASSERT_LE(end - from, 100U) << text.substr(from, end - from);
  }
}

TEST(BenchmarkFigures, EverythingIsMeasured) {
  const BenchmarkFigures f =
      MeasureMachine({.threads = 2, .span = 5ms, .primes = 100}, [](const std::string&) {});
  for (const double figure : {f.events, f.events_all, f.events_all_10000, f.flops, f.multiply_add,
                              f.multiply_add_all, f.fft, f.fft_all, f.copy_bytes, f.fill_bytes}) {
    EXPECT_GT(figure, 1);
  }
}

int Worker(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "picube-worker");
  std::vector<char*> argv;
  for (std::string& argument : arguments) argv.push_back(argument.data());
  return WorkerMain(static_cast<int>(argv.size()), argv.data(), ApplicationRegistry());
}

TEST(BenchmarkCommand, AVirtualBoardAnswersAtOnceAndNothingIsKeptOfIt) {
  const test::Folder state;
  testing::internal::CaptureStdout();
  const int code = Worker({"benchmark", "--state", state.Path().string(), "--virtual-board", "3b",
                           "--ambient", "35", "--mode", "cool", "--json"});
  const auto json = nlohmann::json::parse(testing::internal::GetCapturedStdout());
  EXPECT_EQ(code, std::to_underlying(WorkerExit::kOk));
  EXPECT_EQ(json["virtual_board"], "3b");
  EXPECT_EQ(json["mode"], "cool");
  EXPECT_EQ(json["sustained_minutes"], 10);
  EXPECT_EQ(json["throttled_part"], 0);
  EXPECT_NEAR(json["sustained_part_two_hours"].get<double>(), 0.383, 0.02);  // docs/BOARD.md's law
  EXPECT_GT(json["sustained_part"], json["sustained_part_two_hours"]);
  EXPECT_LE(json["temperature_celsius_most"], 80);
  EXPECT_NEAR(json["watts"].get<double>(), 2.2, 0.3);
  EXPECT_EQ(json["watts_source"], "model");
  EXPECT_FALSE(fs::exists(state / "benchmark"));
}

TEST(BenchmarkCommand, OptionsOfAVirtualBoardNeedOne) {
  testing::internal::CaptureStderr();
  EXPECT_EQ(Worker({"benchmark", "--ambient", "35"}), std::to_underlying(WorkerExit::kUsage));
  EXPECT_EQ(Worker({"benchmark", "--virtual-board", "6"}), std::to_underlying(WorkerExit::kUsage));
  static_cast<void>(testing::internal::GetCapturedStderr());
}

TEST(Benchmark, ASustainedFigureIsGoodForAQuarterOfAYear) {
  const test::Folder state;
  const fs::path file = state / "benchmark";
  KeepSustainedFlops(state.Path(), 1, 1'234'500);
  EXPECT_EQ(KnownFlops(state.Path(), 1), 1'234'500);
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::days(90));
  EXPECT_EQ(KnownFlops(state.Path(), 1), 1'234'500);
  fs::last_write_time(file, fs::file_time_type::clock::now() - std::chrono::days(92));
  EXPECT_NE(KnownFlops(state.Path(), 1), 1'234'500);
  KeepSustainedFlops(state / "nowhere", 1, 1'234'500);
  EXPECT_FALSE(fs::exists(state / "nowhere"));
}

}  // namespace
}  // namespace picube
