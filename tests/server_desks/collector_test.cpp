#include "server/gateway/collector.h"

#include <gtest/gtest.h>

#include "tests/server_desks/desks.h"

namespace picube::test {
namespace {

class Collecting : public ::testing::Test {
 protected:
  void Open(std::chrono::days keep = std::chrono::days(30)) {
    collector_ = std::make_unique<Collector>(
        Collector::Options{.blob_grace = std::chrono::seconds(-1), .keep_payloads = keep},
        *desks_.decider, *desks_.journal, *desks_.projection, *blobs_, side_.pool);
  }
  // Runs a collection to its end and makes its deletions durable.
  void Collect() {
    ASSERT_TRUE(collector_->Collect());
    Finish();
  }
  void Finish() {
    ASSERT_TRUE(side_.RunUntil([&] { return side_.pool.Depth(0) == 0; }));
    ASSERT_TRUE(side_.RunUntil([] { return true; }));
    ASSERT_TRUE(desks_.Turn());
  }

  TestFolder folder_;
  Desks desks_{folder_.Path()};
  std::unique_ptr<BlobStore> blobs_ =
      std::move(*BlobStore::Open(folder_ / "blobs", folder_ / "journal.db"));
  std::unique_ptr<Collector> collector_;
  PoolSide side_;  // last: its jobs use everything above
};

TEST_F(Collecting, TakesNoResultThatWasAcknowledgedWhileItRan) {
  Open();
  const HostId pi = desks_.Join("pi");
  desks_.Batch(1, /*quorum=*/2);  // the first result waits in the core: only the core names it
  const LeaseId lease = desks_.Ask(pi);
  const std::string payload(5000, 'p');
  const auto go_on = side_.Hold(0);
  ASSERT_TRUE(collector_->Collect());  // what is named has been listed
  desks_.Return(pi, lease, payload);
  ASSERT_TRUE(desks_.Turn());
  ASSERT_EQ(desks_.Sent<Ack>().size(), 1U);
  go_on();
  Finish();
  EXPECT_TRUE(blobs_->Has(Hash(payload)));
  Collect();
  EXPECT_TRUE(blobs_->Has(Hash(payload))) << "the core names it";
}

TEST_F(Collecting, WaitsUntilEverythingDecidedIsPosted) {
  Open();
  desks_.From(desks_.boss, Submit{.name = "n", .application = "count"});
  EXPECT_FALSE(collector_->Collect());
  ASSERT_TRUE(desks_.Turn());
  EXPECT_TRUE(collector_->Collect());
  Finish();
}

TEST_F(Collecting, TakesWhatNobodyNames) {
  Open();
  desks_.decider->PutSmall(Hash("nobody's"), "nobody's");
  ASSERT_TRUE(desks_.Turn());
  ASSERT_TRUE(blobs_->PutBytes("a file of nobody's"));
  desks_.Batch(1);
  Collect();
  EXPECT_FALSE(blobs_->Has(Hash("nobody's")));
  EXPECT_FALSE(blobs_->Has(Hash("a file of nobody's")));
}

TEST_F(Collecting, DropsPayloadsOfBatchesThatEndedLongAgoAndKeepsTheirProduct) {
  const HostId pi = desks_.Join("pi");
  const BatchId batch = desks_.Batch(1);
  const LeaseId lease = desks_.Ask(pi);
  const std::string payload(5000, 'p');
  desks_.Return(pi, lease, payload);
  ASSERT_TRUE(desks_.Turn());
  const auto product = blobs_->PutBytes("the product");
  ASSERT_TRUE(product);
  desks_.Step(ProductReady{batch, {{"t.csv", "table", *product}}});
  ASSERT_TRUE(desks_.Turn());
  ASSERT_TRUE(desks_.projection->CaughtUp(desks_.decider->DurableSeq(), 10s));
  desks_.wall_ms += std::chrono::milliseconds(std::chrono::days(31)).count();
  ASSERT_TRUE(desks_.Turn());
  Open(std::chrono::days(0));
  Collect();
  Collect();
  EXPECT_TRUE(blobs_->Has(Hash(payload))) << "kept for ever";
  Open(std::chrono::days(30));
  Collect();
  const auto dropped = [&] {
    bool gone = false;
    EXPECT_TRUE(desks_.projection->StreamUnits(batch, [&](const UnitRow& row) -> Status {
      gone = row.dropped;
      return {};
    }));
    return gone;
  };
  ASSERT_TRUE(Eventually(dropped));
  desks_.Batch(1);
  Collect();
  EXPECT_FALSE(blobs_->Has(Hash(payload)));
  EXPECT_TRUE(blobs_->Has(product->hash));
  EXPECT_EQ(desks_.projection->CountUnits(batch)->settled, 1U);
}

}  // namespace
}  // namespace picube::test
