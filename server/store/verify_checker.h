// What each file of the store is asked by verify; included by verify*.cpp only.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <utility>

#include "server/store/files.h"
#include "server/store/journal_format.h"
#include "server/store/sqlite.h"
#include "server/store/verify.h"

namespace picube {

inline constexpr std::size_t kMostProblems = 20;

// What every file of the store is asked, in one view of it.
class Checker {
 public:
  Checker(Database database, VerifyReport& report)
      : database_(std::move(database)), report_(report) {}

  [[nodiscard]] bool Begin() {
    const Status begun = database_.Execute("BEGIN");
    if (!begun) Problem(begun.error().what);
    return begun.has_value();
  }

  void Problem(std::string text) {
    if (report_.problems.size() < kMostProblems) report_.problems.push_back(std::move(text));
  }

  // Calls `row` for each row of a query; a query that fails is a problem.
  template <class OnRow>
  void Query(std::string_view sql, OnRow&& on_row) {
    Result<Statement> statement = database_.Prepare(sql);
    if (!statement) return Problem(statement.error().what);
    Statement::Row row = Statement::Row::kRow;
    while ((row = statement->Step()) == Statement::Row::kRow) {
      if (!on_row(*statement)) return;
    }
    if (row == Statement::Row::kError) Problem(database_.LastError("read").what);
  }

  void CheckPages() {
    Query("PRAGMA integrity_check(20)", [this](Statement& row) {
      if (row.Text(0) != "ok") Problem("Structure: " + std::string(row.Text(0)));
      return true;
    });
  }

 protected:
  Database database_;
  VerifyReport& report_;
};

// The tables for people, in a file of their own or in a backup.
class TablesProver : public Checker {
 public:
  using Checker::Checker;

  // The last journal row whose events are in; asked before the journal is looked at, it is never
  // ahead of it.
  [[nodiscard]] std::uint64_t Cursor();
  // Payloads in the tables against their digests.
  void CheckUnits();
  // Units whose payload is a blob that is not there, by what `has` says; asked once more in a newer
  // view, because a payload may be dropped meanwhile.
  void CheckBlobsOfUnits(const std::function<bool(const Digest&)>& has);
};

// Every file under blobs/ that is whole; what is arriving is not looked at.
void CheckBlobFiles(const std::filesystem::path& folder, Checker& checker, VerifyReport& report);

}  // namespace picube
