// The board under the worker: its sensors, the governor of its heat, and its joules. Once a second
// it looks, decides, caps the clock if somebody does that for it, and says how many threads may
// run. The board may be a virtual one. One thread, but Joules().
#pragma once

#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "hardware/cap/cap_client.h"
#include "hardware/energy.h"
#include "hardware/governor.h"
#include "hardware/live_board.h"
#include "hardware/probe.h"
#include "protocol/messages.h"
#include "worker/board/settings.h"

namespace picube {

struct BoardKeeperOptions {
  BoardSettings settings;
  std::optional<BoardKind> virtual_board;
  VirtualBoardOptions virtual_options;
  int threads = 1;              // of the worker
  std::filesystem::path state;  // its folder; the file `governor` there outlives a restart
  std::filesystem::path cap_socket = kCapSocket;
};

class BoardKeeper {
 public:
  // `probe` is borrowed.
  BoardKeeper(BoardProbe& probe, BoardKeeperOptions options, Rng rng);
  ~BoardKeeper();  // keeps the governor's state
  BoardKeeper(const BoardKeeper&) = delete;
  BoardKeeper& operator=(const BoardKeeper&) = delete;

  // A second of computing, as the runner counted it, and what may come now.
  struct Use {
    double thread_seconds = 0;  // since the last call
    double cpu_seconds = 0;     // of this process, ever
    double others_cores = 0;    // that other programs keep busy
  };
  struct Order {
    double threads = 0;  // that may run; 0 = none
    std::string why;     // for people, if a guard allows less than everything
  };
  // At NextTurn() or later.
  [[nodiscard]] Order Turn(Instant now, const Use& use);
  // In between, when a unit begins or ends: its joules are right however short it is.
  void Count(Instant now, const Use& use);
  [[nodiscard]] Instant NextTurn() const { return next_; }

  // What there is to say in the log, once each.
  [[nodiscard]] std::vector<std::string> TakeNews();

  [[nodiscard]] std::string Called() const;  // the board's name
  [[nodiscard]] BoardSample Sample() const;  // the last; any thread
  // Speed to come over that of the last minutes; nothing = unknown.
  [[nodiscard]] std::optional<std::uint32_t> OutlookPermille() const;
  // With all cores busy; nothing = unknown.
  [[nodiscard]] std::optional<std::uint32_t> MostMilliwatts() const;
  [[nodiscard]] std::optional<std::uint32_t> Milliwatts() const { return milliwatts_; }
  [[nodiscard]] EnergyMeter::Joules Joules(Instant now) const { return meter_.At(now); }
  [[nodiscard]] EnergySource Source() const { return meter_.Source(); }
  [[nodiscard]] GovernorMode Mode() const { return mode_; }

  static constexpr Duration kPeriod = 1s;
  static constexpr Duration kSlot = 100ms;  // where the clock changes within a second
  static constexpr Duration kKeepEvery = 60s;

 private:
  void Look(Instant now);
  void Govern(Instant now);
  [[nodiscard]] std::optional<Power> PowerOf(double cpu_seconds, double seconds) const;
  [[nodiscard]] std::optional<double> MeterWatts() const;
  void Cap(Instant now);
  void KeepState() const;
  void Say(const std::string& why);

  BoardProbe& probe_;
  BoardKeeperOptions options_;
  std::string called_;
  BoardModel model_;
  bool modelled_ = false;  // the watts of this board are known
  GovernorMode mode_ = GovernorMode::kMax;
  std::unique_ptr<LiveBoard> virtual_;
  std::optional<Governor> governor_;
  CapClient cap_;
  DutyPulse clock_;
  EnergyMeter meter_;
  Allowance allowance_;
  mutable std::mutex mutex_;  // of sample_
  BoardSample sample_;
  std::optional<double> meter_watts_;
  std::optional<std::uint32_t> milliwatts_;
  Instant looked_{};
  std::optional<Instant> counted_;
  Instant next_{};
  Instant keep_at_{};
  double cpu_before_ = 0;
  std::optional<double> lately_;  // part of an unthrottled board's work, over some minutes
  std::string why_;
  std::vector<std::string> news_;
};

}  // namespace picube
