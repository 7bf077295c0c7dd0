// The part `fan` of worker.yaml, and the fan that this host switches for its cube: it follows the
// hottest of all hosts that the server calls its site, and runs when in doubt. One thread.
//
//   fan: {gpio: 14, on_from: 60, off_below: 50}
//   fan: {device: kernel}
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hardware/fan/gpio_fan.h"
#include "hardware/fan/shared_fan.h"
#include "protocol/messages.h"
#include "worker/display/settings.h"

namespace picube {

struct FanSettings {
  enum class Kind : std::uint8_t { kNone, kGpio, kDevice } kind = Kind::kNone;
  std::uint32_t line = 14;
  SharedFanOptions follow;
};
// kUser, by `wrong`; `out` may have been filled in part then.
[[nodiscard]] Status ReadFanSettings(const YAML::Node& node, const WrongAt& wrong,
                                     FanSettings& out);

class FanKeeper {
 public:
  // `output` null: there is no fan to switch.
  FanKeeper(const SharedFanOptions& options, std::unique_ptr<FanOutput> output);

  // What the server knows of the other hosts of the site.
  void Hear(std::vector<Peer> peers, Instant now);
  [[nodiscard]] const std::vector<Peer>& Peers() const { return peers_; }
  [[nodiscard]] Instant Heard() const { return heard_; }

  // About once a second. What is to be said in the log, if anything.
  [[nodiscard]] std::optional<std::string> Turn(Instant now, const std::string& own_name,
                                                std::optional<std::int32_t> own_millicelsius);
  // The hottest of those that it cools; nothing: no fan here, or nobody knows.
  [[nodiscard]] std::optional<std::int32_t> Follows() const { return follows_; }

 private:
  SharedFan fan_;
  std::unique_ptr<FanOutput> output_;
  std::vector<Peer> peers_;
  Instant heard_{};
  std::optional<std::int32_t> follows_;
  std::optional<bool> on_;
  bool failed_ = false;
};

// `kernel` is borrowed and outlives the keeper.
[[nodiscard]] std::unique_ptr<FanOutput> MakeFanOutput(const FanSettings& settings,
                                                       const std::filesystem::path& root,
                                                       GpioKernel& kernel);

}  // namespace picube
