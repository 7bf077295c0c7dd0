// Reading the text of parameters. Independent of the locale; the whole text must be the number.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "workunits/application.h"

namespace picube {

[[nodiscard]] std::optional<double> ParseNumber(std::string_view text);        // finite
[[nodiscard]] std::optional<std::uint64_t> ParseCount(std::string_view text);  // decimal digits

// The text of a parameter, or `fallback` if it was not given.
[[nodiscard]] std::string_view ParameterOr(const Parameters& parameters, std::string_view name,
                                           std::string_view fallback);

// Refuses parameters, other than those that the server adds, that `info` does not have: a mistyped
// name must not go unnoticed.
[[nodiscard]] Status CheckNames(const ApplicationInfo& info, const Parameters& parameters);

// "; 3 units are missing (of 16)", for what is said of a product; empty if none is.
[[nodiscard]] std::string MissingText(std::uint64_t missing, std::uint64_t units);

// The shortest text that reads back as the same number; `digits` > 0 as printf's %.<digits>g.
[[nodiscard]] std::string NumberText(double value, int digits = 0);

}  // namespace picube
