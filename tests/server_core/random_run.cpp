#include "tests/server_core/random_run.h"

#include <algorithm>
#include <memory>

#include "protocol/base/check.h"
#include "tests/server_core/driver.h"
#include "tests/server_core/naive_twin.h"

namespace picube::test {
namespace {

class Run {
 public:
  Run(std::span<const std::uint8_t> choices, bool compare_restored)
      : choices_(choices), compare_(compare_restored), twin_(Options()) {
    grid_ = std::make_unique<Grid>(Options(), Rng(1));
    Do(FirstOperator{"boss", KeyOf(1), {}});
    Do(TakeOver{});
    for (std::uint64_t i = 0; i < 4; ++i) AddHost();
  }

  RunFigures Go() {
    while (!choices_.empty() && figures_.steps < 3000) One();
    return figures_;
  }

 private:
  static GridOptions Options() {
    GridOptions options = Driver::DefaultOptions();
    options.units_ahead = 40;
    options.host_silence = 30s;
    options.least_lease = 60s;
    return options;
  }

  std::uint8_t Choose(std::uint8_t below) {
    if (choices_.empty()) return 0;
    const std::uint8_t byte = choices_.front();
    choices_ = choices_.subspan(1);
    return static_cast<std::uint8_t>(byte % below);
  }

  void Do(Input input) {
    ++figures_.steps;
    twin_.Before(input, moment_);
    grid_->Step(std::move(input), moment_);
    Ready ready = grid_->TakeReady();
    Note(ready);
    twin_.After(ready.records, ready.messages, *grid_);
    grid_->CheckInvariants();
    if (!ready.records.empty()) journal_.push_back({moment_.now, std::move(ready.records)});
    if (compare_) Compare();
  }

  void Note(const Ready& ready) {
    for (const Outgoing& outgoing : ready.messages) {
      const Assign* assign = std::get_if<Assign>(&outgoing.message);
      if (const Ack* ack = std::get_if<Ack>(&outgoing.message); ack != nullptr && ack->assign) {
        assign = &*ack->assign;
      }
      if (assign == nullptr) continue;
      for (const LeaseOffer& offer : assign->leases) {
        leases_.push_back({offer.lease, offer.unit, outgoing.connection});
      }
      figures_.granted += assign->leases.size();
    }
    for (const Event& event : ready.events) {
      if (const auto* want = std::get_if<WantUnits>(&event)) wants_.push_back(want->batch);
      if (const auto* merge = std::get_if<WantMerge>(&event)) merges_.push_back(merge->batch);
      if (const auto* closed = std::get_if<UnitClosed>(&event)) {
        figures_.settled += closed->state == UnitState::kSettled ? 1U : 0U;
        figures_.failed += closed->state == UnitState::kFailed ? 1U : 0U;
      }
    }
  }

  std::unique_ptr<Grid> Restored() const {
    auto grid = std::make_unique<Grid>(Options(), Rng(1));
    for (const Journalled& row : journal_) {
      for (const Record& record : row.records) grid->Apply(record, row.at);
    }
    (void)grid->TakeReady();
    return grid;
  }

  void Compare() const {
    const std::uint64_t hash = grid_->StateHash();
    PICUBE_CHECK(Restored()->StateHash() == hash, "the journal restores the same state");
    Grid copy(Options(), Rng(1));
    grid_->WriteSnapshot([&](const Record& record) { copy.Apply(record, moment_.now); });
    PICUBE_CHECK(copy.StateHash() == hash, "a snapshot restores the same state");
    copy.CheckInvariants();
  }

  void AddHost() {
    const std::uint64_t number = hosts_.size();
    const TransportKey invitation = KeyOf(1000 + number);
    Do(MadeInvitation{invitation,
                      PrincipalKind::kHost,
                      "owner" + std::to_string(number % 3),
                      {moment_.wall.ms + 1'000'000},
                      {},
                      {}});
    FromPeer input;
    input.key = invitation;
    input.message = Enrol{PrincipalKind::kHost, "h", KeyOf(2000 + number), {}, {}};
    Do(std::move(input));
    hosts_.push_back({HostId{number + 2}, 0});
    Connect(hosts_.back());
  }

