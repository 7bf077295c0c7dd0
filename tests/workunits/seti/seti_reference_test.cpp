// The search of the reference work unit that takes a minute.
#include <gtest/gtest.h>

#include <fstream>
#include <set>

#include "tests/workunits/seti/seti_recordings.h"
#include "tests/workunits/support.h"
#include "workunits/seti/seti.h"

namespace picube {
namespace {

TEST(SetiReference, SixHertzASecondHaveExactlyTheTenOfficialSpikes) {
  PICUBE_NEEDS_DATA(unit, test::kReference);
  const test::Folder folder;
  const auto application = MakeSetiApplication();
  const Parameters parameters = {
      {"chirp", "6"}, {"fft-length", "131072"}, {"threshold", "22"}, {"kinds", "spikes"}};
  const auto product =
      test::RunAll(*application, {{{"reference", *unit}}}, parameters, 2, folder.Path());
  ASSERT_EQ(product.size(), 3U);
  // k, block, bin
  const std::set<std::string> known = {
      "573,7,44816",  "575,7,44811",  "1270,2,14855", "-2123,6,36853", "-2128,1,6330",
      "-2130,1,6331", "-2132,1,6332", "-2134,1,6333", "2861,0,38861",  "2862,0,38861"};
  std::set<std::string> found;
  std::ifstream csv(product[0].path);
  std::string line;
  std::getline(csv, line);
  while (std::getline(csv, line)) {
    const auto cell = test::Cells(line);
    if (cell[12] == "0") found.insert(cell[0] + "," + cell[3] + "," + cell[4]);
  }
  EXPECT_EQ(found, known);
}

}  // namespace
}  // namespace picube
