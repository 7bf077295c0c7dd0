// Kernels in their thread: budget, stop, pause, checkpoint, errors. And a process that is killed.
#include "worker/run/runner.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <condition_variable>
#include <latch>
#include <mutex>
#include <new>

#include "protocol/crypto/keys.h"
#include "tests/files.h"
#include "tests/worker/fake_application.h"

namespace picube {
namespace {

class RunnerTest : public ::testing::Test {
 protected:
  RunnerTest() { EXPECT_TRUE(InitCrypto()); }

  void Begin(FakeApplication::Kernel kernel, RunnerOptions options = {}) {
    registry_.Add(std::make_unique<FakeApplication>(std::move(kernel)));
    options.progress_interval = 0us;
    runner_.emplace(options, registry_, [this](agent::Input input) { Post(std::move(input)); });
  }
  void Start() {
    agent::UnitWork work;
    work.lease = LeaseId{7};
    work.application = {"fake", 1};
    work.parameters = "13";
    runner_->Start({work, {"/data/a.sah"}, Checkpoint()});
  }
  [[nodiscard]] CheckpointFile Checkpoint() const {
    return {temp_.Path() / "7.checkpoint", temp_.Path() / "7.attempts"};
  }
  // Waits for the end of the unit.
  [[nodiscard]] agent::Input Outcome() {
    std::unique_lock lock(mutex_);
    arrived_.wait(lock, [this] { return outcome_.has_value(); });
    return *outcome_;
  }
  [[nodiscard]] Error FailureOf(FakeApplication::Kernel kernel) {
    Begin(std::move(kernel));
    Start();
    const agent::Input outcome = Outcome();
    const auto* failed = std::get_if<agent::UnitFailed>(&outcome);
    return failed == nullptr ? Error{ErrorKind::kUser, "it did not fail", {}} : failed->error;
  }

  test::Folder temp_;
  ApplicationRegistry registry_;
  std::mutex mutex_;
  std::condition_variable arrived_;
  std::optional<agent::Input> outcome_;
  std::vector<std::uint32_t> progress_;
  std::optional<Runner> runner_;

