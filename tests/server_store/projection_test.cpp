#include "server/store/projection.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/server_store/test_folder.h"

namespace picube {
namespace {

namespace fs = std::filesystem;
using std::chrono::seconds;

std::unique_ptr<Projection> OpenProjection(const fs::path& file,
                                           const ProjectionOptions& options = {}) {
  auto projection = Projection::Open(file, options);
  EXPECT_TRUE(projection) << projection.error().Text();
  return projection ? std::move(*projection) : nullptr;
}

UnitClosed Settled(std::uint64_t unit, std::uint64_t batch, std::uint64_t index) {
  UnitClosed closed;
  closed.unit = UnitId{unit};
  closed.batch = BatchId{batch};
  closed.index = index;
  closed.canonical = LeaseId{unit + 100};
  closed.host = HostId{3};
  closed.payload = "payload " + std::to_string(unit);
  closed.payload_bytes = closed.payload.size();
  closed.digest = Hash(closed.payload);
  closed.leases = 2;
  return closed;
}

BatchArchived Archived(std::uint64_t id) {
  BatchArchived archived;
  archived.info.id = BatchId{id};
  archived.info.name = "tones ü";
  archived.info.application = {"seti", 3};
  archived.info.state = BatchState::kDone;
  archived.info.owner = "ann";
  archived.info.replication = {ReplicationKind::kQuorum, 2, true};
  archived.info.priority = -4;
  archived.info.units_total = 5;
  archived.info.settled = 4;
  archived.info.failed = 1;
  archived.info.flop_settled = 1.5e12;
  archived.info.submitted = WallTime{1000};
  archived.info.finished = WallTime{2000};
  archived.submit.application = "seti";
  archived.submit.parameters = {{"chirp", "-1:1"}};
  archived.submit.files = {{"a.sah", {Hash("a"), 1}}};
  archived.submit.request_key = "k";
  archived.product = {{"signals.csv", "the signals", {Hash("csv"), 9}}};
  return archived;
}

TEST(Projection, UnitIsFoundAsItEnded) {
  TestFolder folder;
  auto projection = OpenProjection(folder / "p.db");
  UnitClosed failed = Settled(8, 1, 1);
  failed.state = UnitState::kFailed;
  failed.why = "three owners had errors";
  failed.payload.clear();
  projection->Post(1, {}, {Settled(7, 1, 0), failed, LogLine{}});
  ASSERT_TRUE(projection->CaughtUp(1, seconds(10)));
  const auto unit = projection->FindUnit(UnitId{7});
  ASSERT_TRUE(unit && *unit);
  EXPECT_EQ((*unit)->payload, "payload 7");
  EXPECT_EQ((*unit)->digest, Hash("payload 7"));
  EXPECT_EQ((*unit)->canonical, LeaseId{107});
  EXPECT_EQ((*unit)->leases, 2U);
  EXPECT_EQ((**projection->FindUnit(UnitId{8})).why, "three owners had errors");
  EXPECT_FALSE(*projection->FindUnit(UnitId{9}));
  const auto counts = projection->CountUnits(BatchId{1});
  EXPECT_EQ(counts->settled, 1U);
  EXPECT_EQ(counts->failed, 1U);
}

TEST(Projection, StreamsABatchInOrderOfIndexWhateverOrderItsUnitsEndedIn) {
  TestFolder folder;
  auto projection = OpenProjection(folder / "p.db");
  // Two batches whose units were created by turns: ids 1–3 and 7–9 are batch 1.
  projection->Post(1, {}, {Settled(9, 1, 5), Settled(2, 1, 1), Settled(5, 2, 1)});
  projection->Post(2, {}, {Settled(7, 1, 3), Settled(1, 1, 0), Settled(4, 2, 0)});
  projection->Post(3, {}, {Settled(8, 1, 4), Settled(3, 1, 2), Settled(6, 2, 2)});
  ASSERT_TRUE(projection->CaughtUp(3, seconds(10)));
  std::vector<std::uint64_t> indices;
  const Status streamed = projection->StreamUnits(BatchId{1}, [&](const UnitRow& row) -> Status {
    EXPECT_EQ(row.payload, "payload " + std::to_string(row.unit.value));
    indices.push_back(row.index);
    return {};
  });
  EXPECT_TRUE(streamed);
  EXPECT_EQ(indices, (std::vector<std::uint64_t>{0, 1, 2, 3, 4, 5}));
  const Status stopped = projection->StreamUnits(
      BatchId{1}, [&](const UnitRow&) -> Status { return Fail(ErrorKind::kUser, "enough"); });
  EXPECT_FALSE(stopped);
}

TEST(Projection, RowsThatAreInAlreadyAreIgnored) {
  TestFolder folder;
  {
    auto projection = OpenProjection(folder / "p.db");
    EXPECT_TRUE(projection->Post(5, {}, {Settled(1, 1, 0)}));
    EXPECT_FALSE(projection->Post(5, {}, {Settled(2, 1, 1)}));
    EXPECT_FALSE(projection->Post(4, {}, {Settled(3, 1, 2)}));
  }
  auto projection = OpenProjection(folder / "p.db");
  EXPECT_EQ(projection->Cursor(), 5U);
  EXPECT_EQ(projection->VisibleCursor(), 5U);
  EXPECT_FALSE(projection->Post(5, {}, {Settled(4, 1, 3)}));
  EXPECT_TRUE(projection->Post(6, {}, {}));
  ASSERT_TRUE(projection->CaughtUp(6, seconds(10)));
  EXPECT_EQ(projection->CountUnits(BatchId{1})->settled, 1U);
}

// A child posts rows of one unit and one disagreement each and is killed on its way.
TEST(Projection, ReplayAfterAKillBringsEachEventExactlyOnce) {
  TestFolder folder;
  const std::uint64_t kRows = 3000;
  const auto post = [](Projection& projection, std::uint64_t seq) {
    ResultDisagreed lost{UnitId{seq}, LeaseId{seq}, HostId{9}, Hash("bad"), Hash("good")};
    projection.Post(seq, WallTime{5}, {Settled(seq, 1, seq - 1), lost});
  };
  ProjectionOptions options;
  options.rows_per_transaction = 50;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  if (child == 0) {
    auto projection = OpenProjection(folder / "p.db", options);
    for (std::uint64_t seq = 1; seq <= kRows; ++seq) {
      post(*projection, seq);
      if (projection->VisibleCursor() > 200 && write(ends[1], "x", 1) != 1) _exit(1);
    }
    // A writer that is slow shows the first rows only now.
    const bool shown = projection->CaughtUp(201, seconds(60));
    if (!shown || write(ends[1], "x", 1) != 1) _exit(1);
    for (;;) pause();
  }
  close(ends[1]);  // a child that ends without a word is no hang
  char byte = 0;
  ASSERT_EQ(read(ends[0], &byte, 1), 1);
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  auto projection = OpenProjection(folder / "p.db", options);
  EXPECT_GT(projection->Cursor(), 200U);
  EXPECT_EQ(projection->CountUnits(BatchId{1})->settled, projection->Cursor());
  for (std::uint64_t seq = 1; seq <= kRows; ++seq) post(*projection, seq);
  ASSERT_TRUE(projection->CaughtUp(kRows, seconds(60)));
  EXPECT_EQ(projection->CountUnits(BatchId{1})->settled, kRows);
  EXPECT_EQ(projection->DisagreementsOf(HostId{9}, 10'000)->size(), kRows);
  EXPECT_EQ(projection->DisagreementsOf(UnitId{77})->front().lease, LeaseId{77});
  close(ends[0]);
}

TEST(Projection, BatchComesBackAsItWasArchived) {
  TestFolder folder;
  auto projection = OpenProjection(folder / "p.db");
  const BatchArchived archived = Archived(4);
  BatchInfo live = archived.info;
  live.state = BatchState::kRunning;
  projection->PostBatch(live, archived.submit);
  projection->Post(1, {}, {archived});
  projection->PostBatch(live, archived.submit);  // late: an archived batch does not change
  BatchInfo other = live;
  other.id = BatchId{6};
  projection->PostBatch(other, archived.submit);
  projection->Post(2, {}, {});
  ASSERT_TRUE(projection->CaughtUp(2, seconds(10)));
  const auto found = projection->FindBatch(BatchId{4});
  ASSERT_TRUE(found && *found);
  EXPECT_EQ((*found)->info, archived.info);
  EXPECT_EQ((*found)->submit.parameters, archived.submit.parameters);
  EXPECT_EQ((*found)->submit.files, archived.submit.files);
  EXPECT_EQ((*found)->product, archived.product);
  EXPECT_EQ(projection->Batches({}, 10)->size(), 2U);
  EXPECT_EQ(projection->Batches(BatchId{6}, 10)->front().id, BatchId{4});
  EXPECT_FALSE(*projection->FindBatch(BatchId{5}));
}

TEST(Projection, HostsAreATableForPeople) {
  TestFolder folder;
  {
    auto projection = OpenProjection(folder / "p.db");
    HostInfo host;
    host.id = HostId{3};
    host.name = "pi3";
    host.facts.board = "Raspberry Pi 4 \xff";  // not UTF-8
    host.readings.temperature_millicelsius = 61'500;
    projection->PostHost(host);
    projection->Post(1, {}, {Settled(1, 1, 0)});
    ASSERT_TRUE(projection->CaughtUp(1, seconds(10)));
  }
  EXPECT_EQ(Sql(folder / "p.db", "SELECT facts ->> 'temperature_celsius' FROM host"), "61.5");
  EXPECT_EQ(Sql(folder / "p.db", "SELECT host || ' ' || state FROM units"), "pi3 settled");
}

TEST(Projection, BlobsThatAreNamedAreReferencedUntilThePayloadsAreDropped) {
  TestFolder folder;
  auto projection = OpenProjection(folder / "p.db");
  UnitClosed large = Settled(2, 4, 1);
  large.payload.clear();
  large.payload_bytes = 5000;
  large.digest = Hash("large");
  projection->Post(1, {}, {Settled(1, 4, 0), large, Archived(4)});
  ASSERT_TRUE(projection->CaughtUp(1, seconds(10)));
  const auto referenced = [&] {
    std::vector<Digest> digests;
    EXPECT_TRUE(projection->ReferencedBlobs([&](const Digest& d) { digests.push_back(d); }));
    return digests;
  };
  EXPECT_EQ(referenced(), (std::vector<Digest>{Hash("csv"), Hash("large"), Hash("a")}));
  projection->DropPayloads(WallTime{2001});
  // Each further post lets the thread do one more slice.
  bool dropped = false;
  for (std::uint64_t seq = 2; seq < 50 && !dropped; ++seq) {
    projection->Post(seq, {}, {});
    ASSERT_TRUE(projection->CaughtUp(seq, seconds(10)));
    ASSERT_TRUE(projection->StreamUnits(BatchId{4}, [&](const UnitRow& row) -> Status {
      dropped = row.dropped;
      return {};
    }));
  }
  EXPECT_TRUE(dropped);
  EXPECT_EQ(referenced(), (std::vector<Digest>{Hash("csv"), Hash("a")}));
  EXPECT_EQ((**projection->FindUnit(UnitId{1})).digest, Hash("payload 1"));
}

TEST(Projection, NewerFormatIsRefused) {
  TestFolder folder;
  {
    OpenProjection(folder / "p.db");
  }
  Sql(folder / "p.db", "PRAGMA user_version=2");
  EXPECT_FALSE(Projection::Open(folder / "p.db"));
}

}  // namespace
}  // namespace picube
