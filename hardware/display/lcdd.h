// A screen of LCDd, the daemon of LCDproc, by its text protocol. Never waits: what cannot be sent
// now is sent by a later call, and a newer frame takes the place of one not sent. One thread.
//
// It connects again by itself when LCDd restarts, ends, or falls silent for ten seconds.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "hardware/display/display.h"
#include "hardware/display/stream.h"

namespace picube {

class LcddDisplay : public Display {
 public:
  static constexpr Duration kPatience = 10s;

  explicit LcddDisplay(std::unique_ptr<ByteStream> stream);
  [[nodiscard]] Status Show(const Frame& frame, Instant now) override;
  [[nodiscard]] std::string Where() const override;
  // LCDd has answered on this connection.
  [[nodiscard]] bool Ready() const { return state_ == State::kReady; }

 private:
  enum class State : std::uint8_t {
    kClosed,    // entered after an error; left when the time of a new try has come
    kGreeting,  // "hello" is on its way; left by LCDd's "connect", or an error
    kReady,     // our screen is there; left by an error
  };
  [[nodiscard]] Status Turn(const Frame& frame, Instant now);
  [[nodiscard]] Status ReadAnswers(Instant now);
  [[nodiscard]] Status TakeLine(std::string_view line, Instant now);
  [[nodiscard]] Status Send();
  void Queue(const std::string& command);
  void QueueRows(const Frame& frame);

  std::unique_ptr<ByteStream> stream_;
  State state_ = State::kClosed;
  std::string out_;             // not sent yet
  std::string in_;              // a line not yet whole
  std::size_t unanswered_ = 0;  // commands
  Instant heard_{};             // last, or since when an answer is waited for
  std::optional<Frame> shown_;
  BackOff back_off_{std::chrono::seconds(30)};
  Status trouble_;
};

}  // namespace picube
