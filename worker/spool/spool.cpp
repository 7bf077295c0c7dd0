#include "worker/spool/spool.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/crypto/hash.h"
#include "worker/spool/bytes.h"
#include "worker/spool/record_file.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

// Files of `folder` with this ending, by lease; others are left alone.
std::vector<std::pair<LeaseId, fs::path>> FilesOf(const fs::path& folder, std::string_view ending) {
  std::vector<std::pair<LeaseId, fs::path>> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (it->path().extension() != ending) continue;
    if (const auto lease = LeaseOf(it->path())) files.emplace_back(*lease, it->path());
  }
  std::ranges::sort(files);
  return files;
}

void Remove(const fs::path& path) {
  std::error_code gone;  // nothing depends on it: a file that stays is found at the next start
  fs::remove(path, gone);
}

bool TravelsAsBlob(const UnitResult& result) {
  return result.outcome == Outcome::kSuccess && result.payload.size() > limits::kInlinePayloadBytes;
}

}  // namespace

std::optional<LeaseId> LeaseOf(const fs::path& file) {
  const std::string stem = file.stem().string();
  LeaseId lease;
  const auto [last, bad] = std::from_chars(stem.data(), stem.data() + stem.size(), lease.value);
  if (bad != std::errc{} || last != stem.data() + stem.size()) return std::nullopt;
  return lease;
}

// --- Checkpoints
// ----------------------------------------------------------------------------------

Status CheckpointFile::Save(BytesView state) const {
  Status saved = WriteRecord(checkpoint_, RecordKind::kCheckpoint, state, Durable::kYes);
  if (saved) Remove(attempts_);
  return saved;
}

bool CheckpointFile::Exists() const {
  std::error_code error;
  return fs::exists(checkpoint_, error);
}

std::optional<Bytes> CheckpointFile::Load() const {
  if (!Exists()) return std::nullopt;
  auto state = ReadRecord(checkpoint_, RecordKind::kCheckpoint);
  if (!state) return std::nullopt;  // the unit begins afresh
  return *std::move(state);
}

// --- Opening
// ----------------------------------------------------------------------------------------

Result<std::unique_ptr<Spool>> Spool::Open(fs::path state) {
  std::error_code error;
  for (const char* folder : {"leases", "results", "damaged"}) {
    fs::create_directories(state / folder, error);
    if (error) {
      return Fail(ErrorKind::kStore,
                  "cannot make the state directory " + (state / folder).string() + ": " +
                      error.message() + ".",
                  "Choose another with --state DIR.");
    }
  }
  fs::permissions(state, fs::perms::owner_all, error);  // keys lie here
  const fs::path path = state / "lock";
  const int lock = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (lock < 0) {
    return Fail(ErrorKind::kStore,
                "cannot write " + path.string() + ": " + std::strerror(errno) + ".",
                "Choose another state directory with --state DIR.");
  }
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    ::close(lock);
    return Fail(ErrorKind::kRefused,
                "another picube-worker runs on the state directory " + state.string() + ".",
                "Stop it, or give this one its own with --state DIR and a join code of its own.");
  }
  return std::unique_ptr<Spool>(new Spool(std::move(state), lock));
}

Spool::Spool(fs::path state, int lock) : state_(std::move(state)), lock_(lock) {}
Spool::~Spool() { ::close(lock_); }

fs::path Spool::LeasePath(LeaseId lease, const char* ending) const {
  return state_ / "leases" / (std::to_string(lease.value) + ending);
}
fs::path Spool::ResultPath(LeaseId lease) const {
  return state_ / "results" / (std::to_string(lease.value) + ".result");
}

void Spool::SetAside(const fs::path& path, const std::string& why, Contents& contents) {
  std::error_code error;
  const fs::path aside = state_ / "damaged" / path.filename();
  fs::rename(path, aside, error);
  contents.warnings.push_back(why +
                              (error ? std::string(" It cannot be set aside: ") + error.message()
                                     : " It is set aside as " + aside.string() + "."));
}

Spool::Contents Spool::Load() {
  Contents contents;
  LoadResults(contents);
  LoadLeases(contents);
  for (const char* folder : {"leases", "results"}) {
    std::error_code error;
    std::vector<fs::path> torn;  // writes that a crash cut short
    for (fs::directory_iterator it(state_ / folder, error), end; !error && it != end;
         it.increment(error)) {
      if (it->path().extension() == ".tmp") torn.push_back(it->path());
    }
    for (const fs::path& path : torn) Remove(path);
  }
  for (const char* ending : {".checkpoint", ".attempts"}) {
    for (const auto& [lease, path] : FilesOf(state_ / "leases", ending)) {
      const auto same = [&](const agent::UnitWork& work) { return work.lease == lease; };
      if (std::ranges::none_of(contents.leases, same)) Remove(path);
    }
  }
  return contents;
}

void Spool::LoadResults(Contents& contents) {
  for (const auto& [lease, path] : FilesOf(state_ / "results", ".result")) {
    auto bytes = ReadRecord(path, RecordKind::kResult);
    if (!bytes) {
      SetAside(path, bytes.error().what, contents);
      continue;
    }
    auto result = DecodeResult(*bytes);
    if (!result || result->lease != lease) {
      SetAside(path, path.string() + " is not the result it should be.", contents);
      continue;
    }
    if (TravelsAsBlob(*result)) result->payload = {};
    contents.results.push_back(*std::move(result));
  }
}

