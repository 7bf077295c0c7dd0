// The inputs of a unit, as the worker hands them to Compute.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"

namespace picube {

// More than any input that a Split makes (tiles, series, spectra).
inline constexpr std::uint64_t kMostUnitInputBytes = 64U << 20;

// The whole of an input that the Split of `application` made. Errors: kHost if the disk does not
// give it, kUnit if it is larger than `most` bytes.
[[nodiscard]] Result<Bytes> ReadUnitInput(const std::filesystem::path& path,
                                          std::string_view application,
                                          std::uint64_t most = kMostUnitInputBytes);

// What Compute says of an input that can be read and is not what its unit needs.
[[nodiscard]] Error ForeignInput(std::string_view application);

// What Compute says of parameters that it cannot read, or that name other inputs.
[[nodiscard]] Error UnreadableUnit(std::string_view application);

}  // namespace picube
