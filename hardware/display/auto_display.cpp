#include "hardware/display/auto_display.h"

#include <utility>

namespace picube {

AutoDisplay::AutoDisplay(std::unique_ptr<LcddDisplay> lcdd, std::unique_ptr<Display> direct)
    : lcdd_(std::move(lcdd)), direct_(std::move(direct)) {}

std::string AutoDisplay::Where() const { return chosen_ != nullptr ? chosen_->Where() : ""; }

Status AutoDisplay::Show(const Frame& frame, Instant now) {
  if (chosen_ != nullptr) return chosen_->Show(frame, now);
  if (!began_) began_ = now;
  static_cast<void>(lcdd_->Show(frame, now));
  if (lcdd_->Ready()) {
    chosen_ = lcdd_.get();
  } else if (direct_ && now - *began_ >= kLcddFirst && direct_->Show(frame, now)) {
    chosen_ = direct_.get();
  }
  return {};
}

}  // namespace picube
