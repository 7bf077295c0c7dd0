// The judge of a run: a naive twin of the grid, made from the durable rows and nothing else, and
// the rules that must hold whatever happened. It keeps every unit and lease that ever was.
//
// Told of every row when it is durable and of every message when it is released. One thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "protocol/messages.h"
#include "server/core/records.h"
#include "simulation/payload.h"
#include "simulation/scenario.h"
#include "simulation/stage.h"

namespace picube::sim {

struct RunCounts {
  std::uint64_t rows = 0;
  std::uint64_t leases = 0;
  std::uint64_t results = 0;
  std::uint64_t settled = 0;
  std::uint64_t failed = 0;
  std::uint64_t wrong = 0;  // settled on a lie (single results, or liars who colluded)
  std::uint64_t leases_lost = 0;
  std::uint64_t server_starts = 0;
  bool operator==(const RunCounts&) const = default;
};

class Ledger {
 public:
  Ledger(Stage& stage, const Scenario& scenario) : stage_(stage), scenario_(scenario) {}

  // --- What has happened, in order.
  // `owners` had a host connected when it was decided: the fewest, if that changed meanwhile.
  void OnRow(std::span<const Record> records, std::size_t owners);
  // `host` is whose connection it goes to; zero if the server knows none.
  void OnReleased(HostId host, const Message& message);

  // --- What is known now.
  struct Batch {
    std::uint64_t nature = 0;  // its number in the scenario
    std::uint64_t created = 0;
    UnitId first;  // units of a batch need not follow each other
    bool split = false;
    bool project_error = false;  // some host reported one: that stops the batch, true or not
    std::optional<BatchState> ended;
    std::string why;
    std::vector<UnitId> units;  // by index
  };
  struct Unit {
    BatchId batch;
    std::uint64_t index = 0;
    Digest honest;
    UnitState state = UnitState::kUnsent;
    LeaseId canonical;
    std::uint32_t copies = 0;
    std::vector<LeaseId> leases;
  };
  struct Lease {
    UnitId unit;
    HostId host;
    bool live = true;
    bool received = false;
    bool sealed = false;
    Outcome outcome = Outcome::kSuccess;
    ErrorKind error = ErrorKind::kUnit;  // if the outcome is one
    Digest digest;

    [[nodiscard]] bool Counts() const { return received && sealed && outcome == Outcome::kSuccess; }
    // Its host says that the unit or its application is at fault.
    [[nodiscard]] bool Blames() const {
      return received && sealed && outcome == Outcome::kError &&
             (error == ErrorKind::kUnit || error == ErrorKind::kProject);
    }
  };
  struct Host {
    std::string name;
    std::string owner;
    bool retired = false;
    std::uint64_t live_leases = 0;
    std::uint64_t settled = 0;    // its results that were believed
    std::uint64_t disagreed = 0;  // and those that another result was believed against
  };
  [[nodiscard]] const std::map<BatchId, Batch>& Batches() const { return batches_; }
  [[nodiscard]] const Unit* FindUnit(UnitId unit) const;
  [[nodiscard]] const Lease* FindLease(LeaseId lease) const;
  [[nodiscard]] const Host* FindHost(HostId host) const;
  [[nodiscard]] bool UnitIsOver(const Unit& unit) const;
  [[nodiscard]] const RunCounts& Counts() const { return counts_; }

 private:
  void On(const EpochStarted& record);
  void On(const PrincipalEnrolled& record);
  void On(const HostRetired& record);
  void On(const BatchSubmitted& record);
  void On(const UnitsCreated& record);
  void On(const BatchSplit& record);
  void On(const LeasesGranted& record);
  void On(const LeasesEnded& record);
  void On(const ResultsReceived& record);
  void On(const ResultsSealed& record);
  void On(const UnitsSettled& record);
  void On(const UnitFailed& record);
  void On(const UnitsRetried& record);
  void On(const BatchEnded& record);
  template <class Other>
  void On(const Other&) {}  // facts that bind nothing here

  void Grant(HostId host, LeaseId lease, const LeasesGranted::Grant& grant);
  void Receive(HostId host, bool sealed, const UnitResult& result);
  void Settle(UnitId unit, LeaseId canonical);
  void EndLease(Lease& lease);
  void EndUnit(Unit& unit, UnitState state);
  void CountCopies(const Unit& unit);
  // ledger_verdicts.cpp: whether what was decided follows from what is known.
  void CheckHonest(UnitId id, const Unit& unit, const Replication& replication);
  [[nodiscard]] bool MayTell(const HostNature& liar, const Unit& unit, const Digest& digest) const;
  void CheckFailed(UnitId id, const Unit& unit);
  void CheckBroken(const Batch& batch);
  void CheckAck(HostId host, const Ack& ack);
  void CheckAssign(HostId host, const Assign& assign);
  [[nodiscard]] Unit* LiveUnit(UnitId unit, std::string_view what);
  [[nodiscard]] const Replication& ReplicationOf(const Unit& unit) const;

  Stage& stage_;
  const Scenario& scenario_;
  RunCounts counts_;
  std::size_t owners_ = 0;  // of the row that is being taken
  Epoch epoch_;
  std::uint64_t next_unit_ = 1;
  std::uint64_t next_lease_ = 1;
  std::map<BatchId, Batch> batches_;
  std::map<UnitId, Unit> units_;
  std::map<LeaseId, Lease> leases_;
  std::map<HostId, Host> hosts_;
  std::set<std::string> request_keys_;
};

}  // namespace picube::sim
