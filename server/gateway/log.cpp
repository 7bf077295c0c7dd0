#include "server/gateway/log.h"

#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>

#include <memory>

namespace picube {
namespace {

class CleanText : public spdlog::custom_flag_formatter {
 public:
  void format(const spdlog::details::log_msg& message, const std::tm&,
              spdlog::memory_buf_t& out) override {
    const std::string text = OneLine({message.payload.data(), message.payload.size()});
    out.append(text.data(), text.data() + text.size());
  }
  [[nodiscard]] std::unique_ptr<custom_flag_formatter> clone() const override {
    return std::make_unique<CleanText>();
  }
};

}  // namespace

std::string OneLine(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string line;
  line.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\t') {
      line += "\\t";
    } else if (byte < 0x20 || byte == 0x7f) {
      line += "\\x";
      line += kDigits[byte >> 4];
      line += kDigits[byte & 15];
    } else {
      line += c;
    }
  }
  return line;
}

void SetLogFormat() {
  auto formatter = std::make_unique<spdlog::pattern_formatter>();
  formatter->add_flag<CleanText>('*').set_pattern("%Y-%m-%d %H:%M:%S %^%l%$ %*");
  spdlog::set_formatter(std::move(formatter));
}

bool TurnsToSay::Due(bool side, Instant now) {
  if (side != seen_) {
    seen_ = side;
    ++turns_;
  }
  if (side == said_) return false;
  if (lines_ == 0 || now - since_ >= kWithin) {
    since_ = now;
    lines_ = 0;
  }
  if (lines_ == kMost) return false;
  ++lines_;
  said_ = side;
  unsaid_ = turns_ - 1;
  turns_ = 0;
  return true;
}

}  // namespace picube
