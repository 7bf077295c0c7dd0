#include "server/gateway/batch_desk.h"

#include <gtest/gtest.h>

#include <atomic>
#include <deque>
#include <fstream>
#include <limits>
#include <system_error>

#include "tests/server_desks/desks.h"

namespace picube::test {
namespace {

namespace fs = std::filesystem;

// What the application "fake" meets, one error a try, and what it was given.
struct Script {
  std::deque<Error> split;
  std::deque<Error> merge;
  std::deque<std::error_code> thrown;  // by Finish
  std::atomic<int> splits = 0;
  std::atomic<int> merges = 0;
  double cost = 1;     // of each unit
  bool tiles = false;  // units have a shared input and one of their own
  std::shared_ptr<const Bytes> shared = std::make_shared<const Bytes>("spectrum");
  std::uint64_t unreadable_from = 10;  // the unit that cannot be made
};

class TenUnits : public UnitSource {
 public:
  [[nodiscard]] std::uint64_t Total() const override { return 10; }
  void Skip(std::uint64_t units) override { next_ += units; }
  [[nodiscard]] std::optional<UnitPlan> Next() override {
    if (next_ == 10) return std::nullopt;
    UnitPlan plan{.parameters = std::to_string(next_++), .inputs = {}, .cost_flop = script_.cost};
    if (script_.tiles) {
      plan.inputs = {script_.shared, std::make_shared<const Bytes>("tile " + plan.parameters)};
    }
    if (next_ - 1 == script_.unreadable_from) return std::nullopt;
    return plan;
  }
  [[nodiscard]] Status Ended() const override {
    if (next_ <= script_.unreadable_from) return {};
    return Fail(ErrorKind::kUser, "data.fil has changed.");
  }
  explicit TenUnits(Script& script) : script_(script) {}

 private:
  Script& script_;
  std::uint64_t next_ = 0;
};

class Joining : public Merger {
 public:
  Joining(Script& script, fs::path folder) : script_(script), folder_(std::move(folder)) {}
  Status Add(std::uint64_t, BytesView payload) override {
    text_ += payload;
    return {};
  }
  Result<std::vector<MergedFile>> Finish(std::uint64_t) override {
    std::ofstream(folder_ / "all.txt") << text_;
    if (!script_.thrown.empty()) {
      const std::error_code code = script_.thrown.front();
      script_.thrown.pop_front();
      throw fs::filesystem_error("all.txt", code);
    }
    return std::vector{MergedFile{"all.txt", "everything", folder_ / "all.txt"}};
  }

 private:
  Script& script_;
  fs::path folder_;
  std::string text_;
};

class Fake : public Application {
 public:
  explicit Fake(Script& script) : script_(script) { info_.name = "fake"; }
  [[nodiscard]] const ApplicationInfo& Info() const override { return info_; }
  [[nodiscard]] Result<std::unique_ptr<UnitSource>> Split(const Dataset&,
                                                          const Parameters&) const override {
    ++script_.splits;
    if (!script_.split.empty()) return Take(script_.split);
    return std::make_unique<TenUnits>(script_);
  }
  [[nodiscard]] ComputeOutcome Compute(const UnitInput&, ComputeContext&) const override {
    return Stopped{};
  }
  [[nodiscard]] Result<std::unique_ptr<Merger>> StartMerge(const Dataset&, const Parameters&,
                                                           const fs::path& folder) const override {
    ++script_.merges;
    if (!script_.merge.empty()) return Take(script_.merge);
    return std::make_unique<Joining>(script_, folder);
  }

 private:
  static std::unexpected<Error> Take(std::deque<Error>& errors) {
    Error error = std::move(errors.front());
    errors.pop_front();
    return std::unexpected(std::move(error));
  }
  Script& script_;
  ApplicationInfo info_;
};

class Batches : public ::testing::Test {
 protected:
  Batches() {
    registry_.Add(std::make_unique<Fake>(script_));
    submit_.application = "fake";
    OpenStore({});
  }
  void OpenStore(const BlobStoreOptions& options) {
    desk_.reset();
    blobs_ = std::move(*BlobStore::Open(folder_ / "blobs", folder_ / "journal.db", options));
    desk_ = std::make_unique<BatchDesk>(
        registry_, side_.pool, *blobs_, *projection_, folder_ / "scratch",
        [this](Input input) { inputs_.push_back(std::move(input)); });
    desk_->log = [this](const std::string& line) { lines_.push_back(line); };
  }

