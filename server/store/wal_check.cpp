// The file format is documented at https://www.sqlite.org/fileformat2.html#the_write_ahead_log.
#include "server/store/wal_check.h"

#include <cstdint>
#include <string>

#include "server/store/files.h"
#include "server/store/journal_format.h"

namespace picube {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t kHeaderBytes = 32;
constexpr std::size_t kFrameHeaderBytes = 24;
constexpr std::uint32_t kMagicLittle = 0x377f0682;  // checksums over little-endian words
constexpr std::uint32_t kMagicBig = 0x377f0683;

std::uint32_t BigEndian(BytesView bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < 4; ++i) {
    value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  }
  return value;
}

std::uint32_t LittleEndian(BytesView bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
  return value;
}

struct Checksum {
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  bool operator==(const Checksum&) const = default;

  void Add(BytesView bytes, bool big) {
    const auto word = big ? BigEndian : LittleEndian;
    for (std::size_t at = 0; at + 8 <= bytes.size(); at += 8) {
      first += word(bytes, at) + second;
      second += word(bytes, at + 4) + first;
    }
  }
};

struct Header {
  bool valid = false;
  bool big = false;
  std::size_t page_bytes = 0;
  std::uint32_t salt[2] = {0, 0};
  Checksum checksum;
};

Header ReadHeader(BytesView bytes) {
  Header header;
  const std::uint32_t magic = BigEndian(bytes, 0);
  header.big = magic == kMagicBig;
  header.page_bytes = BigEndian(bytes, 8);
  header.salt[0] = BigEndian(bytes, 16);
  header.salt[1] = BigEndian(bytes, 20);
  header.checksum.Add(bytes.substr(0, 24), header.big);
  const bool sized = header.page_bytes >= 512 && header.page_bytes <= 65536;
  header.valid = (magic == kMagicLittle || magic == kMagicBig) && sized &&
                 header.checksum == Checksum{BigEndian(bytes, 24), BigEndian(bytes, 28)};
  return header;
}

}  // namespace

Status CheckWriteAheadFile(const fs::path& database) {
  const fs::path path = database.string() + "-wal";
  std::error_code missing;
  const auto size = fs::file_size(path, missing);
  if (missing || size < kHeaderBytes) return {};
  Result<FileHandle> file = OpenToRead(path);
  if (!file) return std::unexpected(file.error());
  const Result<Bytes> head = ReadAt(file->Get(), path, 0, kHeaderBytes);
  if (!head) return std::unexpected(head.error());
  const Header header = ReadHeader(*head);
  if (!header.valid) return Damaged("The head of " + path.string() + " is damaged.");
  Checksum sum = header.checksum;
  std::uint64_t broken = 0;  // the first frame that does not fit, from 1; 0 = none
  int commits_behind = 0;
  const std::size_t frame_bytes = kFrameHeaderBytes + header.page_bytes;
  for (std::uint64_t number = 1, at = kHeaderBytes; at + frame_bytes <= size;
       ++number, at += frame_bytes) {
    const Result<Bytes> frame = ReadAt(file->Get(), path, at, frame_bytes);
    if (!frame) return std::unexpected(frame.error());
    const bool same_generation =
        BigEndian(*frame, 8) == header.salt[0] && BigEndian(*frame, 12) == header.salt[1];
    const bool commits = BigEndian(*frame, 4) != 0;
    if (broken == 0) {
      sum.Add(BytesView(*frame).substr(0, 8), header.big);
      sum.Add(BytesView(*frame).substr(kFrameHeaderBytes), header.big);
      const Checksum said{BigEndian(*frame, 16), BigEndian(*frame, 20)};
      if (!same_generation || sum != said) broken = number;
    }
    if (broken != 0 && same_generation && commits) ++commits_behind;
  }
  if (commits_behind < 2) return {};
  return Damaged("Frame " + std::to_string(broken) + " of " + path.string() +
                 " is damaged, and acknowledged rows stand behind it.");
}

}  // namespace picube
