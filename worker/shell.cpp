#include "worker/shell.h"

#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <ctime>
#include <utility>

#include "protocol/transport/blob_transfer.h"

namespace picube {
namespace {

constexpr Duration kReadingsEvery = 5s;
constexpr Duration kMemoryEvery = 1s;  // while a unit runs
constexpr Duration kRetryDiskEvery = 10s;
// A Hello is said every 10 s; after several without an answer the connection itself is in doubt.
constexpr Duration kGreetingMost = 30s;
// libzmq's threads need a moment for the last message; nothing but politeness depends on it.
constexpr Duration kLastWords = 150ms;

std::atomic<int> stop_signals{0};
std::atomic<bool> hangup{false};
std::atomic<int> wake_descriptor{-1};

extern "C" void OnSignal(int number) {
  if (number == SIGHUP) {
    hangup = true;
  } else if (stop_signals.fetch_add(1) > 0) {
    std::_Exit(0);
  }
  const int saved = errno;
  const std::uint64_t one = 1;
  static_cast<void>(!::write(wake_descriptor.load(), &one, sizeof one));
  errno = saved;
}

}  // namespace

Instant MonotonicNow() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Duration>(since).count()};
}

void Mailbox::Put(agent::Input input) {
  {
    const std::lock_guard lock(mutex_);
    inputs_.push_back(std::move(input));
  }
  waker_.Wake();
}

std::vector<agent::Input> Mailbox::TakeAll() {
  const std::lock_guard lock(mutex_);
  return std::exchange(inputs_, {});
}

StopSignals::StopSignals(const Waker& waker) {
  stop_signals = 0;
  hangup = false;
  wake_descriptor = waker.Descriptor();
  struct sigaction action{};
  action.sa_handler = OnSignal;
  sigemptyset(&action.sa_mask);
  ::sigaction(SIGTERM, &action, &old_term_);
  ::sigaction(SIGINT, &action, &old_int_);
  ::sigaction(SIGHUP, &action, &old_hup_);
  ::signal(SIGXFSZ, SIG_IGN);  // a file-size limit is a full disk, not the end
}
StopSignals::~StopSignals() {
  ::sigaction(SIGTERM, &old_term_, nullptr);
  ::sigaction(SIGINT, &old_int_, nullptr);
  ::sigaction(SIGHUP, &old_hup_, nullptr);
}
bool StopSignals::Asked() const { return stop_signals.load() > 0; }
bool StopSignals::TakeHangup() { return hangup.exchange(false); }

Shell::Shell(const Parts& parts, AgentOptions options, const RunnerOptions& runner, Rng rng)
    : parts_(parts),
      mailbox_(parts.waker),
      agent_(std::move(options), rng),
      runner_(runner, parts.applications,
              [this](agent::Input input) { mailbox_.Put(std::move(input)); }) {}

Shell::~Shell() { stop_checking_ = true; }

int Shell::Run(const StopSignals& signals) {
  Begin();
  while (!exit_) Turn(signals);
  LastWords();
  return exit_->code;
}

void Shell::Begin() {
  const Instant now = MonotonicNow();
  Spool::Contents kept = parts_.spool.Load();
  std::vector<BlobRef> wanted;
  for (const agent::UnitWork& work : kept.leases) {
    wanted.insert(wanted.end(), work.inputs.begin(), work.inputs.end());
  }
  for (const std::string& warning : kept.warnings) parts_.log.Warn(warning, now);
  if (!kept.results.empty() || !kept.leases.empty()) {
    parts_.log.Info("kept from before: " + std::to_string(kept.results.size()) + " results, " +
                        std::to_string(kept.leases.size()) + " units to compute",
                    now);
  }
  next_readings_ = now;
  MindBoard(now);
  MindOwner();
  ReadMemory();
  Feed(agent::Started{.results = std::move(kept.results),
                      .leases = std::move(kept.leases),
                      .blobs = {},
                      .cache_checked = false});
  CheckCache(std::move(wanted));
}

