#include "cli/views.h"

#include <gtest/gtest.h>

#include <sstream>

#include "cli/json_views.h"
#include "cli/names.h"
#include "cli/text.h"
#include "tests/cli/fake_server.h"

namespace picube {
namespace {

void ExpectFits(const std::string& text) {
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);) EXPECT_LE(Columns(line), 80U) << line;
}

TEST(Views, TablesOfLongNamesAndLargeNumbersFitEightyColumns) {
  BatchInfo batch = ExampleBatch();
  batch.id = {1'234'567};
  batch.name = std::string(64, 'n');
  batch.application.name = std::string(64, 'a');
  batch.units_total = 123'456'789;
  batch.failed = 1'234;
  ExpectFits(BatchesText({batch}, true));
  ExpectFits(BatchText(ExampleBatch()));
  HostInfo host = ExampleHost();
  host.id = {123'456};
  host.name = host.owner = host.facts.board = std::string(64, 'x');
  host.results = 123'456'789;
  host.paused_why =
      "the board is too hot: it cools down before it works on, and that takes a while";
  ExpectFits(HostsText({host}));
}

TEST(Views, AHostIsInOneStateOnly) {
  HostInfo host = ExampleHost();
  EXPECT_EQ(HostState(host), "working");
  host.leases = 0;
  EXPECT_EQ(HostState(host), "idle");
  host.paused_why = "too hot";
  EXPECT_EQ(HostState(host), "paused");
  host.draining = true;
  EXPECT_EQ(HostState(host), "draining");
  host.connected = false;
  EXPECT_EQ(HostState(host), "away");
  host.retired = true;
  EXPECT_EQ(HostState(host), "retired");
}

TEST(Views, NothingThereYetSaysHowToBegin) {
  EXPECT_NE(BatchesText({}, false).find("picube submit"), std::string::npos);
  EXPECT_NE(HostsText({}).find("picube invite"), std::string::npos);
}

TEST(Views, AReadOnlyServerSaysWhy) {
  ServerInfo server = ExampleServer();
  server.read_only = true;
  server.why = "the disk is full.";
  EXPECT_NE(ServerText(server).find("READ-ONLY   the disk is full."), std::string::npos);
}

TEST(Views, AProductWithMissingUnitsSaysSo) {
  BatchInfo batch = ExampleBatch();
  batch.state = BatchState::kDone;
  EXPECT_NE(EndText(batch).find("2 of its 1,024 units failed"), std::string::npos);
  batch.failed = 0;
  EXPECT_EQ(EndText(batch), "batch 3 is done. The product: picube product 3\n");
}

TEST(Views, OnlySettledUnitsCountAsDone) {
  BatchInfo batch = ExampleBatch();
  batch.state = BatchState::kCancelled;
  batch.units_total = batch.units_created = 16;
  batch.settled = 4;
  batch.failed = 0;
  batch.cancelled = 12;
  batch.unsent = batch.leased = batch.checking = 0;
  const std::string table = BatchesText({batch}, false);
  EXPECT_NE(table.find(" 25% "), std::string::npos) << table;
  EXPECT_EQ(table.find("100%"), std::string::npos) << table;
  const Progress bar = ToProgress({.batch = batch});
  EXPECT_EQ(bar.amount, "4 of 16 units");
  EXPECT_EQ(bar.done, 4U);
  batch.state = BatchState::kDone;
  batch.settled = 16;
  batch.cancelled = 0;
  EXPECT_NE(BatchesText({batch}, false).find("100%"), std::string::npos);
}

TEST(Views, StrangersNamesAreCleanInTextAndValidInJson) {
  HostInfo host = ExampleHost();
  host.name = "pi\x1b[2J\xff";
  EXPECT_EQ(HostsText({host}).find('\x1b'), std::string::npos);
  EXPECT_NE(HostsJson({host}).find("pi\\u001b[2J\xef\xbf\xbd"), std::string::npos);
}

}  // namespace
}  // namespace picube
