#include "workunits/formats/strain.h"

#include <gtest/gtest.h>

#include <array>
#include <limits>

#include "tests/files.h"
#include "tests/workunits/support.h"
#include "workunits/formats/hdf5.h"
#include "workunits/hdf5/writer.h"

namespace picube {
namespace {

Strain Made() { return {"H1", 1e9, 256, std::vector<double>(4096, 1e-21)}; }

TEST(Strain, IsReadAsItWasWritten) {
  const test::Folder folder;
  ASSERT_TRUE(WriteStrain(folder / "s.hdf5", Made()));
  const auto strain = ReadStrain(folder / "s.hdf5", "s.hdf5");
  ASSERT_TRUE(strain) << strain.error().Text();
  EXPECT_EQ(strain->detector, "H1");
  EXPECT_EQ(strain->start, 1e9);
  EXPECT_EQ(strain->rate, 256);
  EXPECT_EQ(strain->samples, Made().samples);
  EXPECT_EQ(*KindOfStrainFile(folder / "s.hdf5", "s"), StrainFileKind::kStrain);
}

TEST(Strain, GivenTemplatesAreReadAsTheyWereWritten) {
  const test::Folder folder;
  const GivenTemplate given{"GW", {1, 2, 3, 4}, {5, 6, 7, 8}};
  ASSERT_TRUE(WriteGivenTemplate(folder / "t.hdf5", given));
  const auto read = ReadGivenTemplate(folder / "t.hdf5", "t");
  ASSERT_TRUE(read) << read.error().Text();
  EXPECT_EQ(read->name, "GW");
  EXPECT_EQ(read->plus, given.plus);
  EXPECT_EQ(read->cross, given.cross);
  EXPECT_EQ(*KindOfStrainFile(folder / "t.hdf5", "t"), StrainFileKind::kTemplate);
}

// A file whose attributes lie.
void Write(const test::Folder& folder, double spacing, double points, const std::string& detector,
           std::uint32_t mask, std::size_t seconds) {
  auto writer = Hdf5Writer::Create(folder / "s.hdf5");
  ASSERT_TRUE(writer);
  const std::vector<double> samples(4096, 1e-21);
  const std::array<std::uint64_t, 1> size{samples.size()};
  ASSERT_TRUE(writer->Put("strain/Strain", size, std::span(samples)));
  ASSERT_TRUE(writer->PutNumber("strain/Strain", "Xstart", 1e9));
  ASSERT_TRUE(writer->PutNumber("strain/Strain", "Xspacing", spacing));
  ASSERT_TRUE(writer->PutNumber("strain/Strain", "Npoints", points));
  std::vector<std::uint32_t> bits(seconds, 127);
  bits.back() = mask;
  const std::array<std::uint64_t, 1> count{seconds};
  ASSERT_TRUE(writer->Put("quality/simple/DQmask", count, std::span<const std::uint32_t>(bits)));
  ASSERT_TRUE(writer->PutTextDataset("meta/Detector", detector));
}

TEST(Strain, LyingFilesAreRefused) {
  const test::Folder folder;
  const auto error = [&] {
    const auto strain = ReadStrain(folder / "s.hdf5", "s.hdf5");
    return strain ? std::string("no error") : strain.error().Text();
  };
  Write(folder, 1.0 / 256, 4096, "H1", 127, 16);
  EXPECT_EQ(error(), "no error");
  Write(folder, 0, 4096, "H1", 127, 16);
  EXPECT_NE(error().find("Xspacing"), std::string::npos) << error();
  Write(folder, 0.0037, 4096, "H1", 127, 16);
  EXPECT_NE(error().find("Xspacing"), std::string::npos) << error();
  Write(folder, 1.0 / 256, 4095, "H1", 127, 16);
  EXPECT_NE(error().find("Npoints"), std::string::npos) << error();
  Write(folder, 1.0 / 256, 4096, "../x", 127, 16);
  EXPECT_NE(error().find("meta/Detector"), std::string::npos) << error();
  Write(folder, 1.0 / 256, 4096, "H1", 126, 16);
  EXPECT_NE(error().find("no data in second 15"), std::string::npos) << error();
  Write(folder, 1.0 / 256, 4096, "H1", 127, 15);
  EXPECT_NE(error().find("DQmask"), std::string::npos) << error();
  EXPECT_NE(KindOfStrainFile(folder.Write("x", "text"), "x").error().Text().find("x: it cannot"),
            std::string::npos);
}

TEST(Strain, SamplesThatAreNotNumbersAreNamed) {
  const test::Folder folder;
  for (const double bad :
       {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    Strain strain = Made();
    strain.samples[700] = bad;
    ASSERT_TRUE(WriteStrain(folder / "s.hdf5", strain));
    const auto read = ReadStrain(folder / "s.hdf5", "s.hdf5");
    ASSERT_FALSE(read);
    EXPECT_NE(read.error().what.find("not a number at sample 700"), std::string::npos);
  }
}

}  // namespace
}  // namespace picube