// Beside the loop: gigabytes take minutes to read, and units without inputs need not wait for them.
void Shell::CheckCache(std::vector<BlobRef> wanted) {
  cache_ = std::async(std::launch::async, [this, wanted = std::move(wanted)] {
    auto contents = parts_.blobs.Load(wanted, [this] { return stop_checking_.load(); });
    parts_.waker.Wake();
    return contents;
  });
}

void Shell::TakeCache() {
  if (!cache_.valid() || cache_.wait_for(0s) != std::future_status::ready) return;
  BlobFolder::Contents contents = cache_.get();
  for (const std::string& warning : contents.warnings) parts_.log.Warn(warning, MonotonicNow());
  Feed(agent::CacheChecked{std::move(contents.blobs)});
}

void Shell::ReadMemory() {
  agent::MemoryReading reading;
  reading.own_bytes = parts_.probe.OwnMemoryBytes();
  reading.available_bytes = parts_.probe.AvailableMemoryBytes();
  // Results that wait in memory are no part of the unit that runs.
  if (reading.own_bytes) {
    *reading.own_bytes -= std::min(*reading.own_bytes, parts_.spool.MemoryBytes());
  }
  next_memory_ = MonotonicNow() + kMemoryEvery;
  Feed(reading);
}

void Shell::Turn(const StopSignals& signals) {
  Instant now = MonotonicNow();
  Instant until = std::min(agent_.NextDeadline().value_or(next_readings_), next_readings_);
  until = std::min(until, parts_.board.NextTurn());
  until = std::min(until, parts_.link.NextDeadline().value_or(until));
  if (agent_.Running()) until = std::min(until, next_memory_);
  if (cache_.valid()) until = std::min(until, now + 1s);  // a wake may come a moment too early
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(std::max(until - now, Duration{}));
  parts_.link.Poll(wait, parts_.waker);
  now = MonotonicNow();
  std::vector<std::string> warnings;
  for (agent::Input& input : parts_.link.Receive(now, warnings)) Feed(std::move(input));
  for (const std::string& warning : warnings) parts_.log.Warn(warning, now);
  if (const auto news = parts_.link.TakeNews()) parts_.keep_endpoints(*news);
  SayNotes(now);
  for (const Settings& settings : parts_.link.TakeSettings()) SetByOperator(settings);
  TakeCache();
  for (agent::Input& input : mailbox_.TakeAll()) Feed(std::move(input));
  if (signals.Asked() && !std::exchange(told_to_stop_, true)) Feed(agent::StopAsked{});
  if (StopSignals::TakeHangup()) Reload();
  Periodic(now);
  const auto deadline = agent_.NextDeadline();
  if (deadline && *deadline <= now) Feed(agent::Tick{});
}

void Shell::Periodic(Instant now) {
  if (now >= parts_.board.NextTurn()) MindBoard(now);
  if (now >= next_readings_) {
    next_readings_ = now + kReadingsEvery;
    MindOwner();
    ReadMemory();
  }
  if (agent_.Running() && now >= next_memory_) ReadMemory();
  RenewIfUnheard(now);
  if (disk_trouble_ && now >= next_retry_) {
    next_retry_ = now + kRetryDiskEvery;
    if (!parts_.spool.RetryHeld()) return;
    disk_trouble_ = false;
    Feed(agent::SpoolTrouble{});
  }
}

void Shell::RenewIfUnheard(Instant now) {
  if (agent_.State() != AgentState::kGreeting) {
    greeting_since_.reset();
    return;
  }
  if (!greeting_since_) greeting_since_ = now;
  if (now - *greeting_since_ < kGreetingMost) return;
  greeting_since_ = now;
  parts_.log.Warn("the server does not answer; connecting anew", now);
  parts_.link.Renew(now);
}

void Shell::Feed(agent::Input input) {
  if (exit_) return;
  Charge(input);
  status_.Take(input);
  agent_.Step(std::move(input), MonotonicNow());
  for (agent::Action& action : agent_.TakeActions()) to_do_.push_back(std::move(action));
  if (std::exchange(feeding_, true)) return;
  while (!to_do_.empty()) {
    agent::Action action = std::move(to_do_.front());
    to_do_.pop_front();
    std::visit([this](auto& a) { Do(a); }, action);
  }
  feeding_ = false;
  WorkerStatus status = status_.Status();
  if (status == published_) return;
  published_ = status;
  parts_.display.Publish(std::move(status));
}

