// A firmware for tests: answers the tags and commands that it was given answers for, refuses the
// rest as a kernel does whose list does not have them, and lies when told to.
#pragma once

#include <cstdint>
#include <cstring>
#include <map>
#include <string>

#include "hardware/mailbox.h"

namespace picube::test {

class FakeVcio : public Vcio {
 public:
  [[nodiscard]] Status Property(std::span<std::uint32_t> words) override {
    const std::uint32_t tag = words[2];
    ++asked[tag];
    if (words[0] != words.size_bytes() || words[1] != 0 || words.back() != 0) {
      return Fail(ErrorKind::kHost, "EINVAL");
    }
    return tag == static_cast<std::uint32_t>(FirmwareTag::kGencmd) ? AnswerText(words)
                                                                   : AnswerTag(words, tag);
  }

  [[nodiscard]] int Asked(FirmwareTag tag) { return asked[static_cast<std::uint32_t>(tag)]; }
  void Set(FirmwareTag tag, std::uint32_t value) { tags[static_cast<std::uint32_t>(tag)] = value; }

  std::map<std::uint32_t, std::uint32_t> tags;  // the last value of each; without one: EPERM
  std::map<std::string, std::string> commands;  // without one: the firmware's own error
  std::map<std::uint32_t, int> asked;           // how often
  bool text_allowed = true;                     // else EPERM
  std::uint32_t success = 0x80000000;           // of the buffer
  std::uint32_t reply = 0x80000000;             // of the tag, besides the length
  std::int32_t length_error = 0;                // by how much it lies about lengths
  std::uint32_t tag_error = 0;                  // by how much it answers another tag
  std::uint32_t id_error = 0;                   // by how much it answers about something else
  std::uint32_t text_error = 0;                 // what it reports before its text
  bool endless_text = false;
  std::uint32_t mask = 0xffff;  // last of kThrottled: the bits to forget

 private:
  Status AnswerTag(std::span<std::uint32_t> words, std::uint32_t tag) {
    const auto value = tags.find(tag);
    if (value == tags.end()) return Fail(ErrorKind::kHost, "EPERM");
    const std::size_t count = words[3] / 4;
    if (count == 1) mask = words[5];
    if (count == 2) words[5] += id_error;
    words[5 + count - 1] = value->second;
    Conclude(words, words[3]);
    return {};
  }
  Status AnswerText(std::span<std::uint32_t> words) {
    if (!text_allowed) return Fail(ErrorKind::kHost, "EPERM");
    char* const text = reinterpret_cast<char*>(words.data() + 6);
    const std::size_t room = words.size_bytes() - 28;
    const auto answer = commands.find(text);
    const std::string said =
        answer != commands.end() ? answer->second : "error=1 error_msg=\"Command not registered\"";
    std::memset(text, endless_text ? 'x' : 0, room);
    if (!endless_text) std::memcpy(text, said.data(), said.size());
    words[5] = text_error;
    Conclude(words, static_cast<std::uint32_t>(said.size()));
    return {};
  }
  void Conclude(std::span<std::uint32_t> words, std::uint32_t length) const {
    words[1] = success;
    words[2] += tag_error;
    words[4] = reply | (length + static_cast<std::uint32_t>(length_error));
  }
};

// What a Pi 5's power controller said of itself; 6.1 W at its input.
inline const std::string kRailsOfAPi5 =
    " 3V7_WL_SW_A current(0)=0.07222700A\n"
    "   3V3_SYS_A current(1)=0.05759748A\n"
    "   1V8_SYS_A current(2)=0.16200000A\n"
    "  DDR_VDD2_A current(3)=0.02500000A\n"
    "  DDR_VDDQ_A current(4)=0.00000000A\n"
    "   1V1_SYS_A current(5)=0.18000000A\n"
    "    0V8_SW_A current(6)=0.37000000A\n"
    "  VDD_CORE_A current(7)=4.00000000A\n"
    "      HDMI_A current(22)=0.01220000A\n"
    " 3V7_WL_SW_V volt(8)=3.69886400V\n"
    "   3V3_SYS_V volt(9)=3.31000000V\n"
    "   1V8_SYS_V volt(10)=1.80000000V\n"
    "  DDR_VDD2_V volt(11)=1.10000000V\n"
    "  DDR_VDDQ_V volt(12)=0.60000000V\n"
    "   1V1_SYS_V volt(13)=1.10000000V\n"
    "    0V8_SW_V volt(14)=0.80000000V\n"
    "  VDD_CORE_V volt(15)=0.87000000V\n"
    "      HDMI_V volt(23)=5.14000000V\n"
    "     EXT5V_V volt(24)=5.15352000V\n"
    "      BATT_V volt(25)=0.00000000V";

}  // namespace picube::test
