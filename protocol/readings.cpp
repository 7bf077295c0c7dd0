#include "protocol/readings.h"

namespace picube {
namespace {

constexpr std::uint32_t kUnderVoltage = 1U << 0;
constexpr std::uint32_t kCapped = 1U << 1;
constexpr std::uint32_t kThrottled = 1U << 2;
constexpr std::uint32_t kSoftLimit = 1U << 3;

}  // namespace

std::string WhySlow(const Readings& readings) {
  const std::uint32_t flags = readings.throttle_flags.value_or(0);
  if ((flags & kUnderVoltage) != 0) {
    return "its supply gives too little voltage: a better cable or charger helps";
  }
  if ((flags & (kCapped | kThrottled)) != 0) return "its firmware slows it: too hot";
  if ((flags & kSoftLimit) != 0) return "its firmware slows it a little: above 60 degrees";
  return readings.slowed_why;
}

bool IsSlowed(const Readings& readings) { return !WhySlow(readings).empty(); }

}  // namespace picube
