// The board probe on recorded trees.
#include "hardware/probe.h"

#include <gtest/gtest.h>

#include "tests/files.h"
#include "worker/facts.h"

namespace picube {
namespace {

BoardProbe On(const char* tree) { return BoardProbe(std::filesystem::path(PICUBE_TREES) / tree); }

TEST(Probe, APi4SaysWhatItIs) {
  const BoardFacts facts = On("pi4").Facts();
  EXPECT_EQ(facts.board, "Raspberry Pi 4 Model B Rev 1.4");
  EXPECT_EQ(facts.os, "Debian GNU/Linux 12 (bookworm)");
  EXPECT_EQ(facts.cores, 4U);
  EXPECT_EQ(facts.memory_bytes, 3'884'388ULL * 1024);
}

TEST(Probe, APi4sReadings) {
  const BoardSample sample = On("pi4").Sample();
  EXPECT_EQ(sample.temperature_millicelsius, 61'835);
  EXPECT_EQ(sample.clock_mhz, 1800U);
  EXPECT_EQ(sample.throttle_flags, 0x50000U);
  EXPECT_EQ(sample.load_permille, 975U);
  EXPECT_EQ(sample.memory_available_bytes, 3'300'000ULL * 1024);
}

TEST(Probe, APcHasItsMakersNameAndTheCoreSensor) {
  EXPECT_EQ(On("pc").Facts().board, "LENOVO 20XW");
  EXPECT_EQ(On("pc").Facts().cores, 5U);
  const BoardSample sample = On("pc").Sample();
  EXPECT_EQ(sample.temperature_millicelsius, 47'000);
  EXPECT_FALSE(sample.throttle_flags);
}

TEST(Probe, WhatIsMissingIsUnknownNeverZero) {
  const test::Folder empty;
  const BoardProbe probe(empty.Path());
  EXPECT_EQ(probe.Facts().board, "generic");
  EXPECT_FALSE(probe.Facts().cores);
  EXPECT_FALSE(probe.Facts().memory_bytes);
  const BoardSample sample = probe.Sample();
  EXPECT_FALSE(sample.temperature_millicelsius);
  EXPECT_FALSE(sample.clock_mhz);
  EXPECT_FALSE(sample.throttle_flags);
  EXPECT_FALSE(sample.load_permille);
}

TEST(Probe, NonsenseIsUnknownToo) {
  const BoardSample sample = On("broken").Sample();
  EXPECT_FALSE(sample.temperature_millicelsius) << "-274000 and an empty file";
  EXPECT_FALSE(sample.clock_mhz) << "zero";
  EXPECT_FALSE(sample.throttle_flags);
  EXPECT_FALSE(sample.load_permille);
  EXPECT_FALSE(On("broken").Facts().cores) << "3-0";
}

TEST(Probe, AProcessKnowsWhatItHoldsSwappedOutOrNot) {
  const test::Folder tree;
  std::filesystem::create_directories(tree.Path() / "proc" / "self");
  const auto file = tree.Path() / "proc" / "self" / "status";
  const BoardProbe probe(tree.Path());
  EXPECT_FALSE(probe.OwnMemoryBytes());
  test::WriteText(file, "Name:\tx\nVmRSS:\t    1000 kB\nRssAnon:\t 1 kB\nVmSwap:\t      24 kB\n");
  EXPECT_EQ(probe.OwnMemoryBytes(), 1024U * 1024);
  test::WriteText(file, "VmRSS:\t    1000 kB\nVmSwap:\t       0 kB\n");
  EXPECT_EQ(probe.OwnMemoryBytes(), 1000U * 1024);
}

TEST(Benchmark, IsKeptForADayAndOfThisManyThreads) {
  const test::Folder state;
  const double first = KnownFlops(state.Path(), 1);
  EXPECT_GT(first, 1e6);
  test::WriteText(state.Path() / "benchmark", "1 1234500\n");
  EXPECT_EQ(KnownFlops(state.Path(), 1), 1234500);
  EXPECT_NE(KnownFlops(state.Path(), 2), 1234500);
  test::WriteText(state.Path() / "benchmark", "1 1234500\n");
  const auto old = std::filesystem::file_time_type::clock::now() - std::chrono::hours(25);
  std::filesystem::last_write_time(state.Path() / "benchmark", old);
  EXPECT_NE(KnownFlops(state.Path(), 1), 1234500);
}

}  // namespace
}  // namespace picube