  struct Machine {
    HostId id;
    std::uint64_t connection = 0;
  };
  struct Held {
    LeaseId lease;
    UnitId unit;
    std::uint64_t connection = 0;  // of the host that got it
  };

  void From(const Machine& host, Message message, bool signature_valid = false) {
    FromPeer input;
    input.host = host.id;
    input.reply = {host.connection, ++request_};
    input.message = std::move(message);
    input.signature_valid = signature_valid;
    Do(std::move(input));
  }

  void Connect(Machine& host) {
    Hello hello;
    hello.facts = Driver::DefaultFacts();
    if (Choose(8) == 1) hello.facts.memory_bytes = 1000;
    for (const Held& held : leases_) {
      if (held.connection == host.connection && Choose(2) == 0) {
        hello.leases_held.push_back(held.lease);
      }
    }
    const std::uint64_t before = host.connection;
    host.connection = ++connection_;
    for (Held& held : leases_) {
      if (held.connection == before && before != 0) held.connection = host.connection;
    }
    From(host, std::move(hello));
  }

  UnitResult MakeResult(const Held& held) {
    const std::uint8_t lie = Choose(8);
    UnitResult result =
        Driver::ResultOf(held.lease, lie == 1 ? "wrong" + std::to_string(Choose(3))
                                              : "right" + std::to_string(held.unit.value));
    if (lie == 2) {
      result.outcome = Outcome::kError;
      constexpr ErrorKind kKinds[] = {ErrorKind::kUnit, ErrorKind::kUnit, ErrorKind::kHost,
                                      ErrorKind::kLink};
      result.error_kind = kKinds[Choose(4)];
      result.error_text = "no";
      if (Choose(64) == 7) result.error_kind = ErrorKind::kProject;
    }
    return result;
  }

  void SendReport(const Machine& host) {
    Report report;
    const std::uint8_t most = static_cast<std::uint8_t>(1 + Choose(6));
    for (std::size_t i = leases_.size(); i-- > 0 && report.results.size() < most;) {
      if (leases_[i].connection != host.connection && Choose(16) != 3) continue;
      if (Choose(4) == 1) continue;
      report.results.push_back(MakeResult(leases_[i]));
    }
    const bool sealed = Choose(4) != 1;
    if (sealed) {
      for (const auto& [lease, digest] : unsigned_) {
        if (Choose(4) != 1) report.earlier.push_back({lease, digest});
      }
      if (Choose(4) != 1) unsigned_.clear();
      report.signature.emplace();
    } else {
      for (const UnitResult& result : report.results) {
        unsigned_.emplace_back(result.lease, result.digest);
      }
    }
    if (Choose(2) == 1) report.ask = Driver::AskFor(Choose(8));
    From(host, std::move(report), sealed && Choose(32) != 1);
    if (leases_.size() > 60) leases_.erase(leases_.begin(), leases_.begin() + 20);
  }

