#include "tests/workunits/pinned.h"

#include <gtest/gtest.h>

#include <charconv>
#include <sstream>

#include "tests/files.h"

namespace picube::test {

const std::map<std::string, std::uint64_t, std::less<>>& PinnedHashes() {
  // Rows are | `name` | `16 hexadecimal digits` | what is computed |.
  static const auto all = [] {
    std::map<std::string, std::uint64_t, std::less<>> rows;
    std::istringstream lines(ReadText(PICUBE_REPRODUCIBILITY));
    for (std::string line; std::getline(lines, line);) {
      if (!line.starts_with("| `")) continue;
      const std::size_t name_end = line.find("` | `", 3);
      if (name_end == std::string::npos) continue;
      const std::size_t at = name_end + 5;
      const std::size_t end = line.find('`', at);
      std::uint64_t hash = 0;
      const auto read = std::from_chars(line.data() + at, line.data() + end, hash, 16);
      const bool whole = read.ptr == line.data() + end && end - at == 16;
      const bool fresh = rows.emplace(line.substr(3, name_end - 3), hash).second;
      EXPECT_TRUE(whole && fresh) << "docs/REPRODUCIBILITY.md: " << line;
    }
    return rows;
  }();
  return all;
}

std::uint64_t Pinned(std::string_view name) {
  const auto row = PinnedHashes().find(name);
  if (row != PinnedHashes().end()) return row->second;
  ADD_FAILURE() << "docs/REPRODUCIBILITY.md has no row `" << name << "`";
  return 0;
}

}  // namespace picube::test
