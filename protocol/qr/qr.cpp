#include "protocol/qr/qr.h"

#include <qrencode.h>
#include <memory>

namespace picube {
namespace {

constexpr int kQuietZone = 2;  // half of what the standard asks; cameras cope, screens are small

class Picture {
 public:
  explicit Picture(const QRcode& code) : code_(code) {}
  [[nodiscard]] int Size() const { return code_.width + 2 * kQuietZone; }
  [[nodiscard]] bool IsDark(int x, int y) const {
    x -= kQuietZone;
    y -= kQuietZone;
    if (x < 0 || y < 0 || x >= code_.width || y >= code_.width) return false;
    return (code_.data[y * code_.width + x] & 1) != 0;
  }

 private:
  const QRcode& code_;
};

}  // namespace

std::string QrText(std::string_view text) {
  const std::string copy(text);  // the library wants a terminated string
  const std::unique_ptr<QRcode, decltype(&QRcode_free)> code(
      QRcode_encodeString8bit(copy.c_str(), /*version=*/0, QR_ECLEVEL_L), &QRcode_free);
  if (!code) return {};
  const Picture picture(*code);
  std::string lines;
  for (int y = 0; y < picture.Size(); y += 2) {
    // Black on white by colour, not by the terminal's own: dark themes would invert the code.
    lines += "\x1b[30;107m";
    for (int x = 0; x < picture.Size(); ++x) {
      const bool upper = picture.IsDark(x, y);
      const bool lower = picture.IsDark(x, y + 1);
      lines += upper ? (lower ? "█" : "▀") : (lower ? "▄" : " ");
    }
    lines += "\x1b[0m\n";
  }
  return lines;
}

}  // namespace picube
