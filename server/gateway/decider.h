// The grid with its memory: one core, its journal and its projection, and the rule between them.
//
//   decider.BeginTurn();            read the clocks, once a loop turn
//   decider.Step(input); …          decide
//   decider.Flush(out);             make durable; only then `out` holds what may be sent
//
// If the journal cannot be written, nothing that was decided is released: it waits, the core is
// told (StoreTrouble) and says no to new work, and every Flush tries again. If the projection
// cannot, what is durable is released, and the core says no to new work all the same: its queue
// must not grow without bound. One thread only.
#pragma once

#include <chrono>
#include <deque>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "server/core/grid.h"
#include "server/store/journal.h"
#include "server/store/projection.h"

namespace picube {

// Reads the clocks of the machine; tests bring their own.
struct Clocks {
  std::function<std::int64_t()> monotonic_us;
  std::function<std::int64_t()> wall_ms;
  static Clocks OfMachine();
};

struct DeciderOptions {
  GridOptions grid;
  std::uint64_t seed = 0;
  std::uint64_t snapshot_bytes = 64ULL << 20;
  Clocks clocks = Clocks::OfMachine();
  bool restored = false;  // from a backup: ids given out after it are not given out again
};

class Decider {
 public:
  // What a Flush releases.
  struct Released {
    std::vector<Outgoing> messages;
    std::vector<Event> events;  // those the shell acts on; the projection's are posted already
  };

  // Restores the grid from the journal (both borrowed) and takes over with a new epoch. The first
  // Flush makes the take-over durable; nothing is sent before.
  [[nodiscard]] static Result<std::unique_ptr<Decider>> Open(DeciderOptions options,
                                                             Journal& journal,
                                                             Projection& projection);

  // Reads the clocks; everything until the next call happens at this moment.
  void BeginTurn();
  [[nodiscard]] Moment Now() const { return moment_; }

  void Step(Input input) {
    grid_->Step(std::move(input), moment_);
    stepped_ = true;
  }
  // Steps a Tick if one is due.
  void StepIfDue();
  // Stages a payload into the transaction of the next Flush. In trouble it does not: the core takes
  // no result then, and what hosts send again and again must not gather in memory.
  void PutSmall(const Digest& digest, BytesView payload) {
    if (trouble_.empty()) journal_.PutSmall(digest, payload);
  }

  // Appends to `out` what may be sent and acted on. On error nothing is lost, and `out` has only
  // what promises nothing (journal) or all that is durable (projection).
  Status Flush(Released& out);
  // Everything decided is durable and posted to the projection: no result is between the two.
  [[nodiscard]] bool AllPosted() const { return pending_.empty() && !stepped_; }
  // What waits to become durable: bounded in trouble, however long it lasts.
  [[nodiscard]] std::size_t Waiting() const { return pending_.size(); }
  // Something waits for the disk, or a snapshot is under way: call Flush again soon.
  [[nodiscard]] bool WantsFlush() const;
  // Describes changed batches and hosts to the projection, lets the journal be pruned, and begins a
  // snapshot when one is worth it. Call about once a second. Does nothing in trouble.
  void Housekeep();
  // Begins a snapshot now (a clean stop makes the next start quick), unless there is one of this
  // very state.
  void Snapshot();
  // How long the loop may sleep. What is decided and not yet durable waits until `next_flush`, when
  // the shell means to call Flush.
  [[nodiscard]] std::chrono::milliseconds UntilDue(std::chrono::milliseconds most,
                                                   Instant next_flush) const;

  void SetEndpoints(std::vector<std::string> told) { grid_->SetEndpoints(std::move(told)); }
  [[nodiscard]] const Grid& State() const { return *grid_; }
  // Why nothing can be written; empty = all is well.
  [[nodiscard]] const std::string& Trouble() const { return trouble_; }
  [[nodiscard]] std::uint64_t DurableSeq() const { return journal_.DurableSeq(); }
  // Bytes of records appended by this process.
  [[nodiscard]] std::uint64_t RecordBytes() const { return record_bytes_; }

 private:
  Decider(DeciderOptions options, Journal& journal, Projection& projection);
  [[nodiscard]] Status Restore();
  void StageReady();
  void Release(Released& out);
  void ReleasePromiseless(Released& out);
  void SetTrouble(const std::string& why);
  void NoteChanges(std::vector<Event>& events);
  void Post(std::uint64_t seq, std::vector<Event>& events);

  struct Pending {
    std::uint64_t seq = 0;  // 0 = needs no row
    Ready ready;
  };

  DeciderOptions options_;
  Journal& journal_;
  Projection& projection_;
  std::unique_ptr<Grid> grid_;
  std::int64_t clock_offset_us_ = 0;  // journal's instants minus this machine's monotonic clock
  Moment moment_;
  Instant housework_retried_;
  std::deque<Pending> pending_;
  Bytes row_;  // reused
  std::set<BatchId> changed_batches_;
  std::set<HostId> changed_hosts_;
  std::string trouble_;
  bool stepped_ = false;  // since the core's Ready was last taken
  std::uint64_t record_bytes_ = 0;
};

}  // namespace picube
