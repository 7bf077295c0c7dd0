// Looks for damage in SQLite's write-ahead file before SQLite opens it.
//
// A crash can cut off the last transaction, which nobody was told of; SQLite drops it, rightly. But
// it also drops everything behind a damaged frame, without a word, and those transactions had been
// acknowledged. The two are told apart here: every commit is synced before the next begins, so a
// broken frame with two or more commits of the same generation behind it is damage. Reads only.
// Not for the file of a running server.
#pragma once

#include <filesystem>

#include "protocol/base/error.h"

namespace picube {

// `database` is the main file's name. An error (kStore) says what is broken.
[[nodiscard]] Status CheckWriteAheadFile(const std::filesystem::path& database);

}  // namespace picube
