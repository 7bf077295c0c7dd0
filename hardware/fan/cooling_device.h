// The fans that the kernel knows of, below a root folder: what they do, and switching one by its
// cooling device. Devices are found anew each time by their names, since their numbers change from
// start to start.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include "hardware/fan/fan_output.h"

namespace picube {

struct FanReport {
  std::optional<std::uint32_t> rpm;
  std::optional<std::uint32_t> percent;   // of its power: by its PWM, else by its state
  std::optional<std::uint32_t> permille;  // the same, finer
  bool operator==(const FanReport&) const = default;
};

// Of the first fan: sys/class/hwmon (pwmfan, cooling_fan, pwm-fan, gpio_fan, rpipoefan) and
// sys/class/thermal/cooling_device*. Nothing: the kernel knows of no fan. Any thread.
[[nodiscard]] std::optional<FanReport> ReadFan(const std::filesystem::path& root);

// By `cur_state` of the first cooling device whose type is a fan's; on = its greatest state. The
// file belongs to root: who may write it is the operator's decision.
class CoolingDeviceFan : public FanOutput {
 public:
  explicit CoolingDeviceFan(std::filesystem::path root);
  ~CoolingDeviceFan() override;
  CoolingDeviceFan(const CoolingDeviceFan&) = delete;
  CoolingDeviceFan& operator=(const CoolingDeviceFan&) = delete;
  [[nodiscard]] Status Set(bool on) override;

 private:
  std::filesystem::path root_;
};

}  // namespace picube
