#include "server/store/sqlite.h"

#include <sqlite3.h>

#include <utility>

namespace picube {

Statement& Statement::operator=(Statement&& other) noexcept {
  if (this == &other) return *this;
  sqlite3_finalize(handle_);
  handle_ = std::exchange(other.handle_, nullptr);
  return *this;
}

Statement::~Statement() { sqlite3_finalize(handle_); }

void Statement::Bind(int index, std::int64_t value) { sqlite3_bind_int64(handle_, index, value); }

void Statement::BindReal(int index, double value) { sqlite3_bind_double(handle_, index, value); }

void Statement::BindBytes(int index, BytesView value) {
  // An empty view may point nowhere, which SQLite would take for NULL.
  const char* data = value.data() == nullptr ? "" : value.data();
  sqlite3_bind_blob64(handle_, index, data, value.size(), SQLITE_STATIC);
}

void Statement::BindText(int index, std::string_view value) {
  const char* data = value.data() == nullptr ? "" : value.data();
  sqlite3_bind_text64(handle_, index, data, value.size(), SQLITE_STATIC, SQLITE_UTF8);
}

void Statement::BindNull(int index) { sqlite3_bind_null(handle_, index); }

Statement::Row Statement::Step() {
  switch (sqlite3_step(handle_)) {
    case SQLITE_ROW: return Row::kRow;
    case SQLITE_DONE: return Row::kDone;
    default: return Row::kError;
  }
}

bool Statement::Run() {
  const bool done = Step() == Row::kDone;
  Reset();
  return done;
}

void Statement::Reset() { sqlite3_reset(handle_); }

std::int64_t Statement::Int(int column) const { return sqlite3_column_int64(handle_, column); }

double Statement::Real(int column) const { return sqlite3_column_double(handle_, column); }

BytesView Statement::Blob(int column) const {
  const void* data = sqlite3_column_blob(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  if (data == nullptr) return {};
  return {static_cast<const char*>(data), static_cast<std::size_t>(size)};
}

std::string_view Statement::Text(int column) const {
  const unsigned char* data = sqlite3_column_text(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  if (data == nullptr) return {};
  return {reinterpret_cast<const char*>(data), static_cast<std::size_t>(size)};
}

bool Statement::IsNull(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

Database& Database::operator=(Database&& other) noexcept {
  if (this == &other) return *this;
  Close();
  handle_ = std::exchange(other.handle_, nullptr);
  name_ = std::move(other.name_);
  return *this;
}

Database::~Database() { Close(); }

void Database::Close() {
  sqlite3_close_v2(handle_);
  handle_ = nullptr;
}

Result<Database> Database::Open(const std::filesystem::path& file, Mode mode) {
  // One thread at a time uses a connection, so SQLite need not lock around each call.
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI;  // URI: for Attach
  if (mode == Mode::kReadOnly) flags |= SQLITE_OPEN_READONLY;
  if (mode == Mode::kReadWrite) flags |= SQLITE_OPEN_READWRITE;
  if (mode == Mode::kCreate) flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  Database database;
  database.name_ = file.string();
  const int code = sqlite3_open_v2(database.name_.c_str(), &database.handle_, flags, nullptr);
  if (code != SQLITE_OK) return std::unexpected(database.LastError("opened"));
  sqlite3_extended_result_codes(database.handle_, 1);
  sqlite3_busy_timeout(database.handle_, /*ms=*/5000);
  return database;
}

Status Database::Execute(const std::string& sql) {
  if (sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK) {
    return std::unexpected(LastError("used"));
  }
  return {};
}

Status Database::Attach(const std::filesystem::path& file, const std::string& alias) {
  std::string uri = "file:";
  for (const char c : std::filesystem::absolute(file).string()) {
    if (c == '%' || c == '?' || c == '#' || c == '\'') {
      uri += '%' + ToHex({&c, 1});
    } else {
      uri += c;
    }
  }
  return Execute("ATTACH '" + uri + "?mode=ro' AS " + alias);
}

Result<Statement> Database::Prepare(std::string_view sql) {
  sqlite3_stmt* handle = nullptr;
  const int code = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                      SQLITE_PREPARE_PERSISTENT, &handle, nullptr);
  if (code != SQLITE_OK) return std::unexpected(LastError("used"));
  return Statement(handle);
}

Result<std::int64_t> Database::QueryInt(std::string_view sql) {
  Result<Statement> statement = Prepare(sql);
  if (!statement) return std::unexpected(statement.error());
  switch (statement->Step()) {
    case Statement::Row::kRow: return statement->Int(0);
    case Statement::Row::kDone:
      return Fail(ErrorKind::kStore, name_ + " lacks a row that it must have.");
    case Statement::Row::kError: break;
  }
  return std::unexpected(LastError("read"));
}

namespace {
// What a person can do about it.
std::string_view Advice(int code) {
  switch (code & 0xff) {
    case SQLITE_FULL: return "Free some space on its disk; it goes on by itself.";
    case SQLITE_IOERR: return "Check the disk and its space (dmesg, df).";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return "The file is damaged: keep a copy of it, see `picube-server verify`, and restore "
             "from a backup.";
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_CANTOPEN: return "Check that it exists and that this user may write it.";
    case SQLITE_BUSY: return "Another program holds it; try again.";
    default: return "";
  }
}
}  // namespace

Error Database::LastError(std::string_view doing) const {
  const int code = handle_ == nullptr ? SQLITE_NOMEM : sqlite3_extended_errcode(handle_);
  const char* text = handle_ == nullptr ? "out of memory" : sqlite3_errmsg(handle_);
  std::string what = name_ + " cannot be " + std::string(doing) + ": " + text + " (SQLite error " +
                     std::to_string(code) + ").";
  return Error{ErrorKind::kStore, std::move(what), std::string(Advice(code))};
}

bool Database::InTransaction() const { return sqlite3_get_autocommit(handle_) == 0; }

Database::Checkpoint Database::CheckpointPassive() {
  int wal = 0;
  int copied = 0;
  const int code =
      sqlite3_wal_checkpoint_v2(handle_, "main", SQLITE_CHECKPOINT_PASSIVE, &wal, &copied);
  return {.ok = code == SQLITE_OK, .wal_pages = wal, .copied_pages = copied};
}

void Database::WatchWal(std::int64_t* pages) {
  sqlite3_wal_hook(
      handle_,
      [](void* target, sqlite3*, const char*, int size) {
        *static_cast<std::int64_t*>(target) = size;
        return SQLITE_OK;
      },
      pages);
}

void StoreLittleEndian(std::uint64_t value, char* out) {
  for (int i = 0; i < 8; ++i) out[i] = static_cast<char>((value >> (8 * i)) & 0xff);
}

}  // namespace picube
