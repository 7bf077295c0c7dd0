// The program that reads HDF5 files: what it does to whoever started it when it fails, lies or
// hangs.
#include "workunits/formats/hdf5_process.h"

#include <gtest/gtest.h>

#include "protocol/base/rng.h"
#include "tests/files.h"
#include "workunits/formats/hdf5.h"

namespace picube::hdf5 {
namespace {

// What is said of a file if this shell script reads it; its socket is descriptor 3.
std::string ErrorWith(const std::string& script, Duration patience = 10s) {
  const test::Folder folder;
  auto process =
      Process::Start(folder.Write("a.h5", "bytes"), "a.h5", {"/bin/sh", "-c", script}, patience);
  EXPECT_TRUE(process) << process.error().Text();
  if (!process) return {};
  const auto file = Hdf5File::Open(*process, "a.h5");
  EXPECT_FALSE(file);
  EXPECT_EQ(file.error().kind, ErrorKind::kUser);
  // And it stays so.
  EXPECT_FALSE((*process)->Put({.ask = Ask::kHas, .object = "data"}));
  return file.error().Text();
}

void ExpectPart(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST(Hdf5Process, AReaderThatCrashesIsAnErrorOfItsFile) {
  const std::string text = ErrorWith("kill -SEGV $$");
  ExpectPart(text, "a.h5: the program that reads HDF5 files failed on it");
  ExpectPart(text, "signal 11");
}

TEST(Hdf5Process, AReaderThatEndsInTheMiddleOfAnAnswerIsAnError) {
  ExpectPart(ErrorWith("printf '\\100\\0\\0\\0half' >&3; exit 7"), "it ended with 7");
}

TEST(Hdf5Process, AReaderThatHangsIsEndedAfterItsTime) {
  ExpectPart(ErrorWith("exec sleep 1000", 50ms), "it took too long");
}

TEST(Hdf5Process, AReaderThatTalksNonsenseIsAnError) {
  ExpectPart(ErrorWith("printf '\\7\\0\\0\\0garbage' >&3; exec sleep 1000"), "makes no sense");
  ExpectPart(ErrorWith("printf '\\377\\377\\377\\377' >&3; exec sleep 1000"), "makes no sense");
}

// Where the kernel offers it: not under an emulator.
TEST(Hdf5Process, TheReaderMayOpenNothingAndRunNothing) {
  const test::Folder folder;
  const auto process = Process::Start(folder.Write("a.h5", "bytes"), "a.h5");
  ASSERT_TRUE(process) << process.error().Text();
  // It has answered once it is confined.
  EXPECT_FALSE((*process)->Put({.ask = Ask::kOpen, .object = "a.h5"}));
  const std::string status =
      test::ReadText("/proc/" + std::to_string((*process)->Pid()) + "/status");
  if (status.find("qemu") != std::string::npos) GTEST_SKIP() << "skipped: an emulator";
  ExpectPart(status, "\nSeccomp:\t2\n");
  ExpectPart(status, "\nNoNewPrivs:\t1\n");
}

TEST(Hdf5Process, AProgramThatIsNotThereIsTheHostsError) {
  const test::Folder folder;
  const auto process =
      Process::Start(folder.Write("a.h5", "bytes"), "a.h5", {"/no/such/reader"}, 1s);
  if (process) GTEST_SKIP() << "skipped: an emulator does not say that a program is not there";
  EXPECT_EQ(process.error().kind, ErrorKind::kHost);
  ExpectPart(process.error().Text(), "/no/such/reader does not start");
}

TEST(Hdf5Messages, ComeBackFromTheirBytes) {
  const Question question{Ask::kRead,        "strain/Strain", "Xstart", 3,
                          ValueType::kFloat, {1, 2},          {3, 4}};
  EXPECT_EQ(DecodeQuestion(Encode(question)), question);
  Answer answer;
  answer.good = true;
  answer.yes = true;
  answer.number = -2.5;
  answer.text = std::string("a\nb\0c", 5);
  answer.shape = {6, 1, 8};
  answer.chunk = {2, 1, 8};
  EXPECT_EQ(DecodeAnswer(Encode(answer)), answer);
}

TEST(Hdf5Messages, AReasonCanBePrinted) {
  Answer answer;
  answer.what = "\x1b[2Jred\n";
  EXPECT_EQ(DecodeAnswer(Encode(answer))->what, "?[2Jred?");
}

TEST(Hdf5Messages, NoBytesAreTakenForWhatTheyAreNot) {
  Rng rng(1);
  Answer answer;
  answer.good = true;
  answer.shape = {6, 1, 8};
  answer.text = "text";
  const Bytes whole = Encode(answer);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(DecodeAnswer(BytesView(whole).substr(0, size))) << size;
  }
  EXPECT_FALSE(DecodeAnswer(whole + "x"));
  for (int i = 0; i < 20'000; ++i) {
    Bytes changed = whole;
    for (int k = 0; k < 3; ++k) {
      changed[rng.Below(changed.size())] = static_cast<char>(rng.Below(256));
    }
    const auto read = DecodeAnswer(changed);
    EXPECT_LE(read ? read->shape.size() : 0, kMostDimensions);
    static_cast<void>(DecodeQuestion(changed));
  }
}

TEST(Hdf5Messages, BlocksThatCannotBeCountedAreNone) {
  EXPECT_EQ(ValuesOf({6, 1, 8}), 48U);
  EXPECT_EQ(ValuesOf({}), 1U);
  EXPECT_FALSE(ValuesOf({1ULL << 33, 1ULL << 33}));
}

}  // namespace
}  // namespace picube::hdf5
