// Keeps the store from growing for ever: removes what nobody names any more, and what was kept long
// enough.
//
// A blob is named by the core (live batches, results that wait) or by the projection (datasets,
// products, payloads of units that have ended). What moves from one to the other is named by both
// for a moment, never by neither: a collection begins only when everything decided is durable and
// posted, and takes nothing that was put after that moment. Loop thread only; the work itself is
// done on the pool.
#pragma once

#include <chrono>

#include "protocol/base/limits.h"
#include "server/gateway/decider.h"
#include "server/gateway/pool.h"
#include "server/store/blob_store.h"
#include "server/store/journal.h"
#include "server/store/projection.h"

namespace picube {

class Collector {
 public:
  struct Options {
    // An uploaded file is kept this long without a batch that names it.
    std::chrono::seconds blob_grace =
        std::chrono::duration_cast<std::chrono::seconds>(limits::kBlobGrace);
    // Payloads of the units of a batch are kept this long after its end; zero = for ever. Its
    // product and its rows in the tables stay.
    std::chrono::days keep_payloads{30};
  };

  Collector(Options options, Decider& decider, Journal& journal, Projection& projection,
            BlobStore& blobs, Pool& pool)
      : options_(options),
        decider_(decider),
        journal_(journal),
        projection_(projection),
        blobs_(blobs),
        pool_(pool) {}

  // Begins a collection; call about once an hour. False if now is no moment for it (something is
  // decided and not durable yet, or the store is in trouble): ask again a second later.
  [[nodiscard]] bool Collect();

 private:
  void DropOldPayloads();

  Options options_;
  Decider& decider_;
  Journal& journal_;
  Projection& projection_;
  BlobStore& blobs_;
  Pool& pool_;
};

}  // namespace picube
