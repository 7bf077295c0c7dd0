#include "workunits/formats/hdf5.h"

#include <gtest/gtest.h>
#include <hdf5.h>

#include <array>
#include <numeric>

#include "tests/files.h"
#include "tests/workunits/support.h"
#include "workunits/hdf5/writer.h"

namespace picube {
namespace {

using Sizes = std::vector<std::uint64_t>;

std::vector<float> Ramp(std::size_t size) {
  std::vector<float> values(size);
  std::iota(values.begin(), values.end(), 1.0F);
  return values;
}

void ExpectError(const Error& error, const std::string& part) {
  EXPECT_EQ(error.kind, ErrorKind::kUser);
  EXPECT_NE(error.Text().find(part), std::string::npos) << error.Text();
}

// data: 6 x 1 x 8 floats in chunks of two rows, with attributes.
std::filesystem::path Made(const test::Folder& folder, Hdf5Filter filter = Hdf5Filter::kGzip) {
  auto writer = Hdf5Writer::Create(folder / "made.h5");
  EXPECT_TRUE(writer);
  EXPECT_TRUE(writer->Put("data", Sizes{6, 1, 8}, std::span<const float>(Ramp(48)), {2, filter}));
  EXPECT_TRUE(writer->PutNumber("data", "fch1", 8419.25));
  EXPECT_TRUE(writer->PutText("data", "source_name", "Voyager1", true));
  EXPECT_TRUE(writer->PutText("meta", "note", "fixed"));
  EXPECT_TRUE(writer->PutTextDataset("meta/Detector", "H1"));
  return folder / "made.h5";
}

void ExpectMiddleOfRamp(const Hdf5Dataset& data) {
  std::array<float, 6> part{};
  ASSERT_TRUE(data.Read(Sizes{1, 0, 2}, Sizes{2, 1, 3}, std::span<float>(part)));
  EXPECT_EQ(part, (std::array<float, 6>{11, 12, 13, 19, 20, 21}));
}

TEST(Hdf5, PartsOfWhatWasWrittenAreReadBack) {
  const test::Folder folder;
  const auto file = Hdf5File::Open(Made(folder), "made.h5");
  ASSERT_TRUE(file);
  const auto data = file->Dataset("data");
  ASSERT_TRUE(data) << data.error().Text();
  EXPECT_EQ(data->Shape(), (Sizes{6, 1, 8}));
  EXPECT_EQ(data->ChunkShape(), (Sizes{2, 1, 8}));
  ExpectMiddleOfRamp(*data);
  EXPECT_EQ(file->Number("data", "fch1"), 8419.25);
  EXPECT_EQ(file->Text("data", "source_name"), "Voyager1");
  EXPECT_EQ(file->Text("meta", "note"), "fixed");
  EXPECT_EQ(file->TextDataset("meta/Detector"), "H1");
}

TEST(Hdf5, BitshuffledValuesAreRead) {
  if (!Hdf5HasFilter(Hdf5Filter::kBitshuffleLz4)) GTEST_SKIP() << "skipped: no bitshuffle";
  const test::Folder folder;
  const auto file = Hdf5File::Open(Made(folder, Hdf5Filter::kBitshuffleLz4), "made.h5");
  ASSERT_TRUE(file);
  const auto data = file->Dataset("data");
  ASSERT_TRUE(data) << data.error().Text();
  ExpectMiddleOfRamp(*data);
}

// A filter that only this test has, and only while it writes.
std::size_t AsItIs(unsigned, std::size_t, const unsigned*, std::size_t bytes, std::size_t*,
                   void**) {
  return bytes;
}
void WriteWithFilter(const std::filesystem::path& path, int filter) {
  const H5Z_class2_t known = {H5Z_CLASS_T_VERS, filter, 1, 1, "test", nullptr, nullptr, AsItIs};
  ASSERT_GE(H5Zregister(&known), 0);
  const hid_t file = H5Fcreate(path.c_str(), H5F_ACC_TRUNC, H5P_DEFAULT, H5P_DEFAULT);
  const hsize_t size = 4;
  const hid_t space = H5Screate_simple(1, &size, nullptr);
  const hid_t list = H5Pcreate(H5P_DATASET_CREATE);
  H5Pset_chunk(list, 1, &size);
  H5Pset_filter(list, filter, H5Z_FLAG_MANDATORY, 0, nullptr);
  const hid_t data =
      H5Dcreate2(file, "data", H5T_NATIVE_FLOAT, space, H5P_DEFAULT, list, H5P_DEFAULT);
  const std::array<float, 4> values{};
  EXPECT_GE(H5Dwrite(data, H5T_NATIVE_FLOAT, H5S_ALL, H5S_ALL, H5P_DEFAULT, values.data()), 0);
  H5Dclose(data), H5Pclose(list), H5Sclose(space), H5Fclose(file);
  ASSERT_GE(H5Zunregister(filter), 0);
}

TEST(Hdf5, AMissingFilterNamesItsPackage) {
  const test::Folder folder;
  WriteWithFilter(folder / "zfp.h5", 32013);
  const auto zfp = Hdf5File::Open(folder / "zfp.h5", "zfp.h5");
  ASSERT_TRUE(zfp);
  ExpectError(zfp->Dataset("data").error(), "zfp.h5, dataset data: it is packed with filter 32013");
  ExpectError(zfp->Dataset("data").error(), "package hdf5-filter-plugin-zfp-serial");
  WriteWithFilter(folder / "odd.h5", 300);
  ExpectError(Hdf5File::Open(folder / "odd.h5", "odd.h5")->Dataset("data").error(), "h5repack");
}

TEST(Hdf5, WhatIsNotThereIsSaid) {
  const test::Folder folder;
  const auto file = Hdf5File::Open(Made(folder), "made.h5");
  ASSERT_TRUE(file);
  EXPECT_FALSE(file->Has("no/such/group"));
  ExpectError(file->Dataset("strain/Strain").error(), "dataset strain/Strain: it is not there");
  ExpectError(file->Dataset("meta/Detector").error(), "its values are not numbers");
  ExpectError(file->Dataset("meta").error(), "made.h5, dataset meta");
  ExpectError(file->Number("data", "nchans").error(), "attribute nchans of data: it is not there");
  ExpectError(file->Number("data", "source_name").error(), "it is not a number");
  ExpectError(file->Text("data", "fch1").error(), "it is not a text");
  ExpectError(file->TextDataset("data").error(), "it is not one value");
  std::array<float, 8> part{};
  ExpectError(
      file->Dataset("data")->Read(Sizes{5, 0, 1}, Sizes{1, 1, 8}, std::span<float>(part)).error(),
      "the part asked for is not inside it");
}

TEST(Hdf5, AnythingElseThanHdf5IsRefused) {
  const test::Folder folder;
  ExpectError(Hdf5File::Open(folder.Write("t.h5", "text"), "t.h5").error(), "t.h5: it cannot be");
  ExpectError(Hdf5File::Open(folder.Write("e.h5", ""), "e.h5").error(), "read as HDF5");
  ExpectError(Hdf5File::Open(folder / "none.h5", "none.h5").error(), "cannot be opened");
}

TEST(Hdf5, AFileCutAnywhereIsAnErrorOrHasItsValues) {
  const test::Folder folder;
  const std::string whole = test::ReadText(Made(folder));
  for (std::size_t size = 0; size < whole.size(); size += 61) {
    const auto file = Hdf5File::Open(folder.Write("cut.h5", whole.substr(0, size)), "cut.h5");
    if (!file) continue;
    const auto data = file->Dataset("data");
    std::vector<float> values(48);
    if (!data || !data->Read(Sizes{0, 0, 0}, Sizes{6, 1, 8}, std::span<float>(values))) continue;
    EXPECT_EQ(values, Ramp(48)) << size;
  }
}

// Files that have made the library read beyond its memory, use what it had freed, or ask for more
// than there is: all that the fuzzers keep.
TEST(Hdf5, FilesMadeToBreakTheLibraryAreErrorsAtWorst) {
  std::size_t files = 0;
  for (const char* target : {"hdf5", "gw", "drift"}) {
    const auto folder = std::filesystem::path(PICUBE_CORPUS) / target;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      const auto file = Hdf5File::Open(entry.path(), "kept.h5");
      ++files;
      if (!file) continue;
      for (const char* name : {"data", "strain/Strain", "quality/simple/DQmask", "template"}) {
        if (const auto dataset = file->Dataset(name)) {
          std::array<float, 1> value{};
          const Sizes start(dataset->Shape().size(), 0);
          const Sizes count(dataset->Shape().size(), 1);
          static_cast<void>(dataset->Read(start, count, std::span<float>(value)));
        }
        for (const char* attribute : {"nchans", "source_name", "Xstart", "Xunits"}) {
          static_cast<void>(file->Number(name, attribute));
          static_cast<void>(file->Text(name, attribute));
        }
      }
      static_cast<void>(file->TextDataset("meta/Detector"));
    }
  }
  EXPECT_GE(files, 6U);
}

TEST(Hdf5, ALargeBlockIsReadInPieces) {
  const test::Folder folder;
  const Sizes shape{3, 700'000};
  std::vector<double> values(3 * 700'000);
  std::iota(values.begin(), values.end(), 0.0);
  {
    auto writer = Hdf5Writer::Create(folder / "large.h5");
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->Put("data", shape, std::span<const double>(values)));
  }
  const auto file = Hdf5File::Open(folder / "large.h5", "large.h5");
  ASSERT_TRUE(file);
  std::vector<double> read(values.size());
  ASSERT_TRUE(file->Dataset("data")->Read(Sizes{0, 0}, shape, std::span<double>(read)));
  EXPECT_EQ(read, values);
}

TEST(Hdf5, RealStrainIsRead) {
  PICUBE_NEEDS_DATA(path, "gw150914/H-H1_LOSC_4_V2-1126259446-32.hdf5");
  const auto file = Hdf5File::Open(*path, "H1");
  ASSERT_TRUE(file);
  const auto strain = file->Dataset("strain/Strain");
  ASSERT_TRUE(strain);
  EXPECT_EQ(strain->Shape(), (Sizes{131072}));
  std::vector<double> values(131072);
  ASSERT_TRUE(strain->Read(Sizes{0}, Sizes{131072}, std::span<double>(values)));
  EXPECT_NEAR(values[0], 2.1771e-19, 1e-22);
  EXPECT_EQ(file->Number("strain/Strain", "Xstart"), 1126259446.0);
  EXPECT_EQ(file->Number("strain/Strain", "Xspacing"), 1.0 / 4096);
  EXPECT_EQ(file->TextDataset("meta/Detector"), "H1");
}

}  // namespace
}  // namespace picube
