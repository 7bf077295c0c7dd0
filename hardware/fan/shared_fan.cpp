#include "hardware/fan/shared_fan.h"

#include <cstdlib>

namespace picube {
namespace {

// Beyond these a sensor is broken, not cold or hot.
constexpr std::int32_t kColdest = -40'000;
constexpr std::int32_t kHottest = 150'000;

std::string Celsius(std::int32_t millicelsius) {
  const std::int32_t tenths = millicelsius / 100;
  return std::string(tenths < 0 ? "-" : "") + std::to_string(std::abs(tenths) / 10) + "." +
         std::to_string(std::abs(tenths) % 10) + " °C";
}

// Why a host makes the fan run whatever the others say; empty if it does not.
std::string Trouble(const FanPeer& peer, Duration silence, Instant now) {
  // A time to come is no time at which it was heard.
  if (!peer.heard || *peer.heard > now || now - *peer.heard >= silence) {
    return peer.host + " is silent";
  }
  const auto& t = peer.temperature_millicelsius;
  if (!t || *t < kColdest || *t > kHottest) return peer.host + " does not know its temperature";
  return {};
}

}  // namespace

FanDecision SharedFan::Step(std::span<const FanPeer> peers, Instant now) {
  FanDecision decision;
  std::string trouble = peers.empty() ? "nobody is known" : "";
  const FanPeer* hottest = nullptr;
  for (const FanPeer& peer : peers) {
    std::string why = Trouble(peer, options_.silence, now);
    if (!why.empty()) {
      if (trouble.empty()) trouble = std::move(why);
    } else if (hottest == nullptr ||
               *peer.temperature_millicelsius > *hottest->temperature_millicelsius) {
      hottest = &peer;
    }
  }
  if (hottest != nullptr) {
    decision.hottest_millicelsius = hottest->temperature_millicelsius;
    decision.why = hottest->host + " has " + Celsius(*hottest->temperature_millicelsius);
  }
  if (!trouble.empty()) {
    decision.why = std::move(trouble);
    on_ = true;
  } else if (*decision.hottest_millicelsius >= options_.on_from_millicelsius) {
    on_ = true;
  } else if (*decision.hottest_millicelsius < options_.off_below_millicelsius) {
    on_ = false;
  }
  decision.on = on_;
  return decision;
}

}  // namespace picube
