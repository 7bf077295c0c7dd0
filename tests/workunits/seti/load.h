// A real recording, smoothed, for tests that search it.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>

#include "workunits/seti/recording.h"

namespace picube::test {

inline std::shared_ptr<const seti::Recording> Load(const std::filesystem::path& path) {
  const auto unit = ReadSah(path, path.filename().string());
  EXPECT_TRUE(unit) << unit.error().Text();
  auto table = seti::ChirpTable::Make(unit->header);
  EXPECT_TRUE(table);
  return std::make_shared<const seti::Recording>(seti::Smooth(*unit, std::move(*table), 2));
}

}  // namespace picube::test
