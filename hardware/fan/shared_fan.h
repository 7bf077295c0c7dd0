// One fan for a cube: the host that switches it follows the hottest of all that it cools. Pure: the
// owner's loop hands over what its peers last said, and switches what comes out.
//
// Rules:
// - Fail-safe on: at the start, when nobody is known, and when any of those to be cooled has not
// been
//   heard for `silence`, or does not know its temperature. A host that was taken away is to be
//   taken off the list; nobody else knows whether it is away or burning.
// - On from `on_from`; off again only below `off_below`, so that it does not flutter.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include "protocol/base/time.h"

namespace picube {

// One host that the fan cools; the owner of the fan is one too.
struct FanPeer {
  std::string host;
  std::optional<Instant> heard;  // by the owner's clock
  std::optional<std::int32_t> temperature_millicelsius;
};

struct SharedFanOptions {
  std::int32_t on_from_millicelsius = 60'000;
  std::int32_t off_below_millicelsius = 50'000;
  Duration silence = std::chrono::seconds(10);
};

struct FanDecision {
  bool on = true;
  std::string why;  // "picube-03 has 61.2 °C", "picube-03 is silent"
  std::optional<std::int32_t> hottest_millicelsius;  // of those heard
};

class SharedFan {
 public:
  explicit SharedFan(const SharedFanOptions& options) : options_(options) {}
  // About once a second.
  [[nodiscard]] FanDecision Step(std::span<const FanPeer> peers, Instant now);

 private:
  SharedFanOptions options_;
  bool on_ = true;
};

}  // namespace picube
