// The worker's side of picube-cap-helper. Never waits: each call takes some microseconds, and a
// helper that is not there only means that no cap is in force. One thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "protocol/base/descriptor.h"
#include "protocol/base/time.h"

namespace picube {

inline constexpr const char* kCapSocket = "/run/picube-cap.sock";

class CapClient {
 public:
  explicit CapClient(std::filesystem::path socket = kCapSocket) : path_(std::move(socket)) {}

  // As often as the owner likes, at least every few seconds: a change is sent at once, the same cap
  // once a second, so that the helper does not take it back. 0 = no cap: the helper restores the
  // clock.
  void Cap(std::uint32_t mhz, Instant now);
  // As of the last Cap(): the helper has obeyed, and answers.
  [[nodiscard]] bool InForce() const { return obeyed_ && !late_; }
  // Why not, as the helper says it; empty if it says nothing.
  [[nodiscard]] const std::string& Refusal() const { return refusal_; }

  static constexpr Duration kRepeat = 1s;
  static constexpr Duration kPatience = 2s;      // for an answer
  static constexpr Duration kFirstBackOff = 1s;  // doubles up to
  static constexpr Duration kMostBackOff = 60s;

 private:
  [[nodiscard]] bool Connect();
  [[nodiscard]] bool ReadAnswers(Instant now);
  [[nodiscard]] bool Send(std::uint32_t mhz, Instant now);
  void Close();
  void Failed(Instant now);

  std::filesystem::path path_;
  std::unique_ptr<Descriptor> socket_;
  std::string unread_;
  std::string refusal_;
  std::uint32_t asked_mhz_ = 0;
  Instant asked_;
  int pending_ = 0;     // answers to come
  Instant unanswered_;  // since when, if there are any
  bool obeyed_ = false;
  bool late_ = false;
  Instant not_before_;
  Duration back_off_ = kFirstBackOff;
};

}  // namespace picube
