// The tables for people and the blobs of a state folder, for verify.
#include <system_error>
#include <vector>

#include "protocol/base/limits.h"
#include "protocol/crypto/hash.h"
#include "server/store/blob_store_impl.h"
#include "server/store/verify_checker.h"

namespace picube {

namespace fs = std::filesystem;

std::uint64_t TablesProver::Cursor() {
  std::uint64_t seq = 0;
  Query("SELECT seq FROM cursor", [&](Statement& row) {
    seq = row.Unsigned(0);
    return true;
  });
  return seq;
}

void TablesProver::CheckUnits() {
  Query(
      "SELECT id, batch, digest, payload FROM unit WHERE state = 4 AND payload IS NOT NULL "
      "AND bytes <= " +
          std::to_string(limits::kCorePayloadBytes),
      [this](Statement& row) {
        ++report_.units;
        if (Hash(row.Blob(3)).View() == row.Blob(2)) return true;
        if (report_.problems.size() < kMostProblems) ++report_.altered_units;
        Problem("The payload of unit " + std::to_string(row.Unsigned(0)) + " of batch " +
                std::to_string(row.Unsigned(1)) + " does not match its digest.");
        return true;
      });
}

void TablesProver::CheckBlobsOfUnits(const std::function<bool(const Digest&)>& has) {
  std::vector<std::uint64_t> missing;
  const std::string where = " FROM unit WHERE state = 4 AND payload IS NOT NULL AND bytes > " +
                            std::to_string(limits::kCorePayloadBytes);
  Query("SELECT id, digest" + where, [&](Statement& row) {
    Digest digest;
    ++report_.units;
    if (!ToBlock(row.Blob(1), digest) || !has(digest)) missing.push_back(row.Unsigned(0));
    return missing.size() < kMostProblems;
  });
  static_cast<void>(database_.Execute("COMMIT"));
  for (const std::uint64_t unit : missing) {
    Query("SELECT batch, digest" + where + " AND id = " + std::to_string(unit),
          [&](Statement& row) {
            Problem("The blob " + ToHex(row.Blob(1)) + " of unit " + std::to_string(unit) +
                    " of batch " + std::to_string(row.Unsigned(0)) + " is missing.");
            return true;
          });
  }
}

void CheckBlobFiles(const fs::path& folder, Checker& checker, VerifyReport& report) {
  VisitBlobFiles(folder, [&](const fs::path& path, const Digest& digest) {
    Hasher hasher;
    std::uint64_t size = 0;
    const Status read = ReadInPieces(path, [&](BytesView piece) -> Status {
      hasher.Update(piece);
      size += piece.size();
      return {};
    });
    std::error_code gone;
    if (!read && !fs::exists(path, gone)) return true;  // collected meanwhile
    if (!read) {
      checker.Problem(read.error().what);
    } else if (hasher.Finish() != digest) {
      checker.Problem("The blob " + path.string() + " does not match its name.");
    }
    ++report.blobs;
    report.blob_bytes += size;
    return true;
  });
}

}  // namespace picube
