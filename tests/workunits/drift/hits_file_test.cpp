#include "workunits/drift/hits_file.h"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <memory>

#include "tests/files.h"
#include "tests/workunits/drift/hits_reader.h"

namespace picube::drift {
namespace {

constexpr float kCells[] = {1, 2, 3, 4, 5, 6.5F};

SavedHit Example() {
  return {.frequency = 8419.25,
          .index = 4711,
          .drift_steps = -36,
          .drift_rate = 0.367,
          .snr = 29.5F,
          .power = 7e11F,
          .coarse_channel = 3,
          .source = "Voyager1",
          .fch1 = 8419.5,
          .foff = -2.75e-6,
          .tstart = 57650.5,
          .tsamp = 18.25,
          .ra = 17.5,
          .dec = -12.25,
          .rows = 2,
          .channels = 3,
          .start_channel = 4710,
          .cells = kCells};
}

TEST(DriftHitsFile, MessagesFollowEachOtherAndHaveTheirFields) {
  SavedHit second = Example();
  second.source = "a source of more than eight letters";
  second.index = 9;
  second.rows = 1;
  second.cells = std::span(kCells, 3);
  const auto cuts = test::ReadHits(EncodeHit(Example()) + EncodeHit(second));
  ASSERT_EQ(cuts.size(), 2U);
  EXPECT_EQ(cuts[0].frequency, 8419.25);
  EXPECT_EQ(cuts[0].drift_steps, -36);
  EXPECT_EQ(cuts[0].snr, 29.5F);
  EXPECT_EQ(cuts[0].fch1, 8419.5);
  EXPECT_EQ(cuts[0].cells, std::vector<float>(std::begin(kCells), std::end(kCells)));
  EXPECT_EQ(cuts[1].index, 9);
  EXPECT_EQ(cuts[1].cells, (std::vector<float>{1, 2, 3}));
}

TEST(DriftHitsFile, AnglesAreDecimal) {
  EXPECT_NEAR(DecimalAngle("17h10m03.984s"), 17.1677733, 1e-7);
  EXPECT_NEAR(DecimalAngle("-00d30m00.0s"), -0.5, 1e-12);
  EXPECT_EQ(DecimalAngle("somewhere"), 0);
}

// What Cap'n Proto's own tool reads in a message.
TEST(DriftHitsFile, IsReadByCapnProto) {
  if (std::system("capnp --version >/dev/null 2>&1") != 0) {
    GTEST_SKIP() << "skipped: capnp is not installed (Debian package capnproto)";
  }
  const test::Folder folder;
  const auto schema = folder.Write("hit.capnp", R"(@0xe7a1c9f0b3d25864;
struct Signal { frequency @0 :Float64; index @1 :Int32; driftSteps @2 :Int32;
  driftRate @3 :Float64; snr @4 :Float32; coarseChannel @5 :Int32; beam @6 :Int32;
  numTimesteps @7 :Int32; power @8 :Float32; incoherentPower @9 :Float32; }
struct Filterbank { sourceName @0 :Text; fch1 @1 :Float64; foff @2 :Float64; tstart @3 :Float64;
  tsamp @4 :Float64; ra @5 :Float64; dec @6 :Float64; telescopeId @7 :Int32;
  numTimesteps @8 :Int32; numChannels @9 :Int32; data @10 :List(Float32);
  coarseChannel @11 :Int32; startChannel @12 :Int32; beam @13 :Int32; }
struct Hit { signal @0 :Signal; filterbank @1 :Filterbank; }
)");
  const auto file = folder.Write("one.hits", EncodeHit(Example()));
  const std::string command =
      "capnp decode --short " + schema.string() + " Hit <" + file.string() + " 2>&1";
  const std::unique_ptr<FILE, int (*)(FILE*)> pipe(::popen(command.c_str(), "r"), ::pclose);
  std::string text;
  std::array<char, 4096> part{};
  while (std::fgets(part.data(), static_cast<int>(part.size()), pipe.get()) != nullptr) {
    text += part.data();
  }
  EXPECT_EQ(text,
            "(signal = (frequency = 8419.25, index = 4711, driftSteps = -36, driftRate = 0.367, "
            "snr = 29.5, coarseChannel = 3, beam = -1, numTimesteps = 2, power = 7e11, "
            "incoherentPower = 0), filterbank = (sourceName = \"Voyager1\", fch1 = 8419.5, "
            "foff = -2.75e-06, tstart = 57650.5, tsamp = 18.25, ra = 17.5, dec = -12.25, "
            "telescopeId = 0, numTimesteps = 2, numChannels = 3, data = [1, 2, 3, 4, 5, 6.5], "
            "coarseChannel = 3, startChannel = 4710, beam = -1))\n");
}

}  // namespace
}  // namespace picube::drift
