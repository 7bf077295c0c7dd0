#include "hardware/display/charlcd.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace picube {
namespace {

// Display on, cursor and blinking off, backlight on, then the glyphs in hexadecimal.
std::string Setup() {
  std::string text = "\x1b[LD\x1b[Lc\x1b[Lb\x1b[L+";
  for (std::size_t i = 0; i < Glyphs().size(); ++i) {
    text += "\x1b[LG" + std::to_string(i);
    for (const std::uint8_t line : Glyphs()[i]) {
      char hex[3];
      std::snprintf(hex, sizeof hex, "%02x", line);
      text += hex;
    }
    text += ';';
  }
  return text;
}

}  // namespace

CharlcdDisplay::CharlcdDisplay(const std::filesystem::path& root) : path_(root / "dev" / "lcd") {}

CharlcdDisplay::~CharlcdDisplay() {
  if (file_ >= 0) ::close(file_);
}

std::string CharlcdDisplay::Where() const {
  return file_ >= 0 && shown_ ? "the kernel's " + path_.string() : "";
}

Status CharlcdDisplay::Show(const Frame& frame, Instant now) {
  if (back_off_.Waits(now)) return trouble_;
  trouble_ = Draw(frame);
  if (trouble_) {
    back_off_.Worked();
    return trouble_;
  }
  if (file_ >= 0) ::close(file_);
  file_ = -1;
  shown_.reset();
  back_off_.Failed(now);
  return trouble_;
}

Status CharlcdDisplay::Draw(const Frame& frame) {
  const auto failed = [&](const char* what) {
    return Fail(
        ErrorKind::kHost,
        std::string("cannot ") + what + " " + path_.string() + ": " + std::strerror(errno) + ".",
        "Check that the driver is loaded (dtoverlay=hd44780-i2c-lcd), that no other program "
        "has it open, and that this user may write it.");
  };
  std::string text;
  if (file_ < 0) {
    file_ = ::open(path_.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC);
    if (file_ < 0) return failed("open");
    text = Setup();
  }
  for (std::size_t i = 0; i < kDisplayRows; ++i) {
    if (shown_ && shown_->rows[i] == frame.rows[i]) continue;
    text += "\x1b[Lx0y" + std::to_string(i) + ";";
    text.append(frame.rows[i].data(), frame.rows[i].size());
  }
  if (text.empty()) return {};
  errno = EIO;  // for a write that takes a part
  if (::write(file_, text.data(), text.size()) != static_cast<ssize_t>(text.size())) {
    return failed("write to");
  }
  shown_ = frame;
  return {};
}

}  // namespace picube
