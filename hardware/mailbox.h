// Questions to a Raspberry Pi's firmware by the kernel's mailbox device, without any other program:
// a buffer of 32-bit words holds one tag, the firmware answers in the same buffer.
//
// Rules:
// - An answer is believed only if the buffer and the tag both say so, and its length is that of
//   what was asked. Firmware and kernels differ in which tags they answer.
// - The narrowest device first: /dev/vcio_gencmd (of newer kernels) passes questions in text only,
//   /dev/vcio could set voltages too. Both belong to group video.
// One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "protocol/base/descriptor.h"
#include "protocol/base/error.h"

namespace picube {

enum class FirmwareTag : std::uint32_t {
  kVoltage = 0x00030003,        // rail, microvolts
  kTemperature = 0x00030006,    // sensor, thousandths of a degree
  kThrottled = 0x00030046,      // mask of the bits to forget, then the flags
  kClockMeasured = 0x00030047,  // clock, Hz
  kGencmd = 0x00030080,         // a command in text, an answer in text
};

// The number of the ioctl: both ways, the size of a pointer, type 100, number 0.
[[nodiscard]] constexpr unsigned long VcioRequest(std::size_t pointer_bytes) {
  return 0xC0000000UL | (pointer_bytes << 16) | (100UL << 8);
}
static_assert(VcioRequest(8) == 0xC0086400UL && VcioRequest(4) == 0xC0046400UL);

// The way to the firmware.
class Vcio {
 public:
  virtual ~Vcio() = default;
  // Hands over a whole buffer ([0] its bytes, [1] 0, tag, bytes for values, 0, values .. , 0); the
  // answer replaces it. kHost: no such device, no right, or refused by the kernel.
  [[nodiscard]] virtual Status Property(std::span<std::uint32_t> words) = 0;
};

// The kernel's devices below root/dev, opened at the first question and kept open.
class DeviceVcio : public Vcio {
 public:
  explicit DeviceVcio(std::filesystem::path root) : root_(std::move(root)) {}
  [[nodiscard]] Status Property(std::span<std::uint32_t> words) override;

 private:
  [[nodiscard]] Status Send(const char* name, std::optional<Descriptor>& device,
                            std::span<std::uint32_t> words) const;

  std::filesystem::path root_;
  std::optional<Descriptor> text_only_;
  std::optional<Descriptor> any_;
};

// Asks one tag; its values (at most 8) are replaced by the answer's, or unchanged on error. kHost:
// refused, not answered, or answered with another length.
[[nodiscard]] Status AskTag(Vcio& vcio, FirmwareTag tag, std::span<std::uint32_t> values);

// Asks in text ("measure_clock arm"), at most 200 characters. kHost also if the firmware reports an
// error of its own.
[[nodiscard]] Result<std::string> AskText(Vcio& vcio, std::string_view command);

}  // namespace picube
