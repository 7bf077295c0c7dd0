#include "hardware/probe.h"

#include <algorithm>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "hardware/fan/cooling_device.h"

namespace picube {
namespace {

// Beyond these a sensor is broken or absent, not cold or hot.
constexpr std::int64_t kColdest = -40'000;
constexpr std::int64_t kHottest = 150'000;
constexpr std::int64_t kMostMicrowatts = 100'000'000;  // more than any supply of these boards

// "0-3,6" has five.
std::optional<std::uint32_t> CountOfList(std::string_view list) {
  std::uint32_t count = 0;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view part = list.substr(0, comma);
    const auto low = LeadingNumber<std::uint32_t>(part);
    if (!low) return std::nullopt;
    const std::size_t dash = part.find('-');
    auto high = low;
    if (dash != std::string_view::npos) high = LeadingNumber<std::uint32_t>(part.substr(dash + 1));
    if (!high || *high < *low || *high > 4096) return std::nullopt;
    count += *high - *low + 1;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  if (count == 0) return std::nullopt;
  return count;
}

bool IsOneOf(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::ranges::find(names, name) != names.end();
}

bool IsProcessor(std::string_view type) {
  return IsOneOf(type, {"cpu-thermal", "cpu_thermal", "soc-thermal", "soc_thermal", "x86_pkg_temp",
                        "coretemp", "k10temp"});
}

bool IsWithin(std::optional<std::int64_t> value, std::int64_t least, std::int64_t most) {
  return value && *value >= least && *value <= most;
}

std::optional<std::int32_t> Sensible(std::optional<std::int64_t> millicelsius) {
  if (!IsWithin(millicelsius, kColdest, kHottest)) return std::nullopt;
  return static_cast<std::int32_t>(*millicelsius);
}

// A property of the device tree ends in NUL; whatever comes after one is not the property's text.
std::string UpToNul(std::string text) {
  text.resize(std::min(text.find('\0'), text.size()));
  return std::string(Trim(text));
}

struct Kind {
  std::string_view compatible;  // without "raspberrypi,"
  std::string_view model;       // without "Raspberry Pi "; the longer of two comes first
  std::string_view kind;
};
constexpr Kind kKinds[] = {
    {"2-model-b", "2 Model B", "2b"},
    {"3-model-a-plus", "3 Model A Plus", "3a+"},
    {"3-model-b-plus", "3 Model B Plus", "3b+"},
    {"3-model-b", "3 Model B", "3b"},
    {"3-compute-module", "Compute Module 3", "cm3"},
    {"model-zero-2-w", "Zero 2 W", "zero2"},
    {"model-zero-2", "Zero 2", "zero2"},
    {"4-model-b", "4 Model B", "4b"},
    {"400", "400", "400"},
    {"4-compute-module", "Compute Module 4", "cm4"},
    {"5-model-b", "5 Model B", "5"},
    {"500", "500", "500"},
    {"5-compute-module", "Compute Module 5", "cm5"},
};

std::string KindOf(std::string_view compatible, std::string_view model) {
  constexpr std::string_view kVendor = "raspberrypi,";
  constexpr std::string_view kModel = "Raspberry Pi ";
  while (!compatible.empty()) {  // texts that each end in NUL
    const std::size_t end = std::min(compatible.find('\0'), compatible.size());
    const std::string_view one = compatible.substr(0, end);
    compatible.remove_prefix(std::min(end + 1, compatible.size()));
    if (!one.starts_with(kVendor)) continue;
    const auto* kind = std::ranges::find(kKinds, one.substr(kVendor.size()), &Kind::compatible);
    if (kind != std::end(kKinds)) return std::string(kind->kind);
  }
  if (!model.starts_with(kModel)) return {};
  const auto* kind = std::ranges::find_if(
      kKinds, [&](const Kind& one) { return model.substr(kModel.size()).starts_with(one.model); });
  return kind != std::end(kKinds) ? std::string(kind->kind) : std::string();
}

// The quoted value of PRETTY_NAME.
std::string PrettyName(std::string_view release) {
  constexpr std::string_view kPretty = "PRETTY_NAME=";
  const std::size_t at = release.find(kPretty);
  if (at == std::string_view::npos) return {};
  std::string_view name = release.substr(at + kPretty.size());
  name = Trim(name.substr(0, name.find('\n')));
  if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
    name = name.substr(1, name.size() - 2);
  }
  return std::string(name);
}

// In thousandths, rounded.
std::optional<std::uint32_t> Thousandth(std::optional<std::uint32_t> value) {
  if (!value) return std::nullopt;
  return *value / 1000 + (*value % 1000 >= 500 ? 1 : 0);
}

}  // namespace

