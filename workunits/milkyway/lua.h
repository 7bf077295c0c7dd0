// The part of Lua that parameter files need: assignments of numbers and tables of them, comments,
// and texts, which are skipped. One pass, no recursion deeper than kMostDepth.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "protocol/base/error.h"

namespace picube::milkyway::lua {

inline constexpr int kMostDepth = 8;
inline constexpr std::size_t kMostValues = 10'000;

struct Place {
  std::size_t line = 1;
  std::size_t column = 1;
};

struct Value {
  enum class Kind { kNumber, kText, kTable } kind = Kind::kNumber;
  double number = 0;
  std::string key;           // in the table, if it is named there
  std::vector<Value> named;  // of a table, in order
  std::vector<Value> items;
  Place place;

  // The last of this name, as Lua has it; null if there is none.
  [[nodiscard]] const Value* Find(std::string_view name) const;
};

// All assignments of the file as one table. Errors are kUser and begin with "name:line:column".
[[nodiscard]] Result<Value> Parse(std::string_view text, const std::string& name);

}  // namespace picube::milkyway::lua
