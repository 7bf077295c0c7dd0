// What the worker does now, gathered from what goes into its agent and what comes out. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/time.h"
#include "worker/core/agent_io.h"

namespace picube {

struct WorkerStatus {
  struct Unit {
    LeaseId lease;
    UnitId unit;
    std::uint32_t permille = 0;
    Instant started;
    bool operator==(const Unit&) const = default;
  };
  bool connected = false;
  std::string pause;  // why computing pauses, or cannot go on; empty = it does not
  std::optional<Unit> unit;
  std::vector<Peer> peers;  // of the site, if this host is its master
  Instant peers_heard;
  std::optional<std::int32_t> fan_follows_millicelsius;
  bool operator==(const WorkerStatus&) const = default;
};

class StatusKeeper {
 public:
  void Take(const agent::Input& input);
  void Starts(const agent::UnitWork& work, Instant now);
  void Hear(const std::vector<Peer>& peers, Instant heard, std::optional<std::int32_t> fan_follows);
  [[nodiscard]] WorkerStatus Status() const;

 private:
  void End(LeaseId lease);

  bool connected_ = false;
  std::string pause_;
  std::string trouble_;  // of the disk: stops new units, not the one that runs
  std::optional<WorkerStatus::Unit> unit_;
  std::vector<Peer> peers_;
  Instant peers_heard_;
  std::optional<std::int32_t> fan_follows_;
};

}  // namespace picube
