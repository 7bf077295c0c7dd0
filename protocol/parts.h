// What messages are made of: parts that several of them share, as plain values. See
// protocol/messages.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/ids.h"

namespace picube {

struct BlobRef {  // a blob by its content
  Digest hash;
  std::uint64_t size = 0;  // bytes
  bool operator==(const BlobRef&) const = default;
};

struct ApplicationVersion {
  std::string name;
  std::uint32_t version = 0;
  bool operator==(const ApplicationVersion&) const = default;
};

struct Bounds {  // what a unit may use at most; beyond it the unit is ended with an error
  std::uint64_t wall_seconds = 24 * 3600;
  std::uint64_t memory_bytes = 512ULL << 20;
  std::uint64_t disk_bytes = 1ULL << 30;
  std::uint64_t result_bytes = 1ULL << 20;
  bool operator==(const Bounds&) const = default;
};

struct HostFacts {       // what a worker says of its machine
  std::string software;  // "picube-worker 0.1.0"
  std::string board;     // "Raspberry Pi 4 Model B Rev 1.4", or the PC's name
  std::string isa;       // "aarch64", "x86_64"
  std::string os;        // "Debian GNU/Linux 12"
  std::uint32_t cores = 1;
  std::uint64_t memory_bytes = 0;
  std::uint64_t disk_bytes = 0;       // free for the grid
  double benchmark_flops = 0;         // all cores, measured; 0 = not yet
  std::uint32_t offline_seconds = 0;  // it may be out of reach for so long and computes on
  std::vector<ApplicationVersion> applications;
  bool operator==(const HostFacts&) const = default;
};

struct Readings {  // of the board now; absent = unknown, never zero
  std::optional<std::int32_t> temperature_millicelsius;
  std::optional<std::uint32_t> clock_mhz;
  std::optional<std::uint32_t> throttle_flags;  // as the firmware's get_throttled
  std::optional<std::uint32_t> load_permille;   // 1-minute load / cores
  std::optional<std::uint32_t> milliwatts;
  std::optional<std::uint32_t> fan_rpm;
  std::string slowed_why;  // why the host computes less than it could; empty = it does not
  // Its speed of the minutes to come over that of the last ones, as it expects: below 1000 for a
  // board that heats up, above for one that cools down.
  std::optional<std::uint32_t> outlook_permille;
  std::optional<std::uint32_t> most_milliwatts;  // what it may take when all cores are busy
  bool operator==(const Readings&) const = default;
};

enum class EnergySource : std::uint8_t { kNone = 0, kModel = 1, kIna = 2, kPmic = 3, kMeter = 4 };

struct Cost {  // what a result took
  std::uint64_t cpu_ms = 0;
  std::uint64_t wall_ms = 0;
  std::uint64_t millijoules = 0;  // all that the board took; valid if the source is not kNone
  EnergySource energy_source = EnergySource::kNone;
  std::optional<std::int32_t> top_millicelsius;
  std::uint64_t marginal_millijoules = 0;  // of millijoules: more than when idle
  bool operator==(const Cost&) const = default;
};

// Joules of many results. A figure is as good as the worst of its sources.
struct EnergySums {
  std::uint64_t results = 0;               // whose energy is known
  std::uint64_t millijoules = 0;           // all that their boards took
  std::uint64_t marginal_millijoules = 0;  // of these, more than when idle
  std::uint32_t sources = 0;               // bit n: some are by EnergySource n
  bool operator==(const EnergySums&) const = default;
};

}  // namespace picube