  // A unit of batch 1 with this payload; one above 1 KiB is a blob.
  void Unit(std::uint64_t index, const std::string& payload) {
    UnitClosed unit;
    unit.unit = UnitId{index + 1};
    unit.batch = BatchId{1};
    unit.index = index;
    unit.digest = Hash(payload);
    unit.payload_bytes = payload.size();
    if (payload.size() <= limits::kCorePayloadBytes) {
      unit.payload = payload;
    } else {
      ASSERT_TRUE(blobs_->PutBytes(payload));
    }
    projection_->Post(++row_, {}, {unit});
    ASSERT_TRUE(projection_->CaughtUp(row_, 10s));
  }
  // Lets time pass and jobs run until the core has been told something, or `holds()`.
  template <class Holds>
  [[nodiscard]] bool RunUntil(Holds&& holds) {
    return side_.RunUntil([&] {
      now_ = now_ + tick_;
      desk_->Turn(now_);
      return holds();
    });
  }
  template <class T>
  [[nodiscard]] const T* Told() {
    EXPECT_TRUE(RunUntil([&] { return !inputs_.empty(); }));
    return inputs_.empty() ? nullptr : std::get_if<T>(&inputs_.front());
  }
  // Runs until the batch waits for another try; time stands still.
  [[nodiscard]] bool Waits() {
    return side_.RunUntil([&] { return desk_->Waiting() == 1; });
  }

