// Blind searches of ranges of drift rates, with all lengths and kinds: the official signals, and
// nothing else above the thresholds and half a percent.
#include <gtest/gtest.h>

#include <map>

#include "tests/workunits/seti/seti_recordings.h"
#include "tests/workunits/support.h"
#include "workunits/seti/seti.h"

namespace picube {
namespace {

// Reported signals by kind, of |chirp| in [low, high].
std::map<std::string, int> Reported(const std::filesystem::path& unit, const std::string& low,
                                    const std::string& high) {
  const auto application = MakeSetiApplication();
  std::map<std::string, int> count;
  for (const bool negative : {false, true}) {
    const test::Folder out;
    const std::string range = negative ? "-" + high + ":-" + low : low + ":" + high;
    static_cast<void>(test::RunAll(*application, {{{"unit.sah", unit}}},
                                   {{"chirp", range}, {"units", "2"}}, 2, out.Path()));
    std::istringstream lines(test::ReadText(out / "signals.csv"));
    std::string line;
    std::getline(lines, line);
    while (std::getline(lines, line)) {
      const auto cells = test::Cells(line);
      if (cells.at(12) == "0") ++count[cells.at(14)];
    }
  }
  return count;
}

using Counts = std::map<std::string, int>;

TEST(SetiBlind, ReferenceUnitHasItsSignalsAndNoOther) {
  PICUBE_NEEDS_DATA(unit, test::kReference);
  EXPECT_EQ(Reported(*unit, "3.92", "3.95"), (Counts{{"spike", 5}}));
  EXPECT_EQ(Reported(*unit, "30.6", "30.8"), (Counts{{"pulse", 1}}));
  EXPECT_EQ(Reported(*unit, "39.1", "39.25"), Counts{});
}

TEST(SetiBlind, RealUnitHasItsSignalsAndNoOther) {
  PICUBE_NEEDS_DATA(unit, test::kReal);
  EXPECT_EQ(Reported(*unit, "0.84", "0.86"), (Counts{{"pulse", 1}}));
  EXPECT_EQ(Reported(*unit, "11.40", "11.44"), (Counts{{"autocorr", 1}, {"spike", 4}}));
  EXPECT_EQ(Reported(*unit, "89.60", "89.65"), (Counts{{"pulse", 1}}));
}

}  // namespace
}  // namespace picube
