// The files of a product, as mergers and searches write them.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "workunits/application.h"

namespace picube {

// A file of the product that the disk does not take.
[[nodiscard]] Error UnwrittenProduct(const std::filesystem::path& path);

// Writes folder / name, and adds it to `files`. Errors: kStore.
[[nodiscard]] Status WriteProductFile(const std::filesystem::path& folder, const std::string& name,
                                      const std::string& what, std::string_view text,
                                      std::vector<MergedFile>& files);

}  // namespace picube
