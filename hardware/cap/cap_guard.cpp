#include "hardware/cap/cap_guard.h"

#include <algorithm>
#include <charconv>

namespace picube {
namespace {

constexpr std::string_view kCommand = "cap ";
constexpr std::size_t kDigits = 6;  // of MHz

CapStep Refuse(std::string why) { return {.refusal = std::move(why)}; }

}  // namespace

std::optional<std::uint32_t> CapMhzOf(std::string_view line) {
  if (!line.starts_with(kCommand)) return std::nullopt;
  const std::string_view number = line.substr(kCommand.size());
  if (number.empty() || number.size() > kDigits) return std::nullopt;
  std::uint32_t mhz = 0;
  const char* const end = number.data() + number.size();
  const auto read = std::from_chars(number.data(), end, mhz);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return mhz;
}

CapGuard::CapGuard(std::optional<std::uint32_t> kept, Duration silence)
    : silence_(silence), original_khz_(kept) {}

bool CapGuard::TooMany(Instant now) {
  if (now - window_ >= 1s) {
    window_ = now;
    commands_ = 0;
  }
  return ++commands_ > kMostASecond;
}

CapStep CapGuard::Ask(std::uint64_t client, std::string_view line, const Found& found,
                      Instant now) {
  const auto mhz = CapMhzOf(line);
  if (!mhz) return Refuse("the one command is: cap MHZ");
  if (holder_ && holder_ != client) return Refuse("another client holds the cap");
  if (TooMany(now)) return Refuse("too many commands");
  if (!found.limits) return Refuse("the limits of the clock cannot be read");
  const auto& [least, most] = *found.limits;
  // A driver's bounds need not be whole MHz.
  if (*mhz < least / 1000 || *mhz > (most + 999) / 1000) {
    return Refuse("out of range " + std::to_string(least / 1000) + " to " +
                  std::to_string((most + 999) / 1000));
  }
  const auto original = original_khz_ ? original_khz_ : found.khz;
  if (!original) return Refuse("the present cap cannot be read");
  original_khz_ = original;
  return {.kind = CapStep::Kind::kCap,
          .khz = std::clamp(*mhz * 1000, least, most),
          .original_khz = *original};
}

void CapGuard::Gone(std::uint64_t client) {
  if (holder_ == client) holder_.reset();
}

void CapGuard::End() {
  holder_.reset();
  not_before_ = {};
}

CapStep CapGuard::Turn(Instant now) {
  if (holder_ && now - heard_ >= silence_) holder_.reset();
  if (!original_khz_ || holder_ || now < not_before_) return {};
  return {.kind = CapStep::Kind::kRestore, .khz = *original_khz_};
}

// One that failed leaves a cap that is in force as it is; else what may have been written of it is
// taken back by the next Turn().
void CapGuard::Capped(std::uint64_t client, bool well, Instant now) {
  if (!well) return;
  holder_ = client;
  heard_ = now;
  not_before_ = {};
}

void CapGuard::Restored(bool well, Instant now) {
  if (well) original_khz_.reset();
  not_before_ = now + kRetry;
}

std::optional<Instant> CapGuard::Due() const {
  if (holder_) return heard_ + silence_;
  if (original_khz_) return not_before_;
  return std::nullopt;
}

}  // namespace picube
