#include "hardware/probe.h"

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <string_view>
#include <vector>

namespace picube {
namespace {

// Of /proc and /sys files; the largest we read (/proc/meminfo) has about 1.5 KiB.
constexpr std::size_t kMostBytes = 16 * 1024;
// Beyond these a sensor is broken or absent, not cold or hot.
constexpr std::int64_t kColdest = -40'000;
constexpr std::int64_t kHottest = 150'000;

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank(" \t\r\n\0", 5);
  const std::size_t from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

template <class T>
std::optional<T> Number(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}

// "0-3,6" has five.
std::optional<std::uint32_t> CountOfList(std::string_view list) {
  std::uint32_t count = 0;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    const std::string_view part = list.substr(0, comma);
    const auto low = Number<std::uint32_t>(part);
    if (!low) return std::nullopt;
    const std::size_t dash = part.find('-');
    auto high = low;
    if (dash != std::string_view::npos) high = Number<std::uint32_t>(part.substr(dash + 1));
    if (!high || *high < *low || *high > 4096) return std::nullopt;
    count += *high - *low + 1;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  if (count == 0) return std::nullopt;
  return count;
}

// The sub-folders whose name begins so, in order: the first sensor is always the same one.
std::vector<std::string> Folders(const std::filesystem::path& where, std::string_view begins) {
  std::vector<std::string> names;
  std::error_code error;
  for (std::filesystem::directory_iterator it(where, error), end; !error && it != end;
       it.increment(error)) {
    std::string name = it->path().filename().string();
    if (name.starts_with(begins)) names.push_back(std::move(name));
  }
  std::ranges::sort(names, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return names;
}

bool IsProcessor(std::string_view type) {
  constexpr std::string_view kTypes[] = {"cpu-thermal", "cpu_thermal",  "soc-thermal",
                                         "soc_thermal", "x86_pkg_temp", "coretemp",
                                         "k10temp"};
  return std::ranges::find(kTypes, type) != std::end(kTypes);
}

}  // namespace

BoardProbe::BoardProbe(std::filesystem::path root) : root_(std::move(root)) {}

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

std::optional<std::string> BoardProbe::Read(const std::string& below_root) const {
  std::FILE* file = std::fopen((root_ / below_root).c_str(), "rbe");
  if (file == nullptr) return std::nullopt;
  std::string text(kMostBytes, '\0');
  const std::size_t size = std::fread(text.data(), 1, text.size(), file);
  const bool failed = std::ferror(file) != 0;  // a sensor that is there but answers EIO
  std::fclose(file);
  if (failed) return std::nullopt;
  text.resize(size);
  return text;
}

std::optional<std::int64_t> BoardProbe::ReadNumber(const std::string& below_root) const {
  const auto text = Read(below_root);
  return text ? Number<std::int64_t>(Trim(*text)) : std::nullopt;
}

std::optional<std::uint64_t> BoardProbe::BytesOf(const std::string& below_root,
                                                 std::string_view field) const {
  const auto text = Read(below_root);
  if (!text) return std::nullopt;
  const std::size_t at = text->find(field);
  if (at == std::string::npos) return std::nullopt;
  const auto kib = Number<std::uint64_t>(Trim(std::string_view(*text).substr(at + field.size())));
  if (!kib || *kib == 0) return std::nullopt;
  return *kib * 1024;
}

std::optional<std::uint64_t> BoardProbe::OwnMemoryBytes() const {
  const auto resident = BytesOf("proc/self/status", "VmRSS:");
  if (!resident) return std::nullopt;
  return *resident + BytesOf("proc/self/status", "VmSwap:").value_or(0);
}

std::optional<std::uint32_t> BoardProbe::Cores() const {
  const auto online = Read("sys/devices/system/cpu/online");
  return online ? CountOfList(Trim(*online)) : std::nullopt;
}

BoardFacts BoardProbe::Facts() const {
  BoardFacts facts;
  facts.board = Trim(Read("proc/device-tree/model").value_or(""));
  if (facts.board.empty()) {
    const std::string maker(Trim(Read("sys/class/dmi/id/sys_vendor").value_or("")));
    const std::string product(Trim(Read("sys/class/dmi/id/product_name").value_or("")));
    facts.board = Trim(maker + " " + product);
  }
  if (facts.board.empty()) facts.board = "generic";
  facts.cores = Cores();
  facts.memory_bytes = BytesOf("proc/meminfo", "MemTotal:");
  const std::string release = Read("etc/os-release").value_or("");
  constexpr std::string_view kPretty = "PRETTY_NAME=";
  const std::size_t at = release.find(kPretty);
  if (at != std::string::npos) {
    std::string_view name = std::string_view(release).substr(at + kPretty.size());
    name = Trim(name.substr(0, name.find('\n')));
    if (name.size() >= 2 && name.front() == '"' && name.back() == '"') {
      name = name.substr(1, name.size() - 2);
    }
    facts.os = name;
  }
  return facts;
}

BoardSample BoardProbe::Sample() const {
  return {.temperature_millicelsius = Temperature(),
          .clock_mhz = Clock(),
          .throttle_flags = Throttled(),
          .load_permille = Load(),
          .memory_available_bytes = BytesOf("proc/meminfo", "MemAvailable:")};
}

std::optional<std::int32_t> BoardProbe::Temperature() const {
  const auto sensible = [](std::optional<std::int64_t> t) -> std::optional<std::int32_t> {
    if (!t || *t < kColdest || *t > kHottest) return std::nullopt;
    return static_cast<std::int32_t>(*t);
  };
  for (const std::string& zone : Folders(root_ / "sys/class/thermal", "thermal_zone")) {
    const std::string folder = "sys/class/thermal/" + zone;
    if (!IsProcessor(Trim(Read(folder + "/type").value_or("")))) continue;
    if (const auto t = sensible(ReadNumber(folder + "/temp"))) return t;
  }
  for (const std::string& chip : Folders(root_ / "sys/class/hwmon", "hwmon")) {
    const std::string folder = "sys/class/hwmon/" + chip;
    if (!IsProcessor(Trim(Read(folder + "/name").value_or("")))) continue;
    if (const auto t = sensible(ReadNumber(folder + "/temp1_input"))) return t;
  }
  return std::nullopt;
}

std::optional<std::uint32_t> BoardProbe::Clock() const {
  std::int64_t fastest = 0;
  const std::string folder = "sys/devices/system/cpu/cpufreq/";
  for (const std::string& policy : Folders(root_ / folder, "policy")) {
    fastest = std::max(fastest, ReadNumber(folder + policy + "/scaling_cur_freq").value_or(0));
  }
  if (fastest <= 0 || fastest > 100'000'000) return std::nullopt;
  return static_cast<std::uint32_t>(fastest / 1000);
}

std::optional<std::uint32_t> BoardProbe::Throttled() const {
  const auto text = Read("sys/devices/platform/soc/soc:firmware/get_throttled");
  if (!text) return std::nullopt;
  std::string_view digits = Trim(*text);
  if (digits.starts_with("0x")) digits.remove_prefix(2);
  if (digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos) {
    return std::nullopt;
  }
  return Number<std::uint32_t>(digits, 16);
}

std::optional<std::uint32_t> BoardProbe::Load() const {
  const auto text = Read("proc/loadavg");
  const auto cores = Cores();
  if (!text || !cores) return std::nullopt;
  // "0.52 …": two decimals always, so hundredths are exact without floating point.
  const std::size_t dot = text->find('.');
  if (dot == std::string::npos) return std::nullopt;
  const auto whole = Number<std::uint32_t>(std::string_view(*text).substr(0, dot));
  const auto part = Number<std::uint32_t>(std::string_view(*text).substr(dot + 1, 2));
  if (!whole || !part || *whole > 1'000'000) return std::nullopt;
  return (*whole * 100 + *part) * 10 / *cores;
}

}  // namespace picube
