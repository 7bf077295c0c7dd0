#include "workunits/unit_input.h"

#include <gtest/gtest.h>

#include "tests/workunits/support.h"

namespace picube {
namespace {

TEST(UnitInput, IsReadWhole) {
  const test::Folder folder;
  EXPECT_EQ(ReadUnitInput(folder.Write("tile", std::string("a\0b", 3)), "drift"),
            std::string("a\0b", 3));
  EXPECT_EQ(ReadUnitInput(folder.Write("empty", ""), "drift"), "");
}

TEST(UnitInput, OneThatIsTooLargeIsForeignAndOneThatIsNotThereIsTheHostsFault) {
  const test::Folder folder;
  const auto large = ReadUnitInput(folder.Write("tile", "12345"), "drift", 4);
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().kind, ErrorKind::kUnit);
  EXPECT_EQ(large.error().Text(), ForeignInput("drift").Text());
  const auto missing = ReadUnitInput(folder.Path() / "none", "gw");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind, ErrorKind::kHost);
  EXPECT_EQ(missing.error().Text(), "An input of this gw unit cannot be read. Check the disk.");
  EXPECT_FALSE(ReadUnitInput(folder.Path(), "gw")) << "a folder is no input";
}

}  // namespace
}  // namespace picube
