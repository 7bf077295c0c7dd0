// The rules of the grid in the plainest way, as a judge of the real core: no queues, no indexes, no
// cursors, everything recomputed from lists. It sees what goes into each step and what comes out,
// says what must have come out, and aborts with a sentence where the two differ.
//
// It does not schedule. Of each grant it asks "was this allowed?", of each "no work" answer "was
// there really nothing?", of each result "what had to follow?".
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "server/core/grid.h"

namespace picube::test {

class NaiveTwin {
 public:
  explicit NaiveTwin(GridOptions options) : options_(std::move(options)) {}

  // Before and after each step. `grid` is asked for its descriptions only.
  void Before(const Input& input, Moment moment);
  void After(const std::vector<Record>& records, const std::vector<Outgoing>& messages,
             const Grid& grid);

 private:
  struct Lease {
    UnitId unit;
    HostId host;
    enum class State { kOut, kUnsigned, kCounted, kErred, kEnded } state = State::kOut;
    Outcome outcome = Outcome::kSuccess;
    ErrorKind error = ErrorKind::kUnit;
    Digest digest;
    Instant named;  // when its host last said that it has it
    bool operator==(const Lease&) const = default;
  };
  struct Unit {
    BatchId batch;
    std::uint64_t memory_bytes = 0;
    std::uint64_t result_bytes = 0;
    bool failed = false;
    std::vector<LeaseId> leases;  // that count towards the limit
  };
  struct Batch {
    std::string application;
    std::uint32_t quorum = 1;
    bool distinct_owners = false;
    bool split = false;
    std::uint64_t created = 0, settled = 0, failed = 0;
  };
  struct Host {
    std::string owner;
    bool worker = true, retired = false, draining = false;
    HostFacts facts;
    std::uint64_t connection = 0;
    Instant heard;
    std::map<std::string, Instant> failed_at;  // last error of the machine, by application
    std::set<std::string> failed_once;         // an error of machine or link since a result
    std::set<LeaseId> granted_here;            // on this connection
    std::optional<Hello> unrecorded;  // said while nothing could be recorded; heeded when it can
  };
  struct Verdict {
    std::uint32_t out = 0, waiting = 0, successes = 0, agreeing = 0, errors = 0;
    LeaseId canonical;
    std::uint32_t wanted = 0;
    bool settles = false, fails = false, stops = false;
  };

  Verdict Judge(const Unit& unit) const;
  bool MayHave(HostId host, const Unit& unit, bool certain) const;
  std::set<std::string> OwnersPresent(const std::string& application, Duration grace) const;
  bool HasApplication(const Host& host, const std::string& application) const;
  Duration SilenceOf(const Host& host) const;
  bool IsSpent(const Unit& unit, const std::string& owner) const;
  bool CanHold(HostId id, const Unit& unit) const;
  void RenewAll();
  bool OneOf(const std::vector<LeaseId>& leases, LeaseId lease) const;

  void Heard(HostId host, std::uint64_t connection);
  void ExpectReport(const FromPeer& input, const Report& report);
  void Take(const UnitResult& result, bool sealed);
  void Check(const Record& record);
  void Do(const PrincipalEnrolled& record);
  void Do(const HostRetired& record);
  void Do(const HostDrained& record);
  void Do(const HostDescribed& record);
  void Do(const BatchSubmitted& record);
  void Do(const UnitsCreated& record);
  void Do(const BatchSplit& record);
  void Do(const LeasesGranted& record);
  void Do(const LeasesEnded& record);
  void Do(const ResultsReceived& record);
  void Do(const ResultsSealed& record);
  void Do(const UnitsSettled& record);
  void Do(const UnitFailed& record);
  void Do(const UnitsRetried& record);
  void Do(const BatchEnded& record);
  template <class Other>
  void Do(const Other&) {}  // of no concern to the rules
  void CheckAnswers(const std::vector<Outgoing>& messages) const;
  void CheckNoWork(HostId host, const NoWork& no_work) const;
  void CheckEnds();
  void CheckDescriptions(const Grid& grid) const;
  void CloseUnit(UnitId unit);

  GridOptions options_;
  Moment moment_;
  const Input* input_ = nullptr;
  Input held_;
  bool read_only_ = false;
  bool mended_ = false;  // by this input
  std::map<UnitId, Unit> units_;
  std::map<LeaseId, Lease> leases_;
  std::map<BatchId, Batch> batches_;
  std::map<HostId, Host> hosts_;
  LeaseId next_lease_{1};
  UnitId next_unit_{1};
  std::set<UnitId> must_end_;              // units whose end has to be recorded in this step
  std::set<LeaseId> durable_, not_taken_;  // what the acknowledgement has to say
  bool report_refused_ = false;
};

}  // namespace picube::test
