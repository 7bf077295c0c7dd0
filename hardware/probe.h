// What the board says of itself: model, cores, memory, and its sensors now.
//
// Reads the kernel's files below a root folder ("/" on a machine, a recorded tree in tests). What
// cannot be read, or says nothing sensible, is unknown: absent, never zero and never a guess.
// Any thread; an object keeps no state but the root.
//
// Clocks are those requested of the firmware; a Raspberry Pi that throttles by itself shows it only
// in the throttle flags.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace picube {

struct BoardFacts {
  std::string board;  // "Raspberry Pi 4 Model B Rev 1.4"; a PC's maker and product; "generic"
  std::string os;     // "Debian GNU/Linux 12 (bookworm)"; empty = unknown
  std::optional<std::uint32_t> cores;  // online
  std::optional<std::uint64_t> memory_bytes;
};

struct BoardSample {
  std::optional<std::int32_t> temperature_millicelsius;  // of the processor
  std::optional<std::uint32_t> clock_mhz;                // requested, of the fastest policy
  std::optional<std::uint32_t> throttle_flags;           // as the firmware's get_throttled
  std::optional<std::uint32_t> load_permille;            // 1-minute load / cores
  std::optional<std::uint64_t> memory_available_bytes;
};

class BoardProbe {
 public:
  explicit BoardProbe(std::filesystem::path root = "/");

  [[nodiscard]] BoardFacts Facts() const;
  [[nodiscard]] BoardSample Sample() const;
  // Of this process, resident or swapped out.
  [[nodiscard]] std::optional<std::uint64_t> OwnMemoryBytes() const;
  // Of the machine, for whoever asks.
  [[nodiscard]] std::optional<std::uint64_t> AvailableMemoryBytes() const {
    return BytesOf("proc/meminfo", "MemAvailable:");
  }

  // What this program was built for: "aarch64", "x86_64".
  [[nodiscard]] static std::string Isa();

 private:
  [[nodiscard]] std::optional<std::string> Read(const std::string& below_root) const;
  [[nodiscard]] std::optional<std::int64_t> ReadNumber(const std::string& below_root) const;
  [[nodiscard]] std::optional<std::uint64_t> BytesOf(const std::string& below_root,
                                                     std::string_view field) const;
  [[nodiscard]] std::optional<std::int32_t> Temperature() const;
  [[nodiscard]] std::optional<std::uint32_t> Clock() const;
  [[nodiscard]] std::optional<std::uint32_t> Throttled() const;
  [[nodiscard]] std::optional<std::uint32_t> Load() const;
  [[nodiscard]] std::optional<std::uint32_t> Cores() const;

  std::filesystem::path root_;
};

}  // namespace picube
