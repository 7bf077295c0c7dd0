#include "cli/client.h"

#include <gtest/gtest.h>

#include "tests/cli/fake_server.h"

namespace picube {
namespace {

class ClientTest : public testing::Test {
 protected:
  ClientTest() : link_(server_.Connect()), client_(*link_, [this] { return server_.now; }) {
    server_.answer = [](const Message&) { return Done{"done"}; };
  }

  FakeServer server_;
  std::unique_ptr<Link> link_;
  Client client_;
};

TEST_F(ClientTest, AQuestionThatIsLostIsAskedAgain) {
  server_.lose = 2;
  const Result<Done> done = client_.AskFor<Done>(Control{.text = {}});
  ASSERT_TRUE(done.has_value());
  EXPECT_EQ(server_.Count<Control>(), 3);
}

TEST_F(ClientTest, SilenceIsALinkErrorThatNamesTheServer) {
  server_.lose = 1000;
  const Result<Done> done = client_.AskFor<Done>(Control{.text = {}});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::kLink);
  EXPECT_EQ(done.error().what, "no answer from the server at tcp://cube.local:7100 within 15 s.");
  EXPECT_FALSE(done.error().next.empty());
}

TEST_F(ClientTest, ARefusalComesOutAsItsError) {
  server_.answer = [](const Message&) { return Refused{ErrorKind::kStore, "disk full.", "Wait."}; };
  const Result<Done> done = client_.AskFor<Done>(Control{.text = {}});
  ASSERT_FALSE(done.has_value());
  EXPECT_EQ(done.error().kind, ErrorKind::kStore);
  EXPECT_EQ(done.error().Text(), "disk full. Wait.");
  EXPECT_EQ(server_.Count<Control>(), 1);  // no is no
}

TEST_F(ClientTest, AnAnswerOfAnotherTypeIsAnError) {
  EXPECT_EQ(client_.AskFor<Submitted>(Control{.text = {}}).error().kind, ErrorKind::kProject);
}

TEST_F(ClientTest, ALateAnswerToAnEarlierQuestionIsDropped) {
  int count = 0;
  server_.answer = [&](const Message&) { return Done{std::to_string(++count)}; };
  // The first question's answer comes twice: the second copy must not answer the second question.
  ASSERT_TRUE(link_->Send({.request = 1, .message = Control{.text = {}}}).has_value());
  EXPECT_EQ(client_.AskFor<Done>(Control{.text = {}})->text, "1");
  EXPECT_EQ(client_.AskFor<Done>(Control{.text = {}})->text, "3");
}

BatchProgress At(std::uint64_t settled, bool last) {
  BatchProgress progress{.batch = ExampleBatch(), .last = last};
  progress.batch.settled = settled;
  return progress;
}

TEST_F(ClientTest, FollowingEndsWithTheLastWord) {
  server_.watched = {At(1, false), At(2, false), At(3, true)};
  std::vector<std::uint64_t> seen;
  Client::Watcher watcher{
      .progress = [&](const BatchProgress& progress) { seen.push_back(progress.batch.settled); },
      .silence = [](Duration) {}};
  ASSERT_TRUE(client_.Follow({3}, watcher).has_value());
  EXPECT_EQ(seen, (std::vector<std::uint64_t>{1, 2, 3}));
}

TEST_F(ClientTest, FollowingOutlastsARestartOfTheServer) {
  server_.watched = {At(1, false)};
  int watches = 0;
  server_.answer = [&](const Message&) -> std::optional<Message> {
    return ++watches < 20 ? std::nullopt : std::optional<Message>(At(9, true));  // a minute
  };
  int silences = 0;
  Client::Watcher watcher{.progress = [](const BatchProgress&) {},
                          .silence = [&](Duration) { ++silences; }};
  ASSERT_TRUE(client_.Follow({3}, watcher).has_value());
  EXPECT_GT(silences, 0);
}

TEST_F(ClientTest, FollowingGivesUpSoonWhenTheServerWasNeverThere) {
  server_.lose = 1000;
  Client::Watcher watcher{.progress = [](const BatchProgress&) {}, .silence = [](Duration) {}};
  const Instant start = server_.now;
  const Status ended = client_.Follow({3}, watcher);
  ASSERT_FALSE(ended.has_value());
  EXPECT_EQ(ended.error().kind, ErrorKind::kLink);
  EXPECT_LE(server_.now - start, 20s);
}

}  // namespace
}  // namespace picube
