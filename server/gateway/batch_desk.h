// Splits batches into units and merges their results into products, on the pool.
//
// A batch's jobs run one after another in its lane. A splitter is kept open between steps; after a
// restart a new one skips what exists. A merge streams the settled payloads from the projection in
// unit order into the application's merger; its files become blobs. Outcomes are inputs of the
// core, given to `step` on the loop's thread. Loop thread only, except for the jobs themselves.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>

#include "server/core/grid.h"
#include "server/gateway/pool.h"
#include "server/store/blob_store.h"
#include "server/store/projection.h"
#include "workunits/application.h"

namespace picube {

class BatchDesk {
 public:
  BatchDesk(const ApplicationRegistry& applications, Pool& pool, BlobStore& blobs,
            const Projection& projection, std::filesystem::path scratch,
            std::function<void(Input)> step)
      : applications_(applications),
        pool_(pool),
        blobs_(blobs),
        projection_(projection),
        scratch_(std::move(scratch)),
        step_(std::move(step)) {}

  // Brings the next units of the batch, from index `from` on. One step at a time: repeated wishes
  // while one is under way are answered by it.
  void MakeUnits(BatchId batch, std::uint64_t from, const Submit& submit);
  // Merges when the projection has everything up to journal row `seq`.
  void Merge(BatchId batch, const Submit& submit, std::uint64_t seq);
  void Forget(BatchId batch) { splitters_.erase(batch); }

 private:
  // Lives in the jobs of its lane; the desk keeps it from step to step.
  struct Splitter {
    bool busy = false;
    std::unique_ptr<UnitSource> source;
    std::uint64_t next = 0;  // index of the unit that source->Next() makes
  };

  const ApplicationRegistry& applications_;
  Pool& pool_;
  BlobStore& blobs_;
  const Projection& projection_;
  std::filesystem::path scratch_;
  std::function<void(Input)> step_;
  std::map<BatchId, std::shared_ptr<Splitter>> splitters_;
};

}  // namespace picube
