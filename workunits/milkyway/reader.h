// The files of MilkyWay@home's separation program: parameters in Lua form (literal numbers only) or
// in text form, and lists of stars. Any bytes may come: errors are kUser and name file, line and
// column; nothing is allocated by what a file merely claims.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "workunits/milkyway/model.h"

namespace picube::milkyway {

struct ModelFile {
  Model model;  // checked
  // Of the fit: the text form's own, or DefaultBounds().
  std::vector<Bound> bounds;
};

inline constexpr std::uint64_t kMostModelBytes = 1U << 20;

// The form is told apart by its first sign that is not a blank or comment: text has "name:",
// Lua "name =". `name` is what the user calls the file.
[[nodiscard]] Result<ModelFile> ParseModel(std::string_view text, const std::string& name);
[[nodiscard]] Result<ModelFile> ReadModel(const std::filesystem::path& path,
                                          const std::string& name);

struct Star {
  double l = 0;  // galactic longitude and latitude in degrees
  double b = 0;
  double r = 0;  // kpc, > 0
};

inline constexpr std::uint64_t kMostStars = 50'000'000;

// A count, then as many lines "l b r". Refused are: an empty list, a count that is not the number
// of lines, values that are not finite, latitudes beyond 90, distances that are not positive.
[[nodiscard]] Result<std::vector<Star>> ReadStars(const std::filesystem::path& path,
                                                  const std::string& name);

inline constexpr std::size_t kMostPoints = 100'000;

// Points to evaluate: a line each, numbers between commas or blanks, as many as `size`; lines that
// begin with a letter or # are headings. At most 100,000.
[[nodiscard]] Result<std::vector<Point>> ReadPoints(const std::filesystem::path& path,
                                                    const std::string& name, std::size_t size);

}  // namespace picube::milkyway
