// The small files of /proc and /sys below a root, and numbers in text. What cannot be read whole
// and understood whole is nothing: a sensor that answers EAGAIN, EIO or garbage is as good as none.
// Any thread.
#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace picube {

// Without the blanks and NULs around it.
[[nodiscard]] std::string_view Trim(std::string_view text);

// The number that the text begins with.
template <std::integral T>
[[nodiscard]] std::optional<T> LeadingNumber(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end == text.data()) return std::nullopt;
  return value;
}
// The number that the text is.
template <std::integral T>
[[nodiscard]] std::optional<T> WholeNumber(std::string_view text, int base = 10) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}
// "5.15352" are 5,153,520 millionths; further digits are cut off. Not negative, below 10,000.
[[nodiscard]] std::optional<std::int64_t> Millionths(std::string_view text);

class SysFiles {
 public:
  explicit SysFiles(std::filesystem::path root) : root_(std::move(root)) {}
  [[nodiscard]] const std::filesystem::path& Root() const { return root_; }

  // The first 16 KiB.
  [[nodiscard]] std::optional<std::string> Read(const std::string& below_root) const;
  // Trimmed; empty if it cannot be read.
  [[nodiscard]] std::string Line(const std::string& below_root) const;
  [[nodiscard]] std::optional<std::int64_t> Number(const std::string& below_root) const;
  // "MemTotal:  3884388 kB" in bytes.
  [[nodiscard]] std::optional<std::uint64_t> BytesOf(const std::string& below_root,
                                                     std::string_view field) const;
  // Paths below the root of the sub-folders whose name begins so, by their numbers.
  [[nodiscard]] std::vector<std::string> Folders(const std::string& below_root,
                                                 std::string_view begins) const;

 private:
  std::filesystem::path root_;
};

// A hwmon chip. Its number changes from start to start; its name is what it is known by.
struct SensorChip {
  std::string name;
  std::string folder;  // below the root
};
[[nodiscard]] std::vector<SensorChip> SensorChips(const SysFiles& files);

}  // namespace picube
