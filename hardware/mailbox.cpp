#include "hardware/mailbox.h"

#include <fcntl.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "protocol/base/check.h"

namespace picube {
namespace {

constexpr std::uint32_t kAnswered = 0x80000000;  // of the buffer, and the high bit of the length
constexpr std::size_t kHead = 5;                 // words before a tag's values
constexpr std::size_t kMostValues = 8;
constexpr std::size_t kMostCommand = 200;
// Of the text in either direction. The firmware's own programs give the value buffer as many bytes
// as the text and one word more for the error before it.
constexpr std::size_t kTextBytes = 1024;
constexpr std::size_t kTextWords = kHead + 1 + kTextBytes / 4 + 1;

void WriteHead(std::span<std::uint32_t> words, FirmwareTag tag, std::size_t value_bytes) {
  words[0] = static_cast<std::uint32_t>(words.size_bytes());
  words[1] = 0;
  words[2] = static_cast<std::uint32_t>(tag);
  words[3] = static_cast<std::uint32_t>(value_bytes);
  words[4] = 0;
}

const char* NameOf(FirmwareTag tag) {
  switch (tag) {
    case FirmwareTag::kVoltage: return "a voltage";
    case FirmwareTag::kTemperature: return "a temperature";
    case FirmwareTag::kThrottled: return "throttling";
    case FirmwareTag::kClockMeasured: return "a clock";
    case FirmwareTag::kGencmd: return "a command in text";
  }
  return "something unknown";
}

std::unexpected<Error> NoAnswer(FirmwareTag tag, const char* why) {
  return Fail(ErrorKind::kHost,
              std::string("the firmware's answer about ") + NameOf(tag) + " " + why + ".");
}

Status SendAndJudge(Vcio& vcio, FirmwareTag tag, std::span<std::uint32_t> words) {
  if (Status sent = vcio.Property(words); !sent) return sent;
  if (words[1] != kAnswered) return NoAnswer(tag, "is no success");
  if (words[2] != static_cast<std::uint32_t>(tag)) return NoAnswer(tag, "is one to another");
  if ((words[4] & kAnswered) == 0) return NoAnswer(tag, "is missing");
  return {};
}

}  // namespace

Status DeviceVcio::Send(const char* name, std::optional<Descriptor>& device,
                        std::span<std::uint32_t> words) const {
  const std::filesystem::path path = root_ / "dev" / name;
  if (!device || device->Get() < 0) {
    // Does not wait for whatever else may stand there.
    device.emplace(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  }
  if (device->Get() >= 0 && ::ioctl(device->Get(), VcioRequest(sizeof(char*)), words.data()) >= 0) {
    return {};
  }
  const int why = errno;
  return Fail(ErrorKind::kHost, path.string() + ": " + std::strerror(why) + ".",
              why == EACCES ? "Put this user into group video." : "");
}

Status DeviceVcio::Property(std::span<std::uint32_t> words) {
  if (words.size() <= kHead || words[2] != static_cast<std::uint32_t>(FirmwareTag::kGencmd)) {
    return Send("vcio", any_, words);
  }
  Status narrow = Send("vcio_gencmd", text_only_, words);
  if (narrow) return narrow;
  Status wide = Send("vcio", any_, words);
  if (wide) return wide;
  return Fail(ErrorKind::kHost, narrow.error().what + " " + wide.error().what,
              narrow.error().next + wide.error().next);
}

Status AskTag(Vcio& vcio, FirmwareTag tag, std::span<std::uint32_t> values) {
  PICUBE_CHECK(!values.empty() && values.size() <= kMostValues, "one tag's values fit");
  std::array<std::uint32_t, kHead + kMostValues + 1> buffer{};
  const std::span<std::uint32_t> words(buffer.data(), kHead + values.size() + 1);
  WriteHead(words, tag, values.size_bytes());
  std::ranges::copy(values, words.begin() + kHead);
  if (Status answered = SendAndJudge(vcio, tag, words); !answered) return answered;
  if ((words[4] & ~kAnswered) != values.size_bytes()) return NoAnswer(tag, "has another length");
  std::ranges::copy(words.subspan(kHead, values.size()), values.begin());
  return {};
}

Result<std::string> AskText(Vcio& vcio, std::string_view command) {
  PICUBE_CHECK(command.size() <= kMostCommand, "commands are short");
  std::array<std::uint32_t, kTextWords> words{};
  WriteHead(words, FirmwareTag::kGencmd, kTextBytes);
  std::uint32_t* const text = words.data() + kHead + 1;
  std::memcpy(text, command.data(), command.size());
  if (Status answered = SendAndJudge(vcio, FirmwareTag::kGencmd, words); !answered) {
    return std::unexpected(answered.error());
  }
  if (words[kHead] != 0) return NoAnswer(FirmwareTag::kGencmd, "is an error");
  // The length that comes back is not to be trusted: does it count the error word? The end of the
  // text is what says where it ends.
  const char* const begin = reinterpret_cast<const char*>(text);
  const std::size_t size = ::strnlen(begin, kTextBytes);
  if (size == kTextBytes) return NoAnswer(FirmwareTag::kGencmd, "has no end");
  return std::string(begin, size);
}

}  // namespace picube
