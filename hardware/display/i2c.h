// Writing to one device on an I2C bus. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include "protocol/base/error.h"
#include "protocol/base/time.h"

namespace picube {

class I2c {
 public:
  virtual ~I2c() = default;
  // Chooses the device, opening the bus anew: after an error it may have gone. kHost.
  [[nodiscard]] virtual Status Open(std::uint8_t address) = 0;
  // One transfer. kHost: the device does not acknowledge, or the bus is gone.
  [[nodiscard]] virtual Status Write(std::span<const std::uint8_t> bytes) = 0;
  // Sleeps for so long at least.
  virtual void Wait(Duration time) = 0;
  [[nodiscard]] virtual std::string Name() const = 0;  // "/dev/i2c-1"
};

// The kernel's /dev/i2c-N below a root folder. Blocks as long as the bus does: at 100 kHz 90 us a
// byte, and a second on one that hangs (the Raspberry Pi's driver gives up then).
class I2cDevice : public I2c {
 public:
  I2cDevice(const std::filesystem::path& root, int bus);
  ~I2cDevice() override;
  I2cDevice(const I2cDevice&) = delete;
  I2cDevice& operator=(const I2cDevice&) = delete;

  [[nodiscard]] Status Open(std::uint8_t address) override;
  [[nodiscard]] Status Write(std::span<const std::uint8_t> bytes) override;
  void Wait(Duration time) override;
  [[nodiscard]] std::string Name() const override { return path_.string(); }

 private:
  void Close();

  std::filesystem::path path_;
  int file_ = -1;
};

}  // namespace picube
