#include "hardware/display/i2c.h"

#include <fcntl.h>
#include <linux/i2c-dev.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>

namespace picube {
namespace {

constexpr const char* kNext =
    "Check the wiring, `dtparam=i2c_arm=on` in config.txt, and that this user is in group i2c.";

}  // namespace

I2cDevice::I2cDevice(const std::filesystem::path& root, int bus)
    : path_(root / "dev" / ("i2c-" + std::to_string(bus))) {}

I2cDevice::~I2cDevice() { Close(); }

void I2cDevice::Close() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

Status I2cDevice::Open(std::uint8_t address) {
  Close();
  file_ = ::open(path_.c_str(), O_RDWR | O_CLOEXEC);
  const int opened = errno;
  if (file_ < 0) {
    return Fail(ErrorKind::kHost,
                "cannot open " + path_.string() + ": " + std::strerror(opened) + ".", kNext);
  }
  if (::ioctl(file_, I2C_SLAVE, static_cast<unsigned long>(address)) == 0) return {};
  const int chosen = errno;
  Close();
  return Fail(ErrorKind::kHost,
              path_.string() + " does not give out a device: " + std::strerror(chosen) + ".",
              kNext);
}

Status I2cDevice::Write(std::span<const std::uint8_t> bytes) {
  const ssize_t written = file_ < 0 ? -1 : ::write(file_, bytes.data(), bytes.size());
  if (written == static_cast<ssize_t>(bytes.size())) return {};
  const int why = file_ < 0 ? EBADF : (written < 0 ? errno : EIO);
  return Fail(ErrorKind::kHost,
              "nothing acknowledges on " + path_.string() + ": " + std::strerror(why) + ".", kNext);
}

void I2cDevice::Wait(Duration time) {
  timespec left{.tv_sec = time / 1s, .tv_nsec = (time % 1s).count() * 1000};
  while (::nanosleep(&left, &left) != 0 && errno == EINTR) {
  }
}

}  // namespace picube
