#include "worker/display/settings.h"

#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <cstdio>
#include <optional>
#include <utility>

#include "worker/display/tcp_stream.h"

namespace picube {
namespace {

constexpr std::pair<DisplayKind, std::string_view> kKinds[] = {
    {DisplayKind::kAuto, "auto"},       {DisplayKind::kLcdd, "lcdd"},
    {DisplayKind::kPcf8574, "pcf8574"}, {DisplayKind::kCharlcd, "charlcd"},
    {DisplayKind::kConsole, "console"}, {DisplayKind::kNone, "none"}};
constexpr int kMostBus = 255;

// The pins by their names in worker.yaml.
std::vector<std::pair<std::string_view, std::uint8_t*>> Named(Pcf8574Pins& pins) {
  return {{"rs", &pins.rs},      {"rw", &pins.rw},
          {"e", &pins.e},        {"d4", &pins.data[0]},
          {"d5", &pins.data[1]}, {"d6", &pins.data[2]},
          {"d7", &pins.data[3]}, {"backlight", &pins.backlight}};
}

std::string TextOf(const YAML::Node& node) { return node.IsScalar() ? node.Scalar() : ""; }

// Decimal, or hexadecimal behind 0x.
std::optional<int> NumberOf(const YAML::Node& node) {
  const std::string text = TextOf(node);
  const bool hexadecimal = text.starts_with("0x");
  const char* begin = text.data() + (hexadecimal ? 2 : 0);
  const char* end = text.data() + text.size();
  int value = 0;
  const auto [at, error] = std::from_chars(begin, end, value, hexadecimal ? 16 : 10);
  if (error != std::errc{} || at != end) return std::nullopt;
  return value;
}

Status ReadKind(const YAML::Node& node, const WrongAt& wrong, DisplayKind& out) {
  const std::string text = TextOf(node);
  const auto* known =
      std::ranges::find(kKinds, text, &std::pair<DisplayKind, std::string_view>::second);
  if (known == std::end(kKinds)) {
    return wrong(node, "one of auto, lcdd, pcf8574, charlcd, console, none was expected.");
  }
  out = known->first;
  return {};
}

Status ReadAddress(const YAML::Node& node, const WrongAt& wrong, int& out) {
  const auto number = NumberOf(node);
  const auto usable = AllPcf8574Addresses();
  if (!number || std::ranges::find(usable, *number) == usable.end()) {
    return wrong(node, "an address from 0x20 to 0x27 or from 0x38 to 0x3F was expected.");
  }
  out = *number;
  return {};
}

Status ReadPins(const YAML::Node& node, const WrongAt& wrong, Pcf8574Pins& out) {
  const std::string expected =
      "the eight names rs, rw, e, backlight, d4, d5, d6, d7 were expected, in the order of P0 to "
      "P7.";
  if (!node.IsSequence() || node.size() != 8) return wrong(node, expected);
  auto left = Named(out);
  for (std::uint8_t i = 0; i < 8; ++i) {
    const std::string name = TextOf(node[i]);
    const auto at =
        std::ranges::find(left, name, &std::pair<std::string_view, std::uint8_t*>::first);
    if (at == left.end()) return wrong(node[i], expected);
    *at->second = i;
    left.erase(at);  // each once
  }
  return {};
}

Status ReadBacklight(const YAML::Node& node, const WrongAt& wrong, bool& out) {
  const std::string text = TextOf(node);
  out = text == "on" || text == "true" || text == "yes";
  if (out || text == "off" || text == "false" || text == "no") return {};
  return wrong(node, "on or off was expected.");
}

Status ReadOption(const std::string& name, const YAML::Node& key, const YAML::Node& value,
                  const WrongAt& wrong, DisplaySettings& out) {
  if (name == "kind") return ReadKind(value, wrong, out.kind);
  if (name == "address") return ReadAddress(value, wrong, out.address);
  if (name == "pins") return ReadPins(value, wrong, out.pins);
  if (name == "backlight") return ReadBacklight(value, wrong, out.backlight);
  if (name == "lcdd") {
    out.lcdd = TextOf(value);
    if (IsTcpAddress(out.lcdd)) return {};
    return wrong(value, "an address and a port was expected, such as 127.0.0.1:13666.");
  }
  if (name == "bus") {
    const auto number = NumberOf(value);
    if (!number || *number < 0 || *number > kMostBus) {
      return wrong(value,
                   "a whole number from 0 to " + std::to_string(kMostBus) + " was expected.");
    }
    out.bus = *number;
    return {};
  }
  return wrong(key, "unknown option '" + name +
                        "' of display. There are: kind, lcdd, bus, address, pins, backlight.");
}

// The kind that an option is for; nothing = any.
std::optional<DisplayKind> Belongs(const std::string& option) {
  if (option == "kind") return std::nullopt;
  return option == "lcdd" ? DisplayKind::kLcdd : DisplayKind::kPcf8574;
}

}  // namespace

std::string_view Name(DisplayKind kind) {
  for (const auto& [known, name] : kKinds) {
    if (known == kind) return name;
  }
  return "";
}

Status ReadDisplay(const YAML::Node& node, const WrongAt& wrong, DisplaySettings& out) {
  if (!node.IsMap()) return ReadKind(node, wrong, out.kind);
  for (const auto& entry : node) {
    Status read = ReadOption(TextOf(entry.first), entry.first, entry.second, wrong, out);
    if (!read) return read;
  }
  for (const auto& entry : node) {
    const auto belongs = Belongs(TextOf(entry.first));
    if (!belongs || out.kind == DisplayKind::kAuto || out.kind == *belongs) continue;
    return wrong(entry.first, "'" + TextOf(entry.first) + "' means nothing for a display of kind " +
                                  std::string(Name(out.kind)) + ".");
  }
  return {};
}

void WriteDisplay(YAML::Emitter& out, const DisplaySettings& settings) {
  const DisplaySettings usual{.kind = settings.kind};
  if (settings == usual) {
    out << std::string(Name(settings.kind));
    return;
  }
  out << YAML::Flow << YAML::BeginMap << YAML::Key << "kind" << YAML::Value
      << std::string(Name(settings.kind));
  if (settings.lcdd != usual.lcdd) out << YAML::Key << "lcdd" << YAML::Value << settings.lcdd;
  if (settings.bus != usual.bus) out << YAML::Key << "bus" << YAML::Value << settings.bus;
  if (settings.address != 0) {
    char text[16];
    std::snprintf(text, sizeof text, "0x%02X", static_cast<unsigned>(settings.address));
    out << YAML::Key << "address" << YAML::Value << text;
  }
  if (settings.pins != usual.pins) {
    Pcf8574Pins pins = settings.pins;
    auto named = Named(pins);
    std::ranges::sort(named, {}, [](const auto& pin) { return *pin.second; });
    out << YAML::Key << "pins" << YAML::Value << YAML::BeginSeq;
    for (const auto& pin : named) out << std::string(pin.first);
    out << YAML::EndSeq;
  }
  if (!settings.backlight) out << YAML::Key << "backlight" << YAML::Value << "off";
  out << YAML::EndMap;
}

}  // namespace picube
