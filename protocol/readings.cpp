#include "protocol/readings.h"

namespace picube {

std::string WhySlow(const Readings& readings) {
  const std::uint32_t flags = readings.throttle_flags.value_or(0);
  if ((flags & throttled::kUnderVoltage) != 0) {
    return "its supply gives too little voltage: a better cable or charger helps";
  }
  if ((flags & (throttled::kCapped | throttled::kSlowed)) != 0)
    return "its firmware slows it: too hot";
  if ((flags & throttled::kSoftLimit) != 0)
    return "its firmware slows it a little: above 60 degrees";
  return readings.slowed_why;
}

}  // namespace picube