  void SubmitOne() {
    if (grid_->LiveBatches().size() >= 4) return;
    Submit submit;
    submit.application = Choose(4) == 1 ? "sum" : "count";
    const auto quorum = static_cast<std::uint32_t>(1 + Choose(3));
    if (quorum > 1) {
      submit.replication = {ReplicationKind::kQuorum, quorum, Choose(3) == 1};
    }
    submit.priority = static_cast<std::int32_t>(Choose(5)) - 2;
    submit.request_key = Choose(3) == 1 ? "key" + std::to_string(Choose(3)) : std::string{};
    From({HostId{1}, 999'999}, std::move(submit));
  }

  void SplitOne() {
    if (wants_.empty()) return;
    const BatchId batch = wants_.front();
    wants_.erase(wants_.begin());
    SplitStep step{batch, {}, Choose(3) == 1};
    for (std::uint8_t i = Choose(12); i > 0; --i) {
      step.units.push_back(
          {"parameters", Choose(3) == 1 ? 1e9 : 2e9, Choose(8) == 1 ? 2000ULL : 100ULL, 1 << 20});
    }
    Do(std::move(step));
  }

  void Meddle() {
    Control control;
    const auto batches = grid_->LiveBatches();
    if (!batches.empty()) control.id = batches[Choose(4) % batches.size()].value;
    switch (Choose(6)) {
      case 0: control.kind = ControlKind::kCancelBatch; break;
      case 1:
        control.kind = ControlKind::kSetPriority;
        control.number = Choose(20);
        break;
      case 2: control.kind = ControlKind::kRetryFailed; break;
      case 3:
      case 4:
        control.kind = ControlKind::kDrainHost;
        control.id = 2U + Choose(4);
        control.number = Choose(4) == 1 ? 1 : 0;
        break;
      default:
        if (hosts_.size() < 12) return AddHost();
        return;
    }
    From({HostId{1}, 999'999}, std::move(control));
  }

  void Restart() {
    ++figures_.restarts;
    const std::uint64_t before = grid_->StateHash();
    if (Choose(2) == 1) {
      grid_ = Restored();
    } else {
      auto copy = std::make_unique<Grid>(Options(), Rng(1));
      grid_->WriteSnapshot([&](const Record& record) { copy->Apply(record, moment_.now); });
      (void)copy->TakeReady();
      grid_ = std::move(copy);
    }
    PICUBE_CHECK(grid_->StateHash() == before, "a restart changes nothing durable");
    wants_.clear();
    merges_.clear();
    Do(TakeOver{});
  }

  void One() {
    Machine& host = hosts_[Choose(static_cast<std::uint8_t>(hosts_.size()))];
    switch (Choose(20)) {
      case 0:
      case 1:
      case 2: {
        AskWork ask = Driver::AskFor(Choose(8), Choose(3) == 1 ? 20'000 : 0);
        return From(host, std::move(ask));
      }
      case 3:
      case 4:
      case 5:
      case 6: return SendReport(host);
      case 7: return SubmitOne();
      case 8:
      case 9: return SplitOne();
      case 10: return Connect(host);
      case 11: return Do(PeerGone{host.id, host.connection});
      case 12: {
        Heartbeat beat;
        for (const Held& held : leases_) beat.alive.push_back({held.lease, 10});
        return From(host, std::move(beat));
      }
      case 13: {
        Goodbye bye;
        for (const Held& held : leases_) {
          if (Choose(4) == 1) bye.given_back.push_back(held.lease);
        }
        return From(host, std::move(bye));
      }
      case 14:
      case 15:
      case 16: {
        constexpr std::int64_t kMs[] = {0, 1, 100, 1000, 1000, 5000, 31'000, 61'000};
        const std::int64_t ms = kMs[Choose(8)];
        moment_.now = moment_.now + std::chrono::milliseconds(ms);
        moment_.wall.ms += Choose(8) == 1 ? -1000 : ms;
        return Do(Tick{});
      }
      case 17: {
        if (merges_.empty()) return;
        const BatchId batch = merges_.front();
        merges_.erase(merges_.begin());
        if (Choose(4) == 1) return Do(MergeFailed{batch, {ErrorKind::kProject, "no", ""}});
        return Do(ProductReady{batch, {}});
      }
      case 18: return Choose(4) == 1 ? Meddle() : void();
      default: {
        const std::uint8_t rare = Choose(16);
        if (rare == 1) return Restart();
        if (rare == 2) return Do(StoreTrouble{"disk full"});
        return Do(StoreTrouble{});
      }
    }
  }

  std::span<const std::uint8_t> choices_;
  bool compare_;
  NaiveTwin twin_;
  std::unique_ptr<Grid> grid_;
  Moment moment_{{1'000'000}, {1'700'000'000'000}};
  std::vector<Journalled> journal_;
  std::vector<Machine> hosts_;
  std::vector<Held> leases_;
  std::vector<std::pair<LeaseId, Digest>> unsigned_;
  std::vector<BatchId> wants_;
  std::vector<BatchId> merges_;
  std::uint64_t connection_ = 0;
  std::uint64_t request_ = 0;
  RunFigures figures_;
};

}  // namespace

RunFigures RandomRun(std::span<const std::uint8_t> choices, bool compare_restored) {
  return Run(choices, compare_restored).Go();
}

}  // namespace picube::test