 private:
  void Post(agent::Input input) {
    const std::lock_guard lock(mutex_);
    if (const auto* progress = std::get_if<agent::UnitProgress>(&input)) {
      progress_.push_back(progress->permille);
      return;
    }
    outcome_ = std::move(input);
    arrived_.notify_all();
  }
};

TEST_F(RunnerTest, AKernelGetsItsInputAndItsThreadsAndReturnsAPayload) {
  Begin(
      [](const UnitInput& input, ComputeContext& context) -> ComputeOutcome {
        EXPECT_EQ(input.parameters, "13");
        EXPECT_EQ(input.files.at(0), "/data/a.sah");
        EXPECT_EQ(context.Threads(), 3);
        EXPECT_FALSE(context.Checkpoint());
        EXPECT_TRUE(context.Pause(0.25));
        return Bytes("forty-two");
      },
      {.threads = 3});
  Start();
  const agent::Input outcome = Outcome();
  const auto& finished = std::get<agent::UnitFinished>(outcome);
  EXPECT_EQ(finished.lease, LeaseId{7});
  EXPECT_EQ(finished.payload, "forty-two");
  EXPECT_EQ(progress_, std::vector<std::uint32_t>{250});
}

TEST_F(RunnerTest, AStopEndsTheKernelAtItsNextPause) {
  std::latch running(1);
  Begin([&](const UnitInput&, ComputeContext& context) -> ComputeOutcome {
    running.count_down();
    while (context.Pause(0.5)) {
    }
    return Stopped{};
  });
  Start();
  running.wait();
  EXPECT_TRUE(runner_->Busy());
  runner_->Stop();
  EXPECT_TRUE(std::holds_alternative<agent::UnitStopped>(Outcome()));
}

TEST_F(RunnerTest, AStopReachesAPausedKernel) {
  Begin([](const UnitInput&, ComputeContext& context) -> ComputeOutcome {
    if (context.Pause(0.5)) return Bytes("ran on");
    return Stopped{};
  });
  runner_->Pause(true);
  Start();
  runner_->Stop();
  EXPECT_TRUE(std::holds_alternative<agent::UnitStopped>(Outcome()));
}

TEST_F(RunnerTest, APausedKernelGoesOn) {
  Begin([](const UnitInput&, ComputeContext& context) -> ComputeOutcome {
    if (context.Pause(0.5)) return Bytes("ran on");
    return Stopped{};
  });
  runner_->Pause(true);
  Start();
  runner_->Pause(false);
  EXPECT_TRUE(std::holds_alternative<agent::UnitFinished>(Outcome()));
}

TEST_F(RunnerTest, TheNextUnitMayFollow) {
  Begin([](const UnitInput&, ComputeContext&) -> ComputeOutcome { return Bytes("x"); });
  for (int i = 0; i < 20; ++i) {
    Start();
    EXPECT_TRUE(std::holds_alternative<agent::UnitFinished>(Outcome()));
    const std::lock_guard lock(mutex_);
    outcome_.reset();
  }
}

TEST_F(RunnerTest, LackOfMemoryIsTheHostsError) {
  const Error error = FailureOf(
      [](const UnitInput&, ComputeContext&) -> ComputeOutcome { throw std::bad_alloc(); });
  EXPECT_EQ(error.kind, ErrorKind::kHost);
}

TEST_F(RunnerTest, AnExceptionIsTheUnitsError) {
  const Error error = FailureOf([](const UnitInput&, ComputeContext&) -> ComputeOutcome {
    throw std::runtime_error("line 3 is no number");
  });
  EXPECT_EQ(error.kind, ErrorKind::kUnit);
  EXPECT_NE(error.what.find("line 3 is no number"), std::string::npos);
}

TEST_F(RunnerTest, ADestructorStopsWhatRuns) {
  Begin([](const UnitInput&, ComputeContext& context) -> ComputeOutcome {
    while (context.Pause(0.1)) {
    }
    return Stopped{};
  });
  Start();
  runner_.reset();
  SUCCEED();
}

TEST_F(RunnerTest, ACheckpointAboveTheBoundOfDiskEndsTheUnitAndBothNumbersAreSaid) {
  Begin([](const UnitInput&, ComputeContext& context) -> ComputeOutcome {
    context.SaveCheckpoint(Bytes(100, 'x'));
    EXPECT_TRUE(context.Pause(0.1));
    context.SaveCheckpoint(Bytes(101, 'x'));
    if (context.Pause(0.2)) return Bytes("ran on");
    return Stopped{};
  });
  agent::UnitWork work;
  work.lease = LeaseId{7};
  work.application = {"fake", 1};
  work.bounds.disk_bytes = 100;
  runner_->Start({work, {}, Checkpoint()});
  const agent::Input outcome = Outcome();
  const auto* failed = std::get_if<agent::UnitFailed>(&outcome);
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->error.kind, ErrorKind::kUnit);
  EXPECT_NE(failed->error.what.find("101"), std::string::npos);
  EXPECT_NE(failed->error.what.find("100"), std::string::npos);
  EXPECT_EQ(Checkpoint().Load(), Bytes(100, 'x'));
}

// Counts to 10, keeps each number, and is killed at 6 the first time.
ComputeOutcome CountToTen(ComputeContext& context, int die_at) {
  int n = 0;
  if (const auto kept = context.Checkpoint()) n = std::stoi(*kept);
  const int begun = n;
  for (; n < 10; ++n) {
    if (n == die_at) ::raise(SIGKILL);
    if (!context.Pause(n / 10.0)) return Stopped{};
    context.SaveCheckpoint(std::to_string(n + 1));
  }
  return Bytes("began at " + std::to_string(begun));
}

TEST_F(RunnerTest, AUnitGoesOnFromItsCheckpointAfterKill9) {
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    Begin([](const UnitInput&, ComputeContext& context) { return CountToTen(context, 6); });
    Start();
    static_cast<void>(Outcome());
    ::_exit(0);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFSIGNALED(status));
  Begin([](const UnitInput&, ComputeContext& context) { return CountToTen(context, -1); });
  Start();
  const agent::Input outcome = Outcome();
  EXPECT_EQ(std::get<agent::UnitFinished>(outcome).payload, "began at 6");
}

// --- When a checkpoint is worth it
// ----------------------------------------------------------------

Instant At(double seconds) { return Instant{0} + FromSeconds(seconds); }

TEST(Checkpoints, NotMoreOftenThanOnceAMinute) {
  CheckpointPolicy policy(At(0));
  EXPECT_FALSE(policy.Wants(At(59), 0.1, 0));
  EXPECT_TRUE(policy.Wants(At(60), 0.1, 0));
  policy.Written(At(60), At(60.001));
  EXPECT_FALSE(policy.Wants(At(119), 0.2, 0));
  EXPECT_TRUE(policy.Wants(At(121), 0.2, 0));
}

TEST(Checkpoints, ExpensiveOnesAreRarer) {
  CheckpointPolicy policy(At(0));
  policy.Written(At(60), At(65));  // 5 s: sqrt(2 * 5 * 86400) = 930 s
  EXPECT_FALSE(policy.Wants(At(900), 0.2, 0));
  EXPECT_TRUE(policy.Wants(At(1000), 0.2, 0));
}

TEST(Checkpoints, NotWhenTheEndIsNearerThanTheDisk) {
  CheckpointPolicy policy(At(0));
  policy.Written(At(60), At(60.01));
  EXPECT_FALSE(policy.Wants(At(1000), 0.999999, 0)) << "one millisecond is left";
  EXPECT_TRUE(policy.Wants(At(1000), 0.9, 0));
}

TEST(Checkpoints, NotWithoutProgress) {
  const CheckpointPolicy policy(At(0));
  EXPECT_FALSE(policy.Wants(At(1000), 0.4, 0.4));
}

}  // namespace
}  // namespace picube
