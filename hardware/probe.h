// What the board says of itself: model, cores, memory, and its sensors now.
//
// Reads the kernel's files below a root folder ("/" on a machine, a recorded tree in tests) and
// asks the firmware by its mailbox. What cannot be read, or says nothing sensible, is unknown:
// absent, never zero and never a guess. Whether a value that makes sense is true, or has stood
// still for too long, is for whoever acts on it.
//
// Sensors are found anew for each sample, hwmon chips by their names: their numbers change from
// start to start, and drivers come and go. One thread at a time.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hardware/firmware.h"
#include "hardware/sysfs.h"

namespace picube {

struct BoardFacts {
  std::string board;  // "Raspberry Pi 4 Model B Rev 1.4"; a PC's maker and product; "generic"
  std::string kind;   // "3b", "3b+", "4b", "5", "zero2" ..; empty = no known Raspberry Pi
  std::string os;     // "Debian GNU/Linux 12 (bookworm)"; empty = unknown
  // Of the board, the same for ever; empty = unknown. Never to be published, sent or logged: only
  // its hash may be (worker/facts.h).
  std::string serial;
  std::optional<std::uint32_t> cores;  // online
  std::optional<std::uint64_t> memory_bytes;
};

// Where a power was measured. Leaves the process: never renumber.
enum class PowerSource : std::uint8_t {
  kNone = 0,
  kIna = 1,   // INA219, INA226 or the like in the board's supply: good for 2 %
  kPmic = 2,  // a Pi 5's own power controller: good for 10 %, without USB devices
};

struct BoardSample {
  std::optional<std::int32_t> temperature_millicelsius;  // of the processor
  std::optional<std::uint32_t> clock_mhz;       // requested, of the fastest policy: a Raspberry Pi
                                                // that throttles by itself does not show it here
  std::optional<std::uint32_t> real_clock_mhz;  // measured by the firmware
  std::optional<std::uint32_t> core_millivolts;
  std::optional<std::uint32_t> throttle_flags;  // as the firmware's get_throttled
  std::optional<std::uint32_t> load_permille;   // 1-minute load / cores
  std::optional<std::uint64_t> memory_available_bytes;
  std::optional<std::uint32_t> fan_rpm;
  std::optional<std::uint32_t> fan_permille;      // of its power
  std::optional<std::uint32_t> power_milliwatts;  // of the whole board
  PowerSource power_source = PowerSource::kNone;
};

class BoardProbe {
 public:
  // `mailbox` is borrowed; without one it is the kernel's below root/dev.
  explicit BoardProbe(std::filesystem::path root = "/", Vcio* mailbox = nullptr);

  [[nodiscard]] BoardFacts Facts() const;
  // At most about once a second: each asks the firmware some questions.
  [[nodiscard]] BoardSample Sample();
  // Of this process, resident or swapped out.
  [[nodiscard]] std::optional<std::uint64_t> OwnMemoryBytes() const;
  // Of the machine, for whoever asks.
  [[nodiscard]] std::optional<std::uint64_t> AvailableMemoryBytes() const {
    return files_.BytesOf("proc/meminfo", "MemAvailable:");
  }

  // What this program was built for: "aarch64", "x86_64".
  [[nodiscard]] static std::string Isa();

 private:
  using Chips = std::vector<SensorChip>;
  [[nodiscard]] std::optional<std::int32_t> Temperature(const Chips& chips);
  [[nodiscard]] std::optional<std::uint32_t> Clock() const;
  [[nodiscard]] std::optional<std::uint32_t> Throttled(const Chips& chips);
  [[nodiscard]] std::optional<std::uint32_t> Load() const;
  [[nodiscard]] std::optional<std::uint32_t> Cores() const;
  [[nodiscard]] std::optional<std::uint32_t> InaMilliwatts(const Chips& chips) const;
  void AddPower(BoardSample& sample, const Chips& chips);

  SysFiles files_;
  std::unique_ptr<Vcio> own_mailbox_;  // none if it was given
  Firmware firmware_;
};

}  // namespace picube
