#include "worker/display/make.h"

#include <cstdio>
#include <utility>

#include "hardware/display/auto_display.h"
#include "hardware/display/charlcd.h"
#include "hardware/display/pcf8574.h"
#include "worker/display/tcp_stream.h"

namespace picube {
namespace {

// A display together with its bus.
class OnBus : public Display {
 public:
  OnBus(const std::filesystem::path& root, int bus, Pcf8574Options options)
      : bus_(root, bus), display_(bus_, std::move(options)) {}
  Status Show(const Frame& frame, Instant now) override { return display_.Show(frame, now); }
  std::string Where() const override { return display_.Where(); }

 private:
  I2cDevice bus_;
  Pcf8574Display display_;
};

// `usual`: where nobody has said that there is a display, only the two addresses that backpacks
// leave the factory with: at the others relays may hang, which a byte would switch.
std::unique_ptr<Display> Direct(const DisplaySettings& settings, const std::filesystem::path& root,
                                bool usual) {
  Pcf8574Options options;
  options.addresses = usual ? UsualPcf8574Addresses() : AllPcf8574Addresses();
  if (settings.address != 0) options.addresses = {static_cast<std::uint8_t>(settings.address)};
  options.pins = settings.pins;
  options.backlight = settings.backlight;
  return std::make_unique<OnBus>(root, settings.bus, std::move(options));
}

std::unique_ptr<LcddDisplay> Lcdd(const DisplaySettings& settings) {
  return std::make_unique<LcddDisplay>(std::make_unique<TcpStream>(settings.lcdd));
}

void PrintLine(const std::string& line) {
  std::puts(line.c_str());
  std::fflush(stdout);
}

}  // namespace

std::unique_ptr<Display> MakeDisplay(const DisplaySettings& settings,
                                     const std::filesystem::path& root, bool is_pi) {
  switch (settings.kind) {
    case DisplayKind::kLcdd: return Lcdd(settings);
    case DisplayKind::kPcf8574: return Direct(settings, root, /*usual=*/false);
    case DisplayKind::kCharlcd: return std::make_unique<CharlcdDisplay>(root);
    case DisplayKind::kConsole: return std::make_unique<ConsoleDisplay>(PrintLine);
    case DisplayKind::kNone: return std::make_unique<NoDisplay>();
    case DisplayKind::kAuto: break;
  }
  return std::make_unique<AutoDisplay>(Lcdd(settings),
                                       is_pi ? Direct(settings, root, /*usual=*/true) : nullptr);
}

}  // namespace picube
