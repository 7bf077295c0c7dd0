// A machine that is needed less sleeps by its owner's command, once.
#include "worker/board/sleeper.h"

#include <gtest/gtest.h>
#include <poll.h>

#include <chrono>
#include <cstdlib>

#include "tests/files.h"

namespace picube {
namespace {

constexpr Instant At(int second) { return Instant{} + std::chrono::seconds(100 + second); }

// What became of the command; gives up after half a minute.
std::optional<std::string> Await(Sleeper& sleeper) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (std::chrono::steady_clock::now() < end) {
    if (auto trouble = sleeper.TakeTrouble()) return trouble;
    ::poll(nullptr, 0, 10);
  }
  return std::nullopt;
}

TEST(Sleep, TheCommandGetsTheSecondsAndIsNotRepeatedMeanwhile) {
  Sleeper sleeper("/usr/bin/test 600 =");
  ASSERT_TRUE(sleeper.MaySleep());
  EXPECT_TRUE(sleeper.Sleep(600s, At(0)));
  EXPECT_TRUE(sleeper.Sleep(600s, At(1)));
  // `test 600 = 600` is true; with any other word it would be trouble.
  Sleeper wrong("/usr/bin/test 601 =");
  EXPECT_TRUE(wrong.Sleep(600s, At(0)));
  const auto trouble = Await(wrong);
  ASSERT_TRUE(trouble);
  EXPECT_NE(trouble->find("did not put this machine to sleep"), std::string::npos);
  EXPECT_TRUE(wrong.Sleep(600s, At(2))) << "not again within the span, and that is no error";
  EXPECT_FALSE(wrong.TakeTrouble());
}

TEST(Sleep, WithoutACommandThereIsNone) {
  Sleeper sleeper("");
  EXPECT_FALSE(sleeper.MaySleep());
  EXPECT_TRUE(sleeper.Sleep(600s, At(0)));
}

TEST(Sleep, ACommandThatIsNotThereIsAnError) {
  Sleeper sleeper("/no/such/program");
  const Status begun = sleeper.Sleep(600s, At(0));
  if (begun) GTEST_SKIP() << "skipped: an emulator does not say that a program is not there";
  EXPECT_NE(begun.error().what.find("/no/such/program"), std::string::npos);
}

TEST(Sleep, TheScriptForAPi5SetsTheAlarmAndHalts) {
  const test::Folder folder;
  static_cast<void>(folder.Write("wakealarm", ""));
  const std::string script = std::string(PICUBE_DEPLOY) + "/power/picube-sleep";
  const std::string run = "PICUBE_RTC=" + folder.Path().string() + " PICUBE_HALT='touch " +
                          (folder / "halted").string() + "' sh " + script;
  EXPECT_EQ(std::system((run + " 600").c_str()), 0);
  EXPECT_EQ(test::ReadText(folder / "wakealarm"), "+600\n");
  EXPECT_TRUE(std::filesystem::exists(folder / "halted"));
  std::filesystem::remove(folder / "halted");
  for (const char* wrong : {" ", " 10", " 1h", " -5"}) {
    EXPECT_NE(std::system((run + wrong + " 2>/dev/null").c_str()), 0) << wrong;
    EXPECT_FALSE(std::filesystem::exists(folder / "halted")) << wrong;
  }
}

}  // namespace
}  // namespace picube
