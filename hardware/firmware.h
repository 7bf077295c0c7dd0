// What a Raspberry Pi's firmware measures. Each question goes by its own tag, and if that is not
// answered in text, which the narrowest device lets through. What is refused, or makes no sense, is
// unknown, and is asked again after 0, 1, 3, 7 .. 255 more samples: a kernel whose list does not
// have the tag will not have it a second later.
//
// One thread; each function about once a second.
#pragma once

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string_view>

#include "hardware/mailbox.h"

namespace picube {

// How long not to ask again. A value.
class Patience {
 public:
  // True: not this time.
  [[nodiscard]] bool Waits() {
    if (left_ == 0) return false;
    --left_;
    return true;
  }
  void Failed() {
    left_ = next_;
    next_ = std::min(next_ * 2 + 1, 255U);
  }
  void Worked() { *this = {}; }

 private:
  std::uint32_t left_ = 0;
  std::uint32_t next_ = 0;
};

class Firmware {
 public:
  // Borrowed.
  explicit Firmware(Vcio& vcio) : vcio_(vcio) {}

  // Forgets none of the bits that say "has occurred": the kernel's own driver does that.
  [[nodiscard]] std::optional<std::uint32_t> ThrottleFlags();
  // Of the ARM cores, as measured: what is left after the firmware's own throttling.
  [[nodiscard]] std::optional<std::uint32_t> ClockHz();
  [[nodiscard]] std::optional<std::uint32_t> CoreMicrovolts();
  [[nodiscard]] std::optional<std::int32_t> TemperatureMillicelsius();
  // Of a Pi 5, from the rails that its power controller measures.
  [[nodiscard]] std::optional<std::uint32_t> PowerMilliwatts();

 private:
  struct Question {
    FirmwareTag tag;
    std::uint32_t id;  // the first of two values; a tag of one value has none
    bool has_id;
    std::string_view command;
    std::optional<std::int64_t> (*read)(std::string_view answer);
    std::int64_t least, most;  // that make sense
  };
  struct Patiences {
    Patience tag, text;
  };
  [[nodiscard]] std::optional<std::int64_t> Ask(const Question& question, Patiences& patiences);

  Vcio& vcio_;
  Patiences throttle_, clock_, volts_, temperature_;
  Patience power_;
};

// Watts at the 5 V input from the answer to `pmic_read_adc`: 1.1451 x the sum of volts x amperes of
// the rails + 0.5879 (a fit of whole boards without USB devices, good for a tenth). Nothing if a
// rail lacks one of its two, or the cores' rail is not among them.
[[nodiscard]] std::optional<std::uint32_t> MilliwattsOfRails(std::string_view answer);

}  // namespace picube
