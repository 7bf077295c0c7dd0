#include "workunits/formats/sah.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"
#include "tests/workunits/seti/seti_recordings.h"
#include "tests/workunits/support.h"

namespace picube {
namespace {

std::string ErrorOf(const std::string& text) {
  const auto unit = ParseSah(text, "x.sah");
  return unit ? "" : unit.error().Text();
}

std::string With(const std::string& from, const std::string& to) {
  std::string text = test::SmallRecording(1);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, from.size(), to);
}

void ExpectError(const std::string& text, const std::string& part) {
  const std::string error = ErrorOf(text);
  EXPECT_NE(error.find(part), std::string::npos) << "got: " << error;
  EXPECT_NE(error.find("x.sah"), std::string::npos) << "the file is named: " << error;
}

TEST(Sah, WrittenRecordingIsReadBack) {
  Rng rng(3);
  for (const std::size_t extra : {std::size_t{0}, std::size_t{3}}) {
    std::vector<std::uint8_t> packed(65536 / 4);
    for (auto& byte : packed) byte = static_cast<std::uint8_t>(rng.Below(256));
    std::string text = WriteSah(test::SmallHeader(), packed);
    text += std::string(extra, '\n');
    const auto unit = ParseSah(text, "x.sah");
    ASSERT_TRUE(unit) << unit.error().Text();
    EXPECT_EQ(unit->packed, packed);
    EXPECT_EQ(unit->header.name, "small");
    EXPECT_EQ(unit->header.sample_rate, 1000);
    EXPECT_EQ(unit->header.coordinates.size(), 2U);
    EXPECT_EQ(unit->header.chirps.size(), 1U);
  }
}

TEST(Sah, TheOneMissingByteIsTheStartOfTheClosingTag) {
  std::string text = test::SmallRecording(1);
  const auto whole = ParseSah(text, "x.sah");
  ASSERT_TRUE(whole);
  // 16,384 bytes are 5461 groups of three and one more byte: its four characters go.
  const std::size_t end = text.find("\n</data>");
  text.erase(end - 4, 4);
  const auto unit = ParseSah(text, "x.sah");
  ASSERT_TRUE(unit) << unit.error().Text();
  EXPECT_EQ(unit->packed[16382], 0xDC) << "the last byte of the file is the last but one decoded";
  EXPECT_EQ(unit->packed[16383], whole->packed[16383]);
}

TEST(Sah, EmptyFileIsRefused) { ExpectError("", "is empty"); }

TEST(Sah, BinaryGarbageIsRefused) {
  Rng rng(8);
  std::string garbage;
  for (int i = 0; i < 100'000; ++i) garbage.push_back(static_cast<char>(rng.Below(256)));
  ExpectError(garbage, "not a SETI@home work unit");
}

TEST(Sah, TruncatedFileIsRefusedWhereverItEnds) {
  const std::string text = test::SmallRecording(1);
  ExpectError(text.substr(0, text.find("<data ") - 300), "truncated");
  ExpectError(text.substr(0, text.find("<data ")), "ends before the recording");
  ExpectError(text.substr(0, text.find("<data ") + 500), "truncated");
  std::string cut = text;
  const std::size_t from = text.find("</data>") - 2000;
  cut.erase(from, 1000);
  ExpectError(cut, "truncated: the recording has");
}

TEST(Sah, WrongVersionsAreRefused) {
  ExpectError(With("encoding=\"x-setiathome\"", "encoding=\"base64\""), "not encoded as");
  ExpectError(With("\"x-setiathome\"", "\"x-setiathome-2\""), "not encoded as");
  ExpectError(With("<data_type>encoded", "<data_type>float"), "data_type");
  ExpectError(With("<bits_per_sample>2", "<bits_per_sample>8"), "bits_per_sample");
  ExpectError(With("<spikes_per_spectrum>1", "<spikes_per_spectrum>3"), "spikes_per_spectrum");
}

TEST(Sah, MissingTagIsNamed) {
  for (const char* tag :
       {"name", "nsamples", "time_recorded_jd", "beam_width", "spike_thresh", "chirp_resolution",
        "analysis_fft_lengths", "base", "sample_rate", "ifft_len", "triplet_min"}) {
    ExpectError(With("<" + std::string(tag) + ">", "<other>"), "<" + std::string(tag) + ">");
  }
}

TEST(Sah, AbsurdNumbersAreRefusedWithTheirLine) {
  ExpectError(With("<nsamples>65536", "<nsamples>65535"), "not a power of two");
  ExpectError(With("<nsamples>65536", "<nsamples>1099511627776"), "line 7: <nsamples>");
  ExpectError(With("<sample_rate>1000", "<sample_rate>0"), "<sample_rate>");
  ExpectError(With("<sample_rate>1000", "<sample_rate>nan"), "<sample_rate>");
  ExpectError(With("<sample_rate>1000", "<sample_rate>1e999"), "<sample_rate>");
  ExpectError(With("<beam_width>0.05", "<beam_width>-1"), "<beam_width>");
  ExpectError(With("<analysis_fft_lengths>32704", "<analysis_fft_lengths>1048576"),
              "<analysis_fft_lengths>");
  ExpectError(With("<chirp_limit>0.2", "<chirp_limit>1e12"), "<chirp_limit>");
  ExpectError(With("<bsmooth_boxcar_length>2048", "<bsmooth_boxcar_length>20480"), "bsmooth");
  ExpectError(With("<nsamples>65536", "<nsamples>131072"), "truncated");
}

TEST(Sah, RecordingLongerThanItSaysIsRefused) {
  ExpectError(With("<nsamples>65536", "<nsamples>32768"), "goes on after the 8192 bytes");
  std::string text = test::SmallRecording(1);
  const std::size_t end = text.find("\n</data>");
  text.insert(end, "0000");  // what some writers fill up with
  EXPECT_EQ(ErrorOf(text), "");
  text.insert(end, "0");
  ExpectError(text, "goes on after the 16384 bytes");
}

TEST(Sah, CharacterOutsideTheAlphabetIsNamedByLine) {
  std::string text = test::SmallRecording(1);
  text[text.find("<data ") + 400] = '\x07';
  ExpectError(text, "byte 7 at offset");
}

TEST(Sah, FileThatIsNotThereIsAnError) {
  const auto unit = ReadSah("/nonexistent/x.sah", "x.sah");
  ASSERT_FALSE(unit);
  EXPECT_NE(unit.error().what.find("x.sah"), std::string::npos);
}

// A small relative of the fuzzer, for every build: no change of a byte may do harm.
TEST(Sah, ChangedBytesNeverCrash) {
  const std::string text = test::SmallRecording(1);
  const std::size_t header_end = text.find("<data ") + 200;
  Rng rng(11);
  for (int i = 0; i < 400; ++i) {
    std::string changed = text.substr(0, rng.OneIn(4) ? rng.Below(text.size()) : text.size());
    for (int k = 0; k < 6 && !changed.empty(); ++k) {
      changed[rng.Below(std::min(header_end, changed.size()))] = static_cast<char>(rng.Below(256));
    }
    const auto unit = ParseSah(changed, "x.sah");
    if (unit) {
      EXPECT_EQ(unit->packed.size() * 4, unit->header.samples);
    }
  }
}

}  // namespace
}  // namespace picube
