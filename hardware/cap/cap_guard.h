// Who may cap the clock, at what, and when the cap is taken back. Decides only: no clock, no file,
// no socket.
//
// Rules:
// - The one command is the line "cap MHZ". Whoever gives it first holds the cap until it goes, or
//   says nothing sensible for `silence`; others are refused meanwhile.
// - What the file held before the first cap is kept on disk before anything is written, and
//   written back when the cap ends. If that fails it is tried again every second.
// - At most kMostASecond commands are obeyed in a second: a governor needs some ten.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "protocol/base/time.h"

namespace picube {

// Of the processor's frequency driver.
struct CapLimits {
  std::uint32_t least_khz = 0;
  std::uint32_t most_khz = 0;
};

// What to do with the file now.
struct CapStep {
  enum class Kind : std::uint8_t {
    kNothing,
    kCap,     // keep `original_khz`, then write `khz`
    kRestore  // write `khz`, then forget what is kept
  };
  Kind kind = Kind::kNothing;
  std::uint32_t khz = 0;
  std::uint32_t original_khz = 0;
  std::string refusal;  // of a command, if there is nothing to do
};

class CapGuard {
 public:
  // `kept` is what a run left behind that was killed: it is written back first.
  CapGuard(std::optional<std::uint32_t> kept, Duration silence);

  // What the machine says now; absent = cannot be read. `khz` matters only while nothing is capped.
  struct Found {
    std::optional<CapLimits> limits;
    std::optional<std::uint32_t> khz;
  };
  // A line of a client (each has a number of its own), without its end.
  [[nodiscard]] CapStep Ask(std::uint64_t client, std::string_view line, const Found& found,
                            Instant now);
  void Gone(std::uint64_t client);
  // The program ends: the cap with it.
  void End();
  // Often, and when Due(). kRestore or kNothing.
  [[nodiscard]] CapStep Turn(Instant now);
  // How the last kCap (of this client) or kRestore went.
  void Capped(std::uint64_t client, bool well, Instant now);
  void Restored(bool well, Instant now);

  // Something is to be written back, now or later.
  [[nodiscard]] bool Holds() const { return original_khz_.has_value(); }
  [[nodiscard]] bool HeldBy(std::uint64_t client) const { return holder_ == client; }
  // When Turn() has something to do; nothing: never.
  [[nodiscard]] std::optional<Instant> Due() const;

  static constexpr int kMostASecond = 50;
  static constexpr Duration kRetry = 1s;

 private:
  [[nodiscard]] bool TooMany(Instant now);

  Duration silence_;
  std::optional<std::uint32_t> original_khz_;
  std::optional<std::uint64_t> holder_;
  Instant heard_;
  Instant not_before_;  // of the next try to write back
  Instant window_;      // of the count of commands
  int commands_ = 0;
};

// "cap 900" is 900; everything else is nothing.
[[nodiscard]] std::optional<std::uint32_t> CapMhzOf(std::string_view line);

}  // namespace picube
