#include "worker/board/fan.h"

#include <yaml-cpp/yaml.h>

#include <cmath>
#include <utility>

#include "hardware/fan/cooling_device.h"

namespace picube {
namespace {

std::string TextOf(const YAML::Node& node) { return node.IsScalar() ? node.Scalar() : ""; }

Status ReadCelsius(const YAML::Node& node, const WrongAt& wrong, std::int32_t& out) {
  double value = 0;
  if (!node.IsScalar() || !YAML::convert<double>::decode(node, value) ||
      !(value >= 20 && value <= 84)) {
    return wrong(node, "degrees from 20 to 84 were expected.");
  }
  out = static_cast<std::int32_t>(std::lround(1000 * value));
  return {};
}

Status ReadOption(const std::string& name, const YAML::Node& key, const YAML::Node& value,
                  const WrongAt& wrong, FanSettings& out) {
  if (name == "on_from") return ReadCelsius(value, wrong, out.follow.on_from_millicelsius);
  if (name == "off_below") return ReadCelsius(value, wrong, out.follow.off_below_millicelsius);
  if (name == "gpio") {
    constexpr std::uint32_t kMostLine = 27;  // of the 40-pin header
    out.kind = FanSettings::Kind::kGpio;
    if (YAML::convert<std::uint32_t>::decode(value, out.line) && out.line <= kMostLine) return {};
    return wrong(value, "the number of a GPIO from 0 to 27 was expected.");
  }
  if (name == "device") {
    out.kind = FanSettings::Kind::kDevice;
    if (TextOf(value) == "kernel") return {};
    return wrong(value, "kernel was expected: the fan that the kernel knows of.");
  }
  return wrong(
      key, "unknown option '" + name + "' of fan. There are: gpio, device, on_from, off_below.");
}

}  // namespace

Status ReadFanSettings(const YAML::Node& node, const WrongAt& wrong, FanSettings& out) {
  if (TextOf(node) == "none") return {};
  if (!node.IsMap()) {
    return wrong(node, "none, or options of the form {gpio: 14, on_from: 60} was expected.");
  }
  for (const auto& entry : node) {
    const Status read = ReadOption(TextOf(entry.first), entry.first, entry.second, wrong, out);
    if (!read) return read;
  }
  if (node["gpio"] && node["device"]) return wrong(node, "a fan has a gpio or a device, not both.");
  if (out.kind == FanSettings::Kind::kNone) return wrong(node, "gpio or device is missing.");
  if (out.follow.off_below_millicelsius >= out.follow.on_from_millicelsius) {
    return wrong(node, "off_below must be below on_from.");
  }
  return {};
}

FanKeeper::FanKeeper(const SharedFanOptions& options, std::unique_ptr<FanOutput> output)
    : fan_(options), output_(std::move(output)) {}

void FanKeeper::Hear(std::vector<Peer> peers, Instant now) {
  peers_ = std::move(peers);
  heard_ = now;
}

std::optional<std::string> FanKeeper::Turn(Instant now, const std::string& own_name,
                                           std::optional<std::int32_t> own_millicelsius) {
  if (!output_) return std::nullopt;
  std::vector<FanPeer> all = {{own_name, now, own_millicelsius}};
  for (const Peer& peer : peers_) {
    const Instant heard = heard_ - std::chrono::milliseconds(peer.silent_ms);
    all.push_back({peer.name, heard, peer.readings.temperature_millicelsius});
  }
  const FanDecision decision = fan_.Step(all, now);
  follows_ = decision.hottest_millicelsius;
  const Status set = output_->Set(decision.on);
  if (!set) {
    if (std::exchange(failed_, true)) return std::nullopt;
    return "the fan cannot be switched: " + set.error().Text();
  }
  failed_ = false;
  if (std::exchange(on_, decision.on) == decision.on) return std::nullopt;
  return std::string("fan ") + (decision.on ? "on: " : "off: ") + decision.why;
}

std::unique_ptr<FanOutput> MakeFanOutput(const FanSettings& settings,
                                         const std::filesystem::path& root, GpioKernel& kernel) {
  switch (settings.kind) {
    case FanSettings::Kind::kNone: break;
    case FanSettings::Kind::kGpio: return std::make_unique<GpioFan>(kernel, root, settings.line);
    case FanSettings::Kind::kDevice: return std::make_unique<CoolingDeviceFan>(root);
  }
  return nullptr;
}

}  // namespace picube
