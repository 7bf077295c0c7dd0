#include "server/core/unit.h"

namespace picube {

bool MayBecome(UnitState from, UnitState to) {
  using enum UnitState;
  switch (from) {
    case kUnsent: return to == kLeased || to == kChecking || to == kFailed || to == kCancelled;
    case kLeased: return to == kUnsent || to == kChecking || to == kFailed || to == kCancelled;
    case kChecking: return to == kSettled || to == kFailed || to == kCancelled;
    case kFailed: return to == kUnsent;
    case kSettled:
    case kCancelled: return false;
  }
  return false;
}

std::string_view Name(UnitState state) {
  switch (state) {
    case UnitState::kUnsent: return "unsent";
    case UnitState::kLeased: return "leased";
    case UnitState::kChecking: return "checking";
    case UnitState::kSettled: return "settled";
    case UnitState::kFailed: return "failed";
    case UnitState::kCancelled: return "cancelled";
  }
  return "unknown";
}

std::string_view Name(BatchState state) {
  switch (state) {
    case BatchState::kSplitting: return "splitting";
    case BatchState::kRunning: return "running";
    case BatchState::kMerging: return "merging";
    case BatchState::kDone: return "done";
    case BatchState::kFailed: return "failed";
    case BatchState::kCancelled: return "cancelled";
  }
  return "unknown";
}

std::string_view Name(LeaseEnd why) {
  switch (why) {
    case LeaseEnd::kDeadline: return "deadline";
    case LeaseEnd::kHostLost: return "host_lost";
    case LeaseEnd::kGivenBack: return "given_back";
    case LeaseEnd::kCancelled: return "cancelled";
    case LeaseEnd::kRetired: return "retired";
    case LeaseEnd::kUnsealed: return "unsealed";
  }
  return "unknown";
}

}  // namespace picube
