// Whose leases and results lie in the state directory. Lease numbers begin at 1 on every server, so
// what belongs to one must never be reported to another.
#include <algorithm>
#include <fstream>
#include <utility>

#include "worker/spool/spool.h"

namespace picube {
namespace {

namespace fs = std::filesystem;

std::string ReadLine(const fs::path& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

Status WriteLine(const fs::path& path, const std::string& line) {
  fs::path fresh = path;
  fresh += ".tmp";
  {
    std::ofstream file(fresh, std::ios::trunc);
    file << line << '\n' << std::flush;
    if (!file) return Fail(ErrorKind::kStore, "cannot write " + fresh.string() + ".");
  }
  std::error_code error;
  fs::rename(fresh, path, error);
  if (!error) return {};
  return Fail(ErrorKind::kStore, "cannot write " + path.string() + ": " + error.message() + ".");
}

std::vector<fs::path> FilesIn(const fs::path& folder) {
  std::vector<fs::path> files;
  std::error_code error;
  for (fs::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    files.push_back(it->path());
  }
  return files;
}

// Every file of `from`, one by one: what a crash left behind is moved by the next call.
Result<Spool::Count> MoveFiles(const fs::path& from, const fs::path& to) {
  Spool::Count count;
  for (const char* folder : {"leases", "results"}) {
    std::error_code error;
    for (const fs::path& file : FilesIn(from / folder)) {
      fs::create_directories(to / folder, error);
      if (!error) fs::rename(file, to / folder / file.filename(), error);
      if (error) {
        return Fail(ErrorKind::kStore, "cannot move " + file.string() + " to " + to.string() +
                                           ": " + error.message() + ".");
      }
      count.results += file.extension() == ".result" ? 1 : 0;
      count.leases += file.extension() == ".lease" ? 1 : 0;
    }
  }
  return count;
}

}  // namespace

fs::path Spool::FolderOf(const std::string& server) const { return state_ / "servers" / server; }

Result<Spool::Moved> Spool::BelongTo(const std::string& server) {
  const fs::path mark = state_ / "spool.server";
  const std::string owner = ReadLine(mark);
  Moved moved;
  if (!owner.empty() && owner != server) {
    const auto aside = MoveFiles(state_, FolderOf(owner));
    if (!aside) return std::unexpected(aside.error());
    moved.aside = *aside;
    moved.left = owner;
  }
  if (owner != server) {
    if (Status written = WriteLine(mark, server); !written) {
      return std::unexpected(written.error());
    }
  }
  const auto back = MoveFiles(FolderOf(server), state_);
  if (!back) return std::unexpected(back.error());
  moved.back = *back;
  return moved;
}

std::vector<LeaseId> Spool::LeasesHeldFor(const std::string& server) const {
  std::vector<LeaseId> leases;
  for (const char* folder : {"leases", "results"}) {
    for (const fs::path& file : FilesIn(FolderOf(server) / folder)) {
      if (file.extension() != ".lease" && file.extension() != ".result") continue;
      if (const auto lease = LeaseOf(file)) leases.push_back(*lease);
    }
  }
  std::ranges::sort(leases);
  return leases;
}

}  // namespace picube
