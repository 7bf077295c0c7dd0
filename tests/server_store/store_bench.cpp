// How fast the store is, one JSON line a case: store_bench FOLDER
#include <sys/resource.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <string>
#include <vector>

#include "protocol/crypto/keys.h"
#include "server/store/journal.h"
#include "server/store/projection.h"

namespace picube {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

// Of this process, all threads, user and system.
double CpuSeconds() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

void BenchJournal(const fs::path& folder, std::size_t row_bytes, bool snapshots) {
  const fs::path file = folder / "bench-journal.db";
  for (const char* end : {"", "-wal", "-shm"}) fs::remove(fs::path(file.string() + end));
  auto journal = Journal::Open(file);
  if (!journal) return;
  Bytes row(row_bytes, 'r');
  const Bytes chunk(1 << 20, 's');
  std::vector<double> took;
  std::uint64_t commits = 0;
  const double cpu = CpuSeconds();
  const auto start = Clock::now();
  while (SecondsSince(start) < 3.0) {
    std::memcpy(row.data(), &commits, sizeof commits);
    const std::uint64_t seq = (*journal)->Append(Instant{1}, row);
    if (snapshots && !(*journal)->SnapshotPending() &&
        (*journal)->BytesSinceSnapshot() > 64 << 20) {
      (*journal)->BeginSnapshot(seq, Instant{1});
      for (int i = 0; i < 32; ++i) (*journal)->AddSnapshotChunk(chunk);
      (*journal)->EndSnapshot();
      (*journal)->AllowPruneTo(seq);
    }
    const auto before = Clock::now();
    if (!(*journal)->Commit()) return;
    took.push_back(SecondsSince(before) * 1e3);
    ++commits;
  }
  const double seconds = SecondsSince(start);
  std::sort(took.begin(), took.end());
  std::printf(
      "{\"case\":\"journal%s\",\"row_bytes\":%zu,\"commits_per_second\":%.0f,\"mb_per_second\":%."
      "1f,"
      "\"cpu_us\":%.1f,\"p50_ms\":%.3f,\"p99_ms\":%.3f,\"p999_ms\":%.3f,\"worst_ms\":%.3f,\"file_"
      "mb\":%.1f}\n",
      snapshots ? "+snapshots" : "", row_bytes, static_cast<double>(commits) / seconds,
      static_cast<double>(commits * row_bytes) / seconds / 1e6,
      (CpuSeconds() - cpu) / static_cast<double>(commits) * 1e6, took[took.size() / 2],
      took[took.size() * 99 / 100], took[took.size() * 999 / 1000], took.back(),
      static_cast<double>(fs::file_size(file)) / 1e6);
}

// Units of 64 bytes with one lease each, a thousand a journal row, as fast as the queue takes them.
void BenchProjection(const fs::path& folder) {
  const fs::path file = folder / "bench-projection.db";
  for (const char* end : {"", "-wal", "-shm"}) fs::remove(fs::path(file.string() + end));
  auto projection = Projection::Open(file);
  if (!projection) return;
  constexpr std::uint64_t kRows = 1500, kUnitsPerRow = 1000;
  const double cpu = CpuSeconds();
  const auto start = Clock::now();
  std::uint64_t unit = 0;
  for (std::uint64_t seq = 1; seq <= kRows; ++seq) {
    std::vector<Event> events;
    events.reserve(kUnitsPerRow + 1);
    LeasesOver over;
    for (std::uint64_t i = 0; i < kUnitsPerRow; ++i, ++unit) {
      UnitClosed closed;
      closed.unit = UnitId{unit + 1};
      closed.batch = BatchId{1};
      closed.index = unit;
      closed.canonical = LeaseId{unit + 1};
      closed.host = HostId{3};
      std::memcpy(closed.digest.bytes.data(), &unit, sizeof unit);
      closed.payload_bytes = 64;
      closed.payload.assign(64, 'p');
      closed.leases = 1;
      LeaseOver& lease = over.leases.emplace_back();
      lease.lease = closed.canonical;
      lease.unit = closed.unit;
      lease.batch = closed.batch;
      lease.index = unit;
      lease.host = closed.host;
      lease.held = std::chrono::seconds(20);
      lease.returned = lease.succeeded = true;
      lease.cost_flop = 1e9;
      lease.cost = {.cpu_ms = 40'000, .wall_ms = 10'000, .top_millicelsius = 61'000};
      events.emplace_back(std::move(closed));
    }
    events.emplace_back(std::move(over));
    (*projection)->Post(seq, WallTime{1'790'000'000'000}, std::move(events));
  }
  if (!(*projection)->CaughtUp(kRows, std::chrono::minutes(1))) return;
  const double seconds = SecondsSince(start);
  const double used = CpuSeconds() - cpu;
  const auto read = Clock::now();
  std::uint64_t streamed = 0;
  (void)(*projection)->StreamUnits(BatchId{1}, [&](const UnitRow&) -> Status {
    ++streamed;
    return {};
  });
  std::printf(
      "{\"case\":\"projection\",\"units_per_second\":%.0f,\"cpu_us_per_unit\":%.2f,"
      "\"streamed_per_second\":%.0f,\"bytes_per_unit\":%.0f}\n",
      static_cast<double>(unit) / seconds, used / static_cast<double>(unit) * 1e6,
      static_cast<double>(streamed) / SecondsSince(read),
      static_cast<double>(fs::file_size(file)) / static_cast<double>(unit));
}

}  // namespace
}  // namespace picube

int main(int count, char** arguments) {
  if (count < 2 || !picube::InitCrypto()) return 2;
  picube::BenchProjection(arguments[1]);
  for (const std::size_t bytes : {256U, 2048U, 8192U, 30000U}) {
    picube::BenchJournal(arguments[1], bytes, false);
    picube::BenchJournal(arguments[1], bytes, true);
  }
  return 0;
}
