// A fan behind one line of the Raspberry Pi's header (a MOSFET in the fan's negative lead), by the
// kernel's GPIO interface, version 2 (linux/gpio.h, from kernel 5.10 on). One thread.
//
// When the program ends, the kernel lets the line go. A resistor that pulls the MOSFET's gate up
// keeps the fan on then, and while the board starts.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include "hardware/fan/fan_output.h"

namespace picube {

// The three calls to the kernel; a negative answer is -errno.
class GpioKernel {
 public:
  virtual ~GpioKernel() = default;
  [[nodiscard]] virtual int Open(const std::filesystem::path& path) = 0;  // a descriptor
  [[nodiscard]] virtual int Control(int file, unsigned long request, void* argument) = 0;
  virtual void Close(int file) = 0;
};
// This machine's.
[[nodiscard]] std::unique_ptr<GpioKernel> MakeGpioKernel();

// The header's chip on a Pi 5, on a Pi 4, and before. Its number differs between kernels.
inline constexpr std::array<std::string_view, 3> kHeaderChips = {"pinctrl-rp1", "pinctrl-bcm2711",
                                                                 "pinctrl-bcm2835"};

class GpioFan : public FanOutput {
 public:
  // `line` is the number of the GPIO (14 is pin 8 of the header). The fan is on from the moment
  // that the line is had. `kernel` is borrowed.
  GpioFan(GpioKernel& kernel, std::filesystem::path root, std::uint32_t line);
  ~GpioFan() override;
  GpioFan(const GpioFan&) = delete;
  GpioFan& operator=(const GpioFan&) = delete;
  [[nodiscard]] Status Set(bool on) override;

 private:
  [[nodiscard]] Status Request();
  [[nodiscard]] Status Switch(bool on);
  [[nodiscard]] Result<int> OpenHeader();

  GpioKernel& kernel_;
  std::filesystem::path root_;
  std::uint32_t line_;
  int file_ = -1;  // of the line
};

}  // namespace picube
