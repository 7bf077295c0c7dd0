#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/text.h"
#include "protocol/crypto/hash.h"
#include "tests/cli/fake_server.h"

namespace picube {
namespace {

Answer Empty() {
  return {.server = {}, .batches = {}, .hosts = {}, .product = {}, .headline = {}, .reasons = {}};
}

class Commands : public testing::Test {
 protected:
  Commands() {
    desk_.Join();
    desk_.server.answer = [this](const Message& message) -> std::optional<Message> {
      if (const auto* query = std::get_if<Query>(&message)) return AnswerTo(*query);
      if (std::holds_alternative<Control>(message)) return control_answer_;
      return std::nullopt;
    };
  }

  std::optional<Message> AnswerTo(const Query& query) const {
    Answer answer = Empty();
    switch (query.kind) {
      case QueryKind::kServer: answer.server = ExampleServer(); break;
      case QueryKind::kBatch:
        if (query.id != 3) return Refused{ErrorKind::kUser, "there is no batch 4.", "See status."};
        [[fallthrough]];
      case QueryKind::kBatches:
        answer.batches = {ExampleBatch()};
        answer.batches.front().state = batch_state_;
        break;
      case QueryKind::kHosts:  // two pages
        answer.hosts = {ExampleHost()};
        answer.hosts[0].id = {query.id + 1};
        if (hosts_differ_) answer.hosts[0].name = "pi-" + std::to_string(query.id + 1);
        answer.more = query.id < 2;
        break;
      case QueryKind::kProduct: answer.product = product_; break;
      case QueryKind::kReport: FillReport(query, answer); break;
      default:
        answer.headline = "unit 17 of batch 3 is checking";
        answer.reasons = {{"waits_for_second_copy", "one result is here, a second one is wanted"}};
    }
    return answer;
  }

