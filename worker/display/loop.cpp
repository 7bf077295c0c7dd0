#include "worker/display/loop.h"

#include <utility>

namespace picube {
namespace {

constexpr Duration kPeerSilent = 30s;  // several beats of a site

}  // namespace

std::optional<DisplayNote> DisplayNotes::Take(const Status& shown, const std::string& where,
                                              Instant now) {
  if (!shown) {
    const bool anew = works_since_ && now - *works_since_ >= kWorkedLong;
    works_since_.reset();
    if (std::exchange(told_failure_, true) && !anew) return std::nullopt;
    return DisplayNote{true,
                       "the display does not work; computing goes on. " + shown.error().Text()};
  }
  if (!works_since_) works_since_ = now;
  if (where.empty() || std::exchange(where_, where) == where) return std::nullopt;
  return DisplayNote{false, "display: " + where};
}

DisplayView Together(DisplayView machine, const WorkerStatus& worker, Instant now) {
  machine.connected = worker.connected;
  machine.pause = worker.pause;
  if (worker.unit) {
    machine.unit = UnitOnDisplay{.unit = worker.unit->unit.value,
                                 .permille = worker.unit->permille,
                                 .running = now - worker.unit->started};
  }
  if (machine.fan) machine.fan->follows_millicelsius = worker.fan_follows_millicelsius;
  for (const Peer& peer : worker.peers) {
    const Duration silent = std::chrono::milliseconds(peer.silent_ms) + (now - worker.peers_heard);
    HostOnDisplay host{.name = peer.name,
                       .heard = silent < kPeerSilent,
                       .pause = peer.paused_why,
                       .temperature_millicelsius = peer.readings.temperature_millicelsius,
                       .clock_mhz = peer.readings.clock_mhz,
                       .unit = {}};
    if (peer.unit) {
      host.unit = UnitOnDisplay{.unit = peer.unit.value, .permille = peer.permille, .running = {}};
    }
    machine.cube.push_back(std::move(host));
  }
  return machine;
}

DisplayLoop::DisplayLoop(Parts parts) : parts_(std::move(parts)), thread_([this] { Run(); }) {}

DisplayLoop::~DisplayLoop() {
  static_cast<void>(Stop({}));
  thread_.join();
}

void DisplayLoop::Publish(WorkerStatus status) {
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
}

std::vector<DisplayNote> DisplayLoop::TakeNotes() {
  const std::lock_guard lock(mutex_);
  return std::exchange(to_tell_, {});
}

bool DisplayLoop::Stop(Duration patience) {
  std::unique_lock lock(mutex_);
  stop_ = true;
  changed_.notify_all();
  return changed_.wait_for(lock, patience, [this] { return ended_; });
}

void DisplayLoop::Draw() {
  const Instant now = parts_.now();
  std::unique_lock lock(mutex_);
  const WorkerStatus status = status_;
  lock.unlock();
  const Frame frame = pager_.Step(Together(parts_.look(now), status, now), now);
  const Status shown = parts_.display->Show(frame, now);
  const auto note = notes_.Take(shown, parts_.display->Where(), now);
  if (!note) return;
  lock.lock();
  to_tell_.push_back(*note);
  lock.unlock();
  parts_.wake();
}

void DisplayLoop::Run() {
  std::unique_lock lock(mutex_);
  while (!stop_) {
    lock.unlock();
    Draw();
    lock.lock();
    changed_.wait_for(lock, parts_.period, [this] { return stop_; });
  }
  lock.unlock();
  // People would take the last page for how it is now.
  const Instant now = parts_.now();
  const Frame last{{RowOf(ToDisplay(parts_.look(now).host)), RowOf("worker ended")}};
  static_cast<void>(parts_.display->Show(last, now));
  lock.lock();
  ended_ = true;
  changed_.notify_all();
}

}  // namespace picube
