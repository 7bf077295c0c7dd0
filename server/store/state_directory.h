// The folder in which a server keeps everything it must not lose, and the lock that makes it the
// server's own.
//
//   lock           held by the running server (flock), with its process id as text
//   version        the layout's version, as text
//   journal.db     what was decided (journal.h)
//   projection.db  tables for people (projection.h)
//   blobs/         content-addressed files
//   keys/          secrets, mode 0600
//   scratch/       merges under way; emptied at every start
//   restored       there after a restore, until a server has taken over
//
// A resource: moved, not copied; the lock ends with it. One thread.
#pragma once

#include <cstdint>
#include <filesystem>

#include "protocol/base/error.h"

namespace picube {

class StateDirectory {
 public:
  // Layout version; raised when an older server could no longer read the folder. Never lowered.
  static constexpr std::uint32_t kVersion = 1;

  // Opens the folder, or makes it (mode 0700) with all its parts. Refused, with nothing changed:
  // another server holds it (the error names its process id), it was written by a newer version,
  // it is not a state folder and not empty, or others may write into it.
  [[nodiscard]] static Result<StateDirectory> Open(const std::filesystem::path& root);
  // True if the folder holds a server's state; never creates or locks anything.
  [[nodiscard]] static bool Exists(const std::filesystem::path& root);
  // The same version check as Open, for readers beside a running server (verify, backup).
  [[nodiscard]] static Status CheckVersion(const std::filesystem::path& root);

  StateDirectory(StateDirectory&& other) noexcept;
  StateDirectory& operator=(StateDirectory&& other) noexcept;
  ~StateDirectory();

  [[nodiscard]] const std::filesystem::path& Root() const { return root_; }
  [[nodiscard]] std::filesystem::path JournalPath() const { return root_ / "journal.db"; }
  [[nodiscard]] std::filesystem::path ProjectionPath() const { return root_ / "projection.db"; }
  [[nodiscard]] std::filesystem::path BlobsPath() const { return root_ / "blobs"; }
  [[nodiscard]] std::filesystem::path KeysPath() const { return root_ / "keys"; }
  [[nodiscard]] std::filesystem::path ScratchPath() const { return root_ / "scratch"; }
  // Whether a restore has made it and no server has taken it over since: ids that were given out
  // after the backup must be left out. Survives everything until ForgetRestored.
  [[nodiscard]] bool IsRestored() const;
  [[nodiscard]] Status MarkRestored() const;
  [[nodiscard]] Status ForgetRestored() const;
  // True if Open made it just now.
  [[nodiscard]] bool IsNew() const { return is_new_; }

 private:
  StateDirectory(std::filesystem::path root, int lock, bool is_new);

  std::filesystem::path root_;
  int lock_ = -1;  // file descriptor that holds the flock
  bool is_new_ = false;
};

}  // namespace picube
