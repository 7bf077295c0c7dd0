// Splits batches into units and merges their results into products, on the pool.
//
// A batch's jobs run one after another in its lane. A splitter is kept open between steps; after a
// restart a new one skips what exists. A merge streams the settled payloads from the projection in
// unit order into the application's merger, each proven against its digest; its files become blobs.
// Outcomes are inputs of the core, given to `step` on the loop's thread.
//
// What fails for want of room, or because a disk fails, says nothing of the batch: the desk keeps
// it, waits, and tries again, for as long as the batch lives. Only errors of the dataset and of the
// application end a batch. Loop thread only, except for the jobs themselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/core/grid.h"
#include "server/gateway/pool.h"
#include "server/store/blob_store.h"
#include "server/store/projection.h"
#include "workunits/application.h"

namespace picube {

class BatchDesk {
 public:
  // Between two tries: doubles from the least to the most.
  static constexpr Duration kLeastPause = 5s;
  static constexpr Duration kMostPause = 5min;
  // A batch that cannot go on is named in the log this often.
  static constexpr Duration kSayEvery = 10min;

  BatchDesk(const ApplicationRegistry& applications, Pool& pool, BlobStore& blobs,
            const Projection& projection, std::filesystem::path scratch,
            std::function<void(Input)> step);

  // Brings the next units of the batch, from index `from` on. One step at a time: repeated wishes
  // while one is under way, or waits, are answered by it.
  void MakeUnits(BatchId batch, std::uint64_t from, const Submit& submit);
  // Merges when the projection has everything up to journal row `seq`.
  void Merge(BatchId batch, const Submit& submit, std::uint64_t seq);
  // The batch has ended; what is still under way for it is of no use.
  void Forget(BatchId batch);
  // Tries again what is due. Call every turn of the loop.
  void Turn(Instant now);
  // Batches that wait for another try.
  [[nodiscard]] std::size_t Waiting() const;

  // Where its few lines go; the default logger unless set.
  std::function<void(const std::string&)> log;

 private:
  // Lives in the jobs of its lane; the desk keeps it from step to step.
  struct Splitter {
    std::unique_ptr<UnitSource> source;
    std::uint64_t next = 0;  // index of the unit that source->Next() makes
    // Inputs put last, which the next units may share.
    std::vector<std::pair<std::shared_ptr<const Bytes>, BlobRef>> inputs;
  };
  // What a batch wants, and when to try again if it did not go.
  struct Task {
    bool merge = false;
    std::uint64_t at = 0;  // index of the first unit; the journal row of a merge
    Submit submit;
    bool waits = false;
    Instant due;
    Duration pause{};
    std::uint64_t failures = 0;  // since it was said last
    bool said = false;
    Instant said_at;
  };

  void Start(BatchId batch);
  void PostSplit(BatchId batch, const Task& task);
  void PostMerge(BatchId batch, const Task& task);
  void SplitDone(BatchId batch, Result<SplitStep> step);
  void MergeDone(BatchId batch, Result<std::vector<ProductFile>> product);
  // Whether this error is one of the store, and the batch now waits.
  [[nodiscard]] bool PutOff(BatchId batch, const Error& error);

  const ApplicationRegistry& applications_;
  Pool& pool_;
  BlobStore& blobs_;
  const Projection& projection_;
  std::filesystem::path scratch_;
  std::function<void(Input)> step_;
  Instant now_;
  std::map<BatchId, std::shared_ptr<Splitter>> splitters_;
  std::map<BatchId, Task> tasks_;  // under way or waiting
};

}  // namespace picube
