// The hashes that docs/REPRODUCIBILITY.md states. The document's table is the only place they stand
// in; tests compare what they computed with it, on every architecture.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace picube::test {

// Name and hash of every row.
const std::map<std::string, std::uint64_t, std::less<>>& PinnedHashes();
// The row `name`; a test that asks for one that is not there fails, and is told what it computed by
// its own comparison with 0.
std::uint64_t Pinned(std::string_view name);

}  // namespace picube::test
