// SQLite as this folder uses it: connections and statements that close themselves, errors as
// values. Only this folder includes it; sqlite3.h itself stays in sqlite.cpp.
//
// A Database and its statements belong to one thread at a time.
#pragma once

#include <cstdint>
#include <cstring>
#include <filesystem>
#include <string>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"

struct sqlite3;
struct sqlite3_stmt;

namespace picube {

class Statement {
 public:
  Statement() = default;
  explicit Statement(sqlite3_stmt* handle) : handle_(handle) {}
  Statement(Statement&& other) noexcept : handle_(other.handle_) { other.handle_ = nullptr; }
  Statement& operator=(Statement&& other) noexcept;
  ~Statement();

  // Parameters count from 1. Bytes and text are borrowed until the next Reset.
  void Bind(int index, std::int64_t value);
  void Bind(int index, std::uint64_t value) { Bind(index, static_cast<std::int64_t>(value)); }
  void BindReal(int index, double value);
  void BindBytes(int index, BytesView value);
  void BindText(int index, std::string_view value);
  void BindNull(int index);

  enum class Row : std::uint8_t { kRow, kDone, kError };
  // Runs to the next row. After kError ask Database::LastError.
  [[nodiscard]] Row Step();
  // Step of a statement without rows, then Reset; false on error.
  [[nodiscard]] bool Run();
  void Reset();

  // Columns count from 0. Views are valid until the next Step or Reset.
  [[nodiscard]] std::int64_t Int(int column) const;
  [[nodiscard]] std::uint64_t Unsigned(int column) const {
    return static_cast<std::uint64_t>(Int(column));
  }
  [[nodiscard]] double Real(int column) const;
  [[nodiscard]] BytesView Blob(int column) const;
  [[nodiscard]] std::string_view Text(int column) const;
  [[nodiscard]] bool IsNull(int column) const;

 private:
  sqlite3_stmt* handle_ = nullptr;
};

class Database {
 public:
  enum class Mode : std::uint8_t { kReadOnly, kReadWrite, kCreate };

  Database() = default;
  Database(Database&& other) noexcept : handle_(other.handle_), name_(std::move(other.name_)) {
    other.handle_ = nullptr;
  }
  Database& operator=(Database&& other) noexcept;
  ~Database();

  [[nodiscard]] static Result<Database> Open(const std::filesystem::path& file, Mode mode);
  void Close();
  [[nodiscard]] bool IsOpen() const { return handle_ != nullptr; }

  // One or more statements without rows.
  [[nodiscard]] Status Execute(const std::string& sql);
  // Makes another file readable under `alias`, never written.
  [[nodiscard]] Status Attach(const std::filesystem::path& file, const std::string& alias);
  [[nodiscard]] Result<Statement> Prepare(std::string_view sql);
  // The first column of the first row; an error if there is no row.
  [[nodiscard]] Result<std::int64_t> QueryInt(std::string_view sql);

  // What went wrong last, as kStore, with the file's name and what to do.
  [[nodiscard]] Error LastError(std::string_view doing) const;
  // True if a transaction is open (an error may have ended it).
  [[nodiscard]] bool InTransaction() const;

  struct Checkpoint {
    bool ok = false;
    std::int64_t wal_pages = 0;     // in the write-ahead file
    std::int64_t copied_pages = 0;  // of them, in the main file too
  };
  // Copies what it can into the main file without waiting for anybody.
  [[nodiscard]] Checkpoint CheckpointPassive();
  // After each commit calls `size` with the pages in the write-ahead file.
  void WatchWal(std::int64_t* pages);

 private:
  sqlite3* handle_ = nullptr;
  std::string name_;
};

// The value as bytes in a fixed order, for hashing.
void StoreLittleEndian(std::uint64_t value, char* out);
// Copies a blob of exactly N bytes; false if it has another size.
template <std::size_t N, class Tag>
[[nodiscard]] bool ToBlock(BytesView bytes, Block<N, Tag>& out) {
  if (bytes.size() != N) return false;
  std::memcpy(out.bytes.data(), bytes.data(), N);
  return true;
}

}  // namespace picube
