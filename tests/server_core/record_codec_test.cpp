// Records as bytes and back; bytes that are not records.
#include "server/store/record_codec.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"
#include "tests/server_core/driver.h"

namespace picube::test {
namespace {

// A grid's life with every kind of record in it, and its snapshot.
std::vector<Record> Everything() {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  const HostId b = grid.Join("b", "ben");
  const HostId c = grid.Join("c", "cy");
  Submit submit;
  submit.application = "count";
  submit.parameters = {{"from", "1"}, {"to", ""}};
  submit.files = {{"data.sah", {DigestOf("data"), 12345}}};
  submit.request_key = "key";
  submit.priority = -3;
  submit.replication = {ReplicationKind::kQuorum, 2, true};
  const BatchId batch = grid.Submit(submit);
  grid.Split(batch, 3, /*last=*/false, 1e9);
  grid.Split(batch, 5, /*last=*/true, 2e9);
  const auto of_a = grid.Ask(a, 8);
  const auto of_b = grid.Ask(b, 8);
  UnitResult rich = Driver::ResultOf(of_a.at(0).lease, "payload");
  rich.cost = {1, 2, 3, EnergySource::kPmic, -20'000};
  Report report;
  report.results = {rich, Driver::ResultOf(of_a.at(1).lease, "")};
  grid.Send(a, report, true);
  grid.Return(b, of_b.at(0).lease, "payload");
  grid.Return(b, of_b.at(1).lease, "unsigned", /*sealed=*/false);
  Report seal;
  seal.earlier.push_back({of_b.at(1).lease, DigestOf("unsigned")});
  grid.Send(b, seal, true);
  grid.Fail(b, of_b.at(2).lease, ErrorKind::kUnit, "bad");
  grid.Return(c, grid.Ask(c, 1).at(0).lease, "", /*sealed=*/false);
  grid.From(a, Goodbye{{of_a.at(2).lease}});
  grid.Order(ControlKind::kSetPriority, batch.value, {}, 4);
  grid.Order(ControlKind::kDrainHost, 0, "b", 1);
  grid.Order(ControlKind::kRetireHost, 0, "c");
  const BatchId doomed = grid.Submit([] {
    Submit other;
    other.application = "sum";
    other.request_key = "other";
    return other;
  }());
  grid.Order(ControlKind::kCancelBatch, doomed.value);
  std::vector<Record> records;
  for (const Journalled& row : grid.journal) {
    records.insert(records.end(), row.records.begin(), row.records.end());
  }
  grid.grid->WriteSnapshot([&](const Record& record) { records.push_back(record); });
  const std::vector<BlobRef> inputs{{DigestOf("tile"), 77}, {DigestOf("spectrum"), 99}};
  records.push_back(UnitsCreated{batch,
                                 UnitId{500},
                                 {{"a", 1e9, 5, 6, inputs},
                                  {"b", 1e9, 5, 6, inputs},
                                  {"c", 1e9, 5, 6, {}},
                                  {"d", 2e9, 5, 6, {}}}});
  records.push_back(UnitFailed{UnitId{3}, "limits"});
  records.push_back(UnitsRetried{{UnitId{3}, UnitId{9}, UnitId{4}}});
  records.push_back(EpochStarted{Epoch{4}, 1ULL << 26});
  records.push_back(InvitationEnded{KeyOf(4)});
  records.push_back(
      BatchEnded{batch, BatchState::kDone, "", {{"t", "u", {DigestOf("t"), 4}}}, {9}});
  records.push_back(LeasesGranted{
      a, LeaseId{90}, {{UnitId{7}, 60s, false}, {UnitId{6}, 61s, false}, {UnitId{8}, 60s, true}}});
  return records;
}

TEST(RecordCodec, EveryKindComesBackAsItWas) {
  const std::vector<Record> records = Everything();
  std::vector<bool> seen(std::variant_size_v<Record>);
  for (const Record& record : records) seen[record.index()] = true;
  for (std::size_t i = 0; i < seen.size(); ++i) EXPECT_TRUE(seen[i]) << "kind " << i;
  Bytes bytes;
  EncodeRecords(records, bytes);
  const auto decoded = DecodeRecords(bytes);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().Text();
  ASSERT_EQ(decoded->size(), records.size());
  Bytes again;
  EncodeRecords(*decoded, again);
  EXPECT_EQ(again, bytes);
}

TEST(RecordCodec, InputsOfUnitsComeBackWithTheirUnit) {
  const std::vector<BlobRef> inputs{{DigestOf("tile"), 77}};
  Bytes bytes;
  EncodeRecords(std::vector<Record>{UnitsCreated{
                    BatchId{1},
                    UnitId{1},
                    {{"a", 1, 2, 3, inputs}, {"b", 1, 2, 3, {}}, {"c", 1, 2, 3, inputs}}}},
                bytes);
  const auto decoded = DecodeRecords(bytes);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().Text();
  const auto& units = std::get<UnitsCreated>(decoded->at(0)).units;
  EXPECT_EQ(units.at(0).inputs, inputs);
  EXPECT_TRUE(units.at(1).inputs.empty());
  EXPECT_EQ(units.at(2).inputs, inputs);
}

TEST(RecordCodec, AGridRestoredFromBytesIsTheSame) {
  Driver grid;
  const HostId a = grid.Join("a", "ann");
  grid.Batch(10, 2);
  for (const LeaseOffer& offer : grid.Ask(a, 3)) grid.Return(a, offer.lease, "x");
  Grid copy(grid.options, Rng(7));
  for (const Journalled& row : grid.journal) {
    Bytes bytes;
    EncodeRecords(row.records, bytes);
    const auto decoded = DecodeRecords(bytes);
    ASSERT_TRUE(decoded.has_value()) << decoded.error().Text();
    for (const Record& record : *decoded) copy.Apply(record, row.at);
  }
  EXPECT_EQ(copy.StateHash(), grid.grid->StateHash());
}

TEST(RecordCodec, AnEpochWithoutAGapIsWrittenAsEver) {
  Bytes bytes;
  EncodeRecords(std::vector<Record>{EpochStarted{Epoch{7}, 0}}, bytes);
  EXPECT_EQ(bytes, Bytes("\x92\x01\x92\x01\x07", 5));
  bytes.clear();
  EncodeRecords(std::vector<Record>{EpochStarted{Epoch{7}, 1ULL << 26}}, bytes);
  const auto decoded = DecodeRecords(bytes);
  ASSERT_TRUE(decoded.has_value()) << decoded.error().Text();
  EXPECT_EQ(std::get<EpochStarted>(decoded->at(0)).skip_ids, 1ULL << 26);
}

TEST(RecordCodec, CutBytesAreRefused) {
  Bytes bytes;
  EncodeRecords(Everything(), bytes);
  for (std::size_t size = 0; size < bytes.size(); size += 7) {
    EXPECT_FALSE(DecodeRecords(BytesView(bytes).substr(0, size)).has_value()) << size;
  }
  EXPECT_FALSE(DecodeRecords(bytes + '\0').has_value());
}

TEST(RecordCodec, AlteredBytesNeverDoHarm) {
  Bytes bytes;
  EncodeRecords(Everything(), bytes);
  Rng rng(3);
  for (int i = 0; i < 3000; ++i) {
    Bytes altered = bytes;
    for (int flips = 0; flips < 3; ++flips) {
      altered[rng.Below(altered.size())] = static_cast<char>(rng.Below(256));
    }
    if (const auto decoded = DecodeRecords(altered); !decoded) {
      EXPECT_EQ(decoded.error().kind, ErrorKind::kStore);
    }
  }
}

TEST(RecordCodec, ANewerFormatSaysSo) {
  const auto decoded = DecodeRecords(Bytes("\x91\x63", 2));
  ASSERT_FALSE(decoded.has_value());
  EXPECT_NE(decoded.error().what.find("newer version"), std::string::npos);
}

TEST(RecordCodec, AResultOfAnEmptyUnitIsSmall) {
  ResultsReceived record{HostId{5}, true, {}};
  for (std::uint64_t i = 0; i < 16; ++i) {
    UnitResult& result = record.results.emplace_back();
    result.lease = {1'000'000'000 + i};
    result.digest = DigestOf(std::to_string(i));
    result.cost.cpu_ms = 10;
  }
  Bytes bytes;
  EncodeRecords(std::vector<Record>{record}, bytes);
  EXPECT_LT(bytes.size() / 16, 60U);
}

}  // namespace
}  // namespace picube::test