BoardProbe::BoardProbe(std::filesystem::path root, Vcio* mailbox)
    : files_(std::move(root)),
      own_mailbox_(mailbox == nullptr ? std::make_unique<DeviceVcio>(files_.Root()) : nullptr),
      firmware_(mailbox == nullptr ? *own_mailbox_ : *mailbox) {}

std::string BoardProbe::Isa() {
#if defined(__aarch64__)
  return "aarch64";
#elif defined(__x86_64__)
  return "x86_64";
#elif defined(__arm__)
  return "armv7";
#elif defined(__riscv)
  return "riscv";
#else
  return "other";
#endif
}

std::optional<std::uint64_t> BoardProbe::OwnMemoryBytes() const {
  const auto resident = files_.BytesOf("proc/self/status", "VmRSS:");
  if (!resident) return std::nullopt;
  return *resident + files_.BytesOf("proc/self/status", "VmSwap:").value_or(0);
}

std::optional<std::uint32_t> BoardProbe::Cores() const {
  return CountOfList(files_.Line("sys/devices/system/cpu/online"));
}

BoardFacts BoardProbe::Facts() const {
  BoardFacts facts;
  facts.board = UpToNul(files_.Read("proc/device-tree/model").value_or(""));
  facts.kind = KindOf(files_.Read("proc/device-tree/compatible").value_or(""), facts.board);
  if (facts.board.empty()) {
    facts.board = Trim(files_.Line("sys/class/dmi/id/sys_vendor") + " " +
                       files_.Line("sys/class/dmi/id/product_name"));
  }
  if (facts.board.empty()) facts.board = "generic";
  facts.serial = UpToNul(files_.Read("proc/device-tree/serial-number").value_or(""));
  // Zeros alone are the number of a board that was never given one.
  if (facts.serial.find_first_not_of('0') == std::string::npos) facts.serial.clear();
  facts.cores = Cores();
  facts.memory_bytes = files_.BytesOf("proc/meminfo", "MemTotal:");
  facts.os = PrettyName(files_.Read("etc/os-release").value_or(""));
  return facts;
}

BoardSample BoardProbe::Sample() {
  const Chips chips = SensorChips(files_);
  BoardSample sample;
  sample.temperature_millicelsius = Temperature(chips);
  sample.clock_mhz = Clock();
  sample.real_clock_mhz = Thousandth(Thousandth(firmware_.ClockHz()));
  sample.core_millivolts = Thousandth(firmware_.CoreMicrovolts());
  sample.throttle_flags = Throttled(chips);
  sample.load_permille = Load();
  sample.memory_available_bytes = AvailableMemoryBytes();
  if (const auto fan = ReadFan(files_.Root())) {
    sample.fan_rpm = fan->rpm;
    sample.fan_permille = fan->permille;
  }
  AddPower(sample, chips);
  return sample;
}

std::optional<std::int32_t> BoardProbe::Temperature(const Chips& chips) {
  for (const std::string& zone : files_.Folders("sys/class/thermal", "thermal_zone")) {
    if (!IsProcessor(files_.Line(zone + "/type"))) continue;
    if (const auto t = Sensible(files_.Number(zone + "/temp"))) return t;
  }
  for (const SensorChip& chip : chips) {
    if (!IsProcessor(chip.name)) continue;
    if (const auto t = Sensible(files_.Number(chip.folder + "/temp1_input"))) return t;
  }
  return firmware_.TemperatureMillicelsius();
}