void Shell::LastWords() {
  const Instant until = MonotonicNow() + kLastWords;
  for (Instant now = MonotonicNow(); now < until; now = MonotonicNow()) {
    parts_.link.Poll(std::chrono::milliseconds(20), parts_.waker);
    std::vector<std::string> unheard;
    static_cast<void>(parts_.link.Receive(now, unheard));
  }
}

// --- Actions
// ------------------------------------------------------------------------------------------

void Shell::Do(agent::Send& action) { parts_.link.Send(std::move(action)); }

void Shell::Do(agent::KeepLease& action) {
  const Status kept = parts_.spool.KeepLease(action.work);
  if (kept) return;
  disk_trouble_ = true;
  Feed(agent::SpoolTrouble{kept.error().what});
}

void Shell::Do(agent::DropLease& action) { parts_.spool.DropLease(action.lease); }

void Shell::Do(agent::StartUnit& action) {
  // If it cannot be counted it runs all the same: a full disk must not stop the work at hand.
  const Status counted = parts_.spool.CountAttempt(action.work);
  if (!counted) {
    disk_trouble_ = true;
    Feed(agent::SpoolTrouble{counted.error().what});
  }
  std::vector<std::filesystem::path> files;
  for (const BlobRef& blob : action.work.inputs) files.push_back(parts_.blobs.Use(blob.hash));
  CheckpointFile checkpoint = parts_.spool.Checkpoint(action.work.lease);
  const std::string unit = "unit " + std::to_string(action.work.unit.value);
  if (checkpoint.Exists()) {
    parts_.log.Info(unit + " goes on from its checkpoint", MonotonicNow());
  } else {
    parts_.log.Say(agent::Log::Level::kDebug, unit + " starts", MonotonicNow());
  }
  ReadMemory();  // what the process holds without it
  status_.Starts(action.work, MonotonicNow());
  begun_ = JoulesNow();
  runner_.Start({std::move(action.work), std::move(files), std::move(checkpoint)});
}

void Shell::Do(agent::StopUnit&) { runner_.Stop(); }
void Shell::Do(agent::PauseUnits& action) { runner_.Pause(action.paused); }

void Shell::Do(agent::SpoolResult& action) {
  const LeaseId lease = action.result.lease;
  const Spool::Kept kept = parts_.spool.KeepResult(std::move(action.result));
  if (!kept.durable) {
    disk_trouble_ = true;
    Feed(agent::SpoolTrouble{kept.durable.error().what});
  }
  Feed(agent::ResultSpooled{lease, kept.digest, kept.durable.has_value()});
}

void Shell::Do(agent::ForgetResult& action) { parts_.spool.ForgetResult(action.lease); }
void Shell::Do(agent::SetResultAside& action) { parts_.spool.SetResultAside(action.lease); }
void Shell::Do(agent::OpenBlob& action) { MindDisk(parts_.blobs.Begin(action.blob)); }
void Shell::Do(agent::StoreChunk& action) { MindDisk(parts_.blobs.Store(action.chunk)); }
void Shell::MindDisk(const agent::BlobState& state) {
  if (state.error && state.error->kind == ErrorKind::kStore) disk_trouble_ = true;
  Feed(state);
}
void Shell::Do(agent::DropBlob& action) { parts_.blobs.Drop(action.blob); }

void Shell::Do(agent::ReadPayload& action) {
  auto chunk = parts_.spool.ReadPayload(action.lease, action.offset);
  agent::PayloadChunk answer;
  answer.lease = action.lease;
  if (chunk) {
    answer.chunk = PackChunk(*std::move(chunk));
  } else {
    answer.error = chunk.error();
  }
  Feed(std::move(answer));
}

void Shell::Do(agent::Log& action) { parts_.log.Say(action.level, action.text, MonotonicNow()); }

void Shell::Do(agent::Exit& action) {
  if (action.code == 0) {
    parts_.log.Info(action.why, MonotonicNow());
  } else {
    parts_.log.Error(action.why);
  }
  exit_ = std::move(action);
}

}  // namespace picube
