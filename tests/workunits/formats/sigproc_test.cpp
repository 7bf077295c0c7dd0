#include "workunits/formats/sigproc.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/workunits/support.h"
#include "workunits/bytes.h"

namespace picube {
namespace {

SigprocHeader Small(int nbits, int nchans, int nifs = 1) {
  SigprocHeader header;
  header.source_name = "made";
  header.nbits = nbits;
  header.nchans = nchans;
  header.nifs = nifs;
  header.tsamp = 0.001;
  header.fch1 = 1500;
  header.foff = -1;
  return header;
}

// A header with one more keyword before HEADER_END.
Bytes WithKeyword(const SigprocHeader& header, const std::string& keyword, const Bytes& value) {
  Bytes bytes = WriteSigprocHeader(header);
  ByteWriter size;
  size.U32(static_cast<std::uint32_t>(keyword.size()));
  bytes.insert(bytes.size() - 14, size.Take() + keyword + value);
  return bytes;
}

std::string HeaderError(const Bytes& bytes) {
  const auto header = ParseSigprocHeader(bytes, "x.fil");
  if (header) return "";
  EXPECT_EQ(header.error().kind, ErrorKind::kUser);
  EXPECT_NE(header.error().what.find("x.fil"), std::string::npos) << header.error().what;
  return header.error().Text();
}

std::string HeaderError(const SigprocHeader& header) {
  return HeaderError(WriteSigprocHeader(header));
}

std::string OpenError(const std::filesystem::path& path) {
  const auto file = SigprocFile::Open(path, "x.fil");
  return file ? "" : file.error().Text();
}

void ExpectPart(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << "got: " << text;
}

// The sum of a file's values, read in pieces of `rows` rows.
double SumOf(const SigprocFile& file, std::uint64_t rows) {
  const std::uint64_t width = file.Header().ValuesPerRow();
  std::vector<float> values(rows * width);
  double sum = 0;
  for (std::uint64_t row = 0; row < file.Rows(); row += rows) {
    const std::uint64_t count = std::min(rows, file.Rows() - row);
    EXPECT_TRUE(file.ReadRows(row, count, 0, width, values.data()));
    for (std::uint64_t i = 0; i < count * width; ++i) sum += static_cast<double>(values[i]);
  }
  return sum;
}

TEST(Sigproc, TwoBitFilterbankHasItsSumAndHeader) {
  PICUBE_NEEDS_DATA(path, "pulsar/tutorial.fil");
  const auto file = SigprocFile::Open(*path, "tutorial.fil");
  ASSERT_TRUE(file) << file.error().Text();
  EXPECT_EQ(file->Header().header_bytes, 244U);
  EXPECT_EQ(file->Header().nchans, 64);
  EXPECT_EQ(file->Header().source_name, "P: 250.000000000000 ms, DM: 30.000");
  EXPECT_DOUBLE_EQ(file->Header().Frequency(63), 1510 - 63 * 1.09);
  EXPECT_EQ(file->Rows(), 187'520U);
  EXPECT_EQ(SumOf(*file, 10'007), 19'638'770.0);
}

TEST(Sigproc, EightBitFilterbankHasItsSumAndEnds) {
  PICUBE_NEEDS_DATA(path, "pulsar/parkes_8bit_1.fil");
  const auto file = SigprocFile::Open(*path, "parkes");
  ASSERT_TRUE(file) << file.error().Text();
  EXPECT_EQ(file->Header().header_bytes, 351U);
  EXPECT_EQ(file->Rows(), 4096U);
  EXPECT_EQ(SumOf(*file, 1000), 436'194'585.0);
  std::int32_t ends[4];
  ASSERT_TRUE(file->ReadRows(0, 1, 0, 4, ends));
  EXPECT_EQ(std::vector<std::int32_t>(ends, ends + 4), (std::vector{113, 136, 142, 92}));
  ASSERT_TRUE(file->ReadRows(4095, 1, 828, 4, ends));
  EXPECT_EQ(std::vector<std::int32_t>(ends, ends + 4), (std::vector{107, 109, 129, 102}));
}

TEST(Sigproc, FloatFilterbankAndSeriesAreRead) {
  PICUBE_NEEDS_DATA(path, "gbt_sgrb2/gbt_diag_sgr_b2_sample.fil");
  PICUBE_NEEDS_DATA(series, "pulsar/GBT_J1807-0847.tim");
  const auto file = SigprocFile::Open(*path, "gbt");
  ASSERT_TRUE(file) << file.error().Text();
  EXPECT_EQ(file->Header().header_bytes, 394U);
  EXPECT_EQ(file->Header().ibeam, -1);
  std::vector<float> all(32 * 1024);
  ASSERT_TRUE(file->ReadRows(0, 32, 0, 1024, all.data()));
  EXPECT_EQ(all[0], 688935.5F);
  EXPECT_EQ(all[1], 346375.78F);
  EXPECT_EQ(all[2], 270871.44F);
  EXPECT_EQ(*std::min_element(all.begin(), all.end()), 15350.96F);
  EXPECT_EQ(*std::max_element(all.begin(), all.end()), 2128375.5F);
  const auto tim = SigprocFile::Open(*series, "GBT_J1807-0847.tim");
  ASSERT_TRUE(tim) << tim.error().Text();
  EXPECT_EQ(tim->Rows(), 131'130U);
  EXPECT_EQ(tim->Header().data_type, 2);
  EXPECT_DOUBLE_EQ(tim->Header().refdm, 112.3802);
}

TEST(Sigproc, EveryWidthIsReadBackInEveryRange) {
  for (const int nbits : {1, 2, 4, 8, -8, 16, 32}) {
    SigprocHeader header = Small(std::abs(nbits), 24, 2);
    header.is_signed = nbits < 0 ? 1 : 0;
    std::vector<float> values;
    for (int i = 0; i < 48 * 7; ++i) {
      const int most = nbits == 32 ? 1'000'000 : (1 << std::min(std::abs(nbits), 16)) - 1;
      values.push_back(static_cast<float>(i * 7919 % (most + 1) + (nbits < 0 ? -128 : 0)));
    }
    const test::Folder folder;
    const auto path =
        folder.Write("x.fil", WriteSigprocHeader(header) + PackSigproc(header, values));
    const auto file = SigprocFile::Open(path, "x.fil");
    ASSERT_TRUE(file) << file.error().Text();
    ASSERT_EQ(file->Rows(), 7U);
    for (const auto& [first, channels] : {std::pair{0U, 48U}, {5U, 30U}, {47U, 1U}, {3U, 0U}}) {
      std::vector<float> out(3 * channels);
      ASSERT_TRUE(file->ReadRows(2, 3, first, channels, out.data()));
      for (std::uint64_t i = 0; i < out.size(); ++i) {
        EXPECT_EQ(out[i], values[(2 + i / channels) * 48 + first + i % channels]) << nbits;
      }
      if (nbits == 32) continue;
      std::vector<std::int32_t> exact(3 * channels);
      ASSERT_TRUE(file->ReadRows(2, 3, first, channels, exact.data()));
      for (std::uint64_t i = 0; i < out.size(); ++i) {
        EXPECT_EQ(static_cast<float>(exact[i]), out[i]);
      }
    }
  }
}

TEST(Sigproc, LongRowsAreReadInPartsOnly) {
  SigprocHeader header = Small(16, 20'000);
  header.foff = -0.01;
  std::vector<float> values(60'000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(i % 65'521);
  const test::Folder folder;
  const auto path = folder.Write("x.fil", WriteSigprocHeader(header) + PackSigproc(header, values));
  const auto file = SigprocFile::Open(path, "x.fil");
  ASSERT_TRUE(file) << file.error().Text();
  std::vector<float> out(2 * 3);
  ASSERT_TRUE(file->ReadRows(1, 2, 19'990, 3, out.data()));
  EXPECT_EQ(out, (std::vector<float>{39'990, 39'991, 39'992, 59'990, 59'991, 59'992}));
}

TEST(Sigproc, OneBitSeriesHasAllItsSamples) {
  SigprocHeader header = Small(1, 1);
  header.data_type = 2;
  const test::Folder folder;
  const auto path = folder.Write("x.tim", WriteSigprocHeader(header) + "\x05\x80");
  const auto file = SigprocFile::Open(path, "x.tim");
  ASSERT_TRUE(file) << file.error().Text();
  EXPECT_EQ(file->Rows(), 16U);
  std::int32_t out[16];
  ASSERT_TRUE(file->ReadRows(0, 16, 0, 1, out));
  EXPECT_EQ(std::vector<std::int32_t>(out, out + 16),
            (std::vector{1, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}));
}

TEST(Sigproc, HeaderSurvivesItsBytes) {
  SigprocHeader header = Small(8, 3, 2);
  header.is_signed = 1;
  header.src_raj = 180737.9999;
  header.refdm = 112.3802;
  header.nsamples = 77;
  header.ibeam = -1;
  header.period = 0.25;
  const auto read = ParseSigprocHeader(WriteSigprocHeader(header), "x.fil");
  ASSERT_TRUE(read) << read.error().Text();
  EXPECT_EQ(WriteSigprocHeader(*read), WriteSigprocHeader(header));
  EXPECT_EQ(read->ibeam, -1);
  EXPECT_EQ(read->nsamples, 77);
}

TEST(Sigproc, SampleCountComesFromTheSizeNotFromTheHeader) {
  SigprocHeader header = Small(8, 2);
  header.nsamples = 1'000'000;
  const test::Folder folder;
  const auto path = folder.Write("x.fil", WriteSigprocHeader(header) + "abcdef");
  const auto file = SigprocFile::Open(path, "x.fil");
  ASSERT_TRUE(file);
  EXPECT_EQ(file->Rows(), 3U);
}

TEST(Sigproc, LyingFieldsAreNamed) {
  const auto with = [](auto member, auto value) {
    SigprocHeader header = Small(8, 4);
    header.*member = value;
    return HeaderError(header);
  };
  EXPECT_EQ(HeaderError(Small(8, 4)), "");
  ExpectPart(with(&SigprocHeader::nbits, 3), "nbits 3 is not 1, 2, 4, 8, 16 or 32");
  ExpectPart(with(&SigprocHeader::nbits, -8), "nbits -8");
  ExpectPart(with(&SigprocHeader::nchans, 0), "nchans 0");
  ExpectPart(with(&SigprocHeader::nchans, -5), "nchans -5");
  ExpectPart(with(&SigprocHeader::nifs, 0), "nifs 0");
  ExpectPart(with(&SigprocHeader::nifs, 1'000'000), "nifs 1000000");
  ExpectPart(with(&SigprocHeader::tsamp, 0.0), "tsamp 0 s");
  ExpectPart(with(&SigprocHeader::tsamp, -1.0), "tsamp -1 s");
  ExpectPart(with(&SigprocHeader::foff, 0.0), "foff is 0");
  ExpectPart(with(&SigprocHeader::foff, -600.0), "1500 to -300 MHz");
  ExpectPart(with(&SigprocHeader::fch1, 1e300), "no frequencies");
  ExpectPart(with(&SigprocHeader::data_type, 9), "data_type 9");
  ExpectPart(with(&SigprocHeader::is_signed, 7), "signed 7");
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const auto member :
       {&SigprocHeader::tsamp, &SigprocHeader::fch1, &SigprocHeader::foff, &SigprocHeader::tstart,
        &SigprocHeader::src_raj, &SigprocHeader::refdm}) {
    ExpectPart(with(member, nan), "is not a finite number");
    ExpectPart(with(member, HUGE_VAL), "is not a finite number");
  }
  SigprocHeader wide = Small(16, 4);
  ExpectPart(HeaderError(WithKeyword(wide, "signed", Bytes(1, '\1'))), "signed 1 with nbits 16");
}

TEST(Sigproc, UnknownKeywordIsNamed) {
  ExpectPart(HeaderError(WithKeyword(Small(8, 4), "my_field", Bytes(4, '\0'))),
             "unknown keyword 'my_field'");
  ExpectPart(HeaderError(WithKeyword(Small(8, 4), "tsamp", Bytes(8, '\0'))), "tsamp twice");
}

TEST(Sigproc, EveryCutOfAHeaderIsRefused) {
  const Bytes bytes = WriteSigprocHeader(Small(8, 4));
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_NE(HeaderError(bytes.substr(0, size)), "") << size;
  }
  ExpectPart(HeaderError(Bytes()), "empty");
  ExpectPart(HeaderError("NOT A FILTERBANK AT ALL"), "not a SIGPROC file");
  Bytes lying = bytes;
  lying[19] = '\x7f';  // the top byte of the first keyword's length
  ExpectPart(HeaderError(lying), "does not begin a keyword");
}

TEST(Sigproc, TruncatedDataAreRefused) {
  const test::Folder folder;
  const Bytes head = WriteSigprocHeader(Small(8, 4));
  ExpectPart(OpenError(folder.Write("none.fil", head)), "truncated: 0 bytes follow the header");
  ExpectPart(OpenError(folder.Write("part.fil", head + "abc")), "truncated: 3 bytes follow");
  const std::string error = OpenError(folder.Write("cut.fil", head + "abcdefghij"));
  ExpectPart(error, "ends within row 2");
  ExpectPart(error, "--size=" + std::to_string(head.size() + 8));
  ExpectPart(OpenError(folder / "absent.fil"), "cannot be opened");
  ExpectPart(OpenError(folder.Path()), "cannot be opened");
  SigprocHeader huge = Small(32, std::numeric_limits<std::int32_t>::max(), 64);
  huge.foff = -1e-7;
  ExpectPart(OpenError(folder.Write("huge.fil", WriteSigprocHeader(huge) + "abcd")), "truncated");
}

TEST(Sigproc, FileThatShrinksWhileReadIsAnError) {
  const test::Folder folder;
  const Bytes head = WriteSigprocHeader(Small(8, 4));
  const auto path = folder.Write("x.fil", head + std::string(4000, 'x'));
  const auto file = SigprocFile::Open(path, "x.fil");
  ASSERT_TRUE(file);
  std::filesystem::resize_file(path, head.size() + 100);
  std::vector<float> out(4000);
  EXPECT_TRUE(file->ReadRows(0, 25, 0, 4, out.data()));
  const auto read = file->ReadRows(0, 1000, 0, 4, out.data());
  ASSERT_FALSE(read);
  ExpectPart(read.error().Text(), "has become shorter");
}

TEST(Sigproc, PackedValuesAreRoundedAndClamped) {
  SigprocHeader header = Small(8, 1);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(PackSigproc(header, std::vector<float>{1.5F, -3, 300, nan}), Bytes("\2\0\xff\0", 4));
  header.is_signed = 1;
  EXPECT_EQ(PackSigproc(header, std::vector<float>{-200, 127.6F}), Bytes("\x80\x7f", 2));
}

}  // namespace
}  // namespace picube
