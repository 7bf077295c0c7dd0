#include "worker/run/runner.h"

#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <ctime>
#include <exception>
#include <mutex>
#include <new>
#include <system_error>
#include <thread>
#include <utility>

#include "protocol/base/check.h"
#include "worker/run/thread_budget.h"

namespace picube {
namespace {

constexpr int kNiceness = 10;  // behind everything that a person waits for

Instant Now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Duration>(since).count()};
}

// Of the whole process: the kernel's threads do nearly all there is to do.
std::uint64_t CpuMilliseconds() {
  std::timespec t{};
  if (::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t) != 0) return 0;
  return static_cast<std::uint64_t>(t.tv_sec) * 1000 +
         static_cast<std::uint64_t>(t.tv_nsec) / 1'000'000;
}

}  // namespace

class Runner::Impl {
 public:
  Impl(RunnerOptions options, const ApplicationRegistry& applications, Post post)
      : options_(options),
        applications_(applications),
        post_(std::move(post)),
        budget_(std::max(1, options.threads), options.phase),
        thread_([this] { Loop(); }) {}

  ~Impl() {
    {
      const std::lock_guard lock(mutex_);
      end_ = true;
      stop_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }

  void Start(Job job) {
    {
      const std::lock_guard lock(mutex_);
      PICUBE_CHECK(!job_, "one unit at a time");
      job_ = std::move(job);
      stop_ = false;
    }
    changed_.notify_all();
  }
  void Stop() {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    changed_.notify_all();
  }
  void Pause(bool paused) {
    {
      const std::lock_guard lock(mutex_);
      paused_ = paused;
    }
    changed_.notify_all();
  }
  void Allow(double threads) {
    {
      const std::lock_guard lock(mutex_);
      if (threads == budget_.Allowed()) return;
      budget_.Allow(threads, Now());
    }
    changed_.notify_all();
  }
  [[nodiscard]] double TakeThreadSeconds() {
    const std::lock_guard lock(mutex_);
    return budget_.TakeThreadSeconds(Now());
  }
  [[nodiscard]] bool Busy() const {
    const std::lock_guard lock(mutex_);
    return job_.has_value();
  }

 private:
  // What a kernel sees of us; lives in the runner's thread.
  class Context final : public ComputeContext {
   public:
    Context(Impl& runner, const Job& job)
        : runner_(runner), job_(job), policy_(Now(), runner.options_.least_checkpoint_interval) {}

    int Threads() override { return runner_.ThreadsOfTheNextChunk(); }

    bool Pause(double done_fraction) override {
      done_ = std::clamp(done_fraction, 0.0, 1.0);
      if (!resumed_at_) resumed_at_ = done_;
      const Instant now = Now();
      if (now - told_ >= runner_.options_.progress_interval) {
        told_ = now;
        runner_.post_(
            agent::UnitProgress{job_.work.lease, static_cast<std::uint32_t>(done_ * 1000.0)});
      }
      return runner_.WaitWhilePaused() && !over_;
    }
    bool WantsCheckpoint() override { return policy_.Wants(Now(), done_, resumed_at_.value_or(0)); }
    void SaveCheckpoint(BytesView state) override {
      const Instant begun = Now();
      const std::uint64_t bound = job_.work.bounds.disk_bytes;  // 0 = none
      if (bound > 0 && state.size() > bound) {
        over_ = Error{ErrorKind::kUnit,
                      "the unit's checkpoint has " + std::to_string(state.size()) +
                          " bytes; its bound of disk is " + std::to_string(bound) + ".",
                      {}};
        return;
      }
      static_cast<void>(job_.checkpoint.Save(state));  // a full disk: the next one may fit
      policy_.Written(begun, Now());
    }
    std::optional<Bytes> Checkpoint() override { return job_.checkpoint.Load(); }
    // The bound that the unit broke: then Pause has told it to stop.
    [[nodiscard]] const std::optional<Error>& Over() const { return over_; }

   private:
    Impl& runner_;
    const Job& job_;
    CheckpointPolicy policy_;
    double done_ = 0;
    std::optional<Error> over_;
    std::optional<double> resumed_at_;  // the first fraction that this run reported
    Instant told_{};
  };

  // False if the kernel must stop.
  bool WaitWhilePaused() {
    std::unique_lock lock(mutex_);
    if (paused_) budget_.Rest(Now());
    changed_.wait(lock, [this] { return stop_ || !paused_; });
    return !stop_;
  }

  // Waits while not even one may run.
  int ThreadsOfTheNextChunk() {
    std::unique_lock lock(mutex_);
    int threads = 0;
    while (!stop_ && (threads = budget_.Begin(Now())) == 0) {
      const Duration left = budget_.End() - Now();
      changed_.wait_for(lock, std::max(left, Duration{1}));
    }
    return std::max(1, threads);
  }

  void Loop() {
    // Of this thread only; the threads that a kernel starts inherit it.
    static_cast<void>(::setpriority(PRIO_PROCESS, 0, kNiceness));
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return end_ || job_; });
      if (!job_) return;
      lock.unlock();
      agent::Input outcome = Run(*job_);
      lock.lock();
      budget_.Rest(Now());
      job_.reset();
      lock.unlock();
      post_(std::move(outcome));
      lock.lock();
    }
  }

  agent::Input Run(const Job& job) {
    const Instant begun = Now();
    const std::uint64_t cpu = CpuMilliseconds();
    ComputeOutcome outcome = Compute(job);
    Cost cost;
    cost.cpu_ms = CpuMilliseconds() - cpu;
    cost.wall_ms = static_cast<std::uint64_t>((Now() - begun).count() / 1000);
    const LeaseId lease = job.work.lease;
    if (auto* payload = std::get_if<Bytes>(&outcome)) {
      return agent::UnitFinished{lease, std::move(*payload), cost};
    }
    if (auto* error = std::get_if<Error>(&outcome)) {
      return agent::UnitFailed{lease, std::move(*error), cost};
    }
    return agent::UnitStopped{lease};
  }

  ComputeOutcome Compute(const Job& job) {
    const Application* application = applications_.Find(job.work.application.name);
    if (application == nullptr) {
      return Error{ErrorKind::kHost,
                   "this worker has no application " + job.work.application.name + ".",
                   {}};
    }
    Context context(*this, job);
    const std::string who = "application " + job.work.application.name;
    try {
      ComputeOutcome outcome = application->Compute({job.work.parameters, job.files}, context);
      if (context.Over() && std::holds_alternative<Stopped>(outcome)) return *context.Over();
      return outcome;
    } catch (const std::bad_alloc&) {
      return Error{ErrorKind::kHost, who + " ran out of memory.", {}};
    } catch (const std::system_error& e) {  // no thread, no file: this machine's trouble
      return Error{ErrorKind::kHost, who + " met an error of the system: " + e.what() + ".", {}};
    } catch (const std::exception& e) {
      return Error{ErrorKind::kUnit, who + " failed: " + e.what() + ".", {}};
    } catch (...) {
      return Error{ErrorKind::kUnit, who + " threw something that is no error.", {}};
    }
  }

  const RunnerOptions options_;
  const ApplicationRegistry& applications_;
  const Post post_;

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  ThreadBudget budget_;
  std::optional<Job> job_;  // only the runner's thread takes it away
  bool stop_ = false;
  bool paused_ = false;
  bool end_ = false;

  std::thread thread_;  // last: it uses all of the above
};

Runner::Runner(RunnerOptions options, const ApplicationRegistry& applications, Post post)
    : impl_(std::make_unique<Impl>(options, applications, std::move(post))) {}
Runner::~Runner() = default;

void Runner::Start(Job job) { impl_->Start(std::move(job)); }
void Runner::Stop() { impl_->Stop(); }
void Runner::Pause(bool paused) { impl_->Pause(paused); }
void Runner::Allow(double threads) { impl_->Allow(threads); }
double Runner::TakeThreadSeconds() { return impl_->TakeThreadSeconds(); }
bool Runner::Busy() const { return impl_->Busy(); }

}  // namespace picube
