#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/submission.h"
#include "protocol/crypto/hash.h"
#include "tests/cli/fake_server.h"

namespace picube {
namespace {

class SubmitTest : public testing::Test {
 protected:
  SubmitTest() {
    desk_.Join();
    desk_.server.answer = [this](const Message& message) -> std::optional<Message> {
      if (std::holds_alternative<Submit>(message)) return submit_answer_;
      return std::nullopt;
    };
  }

  Desk desk_;
  std::string picture_ = desk_.Write("sky.pic", "data of the sky");
  std::optional<Message> submit_answer_ = Submitted{{3}};
};

TEST_F(SubmitTest, FilesAreThereBeforeTheBatchIsMade) {
  ASSERT_EQ(desk_.Run({"submit", "mosaic", picture_, "--chirp=-2:2", "--name", "sky"}), Exit::kOk);
  const Submit submit = desk_.server.Last<Submit>();
  ASSERT_EQ(submit.files.size(), 1U);
  EXPECT_EQ(submit.files[0].name, "sky.pic");
  EXPECT_EQ(desk_.server.blobs.at(submit.files[0].blob.hash), "data of the sky");
  EXPECT_EQ(submit.parameters, (Parameters{{"chirp", "-2:2"}}));
  EXPECT_EQ(submit.name, "sky");
  EXPECT_EQ(desk_.out.rfind("batch 3\n", 0), 0U);
  EXPECT_NE(desk_.out.find("picube watch 3"), std::string::npos);
  EXPECT_NE(desk_.out.find("picube product 3"), std::string::npos);
}

TEST_F(SubmitTest, TheRequestKeyIsTheSameWhenAskedAgainAndNewForEachCommand) {
  int asked = 0;
  std::vector<std::string> keys;
  desk_.server.answer = [&](const Message& message) -> std::optional<Message> {
    const auto* submit = std::get_if<Submit>(&message);
    if (submit == nullptr) return std::nullopt;
    keys.push_back(submit->request_key);
    return ++asked == 1 ? std::nullopt : std::optional<Message>(Submitted{{3}});  // answer lost
  };
  ASSERT_EQ(desk_.Run({"submit", "mosaic", picture_}), Exit::kOk);
  ASSERT_EQ(desk_.Run({"submit", "mosaic", picture_}), Exit::kOk);
  EXPECT_EQ(keys, (std::vector<std::string>{"key-1", "key-1", "key-2"}));
}

TEST_F(SubmitTest, AnAnswerThatNeverComesLeavesAKeyToTryAgain) {
  submit_answer_.reset();
  EXPECT_EQ(desk_.Run({"submit", "mosaic", picture_}), Exit::kUnreachable);
  EXPECT_NE(desk_.err.find("--request-key key-1"), std::string::npos);
  submit_answer_ = Submitted{{3}};
  EXPECT_EQ(desk_.Run({"submit", "mosaic", picture_, "--request-key", "key-1"}), Exit::kOk);
  EXPECT_EQ(desk_.server.Last<Submit>().request_key, "key-1");
}

TEST_F(SubmitTest, WhatIsWrongWithTheDataIsFoundBeforeTheServerHearsOfIt) {
  const std::string garbage = desk_.Write("garbage.pic", "\x01\x02");
  EXPECT_EQ(desk_.Run({"submit", "mosaic", garbage}), Exit::kWrongUsage);
  EXPECT_EQ(desk_.err, "error: garbage.pic is not a picture.\n       Give a .pic file.\n");
  EXPECT_EQ(desk_.Run({"submit", "mosaic", desk_.Path("none.pic")}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("none.pic: "), std::string::npos);
  EXPECT_EQ(desk_.Run({"submit", "mosaic", desk_.folder.string()}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("not an ordinary file"), std::string::npos);
  EXPECT_EQ(desk_.Run({"submit", "mosaic"}), Exit::kWrongUsage);
  EXPECT_EQ(desk_.Run({"submit", "mosaic", "a", "b", "c"}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("takes one or two pictures (.pic); 3 were given"), std::string::npos);
  EXPECT_EQ(desk_.Run({"submit", "mosaic", picture_, picture_}), Exit::kWrongUsage);
  EXPECT_NE(desk_.err.find("two files are called sky.pic"), std::string::npos);
  EXPECT_EQ(desk_.Run({"submit", "mosaic", picture_, "--chirp=0:0"}), Exit::kWrongUsage);
  EXPECT_EQ(desk_.Run({"submit", "mosaic", picture_, "--name", std::string(65, 'n')}),
            Exit::kWrongUsage);
  EXPECT_EQ(desk_.connections, 0);
}

TEST_F(SubmitTest, WaitingEndsAsTheBatchEnds) {
  for (const auto& [state, exit] :
       {std::pair{BatchState::kDone, Exit::kOk}, std::pair{BatchState::kFailed, Exit::kBatchFailed},
        std::pair{BatchState::kCancelled, Exit::kBatchCancelled}}) {
    BatchProgress last{.batch = ExampleBatch(), .last = true};
    last.batch.state = state;
    desk_.server.watched = {last};
    EXPECT_EQ(desk_.Run({"submit", "mosaic", picture_, "--wait"}), exit);
  }
}

TEST_F(SubmitTest, AsJsonThereIsOneDocument) {
  ASSERT_EQ(desk_.Run({"submit", "mosaic", picture_, "--json"}), Exit::kOk);
  ExpectGolden("submit.json", desk_.out);
  BatchProgress last{.batch = ExampleBatch(), .last = true};
  last.batch.state = BatchState::kDone;
  desk_.server.watched = {last};
  ASSERT_EQ(desk_.Run({"submit", "mosaic", picture_, "--json", "--wait"}), Exit::kOk);
  EXPECT_EQ(nlohmann::json::parse(desk_.out)["batch"]["state"], "done");
  EXPECT_EQ(desk_.err, "");
}

TEST_F(SubmitTest, ARefusalOfTheServerIsShown) {
  submit_answer_ = Refused{ErrorKind::kStore, "the server is read-only: disk full.", "Wait."};
  EXPECT_EQ(desk_.Run({"submit", "mosaic", picture_}), Exit::kGridError);
  EXPECT_NE(desk_.err.find("read-only"), std::string::npos);
}

TEST(FitSteps, GiveEveryConnectedCoreTwoPoints) {
  HostInfo board{.connected = true, .facts = {.cores = 4}};
  HostInfo server{.connected = true, .facts = {.cores = 2}};
  HostInfo away{.connected = false, .facts = {.cores = 64}};
  HostInfo leaving{.connected = true, .draining = true, .facts = {.cores = 64}};
  EXPECT_EQ(PointsForHosts({board, server, away, leaving}), 12U);
  EXPECT_EQ(PointsForHosts({away}), 24U);
  EXPECT_EQ(PointsForHosts(std::vector<HostInfo>(5000, board)), 10'000U);
}

}  // namespace
}  // namespace picube