std::optional<std::uint32_t> BoardProbe::Clock() const {
  std::int64_t fastest = 0;
  for (const std::string& policy : files_.Folders("sys/devices/system/cpu/cpufreq", "policy")) {
    fastest = std::max(fastest, files_.Number(policy + "/scaling_cur_freq").value_or(0));
  }
  if (fastest < 1000 || fastest > 100'000'000) return std::nullopt;
  return static_cast<std::uint32_t>(fastest / 1000);
}

std::optional<std::uint32_t> BoardProbe::Throttled(const Chips& chips) {
  if (const auto flags = firmware_.ThrottleFlags()) return flags;
  constexpr std::uint32_t kUnderVoltageNow = 1;
  const std::string text = files_.Line("sys/devices/platform/soc/soc:firmware/get_throttled");
  const std::size_t prefix = text.starts_with("0x") ? 2 : 0;
  auto flags = WholeNumber<std::uint32_t>(std::string_view(text).substr(prefix), 16);
  for (const SensorChip& chip : chips) {
    if (chip.name != "rpi_volt") continue;
    // No alarm says nothing of the other bits, so it is not "nothing throttles".
    if (files_.Number(chip.folder + "/in0_lcrit_alarm") == 1) {
      flags = flags.value_or(0) | kUnderVoltageNow;
    }
  }
  return flags;
}

std::optional<std::uint32_t> BoardProbe::Load() const {
  const auto text = files_.Read("proc/loadavg");
  const auto cores = Cores();
  if (!text || !cores) return std::nullopt;
  // "0.52 …": two decimals always, so hundredths are exact without floating point.
  const std::size_t dot = text->find('.');
  if (dot == std::string::npos) return std::nullopt;
  const std::string_view all(*text);
  const auto whole = WholeNumber<std::uint32_t>(all.substr(0, dot));
  const auto part = WholeNumber<std::uint32_t>(all.substr(dot + 1, 2));
  if (!whole || !part || *whole > 1'000'000) return std::nullopt;
  return (*whole * 100 + *part) * 10 / *cores;
}

std::optional<std::uint32_t> BoardProbe::InaMilliwatts(const Chips& chips) const {
  const SensorChip* ina = nullptr;
  for (const SensorChip& chip : chips) {
    if (!IsOneOf(chip.name, {"ina219", "ina220", "ina226", "ina230", "ina231", "ina260"})) continue;
    if (ina != nullptr) return std::nullopt;  // which of them is the supply's, nobody says
    ina = &chip;
  }
  if (ina == nullptr) return std::nullopt;
  auto microwatts = files_.Number(ina->folder + "/power1_input");
  if (!microwatts) {
    const auto millivolts = files_.Number(ina->folder + "/in1_input");
    const auto milliamperes = files_.Number(ina->folder + "/curr1_input");
    if (!IsWithin(millivolts, 0, 100'000) || !IsWithin(milliamperes, 0, 100'000)) {
      return std::nullopt;
    }
    microwatts = *millivolts * *milliamperes;
  }
  // A running board draws some: zero is a chip that has lost its calibration in a brown-out.
  if (!IsWithin(microwatts, 1000, kMostMicrowatts)) return std::nullopt;
  return Thousandth(static_cast<std::uint32_t>(*microwatts));
}

void BoardProbe::AddPower(BoardSample& sample, const Chips& chips) {
  if ((sample.power_milliwatts = InaMilliwatts(chips))) {
    sample.power_source = PowerSource::kIna;
  } else if ((sample.power_milliwatts = firmware_.PowerMilliwatts())) {
    sample.power_source = PowerSource::kPmic;
  }
}

}  // namespace picube
