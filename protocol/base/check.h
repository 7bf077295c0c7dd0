// Assertions for our own mistakes, on in every build. Never for bytes that come from outside.
#pragma once

#include <source_location>
#include <string_view>

namespace picube {

// Prints where and why on standard error, then aborts.
[[noreturn]] void CheckFailed(std::string_view condition, std::string_view why,
                              std::source_location where);

}  // namespace picube

#define PICUBE_CHECK(condition, why)  \
  ((condition) ? static_cast<void>(0) \
               : ::picube::CheckFailed(#condition, why, std::source_location::current()))