void Spool::LoadLeases(Contents& contents) {
  for (const auto& [lease, path] : FilesOf(state_ / "leases", ".lease")) {
    const auto same = [&](const UnitResult& result) { return result.lease == lease; };
    if (std::ranges::any_of(contents.results, same)) {  // a crash came before the lease was dropped
      DropLease(lease);
      continue;
    }
    auto bytes = ReadRecord(path, RecordKind::kLease);
    auto work = bytes ? DecodeWork(*bytes) : std::nullopt;
    if (!work || work->lease != lease) {
      SetAside(path, bytes ? path.string() + " is not the lease it should be." : bytes.error().what,
               contents);
      DropLease(lease);
      continue;
    }
    // A damaged count is taken for none: the unit gets its attempts again.
    if (auto count = ReadRecord(LeasePath(lease, ".attempts"), RecordKind::kAttempts)) {
      ByteReader in(*count);
      work->attempts = in.U32();
      if (!in.Good()) work->attempts = 0;
    }
    contents.leases.push_back(*std::move(work));
  }
}

// --- Leases
// -------------------------------------------------------------------------------------------

Status Spool::KeepLease(const agent::UnitWork& work) {
  if (work.attempts == 0) Remove(LeasePath(work.lease, ".attempts"));
  Status kept = WriteRecord(LeasePath(work.lease, ".lease"), RecordKind::kLease, EncodeWork(work),
                            Durable::kNo);
  if (kept && work.attempts > 0) return CountAttempt(work);
  return kept;
}

Status Spool::CountAttempt(const agent::UnitWork& work) {
  ByteWriter out;
  out.U32(work.attempts);
  return WriteRecord(LeasePath(work.lease, ".attempts"), RecordKind::kAttempts, out.Take(),
                     Durable::kNo);
}

void Spool::DropLease(LeaseId lease) {
  for (const char* ending : {".lease", ".attempts", ".checkpoint"}) {
    Remove(LeasePath(lease, ending));
  }
}

CheckpointFile Spool::Checkpoint(LeaseId lease) const {
  return {LeasePath(lease, ".checkpoint"), LeasePath(lease, ".attempts")};
}

// --- Results
// --------------------------------------------------------------------------------------------

Spool::Kept Spool::KeepResult(UnitResult result) {
  const bool success = result.outcome == Outcome::kSuccess;
  result.digest = Hash(success ? BytesView(result.payload) : BytesView(result.error_text));
  result.payload_bytes = result.payload.size();
  const LeaseId lease = result.lease;
  Kept kept{result.digest, WriteRecord(ResultPath(lease), RecordKind::kResult, EncodeResult(result),
                                       Durable::kYes)};
  if (kept.durable) {
    DropLease(lease);
  } else {
    held_[lease] = std::move(result);
  }
  return kept;
}

void Spool::ForgetResult(LeaseId lease) {
  if (held_.erase(lease) > 0) DropLease(lease);
  if (open_ && open_->lease == lease) open_.reset();
  Remove(ResultPath(lease));
}

void Spool::SetResultAside(LeaseId lease) {
  if (open_ && open_->lease == lease) open_.reset();
  const fs::path aside = state_ / "damaged" / ResultPath(lease).filename();
  if (const auto held = held_.find(lease); held != held_.end()) {
    // Without room for it there either, it is lost; its lease may be computed again.
    static_cast<void>(
        WriteRecord(aside, RecordKind::kResult, EncodeResult(held->second), Durable::kYes));
    held_.erase(held);
    DropLease(lease);
    return;
  }
  std::error_code error;
  fs::rename(ResultPath(lease), aside, error);
}

std::uint64_t Spool::MemoryBytes() const {
  std::uint64_t bytes = open_ ? open_->payload.size() : 0;
  for (const auto& [lease, result] : held_) bytes += result.payload.size();
  return bytes;
}

Result<Chunk> Spool::ReadPayload(LeaseId lease, std::uint64_t offset) {
  const UnitResult* result = nullptr;
  if (const auto held = held_.find(lease); held != held_.end()) {
    result = &held->second;
  } else {
    if (!open_ || open_->lease != lease) {
      open_.reset();
      auto bytes = ReadRecord(ResultPath(lease), RecordKind::kResult);
      if (!bytes) return std::unexpected(bytes.error());
      open_ = DecodeResult(*bytes);
      if (!open_) return Fail(ErrorKind::kHost, ResultPath(lease).string() + " is damaged.");
    }
    result = &*open_;
  }
  if (offset > result->payload.size()) {
    return Fail(ErrorKind::kLink, "the server asks for bytes beyond the end of a result.");
  }
  Chunk chunk;
  chunk.blob = result->digest;
  chunk.offset = offset;
  chunk.total = result->payload.size();
  chunk.data = result->payload.substr(offset, limits::kChunkBytes);
  return chunk;
}

bool Spool::RetryHeld() {
  while (!held_.empty()) {
    const auto& [lease, result] = *held_.begin();
    if (!WriteRecord(ResultPath(lease), RecordKind::kResult, EncodeResult(result), Durable::kYes)) {
      return false;
    }
    DropLease(lease);
    held_.erase(held_.begin());
  }
  // Nothing is held, but is there room? As much as a result with room to spare is written and gone.
  const fs::path probe = state_ / "results" / "room.test";
  const bool room =
      WriteRecord(probe, RecordKind::kResult, Bytes(256 * 1024, '\0'), Durable::kYes).has_value();
  Remove(probe);
  return room;
}

}  // namespace picube
