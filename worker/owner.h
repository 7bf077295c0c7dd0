// The owner's wishes at work: reads worker.yaml, the local time and what goes on around, asks the
// keeper, and says what the agent must know. The main thread's.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "hardware/probe.h"
#include "worker/core/agent_io.h"
#include "worker/settings.h"
#include "worker/wishes/others_load.h"
#include "worker/wishes/wish_keeper.h"

namespace picube {

// The wall clock of this place, now.
[[nodiscard]] LocalTime LocalNow();

class Owner {
 public:
  struct Place {
    std::filesystem::path settings_file;           // worker.yaml
    std::function<Result<WorkerSettings>()> load;  // it, with what the command line says
    std::filesystem::path board_root;              // below it load and power supplies are read
    std::filesystem::path volume_file;             // the day's volume outlives the process there
    std::vector<std::string> project;              // names of the server's project
    HostFacts facts;                               // of the machine, without any wish
  };
  Owner(Place place, const WorkerSettings& settings);
  ~Owner();  // keeps the day's volume
  Owner(const Owner&) = delete;
  Owner& operator=(const Owner&) = delete;

  // Reads worker.yaml again. On an error what was in force stays.
  [[nodiscard]] Status Reload();

  // What the server's operator wishes to be set: into worker.yaml, unless its owner does not let
  // him, and in force at once. What was done; on an error nothing has changed.
  [[nodiscard]] Result<std::string> Set(const std::vector<std::string>& lines);

  struct Told {
    agent::Pause pause;
    agent::Allowance allowance;
  };
  // `bytes_moved` since the start of the process, both ways.
  [[nodiscard]] Told Step(Instant now, const BoardSample& sample, std::uint64_t bytes_moved);
  // As of the last step.
  [[nodiscard]] const Allowed& Wish() const { return wish_; }
  // Cores that other programs keep busy, as of the last step; 0 = none, or unknown.
  [[nodiscard]] double OthersCores() const { return others_cores_; }

 private:
  void Apply(const WorkerSettings& settings);
  [[nodiscard]] Surroundings Look(const BoardSample& sample, std::uint64_t bytes_moved);
  [[nodiscard]] agent::Allowance AllowanceNow() const;
  void KeepVolume(std::uint64_t step);

  Place place_;
  std::uint32_t threads_ = 1;
  std::uint64_t cache_bytes_ = 0;
  bool counts_volume_ = false;  // a profile bounds it: else nothing is written
  WishKeeper keeper_;
  OthersLoad load_;
  Allowed wish_;
  double others_cores_ = 0;
  DayVolume kept_;
};

}  // namespace picube
