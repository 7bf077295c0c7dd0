#include "cli/text.h"

#include <gtest/gtest.h>

namespace picube {
namespace {

TEST(Text, ControlCharactersOfAStrangersNameAreNotPrinted) {
  EXPECT_EQ(Clean("pi\x1b[2Jcube\n"), "pi?[2Jcube?");
  EXPECT_EQ(Clean("\xc2\x9b"
                  "31m"),
            "?31m");  // the one-character form of ESC [
  EXPECT_EQ(Clean("Würfel – π"), "Würfel – π");
}

TEST(Text, BrokenUtf8BecomesQuestionMarks) {
  EXPECT_EQ(Clean("a\xff"
                  "b"),
            "a?b");
  EXPECT_EQ(Clean("\xc3"), "?");            // cut
  EXPECT_EQ(Clean("\xc0\xaf"), "??");       // overlong
  EXPECT_EQ(Clean("\xed\xa0\x80"), "???");  // a surrogate
}

TEST(Text, ShorteningCountsCharactersNotBytes) {
  EXPECT_EQ(Shorten("Würfel", 6), "Würfel");
  EXPECT_EQ(Shorten("Würfelchen", 4), "Wür…");
  EXPECT_EQ(Columns(Shorten("Würfelchen", 4)), 4U);
}

TEST(Text, NumbersAreGroupedByThousands) {
  EXPECT_EQ(Grouped(0), "0");
  EXPECT_EQ(Grouped(999), "999");
  EXPECT_EQ(Grouped(1000), "1,000");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
}

TEST(Text, BytesAndTimesHaveOneUnitThatFits) {
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1536), "1.5 KiB");
  EXPECT_EQ(HumanBytes((1ULL << 20) - 1), "1.0 MiB");
  EXPECT_EQ(HumanBytes(~0ULL), "16.0 EiB");
  EXPECT_EQ(HumanFlop(2.5e12), "2.5 Tflop");
  EXPECT_EQ(HumanTime(840), "0.8 s");
  EXPECT_EQ(HumanTime(42'000), "42 s");
  EXPECT_EQ(HumanTime(185'000), "3 min 5 s");
  EXPECT_EQ(HumanTime(3'725'000), "1 h 2 min");
  EXPECT_EQ(HumanTime(187'200'000), "2 d 4 h");
  EXPECT_EQ(HumanSpan(86'400), "1 day");
  EXPECT_EQ(HumanSpan(7 * 86'400), "7 days");
  EXPECT_EQ(HumanSpan(36 * 3600), "36 hours");
  EXPECT_EQ(HumanSpan(60), "1 minute");
  EXPECT_EQ(HumanSpan(90), "1 min 30 s");
  EXPECT_EQ(HumanRate(12'500), "12.5/s");
  EXPECT_EQ(HumanRate(500), "0.50/s");
  EXPECT_EQ(HumanRate(12'345'678), "12,345/s");
}

TEST(Text, WallTimesAreUtc) {
  EXPECT_EQ(HumanWall({0}), "-");
  EXPECT_EQ(HumanWall({1'771'999'000'123}), "2026-02-25 05:56");
  EXPECT_EQ(StampWall({1'771'999'000'123}), "2026-02-25T05:56:40.123Z");
}

TEST(Text, SpansNeedAKnownUnit) {
  EXPECT_EQ(ParseSpanSeconds("90"), 90);
  EXPECT_EQ(ParseSpanSeconds("15m"), 900);
  EXPECT_EQ(ParseSpanSeconds("24h"), 86400);
  EXPECT_EQ(ParseSpanSeconds("7d"), 604800);
  for (const char* wrong :
       {"", "h", "-3h", "0", "3y", "1.5h", "99999999999999999999h", "300000000d"}) {
    EXPECT_EQ(ParseSpanSeconds(wrong), 0) << wrong;
  }
}

TEST(Text, NearestFindsSlipsAndLeavesStrangersAlone) {
  const std::vector<std::string> names{"status", "submit", "watch", "cancel"};
  EXPECT_EQ(Nearest("stauts", names), "status");
  EXPECT_EQ(Nearest("sumbit", names), "submit");
  EXPECT_EQ(Nearest("frobnicate", names), "");
}

TEST(Table, FitsItsWidthByShorteningTheFlexibleColumn) {
  Table table(
      {{.title = "ID", .right = true}, {.title = "NAME", .flexible = true}, {.title = "STATE"}});
  table.Add({"12", std::string(200, 'x'), "running"});
  table.Add({"3", "short", "done"});
  const std::string text = table.Text(40);
  EXPECT_EQ(text,
            "ID  NAME                         STATE\n"
            "12  xxxxxxxxxxxxxxxxxxxxxxxxxx…  running\n"
            " 3  short                        done\n");
}

TEST(TwoColumns, WrapTheRightPartAtColumnEighty) {
  const std::string text =
      TwoColumns("--chirp LO:HI", std::string(30, 'a') + " " + std::string(30, 'b'), 20);
  EXPECT_EQ(text, "  --chirp LO:HI     " + std::string(30, 'a') + "\n" + std::string(20, ' ') +
                      std::string(30, 'b') + "\n");
  EXPECT_EQ(TwoColumns("--a-very-long-option VALUE", "help", 12),
            "  --a-very-long-option VALUE\n            help\n");
}

}  // namespace
}  // namespace picube
