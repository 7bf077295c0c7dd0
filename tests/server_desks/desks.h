// A server's loop without sockets: a decider with its store in a folder, an operator, a worker, and
// turns that a test makes one by one. A store is made to fail by a trigger in its database, so it
// fails at once and is mended at once.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "server/gateway/decider.h"
#include "server/gateway/pool.h"
#include "server/store/blob_store.h"
#include "tests/server_core/driver.h"
#include "tests/server_store/test_folder.h"

namespace picube::test {

using namespace std::chrono_literals;

// Waits until `holds()`, looking again each few ms; false after a minute.
template <class Holds>
[[nodiscard]] bool Eventually(Holds&& holds) {
  for (int i = 0; i < 30'000; ++i) {
    if (holds()) return true;
    std::this_thread::sleep_for(2ms);
  }
  return false;
}

class Desks {
 public:
  explicit Desks(const std::filesystem::path& root) : root_(root) { Open(); }

  // What a killed server leaves, taken over by a new one.
  void Reopen() {
    Close();
    Open();
  }
  void Close() {
    decider.reset();
    projection.reset();
    journal.reset();
  }
  [[nodiscard]] Result<std::unique_ptr<Decider>> TryOpen() {
    journal = OpenJournal(root_ / "journal.db");
    auto opened = Projection::Open(root_ / "projection.db");
    EXPECT_TRUE(opened) << opened.error().Text();
    projection = std::move(*opened);
    DeciderOptions options;
    options.grid = Driver::DefaultOptions();
    options.clocks = {.monotonic_us = [this] { return now_us; },
                      .wall_ms = [this] { return wall_ms; }};
    return Decider::Open(std::move(options), *journal, *projection);
  }
  void Open() {
    auto opened = TryOpen();
    ASSERT_TRUE(opened) << opened.error().Text();
    decider = std::move(*opened);
    if (!decider->State().FindHost("boss")) {
      decider->Step(FirstOperator{"boss", KeyOf(1), {}});
    }
    EXPECT_TRUE(Turn());
    boss = *decider->State().FindHost("boss");
  }

  // One turn of the loop: everything stepped since the last one becomes durable.
  Status Turn() {
    now_us += 1000;
    decider->BeginTurn();
    released = {};
    return decider->Flush(released);
  }
  void Step(Input input) { decider->Step(std::move(input)); }
  void From(HostId host, Message message) {
    FromPeer input;
    input.host = host;
    input.reply = {host.value, ++request_};
    input.message = std::move(message);
    input.signature_valid = true;
    Step(std::move(input));
  }
  HostId Join(const std::string& name) {
    const TransportKey invitation = KeyOf(100 + ++request_);
    Step(MadeInvitation{invitation, PrincipalKind::kHost, "ann", {wall_ms + 60'000}, {}, {}});
    FromPeer input;
    input.key = invitation;
    input.message = Enrol{PrincipalKind::kHost, name, KeyOf(1000 + request_), {}, {}};
    Step(std::move(input));
    EXPECT_TRUE(Turn());
    const HostId host = *decider->State().FindHost(name);
    Hello hello;
    hello.facts = Driver::DefaultFacts();
    From(host, std::move(hello));
    EXPECT_TRUE(Turn());
    return host;
  }
  BatchId Batch(std::uint64_t units, std::uint32_t quorum = 1) {
    Submit submit;
    submit.application = "count";
    if (quorum > 1) submit.replication = {ReplicationKind::kQuorum, quorum, false};
    From(boss, std::move(submit));
    EXPECT_TRUE(Turn());
    const BatchId batch = decider->State().LiveBatches().back();
    SplitStep step{batch, {}, /*last=*/true};
    for (std::uint64_t i = 0; i < units; ++i) step.units.push_back({"p", 1e9, 1 << 20, 1 << 20});
    Step(std::move(step));
    EXPECT_TRUE(Turn());
    return batch;
  }
  LeaseId Ask(HostId host) {
    From(host, Driver::AskFor(1));
    EXPECT_TRUE(Turn());
    for (const Outgoing& out : released.messages) {
      const auto* assign = std::get_if<Assign>(&out.message);
      if (assign != nullptr && !assign->leases.empty()) return assign->leases[0].lease;
    }
    ADD_FAILURE() << "no work";
    return {};
  }
  // Reports as the door does: a payload too large for the core goes to the journal first.
  void Return(HostId host, LeaseId lease, const std::string& payload) {
    UnitResult result = Driver::ResultOf(lease, payload);
    result.digest = Hash(payload);
    if (payload.size() > limits::kCorePayloadBytes) {
      decider->PutSmall(result.digest, payload);
      result.payload = Bytes();
    }
    Report report;
    report.results.push_back(std::move(result));
    report.signature.emplace();
    From(host, std::move(report));
  }
  // Answers of type T that the last turn released.
  template <class T>
  [[nodiscard]] std::vector<T> Sent() const {
    std::vector<T> found;
    for (const Outgoing& out : released.messages) {
      if (const T* message = std::get_if<T>(&out.message)) found.push_back(*message);
    }
    return found;
  }

  void BreakJournal() const {
    Sql(root_ / "journal.db",
        "CREATE TRIGGER full BEFORE INSERT ON journal BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  }
  void MendJournal() const { Sql(root_ / "journal.db", "DROP TRIGGER full"); }
  void BreakProjection() const {
    Sql(root_ / "projection.db",
        "CREATE TRIGGER full BEFORE UPDATE ON cursor BEGIN SELECT RAISE(ABORT, 'disk full'); END");
  }
  void MendProjection() const { Sql(root_ / "projection.db", "DROP TRIGGER full"); }

  std::int64_t now_us = 1'000'000;
  std::int64_t wall_ms = 1'800'000'000'000;
  std::unique_ptr<Journal> journal;
  std::unique_ptr<Projection> projection;
  std::unique_ptr<Decider> decider;
  Decider::Released released;
  HostId boss;

 private:
  std::filesystem::path root_;
  std::uint64_t request_ = 0;
};

// The loop's side of a pool: completions are run when a test says so.
class PoolSide {
 public:
  // Runs completions until `holds()`; false after a minute.
  template <class Holds>
  [[nodiscard]] bool RunUntil(Holds&& holds) {
    return Eventually([&] {
      for (Pool::Completion& completion : pool.TakeCompletions()) completion();
      return holds();
    });
  }
  // Keeps the lane busy until the returned function is called.
  [[nodiscard]] std::function<void()> Hold(std::uint64_t lane) {
    auto gate = std::make_shared<Gate>();
    pool.Post(lane, [gate](std::stop_token stop) -> Pool::Completion {
      std::unique_lock lock(gate->mutex);
      (void)gate->opened.wait(lock, stop, [&] { return gate->open; });
      return [] {};
    });
    return [gate] {
      const std::scoped_lock lock(gate->mutex);
      gate->open = true;
      gate->opened.notify_all();
    };
  }

  Pool pool{2, [] {}};

 private:
  struct Gate {  // shared by the job and whoever opens it
    std::mutex mutex;
    std::condition_variable_any opened;
    bool open = false;
  };
};

}  // namespace picube::test
