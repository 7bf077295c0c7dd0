// The part `display` of worker.yaml: a kind alone, or a kind with options.
//
//   display: lcdd
//   display: {kind: pcf8574, bus: 1, address: 0x27, pins: [rs, rw, e, backlight, d4, d5, d6, d7]}
//
// Any thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "hardware/display/pcf8574.h"
#include "protocol/base/error.h"

namespace YAML {
class Node;
class Emitter;
}  // namespace YAML

namespace picube {

enum class DisplayKind : std::uint8_t { kAuto, kLcdd, kPcf8574, kCharlcd, kConsole, kNone };
[[nodiscard]] std::string_view Name(DisplayKind kind);

struct DisplaySettings {
  DisplayKind kind = DisplayKind::kAuto;
  std::string lcdd = "127.0.0.1:13666";  // where LCDd listens: a number, not a name
  int bus = 1;                           // /dev/i2c-N
  int address = 0;                       // of the PCF8574; 0 = look for it
  Pcf8574Pins pins;
  bool backlight = true;
  bool operator==(const DisplaySettings&) const = default;
};

// Makes an error of the place of a node and a sentence.
using WrongAt = std::function<std::unexpected<Error>(const YAML::Node&, const std::string&)>;

// kUser, by `wrong`; `out` may have been filled in part then.
[[nodiscard]] Status ReadDisplay(const YAML::Node& node, const WrongAt& wrong,
                                 DisplaySettings& out);
// The value alone; ReadDisplay reads it back.
void WriteDisplay(YAML::Emitter& out, const DisplaySettings& settings);

}  // namespace picube
