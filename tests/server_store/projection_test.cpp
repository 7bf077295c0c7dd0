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

LeaseOver Over(std::uint64_t lease, std::uint64_t unit, std::uint64_t batch, std::uint64_t index) {
  LeaseOver over;
  over.lease = LeaseId{lease};
  over.unit = UnitId{unit};
  over.batch = BatchId{batch};
  over.index = index;
  over.host = HostId{3};
  over.held = std::chrono::seconds(20);
  over.returned = over.succeeded = true;
  over.cost_flop = 1e9;
  over.cost.cpu_ms = 4000;
  over.cost.wall_ms = 1000;
  over.cost.top_millicelsius = 61'000;
  return over;
}

// Unit 7 has five leases: the canonical one (107), a copy, one that lost, an error and one that
// ended without a result. Unit 8 has failed after a result that was set against none.
TEST(Projection, LeasesOfABatchKeepTheirTimesAndWhatBecameOfThem) {
  TestFolder folder;
  auto projection = OpenProjection(folder / "p.db");
  LeasesOver over{{Over(107, 7, 1, 0), Over(108, 7, 1, 0), Over(109, 7, 1, 0), Over(110, 7, 1, 0),
                   Over(111, 7, 1, 0), Over(112, 8, 1, 1), Over(90, 9, 2, 0)}};
  over.leases[3].succeeded = false;
  over.leases[4].returned = false;
  projection->Post(1, WallTime{50'000}, {over});
  UnitClosed failed = Settled(8, 1, 1);
  failed.state = UnitState::kFailed;
  const ResultDisagreed lost{UnitId{7}, LeaseId{109}, HostId{3}, Hash("bad"), Hash("good")};
  projection->Post(2, WallTime{60'000}, {lost, Settled(7, 1, 0), failed});
  ASSERT_TRUE(projection->CaughtUp(2, seconds(10)));
  const auto page = projection->LeasesOf(BatchId{1}, {}, 100);
  ASSERT_TRUE(page);
  EXPECT_FALSE(page->more);
  std::vector<LeaseFate> fates;
  for (const LeaseInfo& lease : page->leases) fates.push_back(lease.fate);
  EXPECT_EQ(fates,
            (std::vector<LeaseFate>{LeaseFate::kCanonical, LeaseFate::kCopy, LeaseFate::kDisagreed,
                                    LeaseFate::kError, LeaseFate::kLost, LeaseFate::kUnused}));
  const LeaseInfo& first = page->leases.front();
  EXPECT_EQ(first.ended.ms, 50'000);
  EXPECT_EQ(first.held_ms, 20'000U);
  EXPECT_EQ(first.wall_ms, 1000U);
  EXPECT_EQ(first.cpu_ms, 4000U);
  EXPECT_EQ(first.top_millicelsius, 61'000);
  EXPECT_EQ(first.flop, 1e9);
}

TEST(Projection, ALateResultReplacesTheLossOfItsLease) {
  TestFolder folder;
  auto projection = OpenProjection(folder / "p.db");
  LeaseOver lost = Over(107, 7, 1, 0);
  lost.returned = false;
  projection->Post(1, WallTime{10'000}, {LeasesOver{{lost}}});
  projection->Post(2, WallTime{20'000}, {LeasesOver{{Over(107, 7, 1, 0)}}, Settled(7, 1, 0)});
  ASSERT_TRUE(projection->CaughtUp(2, seconds(10)));
  const auto page = projection->LeasesOf(BatchId{1}, {}, 100);
  ASSERT_TRUE(page);
  ASSERT_EQ(page->leases.size(), 1U);
  EXPECT_EQ(page->leases[0].fate, LeaseFate::kCanonical);
  EXPECT_EQ(page->leases[0].ended.ms, 20'000);
}

TEST(Projection, APageOfLeasesEndsBetweenUnits) {
  TestFolder folder;
  auto projection = OpenProjection(folder / "p.db");
  LeasesOver over;
  // Two leases a unit; the units of batch 1 were made in two runs.
  for (const std::uint64_t unit : {1, 2, 3, 7, 8}) {
    const std::uint64_t index = unit < 7 ? unit - 1 : unit - 4;
    over.leases.push_back(Over(2 * unit, unit, 1, index));
    over.leases.push_back(Over(2 * unit + 1, unit, 1, index));
  }
  over.leases.push_back(Over(50, 5, 2, 0));
  projection->Post(1, {}, {over});
  ASSERT_TRUE(projection->CaughtUp(1, seconds(10)));
  std::vector<std::uint64_t> units;
  UnitId after;
  for (bool more = true; more;) {
    const auto page = projection->LeasesOf(BatchId{1}, after, 3);
    ASSERT_TRUE(page);
    ASSERT_EQ(page->leases.size(), 2U);
    EXPECT_EQ(page->leases[0].unit, page->leases[1].unit);
    units.push_back(page->leases[0].unit.value);
    after = page->leases.back().unit;
    more = page->more;
  }
  EXPECT_EQ(units, (std::vector<std::uint64_t>{1, 2, 3, 7, 8}));
  EXPECT_TRUE(projection->LeasesOf(BatchId{3}, {}, 3)->leases.empty());
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
