// Answers what operators ask, and keeps the watchers of batches. Live things are described by the
// core, ended ones by the projection. Loop thread only; nothing is changed by a question.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "protocol/messages.h"
#include "server/core/grid.h"
#include "server/store/projection.h"

namespace picube {

class QueryDesk {
 public:
  // May call Gone, if the connection turns out to be gone.
  using Send = std::function<void(const ReplyTo& reply, Message message)>;

  QueryDesk(const Grid& grid, const Projection& projection, Send send)
      : grid_(grid), projection_(projection), send_(std::move(send)) {}

  // `uptime` and `results_per_second` are the shell's.
  struct ServerFigures {
    std::uint64_t uptime_ms = 0;
    std::uint64_t results_per_second = 0;
    std::string trouble;
  };
  [[nodiscard]] Message Answer(const Query& query, Instant now, const ServerFigures& figures) const;

  // A batch has left the core; the projection will have it in a moment. Until then it is known
  // here.
  void Remember(const BatchArchived& batch);

  // The first progress at once, then by Tell, until the batch ends.
  void Watch(const ReplyTo& reply, BatchId batch);
  // Sends progress to every watcher whose batch has changed; call at most twice a second.
  void Tell(Instant now);
  void Gone(std::uint64_t connection);
  [[nodiscard]] bool AnyWatchers() const { return !watchers_.empty(); }
  // How many batches' pace is kept.
  [[nodiscard]] std::size_t Paces() const { return paces_.size(); }

 private:
  struct Watcher {
    ReplyTo reply;
    BatchId batch;
    BatchInfo told;
  };
  struct Pace {  // how fast a batch goes, as a decaying mean
    Instant last;
    double flop = 0;
    std::uint64_t results = 0;
    double flop_per_second = 0;
    double results_per_second = 0;
  };

  [[nodiscard]] Result<std::optional<BatchInfo>> Describe(BatchId batch) const;
  [[nodiscard]] const BatchArchived* JustEnded(BatchId batch) const;
  [[nodiscard]] Message AnswerBatches(const Query& query) const;
  [[nodiscard]] Message AnswerBatch(const Query& query) const;
  [[nodiscard]] Message AnswerHosts(const Query& query, Instant now) const;
  [[nodiscard]] Message AnswerProduct(const Query& query) const;
  [[nodiscard]] Message AnswerReport(const Query& query) const;
  [[nodiscard]] Message ExplainUnit(UnitId unit, Instant now) const;
  [[nodiscard]] Message ExplainBatch(BatchId batch, Instant now) const;
  [[nodiscard]] Message ExplainHost(const Query& query, Instant now) const;
  void Measure(const BatchInfo& info, Instant now);
  [[nodiscard]] std::optional<BatchProgress> NewsFor(Watcher& watcher) const;

  const Grid& grid_;
  const Projection& projection_;
  Send send_;
  std::deque<BatchArchived> just_ended_;  // bounded
  std::vector<Watcher> watchers_;
  std::map<BatchId, Pace> paces_;
};

}  // namespace picube
