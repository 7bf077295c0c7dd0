#include "hardware/sysfs.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "protocol/base/descriptor.h"

namespace picube {
namespace {

// The largest file we read (/proc/meminfo) has about 1.5 KiB.
constexpr std::size_t kMostBytes = 16 * 1024;

}  // namespace

std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank(" \t\r\n\0", 5);
  const std::size_t from = text.find_first_not_of(kBlank);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlank) - from + 1);
}

std::optional<std::int64_t> Millionths(std::string_view text) {
  constexpr std::size_t kPlaces = 6;
  const std::size_t dot = std::min(text.find('.'), text.size());
  const auto whole = WholeNumber<std::uint16_t>(text.substr(0, dot));
  if (!whole || *whole >= 10'000) return std::nullopt;
  std::int64_t value = *whole;
  const std::string_view places = text.substr(std::min(dot + 1, text.size()));
  for (std::size_t i = 0; i < std::max(places.size(), kPlaces); ++i) {
    const char digit = i < places.size() ? places[i] : '0';
    if (digit < '0' || digit > '9') return std::nullopt;
    if (i < kPlaces) value = value * 10 + (digit - '0');
  }
  return value;
}

std::optional<std::string> SysFiles::Read(const std::string& below_root) const {
  // Does not wait, whatever it is that stands there.
  const Descriptor file(::open((root_ / below_root).c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (file.Get() < 0) return std::nullopt;
  char text[kMostBytes];
  std::size_t size = 0;
  while (size < sizeof text) {
    const ssize_t got = ::read(file.Get(), text + size, sizeof text - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return std::nullopt;
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return std::string(text, size);
}

std::string SysFiles::Line(const std::string& below_root) const {
  const auto text = Read(below_root);
  return text ? std::string(Trim(*text)) : std::string();
}

std::optional<std::int64_t> SysFiles::Number(const std::string& below_root) const {
  const auto text = Read(below_root);
  return text ? WholeNumber<std::int64_t>(Trim(*text)) : std::nullopt;
}

std::optional<std::uint64_t> SysFiles::BytesOf(const std::string& below_root,
                                               std::string_view field) const {
  const auto text = Read(below_root);
  if (!text) return std::nullopt;
  const std::size_t at = text->find(field);
  if (at == std::string::npos) return std::nullopt;
  const auto kib =
      LeadingNumber<std::uint64_t>(Trim(std::string_view(*text).substr(at + field.size())));
  if (!kib || *kib == 0) return std::nullopt;
  return *kib * 1024;
}

std::vector<std::string> SysFiles::Folders(const std::string& below_root,
                                           std::string_view begins) const {
  std::vector<std::string> folders;
  std::error_code error;
  for (std::filesystem::directory_iterator it(root_ / below_root, error), end; !error && it != end;
       it.increment(error)) {
    const std::string name = it->path().filename().string();
    if (name.starts_with(begins)) folders.push_back(below_root + "/" + name);
  }
  std::ranges::sort(folders, [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return folders;
}

std::vector<SensorChip> SensorChips(const SysFiles& files) {
  std::vector<SensorChip> chips;
  for (std::string& folder : files.Folders("sys/class/hwmon", "hwmon")) {
    std::string name = files.Line(folder + "/name");
    if (!name.empty()) chips.push_back({std::move(name), std::move(folder)});
  }
  return chips;
}

}  // namespace picube
