// The few calls to the file system that this folder needs, with errors as sentences. Any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"

namespace picube {

// A file descriptor that closes itself.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int descriptor) : descriptor_(descriptor) {}
  FileHandle(FileHandle&& other) noexcept : descriptor_(other.descriptor_) {
    other.descriptor_ = -1;
  }
  FileHandle& operator=(FileHandle&& other) noexcept;
  ~FileHandle() { Close(); }

  [[nodiscard]] int Get() const { return descriptor_; }
  [[nodiscard]] bool IsOpen() const { return descriptor_ >= 0; }
  void Close();
  int Release();

 private:
  int descriptor_ = -1;
};

// "PATH cannot be DOING: reason of errno." as kStore, with advice for a full disk.
[[nodiscard]] Error SystemError(const std::filesystem::path& path, std::string_view doing);

[[nodiscard]] Result<FileHandle> OpenToRead(const std::filesystem::path& path);
// Made with mode 0600 if missing; never cut.
[[nodiscard]] Result<FileHandle> OpenToWrite(const std::filesystem::path& path);

[[nodiscard]] Status WriteAll(int descriptor, const std::filesystem::path& path, BytesView data);
// Up to `most` bytes from `offset`; fewer only at the end of the file.
[[nodiscard]] Result<Bytes> ReadAt(int descriptor, const std::filesystem::path& path,
                                   std::uint64_t offset, std::size_t most);
// Calls `sink` with every byte in pieces.
template <class Sink>
[[nodiscard]] Status ReadInPieces(const std::filesystem::path& path, Sink&& sink) {
  Result<FileHandle> file = OpenToRead(path);
  if (!file) return std::unexpected(file.error());
  for (std::uint64_t offset = 0;;) {
    Result<Bytes> piece = ReadAt(file->Get(), path, offset, /*most=*/1 << 20);
    if (!piece) return std::unexpected(piece.error());
    if (piece->empty()) return {};
    offset += piece->size();
    if (Status status = sink(BytesView(*piece)); !status) return status;
  }
}

// Until the data is on the disk; for a folder, until its names are.
[[nodiscard]] Status SyncDescriptor(int descriptor, const std::filesystem::path& path);
[[nodiscard]] Status SyncPath(const std::filesystem::path& path);
[[nodiscard]] Status RenameFile(const std::filesystem::path& from, const std::filesystem::path& to);
// Makes the folder and its parents with mode 0700.
[[nodiscard]] Status MakeFolder(const std::filesystem::path& path);
// Bytes that this user may still write on the file system of `path`; 0 if unknown.
[[nodiscard]] std::uint64_t FreeSpace(const std::filesystem::path& path);

}  // namespace picube
