// What is around the agent: the board, its fan and display, and the owner's wishes.
#include <algorithm>
#include <cmath>
#include <ctime>
#include <utility>

#include "worker/shell.h"

namespace picube {
namespace {

Readings ReadingsOf(const BoardKeeper& board, const BoardKeeper::Order& order) {
  const BoardSample sample = board.Sample();
  Readings readings;
  readings.temperature_millicelsius = sample.temperature_millicelsius;
  readings.clock_mhz = sample.real_clock_mhz ? sample.real_clock_mhz : sample.clock_mhz;
  readings.throttle_flags = sample.throttle_flags;
  readings.load_permille = sample.load_permille;
  readings.milliwatts = board.Milliwatts();
  readings.fan_rpm = sample.fan_rpm;
  readings.slowed_why = order.why;
  readings.outlook_permille = board.OutlookPermille();
  readings.most_milliwatts = board.MostMilliwatts();
  return readings;
}

// Of processor time, ever.
double ProcessSeconds() {
  std::timespec t{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0) return 0;
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

}  // namespace

void Shell::Reload() {
  const Status read = parts_.owner.Reload();
  if (!read) {
    parts_.log.Warn(read.error().Text() + " The settings in force stay.", MonotonicNow());
    return;
  }
  parts_.log.Info("worker.yaml is read again", MonotonicNow());
  MindOwner();
}

void Shell::SetByOperator(const Settings& settings) {
  const auto set = parts_.owner.Set(settings.lines);
  SettingsTaken answer{settings.token, set.has_value(), set ? *set : set.error().Text()};
  parts_.log.Info("the server's operator: " + answer.text, MonotonicNow());
  parts_.link.Send({.request = 0, .version = kProtocolVersion, .message = std::move(answer)});
  if (set) MindOwner();
}

// What the wishes are now goes to the agent, which says each change, and to the runner.
void Shell::MindOwner() {
  const BoardSample sample = parts_.board.Sample();
  Owner::Told told = parts_.owner.Step(MonotonicNow(), sample, parts_.link.BytesMoved());
  wish_ = parts_.owner.Wish();
  wish_threads_ = told.allowance.threads * wish_.cpu_share;
  AllowRunner();
  Feed(std::move(told.allowance));
  TellPause();
}

void Shell::MindBoard(Instant now) {
  order_ = parts_.board.Turn(now, UseNow());
  AllowRunner();
  TellPause();
  Feed(agent::BoardReadings{ReadingsOf(parts_.board, order_)});
  MindFan(now);
  for (const std::string& news : parts_.board.TakeNews()) parts_.log.Info(news, now);
}

BoardKeeper::Use Shell::UseNow() {
  return {.thread_seconds = runner_.TakeThreadSeconds(),
          .cpu_seconds = ProcessSeconds(),
          .others_cores = parts_.owner.OthersCores()};
}

void Shell::AllowRunner() { runner_.Allow(std::min(order_.threads, wish_threads_)); }

void Shell::TellPause() {
  std::string why = wish_.why;
  if (why.empty() && order_.threads == 0) why = order_.why;
  if (why == paused_why_) return;
  paused_why_ = why;
  Feed(agent::Pause{std::move(why)});
}

EnergyMeter::Joules Shell::JoulesNow() {
  const Instant now = MonotonicNow();
  parts_.board.Count(now, UseNow());
  return parts_.board.Joules(now);
}

// What the unit took since it began.
void Shell::Charge(agent::Input& input) {
  auto* finished = std::get_if<agent::UnitFinished>(&input);
  auto* failed = std::get_if<agent::UnitFailed>(&input);
  if (finished == nullptr && failed == nullptr) return;
  const EnergyMeter::Joules now = JoulesNow();
  const EnergySource source = parts_.board.Source();
  if (source == EnergySource::kNone) return;
  const auto millijoules = [](double before, double after) {
    return static_cast<std::uint64_t>(std::max(0.0, 1000 * (after - before)));
  };
  Cost& cost = finished != nullptr ? finished->cost : failed->cost;
  cost.energy_source = source;
  cost.millijoules = millijoules(begun_.full, now.full);
  cost.marginal_millijoules = millijoules(begun_.marginal, now.marginal);
}

void Shell::MindFan(Instant now) {
  const BoardSample sample = parts_.board.Sample();
  const auto news = parts_.fan.Turn(now, parts_.name, sample.temperature_millicelsius);
  if (news) parts_.log.Info(*news, now);
  if (const auto trouble = parts_.sleeper.TakeTrouble()) parts_.log.Warn(*trouble, now);
  status_.Hear(parts_.fan.Peers(), parts_.fan.Heard(), parts_.fan.Follows());
}

void Shell::SayNotes(Instant now) {
  for (const DisplayNote& note : parts_.display.TakeNotes()) {
    parts_.log.Say(note.warning ? agent::Log::Level::kWarning : agent::Log::Level::kInfo, note.text,
                   now);
  }
}

void Shell::Do(agent::MaySleep& action) {
  if (!parts_.sleeper.MaySleep()) return;
  const Instant now = MonotonicNow();
  parts_.log.Info("the server needs this host less; it may sleep", now);
  const Status begun = parts_.sleeper.Sleep(action.span, now);
  if (!begun) parts_.log.Warn(begun.error().Text(), now);
}

void Shell::Do(agent::TellPeers& action) {
  parts_.fan.Hear(std::move(action.peers), MonotonicNow());
}

}  // namespace picube