  // Batch 3 on three boards, in two pages; batch 5 has no lease that has ended.
  void FillReport(const Query& query, Answer& answer) const {
    BatchInfo batch = ExampleBatch();
    batch.id = {query.id};
    batch.submitted = WallTime{1'772'000'000'000};
    batch.finished = WallTime{1'772'000'000'000 + 360'000};
    batch.settled = 6;
    answer.batches = {batch};
    if (query.id == 5) return;
    const auto add = [&](std::uint64_t unit, std::uint64_t host, LeaseFate fate, std::int64_t ended,
                         std::uint64_t held, std::uint64_t wall) {
      LeaseInfo lease{.unit = {unit}, .lease = {100 * unit + host}, .host = {host}, .fate = fate};
      lease.ended = WallTime{batch.submitted.ms + 1000 * ended};
      lease.held_ms = 1000 * held;
      lease.wall_ms = 1000 * wall;
      lease.cpu_ms = 4000 * wall;
      lease.top_millicelsius = 55'000 + 1000 * static_cast<std::int32_t>(unit);
      lease.flop = 3e11;
      answer.leases.push_back(lease);
    };
    if (query.after == 0) {
      add(1, 1, LeaseFate::kCanonical, 105, 100, 98);
      add(1, 2, LeaseFate::kCopy, 110, 105, 104);
      add(2, 2, LeaseFate::kCanonical, 215, 205, 104);
      add(3, 1, LeaseFate::kCanonical, 205, 100, 100);
      answer.more = true;
      return;
    }
    EXPECT_EQ(query.after, 3U);
    add(4, 1, LeaseFate::kCanonical, 335, 130, 128);
    add(5, 2, LeaseFate::kError, 240, 20, 18);
    add(5, 3, LeaseFate::kLost, 200, 90, 0);
    add(5, 2, LeaseFate::kCanonical, 350, 106, 104);
  }

  void OfferProduct(const std::string& name, const std::string& content) {
    desk_.server.blobs[Hash(content)] = content;
    product_.push_back({name, "the signals found", {Hash(content), content.size()}});
  }

  Desk desk_;
  std::vector<ProductFile> product_;
  bool hosts_differ_ = false;
  BatchState batch_state_ = BatchState::kRunning;
  std::optional<Message> control_answer_ = Done{"batch 3 is cancelled."};
};

TEST_F(Commands, EachShowsItsAnswer) {
  ASSERT_EQ(desk_.Run({"status"}), Exit::kOk);
  ExpectGolden("status.txt", desk_.out);
  ASSERT_EQ(desk_.Run({"status", "3"}), Exit::kOk);
  ExpectGolden("status_batch.txt", desk_.out);
  ASSERT_EQ(desk_.Run({"hosts"}), Exit::kOk);
  ExpectGolden("hosts.txt", desk_.out);
  ASSERT_EQ(desk_.Run({"explain", "unit", "17"}), Exit::kOk);
  ExpectGolden("explain.txt", desk_.out);
  ASSERT_EQ(desk_.Run({"cancel", "3"}), Exit::kOk);
  EXPECT_EQ(desk_.out, "batch 3 is cancelled.\n");
}

TEST_F(Commands, EachHasAJsonForm) {
  ASSERT_EQ(desk_.Run({"status", "--json"}), Exit::kOk);
  ExpectGolden("status.json", desk_.out);
  ASSERT_EQ(desk_.Run({"status", "3", "--json"}), Exit::kOk);
  ExpectGolden("status_batch.json", desk_.out);
  ASSERT_EQ(desk_.Run({"hosts", "--json"}), Exit::kOk);
  ExpectGolden("hosts.json", desk_.out);
  ASSERT_EQ(desk_.Run({"explain", "host", "pi3", "--json"}), Exit::kOk);
  ExpectGolden("explain.json", desk_.out);
  ASSERT_EQ(desk_.Run({"cancel", "3", "--json"}), Exit::kOk);
  EXPECT_EQ(nlohmann::json::parse(desk_.out)["done"], "batch 3 is cancelled.");
}

TEST_F(Commands, AReportSaysWhereTheTimeOfABatchWent) {
  hosts_differ_ = true;
  ASSERT_EQ(desk_.Run({"report", "batch", "3"}), Exit::kOk) << desk_.err;
  ExpectGolden("report_batch.txt", desk_.out);
  for (std::size_t begin = 0, end; begin < desk_.out.size(); begin = end + 1) {
    end = desk_.out.find('\n', begin);
    EXPECT_LE(Columns(desk_.out.substr(begin, end - begin)), 80U);
  }
  ASSERT_EQ(desk_.Run({"report", "batch", "3", "--json"}), Exit::kOk);
  ExpectGolden("report_batch.json", desk_.out);
}

TEST_F(Commands, AReportsPictureGoesToItsFile) {
  const std::string path = desk_.Path("report.svg");
  ASSERT_EQ(desk_.Run({"report", "batch", "3", "--plot", path, "--json"}), Exit::kOk);
  EXPECT_EQ(nlohmann::json::parse(desk_.out)["plot"], path);
  const std::string svg = ReadAll(path);
  EXPECT_NE(svg.find("batch 3 arecibo"), std::string::npos);
  EXPECT_NE(svg.find("</svg>"), std::string::npos);
  EXPECT_EQ(desk_.Run({"report", "batch", "3", "--plot", desk_.Path("no/where.svg")}),
            Exit::kGridError);
  EXPECT_NE(desk_.err.find("Name another file with --plot FILE."), std::string::npos);
}

TEST_F(Commands, AReportOnNothingSaysSo) {
  EXPECT_EQ(desk_.Run({"report", "batch", "5"}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("there is nothing to report"), std::string::npos);
  EXPECT_EQ(desk_.Run({"report"}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("picube report batch 1"), std::string::npos);
  EXPECT_EQ(desk_.Run({"report", "batches", "3"}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("Did you mean batch?"), std::string::npos);
}

TEST_F(Commands, ErrorsSayWhatToDoNextAlsoAsJson) {
  EXPECT_EQ(desk_.Run({"status", "4"}), Exit::kWrongUsage);
  EXPECT_EQ(desk_.err, "error: there is no batch 4.\n       See status.\n");
  EXPECT_EQ(desk_.Run({"status", "4", "--json"}), Exit::kWrongUsage);
  ExpectGolden("error.json", desk_.out);
  EXPECT_EQ(desk_.err, "");
  EXPECT_EQ(desk_.Run({"stauts", "--json"}), Exit::kWrongUsage);
  EXPECT_EQ(nlohmann::json::parse(desk_.out)["error"]["next"], "Did you mean status?");
}

TEST_F(Commands, ExitCodesTellSilenceFromRefusal) {
  desk_.server.lose = 1000;
  EXPECT_EQ(desk_.Run({"hosts"}), Exit::kUnreachable);
  desk_.server.lose = 0;
  desk_.server.link_error =
      Error{ErrorKind::kRefused, "the server does not know this key.", "Ask."};
  EXPECT_EQ(desk_.Run({"hosts"}), Exit::kRefused);
}

TEST_F(Commands, PagesAreReadToTheEnd) {
  ASSERT_EQ(desk_.Run({"hosts", "--json"}), Exit::kOk);
  EXPECT_EQ(nlohmann::json::parse(desk_.out)["hosts"].size(), 3U);
}

TEST_F(Commands, ColoursAreForTerminalsThatWantThem) {
  ASSERT_EQ(desk_.Run({"status"}), Exit::kOk);
  EXPECT_EQ(desk_.out.find('\x1b'), std::string::npos);
  desk_.terminal = true;
  ASSERT_EQ(desk_.Run({"status"}), Exit::kOk);
  EXPECT_NE(desk_.out.find('\x1b'), std::string::npos);
  ASSERT_EQ(desk_.Run({"status", "--no-color"}), Exit::kOk);
  EXPECT_EQ(desk_.out.find('\x1b'), std::string::npos);
  desk_.variables["NO_COLOR"] = "1";
  ASSERT_EQ(desk_.Run({"status"}), Exit::kOk);
  EXPECT_EQ(desk_.out.find('\x1b'), std::string::npos);
}

TEST_F(Commands, AnInvitationShowsTheCommandToType) {
  control_answer_ = Done{"picube1-ABCDE-FGHIJ"};
  ASSERT_EQ(desk_.Run({"invite"}), Exit::kOk);
  EXPECT_NE(desk_.out.find("\n  picube-worker join picube1-ABCDE-FGHIJ\n"), std::string::npos);
  ASSERT_EQ(desk_.Run({"invite", "--operator", "--qr"}), Exit::kOk);
  EXPECT_NE(desk_.out.find("\n  picube join picube1-ABCDE-FGHIJ\n"), std::string::npos);
  EXPECT_NE(desk_.out.find("█"), std::string::npos);
  ASSERT_EQ(desk_.Run({"invite", "--json"}), Exit::kOk);
  ExpectGolden("invite.json", desk_.out);
}

TEST_F(Commands, WatchingPrintsLinesAndEndsAsTheBatchEnds) {
  BatchProgress running{
      .batch = ExampleBatch(), .results_per_second_milli = 12'500, .left_ms = 41'000};
  BatchProgress last{.batch = ExampleBatch(), .last = true};
  last.batch.state = BatchState::kDone;
  last.batch.settled = 1022;
  desk_.server.watched = {running, running, last};
  ASSERT_EQ(desk_.Run({"watch", "3"}), Exit::kOk);
  ExpectGolden("watch.txt", desk_.out);
  last.batch.state = BatchState::kFailed;
  last.batch.why = "the application is broken";
  desk_.server.watched = {last};
  EXPECT_EQ(desk_.Run({"watch", "3"}), Exit::kBatchFailed);
  EXPECT_NE(desk_.out.find("batch 3 has failed: the application is broken. Why: picube explain"),
            std::string::npos);
  last.batch.state = BatchState::kCancelled;
  desk_.server.watched = {last};
  EXPECT_EQ(desk_.Run({"watch", "3", "--json"}), Exit::kBatchCancelled);
  EXPECT_EQ(nlohmann::json::parse(desk_.out)["batch"]["state"], "cancelled");
}

TEST_F(Commands, WatchingABatchThatIsNotThereIsRefused) {
  desk_.server.answer = [](const Message&) {
    return Refused{ErrorKind::kUser, "there is no batch 9.", ""};
  };
  EXPECT_EQ(desk_.Run({"watch", "9"}), Exit::kWrongUsage);
}

TEST_F(Commands, AProductIsSavedAndNotFetchedTwice) {
  OfferProduct("signals.csv", "a,b\n1,2\n");
  OfferProduct("empty.txt", "");
  const std::string folder = desk_.Path("out");
  ASSERT_EQ(desk_.Run({"product", "3", "--output", folder}), Exit::kOk) << desk_.err;
  EXPECT_EQ(ReadAll(folder + "/signals.csv"), "a,b\n1,2\n");
  EXPECT_TRUE(std::filesystem::exists(folder + "/empty.txt"));
  EXPECT_EQ(desk_.out.rfind(folder + "/signals.csv  (the signals found, 8 B)\n", 0), 0U);
  const int chunks = desk_.server.Count<GetChunk>();
  ASSERT_EQ(desk_.Run({"product", "3", "--output", folder, "--json"}), Exit::kOk);
  EXPECT_EQ(desk_.server.Count<GetChunk>(), chunks);
  const nlohmann::json document = nlohmann::json::parse(desk_.out);
  EXPECT_EQ(document["files"][0]["fetched"], false);
  EXPECT_EQ(document["files"][0]["path"], folder + "/signals.csv");
}

TEST_F(Commands, AFileThatDiffersIsReplacedOnlyByForce) {
  OfferProduct("signals.csv", "new");
  desk_.Write("signals.csv", "mine");
  const std::string folder = desk_.folder.string();
  EXPECT_EQ(desk_.Run({"product", "3", "--output", folder}), Exit::kWrongUsage);
  EXPECT_EQ(ReadAll(desk_.Path("signals.csv")), "mine");
  EXPECT_EQ(desk_.Run({"product", "3", "--output", folder, "--force"}), Exit::kOk);
  EXPECT_EQ(ReadAll(desk_.Path("signals.csv")), "new");
}

TEST_F(Commands, AProductsFileStaysInItsFolder) {
  OfferProduct("../evil", "x");
  EXPECT_EQ(desk_.Run({"product", "3", "--output", desk_.Path("out")}), Exit::kGridError);
  EXPECT_FALSE(std::filesystem::exists(desk_.Path("evil")));
}

TEST_F(Commands, ABatchWithoutProductSaysSo) {
  EXPECT_EQ(desk_.Run({"product", "3"}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("`picube watch 3` waits for it."), std::string::npos);
}

TEST_F(Commands, ABatchThatEndedWithoutAProductIsNotWaitedFor) {
  batch_state_ = BatchState::kCancelled;
  EXPECT_EQ(desk_.Run({"product", "3"}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("batch 3 was cancelled: it has no product."), std::string::npos)
      << desk_.err;
  EXPECT_EQ(desk_.err.find("waits for it"), std::string::npos) << desk_.err;
  batch_state_ = BatchState::kFailed;
  EXPECT_EQ(desk_.Run({"product", "3"}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("batch 3 has failed: it has no product."), std::string::npos);
  batch_state_ = BatchState::kMerging;
  EXPECT_EQ(desk_.Run({"product", "3"}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("`picube watch 3` waits for it."), std::string::npos) << desk_.err;
}

TEST_F(Commands, AnInvitationSaysHowLongItIsGood) {
  control_answer_ = Done{"picube1-abc"};
  ASSERT_EQ(desk_.Run({"invite"}), Exit::kOk);
  EXPECT_NE(desk_.out.find("good once, for 1 day)"), std::string::npos) << desk_.out;
  ASSERT_EQ(desk_.Run({"invite", "--valid", "7d"}), Exit::kOk);
  EXPECT_NE(desk_.out.find("good once, for 7 days)"), std::string::npos) << desk_.out;
}

}  // namespace
}  // namespace picube
