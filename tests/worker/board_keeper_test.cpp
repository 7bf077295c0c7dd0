// The board under a worker, second by second: heat governed, joules counted, settings read.
#include "worker/board/keeper.h"

#include <gtest/gtest.h>
#include <yaml-cpp/yaml.h>

#include "tests/files.h"

namespace picube {
namespace {

using test::Folder;
using test::ReadText;

constexpr Instant At(double seconds) { return Instant{} + FromSeconds(1 + seconds); }

BoardKeeperOptions Virtual(const Folder& folder, BoardKind board, double ambient) {
  BoardKeeperOptions options;
  options.virtual_board = board;
  options.virtual_options.ambient = ambient;
  options.threads = 4;
  options.state = folder.Path();
  return options;
}

// A worker that computes all it may for so long; the mean of the threads of its last minute.
double Compute(BoardKeeper& keeper, int seconds, int from = 0) {
  double allowed = 0;
  double late = 0;
  for (int second = from; second < from + seconds; ++second) {
    const auto order = keeper.Turn(At(second), {.thread_seconds = allowed, .cpu_seconds = 0});
    allowed = order.threads;
    if (second >= from + seconds - 60) late += allowed / 60;
  }
  return late;
}

TEST(BoardKeeper, AVirtualBoardStaysAtItsSetPointAndSaysWhy) {
  const Folder folder;
  BoardProbe probe(folder.Path());
  BoardKeeper keeper(probe, Virtual(folder, BoardKind::k3B, 35), Rng(1));
  EXPECT_EQ(keeper.Called(), "Raspberry Pi 3 Model B (virtual)");
  EXPECT_EQ(keeper.Mode(), GovernorMode::kCool);
  const double threads = Compute(keeper, 3600);
  EXPECT_NEAR(threads / 4, 0.383, 0.02) << "of an unthrottled 3B's work, in a room of 35 degrees";
  EXPECT_NEAR(keeper.Sample().temperature_millicelsius.value(), 79'000, 1'200);
  EXPECT_EQ(keeper.Sample().throttle_flags.value(), 0U) << "its firmware never had to";
  EXPECT_EQ(keeper.Turn(At(3600), {}).why, "held at 79 degrees");
}

TEST(BoardKeeper, AColdBoardExpectsToBecomeSlowerAndAWarmOneNot) {
  const Folder folder;
  BoardProbe probe(folder.Path());
  BoardKeeper keeper(probe, Virtual(folder, BoardKind::k3B, 25), Rng(1));
  Compute(keeper, 10);
  EXPECT_LT(keeper.OutlookPermille().value(), 700U);
  Compute(keeper, 3600, 10);
  EXPECT_NEAR(keeper.OutlookPermille().value(), 1000, 60);
}

TEST(BoardKeeper, ARestartGoesOnWhereItWas) {
  const Folder folder;
  BoardProbe probe(folder.Path());
  {
    BoardKeeper keeper(probe, Virtual(folder, BoardKind::k4B, 30), Rng(1));
    Compute(keeper, 1800);
  }
  const std::string kept = ReadText(folder / "governor");
  EXPECT_NE(kept.find("Raspberry Pi 4 Model B (virtual)"), std::string::npos);
  BoardKeeper again(probe, Virtual(folder, BoardKind::k4B, 30), Rng(2));
  Compute(again, 1);
  // The state of another board says nothing.
  BoardKeeper other(probe, Virtual(folder, BoardKind::k5, 30), Rng(2));
  Compute(other, 1);
}

TEST(BoardKeeper, JoulesFollowTheLoad) {
  const Folder folder;
  BoardProbe probe(folder.Path());
  BoardKeeper keeper(probe, Virtual(folder, BoardKind::k4B, 20), Rng(1));
  EXPECT_EQ(keeper.Source(), EnergySource::kNone);
  for (int second = 0; second <= 100; ++second) static_cast<void>(keeper.Turn(At(second), {}));
  EXPECT_EQ(keeper.Source(), EnergySource::kModel);
  EXPECT_NEAR(keeper.Joules(At(100)).full, 160, 4) << "1.6 W when idle";
  EXPECT_EQ(keeper.Joules(At(100)).marginal, 0);
  Compute(keeper, 100, 101);
  EXPECT_GT(keeper.Joules(At(200)).marginal, 200);
  EXPECT_GT(keeper.Milliwatts().value(), 3000U);
}

TEST(BoardKeeper, AMeterIsSharedByItsHostsAndByOtherPrograms) {
  const Folder folder;
  BoardProbe probe(folder.Path());
  BoardKeeperOptions options;
  options.threads = 4;
  options.state = folder.Path();
  options.cap_socket = folder / "no.sock";
  options.settings.meter = (folder / "watts").string();
  options.settings.meter_hosts = 5;
  BoardKeeper keeper(probe, options, Rng(1));
  const auto second = [&](int at, double cpu) {
    static_cast<void>(keeper.Turn(At(at), {.cpu_seconds = cpu, .others_cores = 1}));
  };
  second(0, 0);
  EXPECT_EQ(keeper.Source(), EnergySource::kNone) << "the meter says nothing yet";
  folder.Write("watts", "20.0\n");
  second(1, 1);
  for (int at = 2; at <= 12; ++at) second(at, at);
  EXPECT_EQ(keeper.Source(), EnergySource::kMeter);
  EXPECT_EQ(keeper.Milliwatts(), 4000U);
  const double before = keeper.Joules(At(12)).full;
  const double ours = keeper.Joules(At(12)).marginal;
  for (int at = 13; at <= 22; ++at) second(at, at);
  EXPECT_NEAR(keeper.Joules(At(22)).full - before, 40, 1e-6);
  EXPECT_NEAR(keeper.Joules(At(22)).marginal - ours, 20, 1e-6) << "one busy core of two is ours";
  for (const char* nonsense : {"", "hot", "-4", "1e9", "nan"}) {
    folder.Write("watts", nonsense);
    second(23, 23);
    second(24, 24);
    EXPECT_EQ(keeper.Source(), EnergySource::kNone) << nonsense;
  }
  folder.Write("watts", "20");
  std::filesystem::last_write_time(
      folder / "watts", std::filesystem::file_time_type::clock::now() - std::chrono::minutes(2));
  second(26, 26);
  EXPECT_EQ(keeper.Source(), EnergySource::kNone) << "old watts";
}

TEST(BoardKeeper, WithoutAHelperAnUnknownMachineIsLeftAlone) {
  const Folder folder;  // no sensors at all
  BoardProbe probe(folder.Path());
  BoardKeeperOptions options;
  options.threads = 8;
  options.state = folder.Path();
  options.cap_socket = folder / "no.sock";
  BoardKeeper keeper(probe, options, Rng(1));
  EXPECT_EQ(keeper.Turn(At(0), {}).threads, 8);
  EXPECT_EQ(keeper.Mode(), GovernorMode::kMax);
  EXPECT_EQ(keeper.Source(), EnergySource::kNone);
  EXPECT_FALSE(keeper.OutlookPermille());
  // Asked to be cool it knows no temperature, and says so once.
  options.settings.mode = GovernorMode::kCool;
  BoardKeeper cool(probe, options, Rng(1));
  for (int second = 0; second < 20; ++second) {
    EXPECT_EQ(cool.Turn(At(second), {}).threads, 1);
  }
  EXPECT_EQ(cool.TakeNews(), std::vector<std::string>{"heat: the temperature is not known"});
}

TEST(BoardKeeper, OffReadsAndSteersNothing) {
  const Folder folder;
  BoardProbe probe(folder.Path());
  auto options = Virtual(folder, BoardKind::k3B, 40);
  options.settings.mode = GovernorMode::kOff;
  BoardKeeper keeper(probe, options, Rng(1));
  EXPECT_NEAR(Compute(keeper, 600), 4, 1e-9);
}

BoardSettings Read(const std::string& yaml, std::string& wrong) {
  BoardSettings settings;
  const auto at = [&](const YAML::Node&, const std::string& what) {
    return Fail(ErrorKind::kUser, what);
  };
  const Status read = ReadBoard(YAML::Load(yaml), at, settings);
  wrong = read ? "" : read.error().what;
  return settings;
}

TEST(BoardSettings, AreAModeOrOptions) {
  std::string wrong;
  EXPECT_EQ(Read("quiet", wrong).mode, GovernorMode::kQuiet);
  EXPECT_EQ(Read("quiet", wrong).SetPoint(GovernorMode::kQuiet), 65);
  EXPECT_FALSE(Read("auto", wrong).mode);
  const auto all =
      Read("{mode: cool, set_point: 77, ambient: 30, charger_efficiency: 0.85, shared_watts: 1.5}",
           wrong);
  EXPECT_EQ(wrong, "");
  EXPECT_EQ(all.SetPoint(GovernorMode::kCool), 77);
  EXPECT_EQ(all.overhead.charger_efficiency, 0.85);
  for (const char* bad : {"warm", "[1]", "{mode: warm}", "{set_point: 90}", "{set_point: hot}",
                          "{ambient: nan}", "{charger_efficiency: 0}", "{fan: on}"}) {
    Read(bad, wrong);
    EXPECT_NE(wrong, "") << bad;
  }
}

}  // namespace
}  // namespace picube
