#include "workunits/parameters.h"

#include <array>
#include <charconv>
#include <cmath>

#include "protocol/base/grid_parameters.h"

namespace picube {

std::optional<double> ParseNumber(std::string_view text) {
  if (!text.empty() && text.front() == '+') text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) {
    return std::nullopt;
  }
  return value;
}

std::optional<std::uint64_t> ParseCount(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string_view ParameterOr(const Parameters& parameters, std::string_view name,
                             std::string_view fallback) {
  const auto found = parameters.find(std::string(name));
  return found == parameters.end() ? fallback : std::string_view(found->second);
}

Status CheckNames(const ApplicationInfo& info, const Parameters& parameters) {
  for (const auto& [name, value] : parameters) {
    bool known = name.starts_with(kGridPrefix);  // added by the server
    for (const auto& spec : info.parameters) known = known || spec.name == name;
    if (!known) {
      return Fail(ErrorKind::kUser,
                  "Application " + info.name + " has no parameter --" + name + ".",
                  "See `picube submit " + info.name + " --help`.");
    }
  }
  return {};
}

std::string MissingText(std::uint64_t missing, std::uint64_t units) {
  if (missing == 0) return {};
  return "; " + std::to_string(missing) + (missing == 1 ? " unit is" : " units are") +
         " missing (of " + std::to_string(units) + ")";
}

std::string NumberText(double value, int digits) {
  std::array<char, 64> buffer;
  const auto written = digits > 0
                           ? std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                           std::chars_format::general, digits)
                           : std::to_chars(buffer.data(), buffer.data() + buffer.size(), value);
  return {buffer.data(), written.ptr};
}

}  // namespace picube
