#include "hardware/fan/cooling_device.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>

namespace picube {
namespace {

namespace fs = std::filesystem;

// The first line of a small file, without what surrounds it; empty if it cannot be read.
std::string Line(const fs::path& path) {
  std::FILE* file = std::fopen(path.c_str(), "rbe");
  if (file == nullptr) return {};
  char text[64];
  const std::size_t size = std::fread(text, 1, sizeof text, file);
  std::fclose(file);
  const std::string_view all(text, size);
  return std::string(all.substr(0, std::min(all.find_first_of(std::string_view("\n\0", 2)), size)));
}

std::optional<std::uint32_t> Number(const fs::path& path, std::uint32_t most) {
  const std::string text = Line(path);
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > most) return std::nullopt;
  return value;
}

// The first folder in `where` whose file `name` holds one of `kinds`: by name, since the order in
// which a folder lists is nobody's promise.
std::optional<fs::path> Find(const fs::path& where, const char* name,
                             std::initializer_list<std::string_view> kinds) {
  std::optional<fs::path> first;
  std::error_code error;
  for (fs::directory_iterator it(where, error), end; !error && it != end; it.increment(error)) {
    if (std::ranges::find(kinds, Line(it->path() / name)) == kinds.end()) continue;
    if (!first || it->path() < *first) first = it->path();
  }
  return first;
}

std::optional<fs::path> FindDevice(const fs::path& root) {
  return Find(root / "sys/class/thermal", "type", {"pwm-fan", "gpio-fan", "rpi-poe-fan"});
}

std::optional<std::uint32_t> Percent(std::optional<std::uint32_t> part,
                                     std::optional<std::uint32_t> whole) {
  if (!part || !whole || *whole == 0 || *part > *whole) return std::nullopt;
  return (*part * 100 + *whole / 2) / *whole;
}

}  // namespace

std::optional<FanReport> ReadFan(const fs::path& root) {
  const auto monitor = Find(root / "sys/class/hwmon", "name",
                            {"pwmfan", "pwm-fan", "cooling_fan", "gpio_fan", "rpipoefan"});
  const auto device = FindDevice(root);
  if (!monitor && !device) return std::nullopt;
  FanReport report;
  if (monitor) {
    report.rpm = Number(*monitor / "fan1_input", 100'000);
    report.percent = Percent(Number(*monitor / "pwm1", 255), 255U);
  }
  if (device && !report.percent) {
    report.percent =
        Percent(Number(*device / "cur_state", 10'000), Number(*device / "max_state", 10'000));
  }
  return report;
}

CoolingDeviceFan::CoolingDeviceFan(fs::path root) : root_(std::move(root)) {}

CoolingDeviceFan::~CoolingDeviceFan() { static_cast<void>(Set(true)); }

Status CoolingDeviceFan::Set(bool on) {
  const auto device = FindDevice(root_);
  if (!device) {
    return Fail(ErrorKind::kHost,
                "no fan among " + (root_ / "sys/class/thermal").string() + "/cooling_device*.",
                "Load the fan's overlay in config.txt, for instance gpio-fan.");
  }
  const auto most = Number(*device / "max_state", 10'000);
  if (!most || *most == 0) {
    return Fail(ErrorKind::kHost, (*device / "max_state").string() + " does not say a number.");
  }
  const std::uint32_t wanted = on ? *most : 0;
  const fs::path path = *device / "cur_state";
  if (Number(path, 10'000) == wanted) return {};
  // Sysfs takes a value by one write; a file that is not there must not be made.
  std::FILE* file = std::fopen(path.c_str(), "r+be");
  bool good = file != nullptr && std::fprintf(file, "%u\n", wanted) > 0;
  good = file != nullptr && std::fclose(file) == 0 && good;
  if (good) return {};
  return Fail(ErrorKind::kHost, "cannot write " + path.string() + ": " + std::strerror(errno) + ".",
              "Give this user write access to that file, by a udev rule for instance.");
}

}  // namespace picube
