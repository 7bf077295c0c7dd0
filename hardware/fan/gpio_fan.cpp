#include "hardware/fan/gpio_fan.h"

#include <fcntl.h>
#include <linux/gpio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace picube {
namespace {

constexpr int kMostChips = 16;  // a Pi 5 has fewer than that
constexpr std::string_view kConsumer = "picube fan";

class LinuxGpio : public GpioKernel {
 public:
  int Open(const std::filesystem::path& path) override {
    const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
    return file < 0 ? -errno : file;
  }
  int Control(int file, unsigned long request, void* argument) override {
    return ::ioctl(file, request, argument) < 0 ? -errno : 0;
  }
  void Close(int file) override { ::close(file); }
};

}  // namespace

std::unique_ptr<GpioKernel> MakeGpioKernel() { return std::make_unique<LinuxGpio>(); }

GpioFan::GpioFan(GpioKernel& kernel, std::filesystem::path root, std::uint32_t line)
    : kernel_(kernel), root_(std::move(root)), line_(line) {}

GpioFan::~GpioFan() {
  if (file_ < 0) return;
  static_cast<void>(Switch(true));
  if (file_ >= 0) kernel_.Close(file_);
}

Result<int> GpioFan::OpenHeader() {
  int refused = 0;
  for (int i = 0; i < kMostChips; ++i) {
    const int chip = kernel_.Open(root_ / "dev" / ("gpiochip" + std::to_string(i)));
    if (chip < 0) {
      if (chip != -ENOENT) refused = -chip;
      continue;
    }
    gpiochip_info info{};
    const int asked = kernel_.Control(chip, GPIO_GET_CHIPINFO_IOCTL, &info);
    const std::string_view label(info.label, ::strnlen(info.label, sizeof info.label));
    const bool header = std::ranges::find(kHeaderChips, label) != kHeaderChips.end();
    if (asked == 0 && header && line_ < info.lines) return chip;
    kernel_.Close(chip);
  }
  const std::string where = (root_ / "dev").string() + "/gpiochip*";
  if (refused != 0) {
    return Fail(ErrorKind::kHost, "cannot open " + where + ": " + std::strerror(refused) + ".",
                "Put this user into group gpio.");
  }
  return Fail(ErrorKind::kHost, "no chip among " + where +
                                    " is a Raspberry Pi's header with a line " +
                                    std::to_string(line_) + ".");
}

Status GpioFan::Request() {
  const Result<int> chip = OpenHeader();
  if (!chip) return std::unexpected(chip.error());
  gpio_v2_line_request request{};
  request.offsets[0] = line_;
  request.num_lines = 1;
  std::ranges::copy(kConsumer, request.consumer);
  request.config.flags = GPIO_V2_LINE_FLAG_OUTPUT;
  request.config.num_attrs = 1;
  request.config.attrs[0].mask = 1;
  request.config.attrs[0].attr.id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES;
  request.config.attrs[0].attr.values = 1;  // on
  const int asked = kernel_.Control(*chip, GPIO_V2_GET_LINE_IOCTL, &request);
  kernel_.Close(*chip);
  if (asked < 0) {
    return Fail(ErrorKind::kHost,
                "GPIO " + std::to_string(line_) + " cannot be had: " + std::strerror(-asked) + ".",
                "Check that no other program or overlay uses that line.");
  }
  file_ = request.fd;
  return {};
}

Status GpioFan::Switch(bool on) {
  gpio_v2_line_values values{.bits = on ? 1U : 0U, .mask = 1};
  const int switched = kernel_.Control(file_, GPIO_V2_LINE_SET_VALUES_IOCTL, &values);
  if (switched == 0) return {};
  kernel_.Close(file_);
  file_ = -1;
  return Fail(ErrorKind::kHost, "GPIO " + std::to_string(line_) +
                                    " cannot be switched: " + std::strerror(-switched) + ".");
}

Status GpioFan::Set(bool on) {
  if (file_ < 0) {
    if (Status had = Request(); !had) return had;
  }
  return Switch(on);
}

}  // namespace picube