  TestFolder folder_;
  Script script_;
  ApplicationRegistry registry_;
  Submit submit_;
  std::unique_ptr<Projection> projection_ = std::move(*Projection::Open(folder_ / "p.db"));
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<BatchDesk> desk_;
  std::vector<Input> inputs_;
  std::vector<std::string> lines_;
  Instant now_{1};
  Duration tick_ = 1s;
  std::uint64_t row_ = 0;
  PoolSide side_;  // last: its jobs use everything above
};

const Error kFull{ErrorKind::kStore, "The disk is full.", "Free some space."};
const Error kBug{ErrorKind::kProject, "A bug.", ""};

TEST_F(Batches, AreSplitInSteps) {
  desk_->MakeUnits(BatchId{1}, 4, submit_);
  const auto* step = Told<SplitStep>();
  ASSERT_NE(step, nullptr);
  EXPECT_TRUE(step->last);
  ASSERT_EQ(step->units.size(), 6U);
  EXPECT_EQ(step->units[0].parameters, "4");
}

TEST_F(Batches, InputsOfUnitsAreBlobsAndSharedOnesAreOne) {
  script_.tiles = true;
  desk_->MakeUnits(BatchId{1}, 0, submit_);
  const auto* step = Told<SplitStep>();
  ASSERT_NE(step, nullptr);
  ASSERT_EQ(step->units.size(), 10U);
  EXPECT_EQ(step->units[3].inputs.at(0), step->units[7].inputs.at(0));
  EXPECT_EQ(*blobs_->ReadAll(step->units[3].inputs.at(0).hash), "spectrum");
  EXPECT_EQ(*blobs_->ReadAll(step->units[3].inputs.at(1).hash), "tile 3");
}

TEST_F(Batches, DatasetThatCannotBeReadToItsEndEndsTheBatch) {
  script_.unreadable_from = 4;
  desk_->MakeUnits(BatchId{1}, 0, submit_);
  const auto* failed = Told<SplitFailed>();
  ASSERT_NE(failed, nullptr);
  EXPECT_EQ(failed->error.what, "data.fil has changed.");
}

TEST_F(Batches, UnitsThatNoLeaseCanCarryEndTheBatch) {
  for (const double cost :
       {-1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    script_.cost = cost;
    inputs_.clear();
    desk_->MakeUnits(BatchId{1}, 0, submit_);
    const auto* failed = Told<SplitFailed>();
    ASSERT_NE(failed, nullptr) << cost;
    EXPECT_NE(failed->error.what.find("Unit 0 of 'fake' has a cost of"), std::string::npos);
    desk_->Forget(BatchId{1});
  }
}

TEST_F(Batches, FullDiskPutsOffASplitAndDoesNotEndTheBatch) {
  script_.split = {kFull, kFull};
  desk_->MakeUnits(BatchId{1}, 0, submit_);
  ASSERT_TRUE(Waits());
  desk_->MakeUnits(BatchId{1}, 0, submit_);  // asked again: it is answered by the one that waits
  EXPECT_EQ(script_.splits, 1);
  const auto* step = Told<SplitStep>();
  ASSERT_NE(step, nullptr);
  EXPECT_EQ(step->units.size(), 10U);
  EXPECT_EQ(inputs_.size(), 1U);
  EXPECT_EQ(script_.splits, 3);
  EXPECT_EQ(lines_.size(), 1U) << "said once, not with each try";
}

TEST_F(Batches, FullDiskPutsOffAMergeAndDoesNotEndTheBatch) {
  Unit(0, "a");
  Unit(1, "b");
  script_.merge = {kFull, kFull};
  desk_->Merge(BatchId{1}, submit_, row_);
  const auto* product = Told<ProductReady>();
  ASSERT_NE(product, nullptr);
  EXPECT_EQ(*blobs_->ReadAll(product->product.at(0).blob.hash), "ab");
  EXPECT_EQ(script_.merges, 3);
  EXPECT_EQ(desk_->Waiting(), 0U);
}

TEST_F(Batches, TriesComeFartherAndFartherApartAndAreSaidNowAndThen) {
  tick_ = 1min;
  for (int i = 0; i < 40; ++i) script_.merge.push_back(kFull);
  desk_->Merge(BatchId{1}, submit_, 0);
  const Instant began = now_;
  ASSERT_NE(Told<ProductReady>(), nullptr);
  const Duration took = now_ - began;
  EXPECT_GE(took, 30 * BatchDesk::kMostPause);
  EXPECT_LE(lines_.size(), static_cast<std::size_t>(took / BatchDesk::kSayEvery) + 2);
}

TEST_F(Batches, DiskThatFillsWhileFilesAreWrittenLeavesNoWreck) {
  Unit(0, "a");
  script_.thrown = {std::make_error_code(std::errc::no_space_on_device)};
  desk_->Merge(BatchId{1}, submit_, row_);
  ASSERT_TRUE(Waits());
  EXPECT_FALSE(fs::exists(folder_ / "scratch/merge-1")) << "its room is given back";
  EXPECT_NE(Told<ProductReady>(), nullptr);
  EXPECT_FALSE(fs::exists(folder_ / "scratch/merge-1"));
}

TEST_F(Batches, ErrorOfTheApplicationEndsTheBatch) {
  script_.split = {kBug};
  desk_->MakeUnits(BatchId{1}, 0, submit_);
  ASSERT_NE(Told<SplitFailed>(), nullptr);
  inputs_.clear();
  script_.merge = {kBug};
  desk_->Merge(BatchId{1}, submit_, 0);
  ASSERT_NE(Told<MergeFailed>(), nullptr);
  inputs_.clear();
  script_.thrown = {std::make_error_code(std::errc::invalid_argument)};
  desk_->Merge(BatchId{1}, submit_, 0);
  ASSERT_NE(Told<MergeFailed>(), nullptr);
  EXPECT_TRUE(lines_.empty());
}

TEST_F(Batches, MergeLeavesAloneWhatIsKeptForTheJournal) {
  OpenStore({.least_free_bytes = ~0ULL >> 1});
  desk_->Merge(BatchId{1}, submit_, 0);
  ASSERT_TRUE(Waits());
  EXPECT_EQ(script_.merges, 0) << "not even begun";
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_NE(lines_[0].find("MiB are free"), std::string::npos) << lines_[0];
}

TEST_F(Batches, ThatWereCancelledAreNotTriedAgain) {
  script_.merge = {kFull};
  desk_->Merge(BatchId{1}, submit_, 0);
  ASSERT_TRUE(Waits());
  desk_->Forget(BatchId{1});
  desk_->Turn(now_ + 1h);
  EXPECT_EQ(desk_->Waiting(), 0U);
  EXPECT_EQ(side_.pool.Depth(1), 0U);
  script_.split = {kBug};
  const auto go_on = side_.Hold(2);
  desk_->MakeUnits(BatchId{2}, 0, submit_);
  desk_->Forget(BatchId{2});  // while its job is under way
  go_on();
  ASSERT_TRUE(RunUntil([&] { return side_.pool.Depth(2) == 0; }));
  ASSERT_TRUE(RunUntil([] { return true; }));
  EXPECT_TRUE(inputs_.empty());
}

TEST_F(Batches, FlippedByteInABlobIsNotMerged) {
  const std::string large(5000, 'l');
  Unit(0, "a");
  Unit(1, large);
  std::string rotten = large;
  rotten[100] ^= 1;
  WriteText(blobs_->Path(Hash(large)), rotten);
  desk_->Merge(BatchId{1}, submit_, row_);
  ASSERT_TRUE(Waits());
  ASSERT_EQ(lines_.size(), 1U);
  EXPECT_NE(lines_[0].find("unit 2 (number 1 of batch 1)"), std::string::npos) << lines_[0];
  EXPECT_NE(lines_[0].find(ToHex(Hash(large))), std::string::npos) << lines_[0];
  WriteText(blobs_->Path(Hash(large)), large);  // brought back from a backup
  EXPECT_NE(Told<ProductReady>(), nullptr);
}

TEST_F(Batches, FlippedByteInTheTablesIsNotMerged) {
  Unit(0, "abc");
  Sql(folder_ / "p.db", "UPDATE unit SET payload = 'abd'");
  desk_->Merge(BatchId{1}, submit_, row_);
  ASSERT_TRUE(Waits());
  EXPECT_NE(lines_.at(0).find("unit 1 (number 0 of batch 1)"), std::string::npos) << lines_[0];
  EXPECT_TRUE(inputs_.empty());
}

TEST_F(Batches, MissingBlobIsNoFaultOfTheApplication) {
  const std::string large(5000, 'l');
  Unit(0, large);
  fs::remove(blobs_->Path(Hash(large)));
  desk_->Merge(BatchId{1}, submit_, row_);
  ASSERT_TRUE(Waits());
  EXPECT_NE(lines_.at(0).find("cannot be read"), std::string::npos) << lines_[0];
}

}  // namespace
}  // namespace picube::test
