#include "hardware/firmware.h"

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "hardware/sysfs.h"

namespace picube {
namespace {

constexpr std::uint32_t kArm = 3;
constexpr std::uint32_t kCore = 1;
constexpr std::uint32_t kProcessor = 0;

// What stands after "=", without the unit.
std::string_view ValueOf(std::string_view answer, std::string_view unit) {
  answer = Trim(answer);
  const std::size_t at = answer.find('=');
  if (at == std::string_view::npos || !answer.ends_with(unit)) return {};
  return answer.substr(at + 1, answer.size() - at - 1 - unit.size());
}

// "throttled=0x50005"
std::optional<std::int64_t> FlagsOf(std::string_view answer) {
  std::string_view digits = ValueOf(answer, "");
  if (!digits.starts_with("0x")) return std::nullopt;
  return WholeNumber<std::uint32_t>(digits.substr(2), 16);
}
// "frequency(48)=600117184"
std::optional<std::int64_t> HzOf(std::string_view answer) {
  return WholeNumber<std::int64_t>(ValueOf(answer, ""));
}
// "volt=1.2000V"
std::optional<std::int64_t> MicrovoltsOf(std::string_view answer) {
  return Millionths(ValueOf(answer, "V"));
}
// "temp=42.8'C"
std::optional<std::int64_t> MillicelsiusOf(std::string_view answer) {
  const auto millionths = Millionths(ValueOf(answer, "'C"));
  if (!millionths) return std::nullopt;
  return *millionths / 1000;
}

}  // namespace

std::optional<std::int64_t> Firmware::Ask(const Question& question, Patiences& patiences) {
  const auto makes_sense = [&question](std::int64_t value) {
    return value >= question.least && value <= question.most;
  };
  if (!patiences.tag.Waits()) {
    std::array<std::uint32_t, 2> values{question.has_id ? question.id : 0U, 0U};
    const std::size_t count = question.has_id ? 2 : 1;
    const bool answered = AskTag(vcio_, question.tag, std::span(values).first(count)) &&
                          (!question.has_id || values[0] == question.id);
    if (answered && makes_sense(values[count - 1])) {
      patiences.tag.Worked();
      return values[count - 1];
    }
    patiences.tag.Failed();
  }
  if (patiences.text.Waits()) return std::nullopt;
  const Result<std::string> answer = AskText(vcio_, question.command);
  const auto value = answer ? question.read(*answer) : std::nullopt;
  if (value && makes_sense(*value)) {
    patiences.text.Worked();
    return value;
  }
  patiences.text.Failed();
  return std::nullopt;
}

std::optional<std::uint32_t> Firmware::ThrottleFlags() {
  // The one value is the mask of bits to forget: none.
  static constexpr Question kQuestion = {FirmwareTag::kThrottled,
                                         0,
                                         false,
                                         "get_throttled",
                                         FlagsOf,
                                         0,
                                         std::numeric_limits<std::uint32_t>::max()};
  const auto flags = Ask(kQuestion, throttle_);
  if (!flags) return std::nullopt;
  return static_cast<std::uint32_t>(*flags);
}

std::optional<std::uint32_t> Firmware::ClockHz() {
  static constexpr Question kQuestion = {FirmwareTag::kClockMeasured,
                                         kArm,
                                         true,
                                         "measure_clock arm",
                                         HzOf,
                                         1'000'000,
                                         std::numeric_limits<std::uint32_t>::max()};
  const auto hz = Ask(kQuestion, clock_);
  if (!hz) return std::nullopt;
  return static_cast<std::uint32_t>(*hz);
}

std::optional<std::uint32_t> Firmware::CoreMicrovolts() {
  // Older firmware answers the tag in steps of 25 mV around 1.2 V, which are too few microvolts.
  static constexpr Question kQuestion = {
      FirmwareTag::kVoltage, kCore, true, "measure_volts core", MicrovoltsOf, 300'000, 2'000'000};
  const auto volts = Ask(kQuestion, volts_);
  if (!volts) return std::nullopt;
  return static_cast<std::uint32_t>(*volts);
}

std::optional<std::int32_t> Firmware::TemperatureMillicelsius() {
  static constexpr Question kQuestion = {
      FirmwareTag::kTemperature, kProcessor, true, "measure_temp", MillicelsiusOf, 1, 150'000};
  const auto temperature = Ask(kQuestion, temperature_);
  if (!temperature) return std::nullopt;
  return static_cast<std::int32_t>(*temperature);
}

std::optional<std::uint32_t> Firmware::PowerMilliwatts() {
  if (power_.Waits()) return std::nullopt;
  const Result<std::string> answer = AskText(vcio_, "pmic_read_adc");
  const auto milliwatts = answer ? MilliwattsOfRails(*answer) : std::nullopt;
  if (milliwatts) {
    power_.Worked();
  } else {
    power_.Failed();
  }
  return milliwatts;
}

namespace {

struct Rail {
  std::string_view name;                // "VDD_CORE"
  std::optional<std::int64_t> amperes;  // millionths
  std::optional<std::int64_t> volts;
};

// Adds " VDD_CORE_A current(7)=2.53418800A" to the rails; false if it does not read like that.
bool AddLine(std::string_view line, std::vector<Rail>& rails) {
  line = Trim(line);
  if (line.empty()) return true;
  const std::string_view label = line.substr(0, line.find(' '));
  if (label.size() < 3 || !(label.ends_with("_A") || label.ends_with("_V"))) return false;
  const std::string_view name = label.substr(0, label.size() - 2);
  const auto value = Millionths(ValueOf(line, label.substr(label.size() - 1)));
  if (!value) return false;
  auto rail = std::ranges::find(rails, name, &Rail::name);
  if (rail == rails.end()) rail = rails.insert(rail, Rail{name, {}, {}});
  (label.ends_with('A') ? rail->amperes : rail->volts) = *value;
  return true;
}

}  // namespace

std::optional<std::uint32_t> MilliwattsOfRails(std::string_view answer) {
  constexpr std::int64_t kMostMicrowatts = 100'000'000;  // more than any supply of these boards
  std::vector<Rail> rails;
  while (!answer.empty()) {
    const std::size_t end = std::min(answer.find('\n'), answer.size());
    if (!AddLine(answer.substr(0, end), rails)) return std::nullopt;
    answer.remove_prefix(std::min(end + 1, answer.size()));
  }
  std::int64_t microwatts = 0;
  bool cores = false;
  for (const Rail& rail : rails) {
    if (!rail.amperes) continue;  // the input and the battery have volts alone
    if (!rail.volts) return std::nullopt;
    microwatts += *rail.amperes * *rail.volts / 1'000'000;
    cores |= rail.name == "VDD_CORE";
  }
  if (!cores || microwatts <= 0 || microwatts > kMostMicrowatts) return std::nullopt;
  const std::int64_t at_input = microwatts * 11'451 / 10'000 + 587'900;
  return static_cast<std::uint32_t>((at_input + 500) / 1000);
}

}  // namespace picube
