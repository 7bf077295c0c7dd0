#include "hardware/fan/cooling_device.h"

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "hardware/sysfs.h"

namespace picube {
namespace {

namespace fs = std::filesystem;
using Kinds = std::span<const std::string_view>;

constexpr std::string_view kMonitors[] = {"pwmfan", "pwm-fan", "cooling_fan", "gpio_fan",
                                          "rpipoefan"};
constexpr std::string_view kDevices[] = {"pwm-fan", "gpio-fan", "rpi-poe-fan"};

bool IsOneOf(std::string_view name, Kinds kinds) {
  return std::ranges::find(kinds, name) != kinds.end();
}

std::optional<std::uint32_t> Number(const SysFiles& files, const std::string& below_root,
                                    std::uint32_t most) {
  const auto value = files.Number(below_root);
  if (!value || *value < 0 || *value > most) return std::nullopt;
  return static_cast<std::uint32_t>(*value);
}

// The folder of the first; empty = none.
std::string FindMonitor(const SysFiles& files) {
  for (const SensorChip& chip : SensorChips(files)) {
    if (IsOneOf(chip.name, kMonitors)) return chip.folder;
  }
  return {};
}
std::string FindDevice(const SysFiles& files) {
  for (const std::string& folder : files.Folders("sys/class/thermal", "cooling_device")) {
    if (IsOneOf(files.Line(folder + "/type"), kDevices)) return folder;
  }
  return {};
}

// Both shares of the report, rounded; unchanged if they are not known.
void SetShare(FanReport& report, std::optional<std::uint32_t> part,
              std::optional<std::uint32_t> whole) {
  if (!part || !whole || *whole == 0 || *part > *whole) return;
  report.percent = (*part * 100 + *whole / 2) / *whole;
  report.permille = (*part * 1000 + *whole / 2) / *whole;
}

}  // namespace

std::optional<FanReport> ReadFan(const fs::path& root) {
  const SysFiles files(root);
  const std::string monitor = FindMonitor(files);
  const std::string device = FindDevice(files);
  if (monitor.empty() && device.empty()) return std::nullopt;
  FanReport report;
  if (!monitor.empty()) {
    report.rpm = Number(files, monitor + "/fan1_input", 100'000);
    SetShare(report, Number(files, monitor + "/pwm1", 255), 255U);
  }
  if (!device.empty() && !report.percent) {
    SetShare(report, Number(files, device + "/cur_state", 10'000),
             Number(files, device + "/max_state", 10'000));
  }
  return report;
}

CoolingDeviceFan::CoolingDeviceFan(fs::path root) : root_(std::move(root)) {}

CoolingDeviceFan::~CoolingDeviceFan() { static_cast<void>(Set(true)); }

Status CoolingDeviceFan::Set(bool on) {
  const SysFiles files(root_);
  const std::string device = FindDevice(files);
  if (device.empty()) {
    return Fail(ErrorKind::kHost,
                "no fan among " + (root_ / "sys/class/thermal").string() + "/cooling_device*.",
                "Load the fan's overlay in config.txt, for instance gpio-fan.");
  }
  const auto most = Number(files, device + "/max_state", 10'000);
  if (!most || *most == 0) {
    return Fail(ErrorKind::kHost,
                (root_ / device / "max_state").string() + " does not say a number.");
  }
  const std::uint32_t wanted = on ? *most : 0;
  if (Number(files, device + "/cur_state", 10'000) == wanted) return {};
  const fs::path path = root_ / device / "cur_state";
  // Sysfs takes a value by one write; a file that is not there must not be made.
  std::FILE* file = std::fopen(path.c_str(), "r+be");
  bool good = file != nullptr && std::fprintf(file, "%u\n", wanted) > 0;
  good = file != nullptr && std::fclose(file) == 0 && good;
  if (good) return {};
  return Fail(ErrorKind::kHost, "cannot write " + path.string() + ": " + std::strerror(errno) + ".",
              "Give this user write access to that file, by a udev rule for instance.");
}

}  // namespace picube
