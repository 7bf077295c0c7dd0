#include "worker/board/settings.h"

#include <yaml-cpp/yaml.h>

#include <string>

namespace picube {
namespace {

constexpr double kCool = 79;   // °C
constexpr double kQuiet = 65;  // °C

std::string TextOf(const YAML::Node& node) { return node.IsScalar() ? node.Scalar() : ""; }

Status ReadMode(const YAML::Node& node, const WrongAt& wrong, std::optional<GovernorMode>& out) {
  const std::string text = TextOf(node);
  out = GovernorModeNamed(text);
  if (out || text == "auto") return {};
  return wrong(node, "one of auto, max, cool, quiet, off was expected.");
}

struct Range {
  double least;
  double most;
};
Status ReadReal(const YAML::Node& node, const WrongAt& wrong, const Range& range, double& out) {
  double value = 0;
  if (node.IsScalar() && YAML::convert<double>::decode(node, value) && value >= range.least &&
      value <= range.most) {
    out = value;
    return {};
  }
  char text[96];
  std::snprintf(text, sizeof text, "a number from %g to %g was expected.", range.least, range.most);
  return wrong(node, text);
}

Status ReadOption(const std::string& name, const YAML::Node& key, const YAML::Node& value,
                  const WrongAt& wrong, BoardSettings& out) {
  if (name == "mode") return ReadMode(value, wrong, out.mode);
  if (name == "ambient") return ReadReal(value, wrong, {-20, 60}, out.ambient);
  if (name == "set_point") {
    out.set_point = 0;
    return ReadReal(value, wrong, {40, 84}, *out.set_point);
  }
  if (name == "charger_efficiency") {
    return ReadReal(value, wrong, {0.3, 1}, out.overhead.charger_efficiency);
  }
  if (name == "shared_watts") return ReadReal(value, wrong, {0, 1000}, out.overhead.shared_watts);
  if (name == "meter_hosts") return ReadReal(value, wrong, {1, 1000}, out.meter_hosts);
  if (name == "meter") {
    out.meter = TextOf(value);
    if (out.meter.starts_with('/')) return {};
    return wrong(value, "the path of a file was expected, such as /run/meter/watts.");
  }
  return wrong(key, "unknown option '" + name +
                        "' of board. There are: mode, set_point, ambient, charger_efficiency, "
                        "shared_watts, meter, meter_hosts.");
}

}  // namespace

double BoardSettings::SetPoint(GovernorMode in_mode) const {
  return set_point.value_or(in_mode == GovernorMode::kQuiet ? kQuiet : kCool);
}

Status ReadBoard(const YAML::Node& node, const WrongAt& wrong, BoardSettings& out) {
  if (node.IsScalar()) return ReadMode(node, wrong, out.mode);
  if (!node.IsMap()) {
    return wrong(node, "a mode, or options of the form {mode: cool, set_point: 79} was expected.");
  }
  for (const auto& entry : node) {
    const Status read = ReadOption(TextOf(entry.first), entry.first, entry.second, wrong, out);
    if (!read) return read;
  }
  return {};
}

}  // namespace picube
