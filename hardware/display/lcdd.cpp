#include "hardware/display/lcdd.h"

#include <utility>

namespace picube {
namespace {

constexpr std::size_t kMostUnread = 4096;  // of a line without end: that is not LCDd
constexpr const char* kNext = "Check that LCDd runs and where it listens (Port= in LCDd.conf).";

std::string Quoted(const std::string& text) {
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c;
  }
  return quoted + "\"";
}

// For the log, whatever came.
std::string Printable(std::string_view text) {
  std::string printable(text);
  for (char& c : printable) c = c >= 0x20 && c < 0x7F ? c : '?';
  return printable;
}

}  // namespace

LcddDisplay::LcddDisplay(std::unique_ptr<ByteStream> stream) : stream_(std::move(stream)) {}

std::string LcddDisplay::Where() const { return Ready() ? "LCDd at " + stream_->Name() : ""; }

Status LcddDisplay::Show(const Frame& frame, Instant now) {
  if (state_ == State::kClosed && back_off_.Waits(now)) return trouble_;
  const Status turned = Turn(frame, now);
  if (!turned) {
    stream_->Close();
    state_ = State::kClosed;
    back_off_.Failed(now);
    trouble_ = turned;
  } else if (Ready()) {
    back_off_.Worked();
    trouble_ = {};
  }
  return trouble_;
}

Status LcddDisplay::Turn(const Frame& frame, Instant now) {
  if (state_ == State::kClosed) {
    out_.clear();
    in_.clear();
    shown_.reset();
    unanswered_ = 0;
    heard_ = now;
    if (Status opened = stream_->Open(); !opened) return opened;
    Queue("hello");
    state_ = State::kGreeting;
  }
  if (Status sent = Send(); !sent) return sent;
  if (Status read = ReadAnswers(now); !read) return read;
  if (unanswered_ > 0 && now - heard_ >= kPatience) {
    return Fail(ErrorKind::kHost, "LCDd at " + stream_->Name() + " does not answer.", kNext);
  }
  if (!Ready() || !out_.empty()) return {};
  if (unanswered_ == 0) heard_ = now;
  QueueRows(frame);
  return Send();
}

void LcddDisplay::Queue(const std::string& command) {
  out_ += command + "\n";
  ++unanswered_;
}

void LcddDisplay::QueueRows(const Frame& frame) {
  constexpr const char* kWidgets[kDisplayRows] = {"a", "b"};
  for (std::size_t i = 0; i < kDisplayRows; ++i) {
    if (shown_ && shown_->rows[i] == frame.rows[i]) continue;
    Queue(std::string("widget_set s ") + kWidgets[i] + " 1 " + std::to_string(i + 1) + " " +
          Quoted(ToLatin1(frame.rows[i])));
  }
  shown_ = frame;
}

Status LcddDisplay::Send() {
  while (!out_.empty()) {
    const auto taken = stream_->Write(out_);
    if (!taken) return std::unexpected(taken.error());
    if (*taken == 0) break;
    out_.erase(0, *taken);
  }
  return {};
}

Status LcddDisplay::ReadAnswers(Instant now) {
  if (Status read = stream_->Read(in_); !read) return read;
  std::size_t end = 0;
  while ((end = in_.find('\n')) != std::string::npos) {
    const std::string line = in_.substr(0, end);
    in_.erase(0, end + 1);
    if (Status taken = TakeLine(line, now); !taken) return taken;
  }
  if (in_.size() <= kMostUnread) return {};
  return Fail(ErrorKind::kHost, "what answers at " + stream_->Name() + " is not LCDd.", kNext);
}

Status LcddDisplay::TakeLine(std::string_view line, Instant now) {
  if (state_ == State::kGreeting) {
    if (!line.starts_with("connect LCDproc")) {
      return Fail(ErrorKind::kHost, "what answers at " + stream_->Name() + " is not LCDd.", kNext);
    }
    unanswered_ = 0;
    for (const char* command :
         {"client_set -name picube", "screen_add s", "screen_set s -heartbeat off -cursor off",
          "screen_set s -priority foreground", "widget_add s a string", "widget_add s b string"}) {
      Queue(command);
    }
    state_ = State::kReady;
    heard_ = now;
  } else if (line.starts_with("success")) {
    // One command may be answered several times (each option of screen_set): 0 is not passed.
    if (unanswered_ > 0) --unanswered_;
    heard_ = now;
  } else if (line.starts_with("huh?")) {
    return Fail(
        ErrorKind::kHost,
        "LCDd at " + stream_->Name() + " refuses a command: " + Printable(line.substr(4, 80)),
        kNext);
  }
  return {};  // "listen s", "ignore s": whether our screen is the one to be seen
}

}  // namespace picube
