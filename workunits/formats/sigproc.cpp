#include "workunits/formats/sigproc.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "protocol/base/check.h"
#include "workunits/formats/bytes_at.h"

namespace picube {
namespace {

constexpr std::uint64_t kChunkBytes = 1U << 20;

// Value i of packed bytes; Bits is what one value takes. Float only with 32.
template <class T, int Bits>
void Unpack(const unsigned char* bytes, std::uint64_t first, std::uint64_t count, T* out) {
  static_assert(Bits < 8);
  constexpr std::uint64_t kEach = 8 / Bits;
  constexpr unsigned kMask = (1U << Bits) - 1;
  for (std::uint64_t i = 0; i < count; ++i) {
    const std::uint64_t at = first + i;
    const unsigned shift = static_cast<unsigned>(at % kEach) * Bits;
    out[i] = static_cast<T>(bytes[at / kEach] >> shift & kMask);
  }
}

template <class T>
void UnpackWide(const SigprocHeader& header, const unsigned char* bytes, std::uint64_t count,
                T* out) {
  if (header.nbits == 8 && header.is_signed != 0) {
    for (std::uint64_t i = 0; i < count; ++i) {
      out[i] = static_cast<T>(static_cast<std::int8_t>(bytes[i]));
    }
  } else if (header.nbits == 8) {
    for (std::uint64_t i = 0; i < count; ++i) out[i] = static_cast<T>(bytes[i]);
  } else if (header.nbits == 16) {
    for (std::uint64_t i = 0; i < count; ++i) {
      out[i] = static_cast<T>(bytes[2 * i] | bytes[2 * i + 1] << 8);
    }
  } else if constexpr (std::is_same_v<T, float>) {
    static_assert(std::endian::native == std::endian::little);
    std::memcpy(out, bytes, count * sizeof(float));
  }
}

// `count` values from value `first` of `bytes` on.
template <class T>
void UnpackAny(const SigprocHeader& header, const unsigned char* bytes, std::uint64_t first,
               std::uint64_t count, T* out) {
  switch (header.nbits) {
    case 1: return Unpack<T, 1>(bytes, first, count, out);
    case 2: return Unpack<T, 2>(bytes, first, count, out);
    case 4: return Unpack<T, 4>(bytes, first, count, out);
    default:
      UnpackWide(header, bytes + first * static_cast<std::uint64_t>(header.nbits) / 8, count, out);
  }
}

std::unexpected<Error> BadSize(const std::string& name, const SigprocHeader& header,
                               std::uint64_t data_bytes) {
  const std::uint64_t row_bits = header.BitsPerRow();
  const std::uint64_t rows = data_bytes * 8 / row_bits;
  const std::string row = "one of its rows has " + std::to_string(header.ValuesPerRow()) +
                          " values of " + std::to_string(header.nbits) + " bits";
  if (rows == 0) {
    return Fail(ErrorKind::kUser,
                name + ": the file is truncated: " + std::to_string(data_bytes) +
                    " bytes follow the header, and " + row + ".",
                "Fetch or copy the file again, or correct nchans, nifs and nbits.");
  }
  const std::uint64_t whole = header.header_bytes + (rows * row_bits + 7) / 8;
  return Fail(ErrorKind::kUser,
              name + ": the file is truncated: it ends within row " + std::to_string(rows) + " (" +
                  row + ").",
              "Fetch or copy it again; `truncate --size=" + std::to_string(whole) +
                  "` on a copy keeps the whole rows.");
}

}  // namespace

Result<SigprocFile> SigprocFile::Open(const std::filesystem::path& path, const std::string& name) {
  SigprocFile file(::open(path.c_str(), O_RDONLY | O_CLOEXEC), name);
  struct stat facts = {};
  if (file.file_ < 0 || ::fstat(file.file_, &facts) != 0 || !S_ISREG(facts.st_mode)) {
    return Fail(ErrorKind::kUser, name + " cannot be opened.",
                "Check that the file exists and may be read.");
  }
  const auto size = static_cast<std::uint64_t>(facts.st_size);
  std::vector<unsigned char> head(std::min<std::uint64_t>(size, sigproc::kHeaderBytes));
  if (auto read = file.ReadBytes(0, head); !read) return std::unexpected(read.error());
  auto header = ParseSigprocHeader({reinterpret_cast<const char*>(head.data()), head.size()}, name);
  if (!header) return std::unexpected(header.error());
  file.header_ = std::move(*header);
  const std::uint64_t bytes = size - file.header_.header_bytes;
  const std::uint64_t row_bits = file.header_.BitsPerRow();
  // Rows of fewer bits than a byte leave at most the rest of the last byte empty.
  file.rows_ = bytes * 8 / row_bits;
  const std::uint64_t rest = bytes * 8 % row_bits;
  if (file.rows_ == 0 || rest >= 8) return BadSize(name, file.header_, bytes);
  return file;
}

SigprocFile::SigprocFile(SigprocFile&& other) noexcept
    : file_(std::exchange(other.file_, -1)),
      name_(std::move(other.name_)),
      header_(std::move(other.header_)),
      rows_(other.rows_) {}

SigprocFile& SigprocFile::operator=(SigprocFile&& other) noexcept {
  std::swap(file_, other.file_);
  std::swap(name_, other.name_);
  std::swap(header_, other.header_);
  std::swap(rows_, other.rows_);
  return *this;
}

SigprocFile::~SigprocFile() {
  if (file_ >= 0) ::close(file_);
}

Status SigprocFile::ReadBytes(std::uint64_t offset, std::span<unsigned char> out) const {
  return ReadBytesAt(file_, name_, offset, out);
}

template <class T>
Status SigprocFile::ReadValues(std::uint64_t first_value, std::uint64_t values, T* out) const {
  const auto bits = static_cast<std::uint64_t>(header_.nbits);
  std::vector<unsigned char> bytes;
  for (std::uint64_t done = 0; done < values;) {
    const std::uint64_t count = std::min(values - done, kChunkBytes * 8 / bits);
    const std::uint64_t first_byte = (first_value + done) * bits / 8;
    const std::uint64_t end_byte = ((first_value + done + count) * bits + 7) / 8;
    bytes.resize(end_byte - first_byte);
    if (auto read = ReadBytes(header_.header_bytes + first_byte, bytes); !read) return read;
    UnpackAny(header_, bytes.data(), first_value + done - first_byte * 8 / bits, count, out + done);
    done += count;
  }
  return {};
}

template <class T>
Status SigprocFile::ReadSmallRows(std::uint64_t first_row, std::uint64_t rows,
                                  std::uint64_t first_channel, std::uint64_t channels,
                                  T* out) const {
  const std::uint64_t width = header_.ValuesPerRow();
  const std::uint64_t most = std::max<std::uint64_t>(1, kChunkBytes / sizeof(T) / width);
  std::vector<T> values;
  for (std::uint64_t done = 0; done < rows; done += most) {
    const std::uint64_t count = std::min(most, rows - done);
    values.resize(count * width);
    auto read = ReadValues((first_row + done) * width, count * width, values.data());
    if (!read) return read;
    for (std::uint64_t r = 0; r < count; ++r) {
      std::copy_n(values.data() + r * width + first_channel, channels, out + (done + r) * channels);
    }
  }
  return {};
}

template <class T>
Status SigprocFile::Read(std::uint64_t first_row, std::uint64_t rows, std::uint64_t first_channel,
                         std::uint64_t channels, T* out) const {
  const std::uint64_t width = header_.ValuesPerRow();
  PICUBE_CHECK(first_row <= rows_ && rows <= rows_ - first_row, "rows are within the file");
  PICUBE_CHECK(first_channel <= width && channels <= width - first_channel,
               "channels are within the file");
  if (channels == width) return ReadValues(first_row * width, rows * width, out);
  // Short rows are read whole; of long ones only what is wanted.
  if (header_.BitsPerRow() <= 8 * 4096) {
    return ReadSmallRows(first_row, rows, first_channel, channels, out);
  }
  for (std::uint64_t r = 0; r < rows; ++r) {
    const std::uint64_t first = (first_row + r) * width + first_channel;
    if (auto read = ReadValues(first, channels, out + r * channels); !read) return read;
  }
  return {};
}

Status SigprocFile::ReadRows(std::uint64_t first_row, std::uint64_t rows,
                             std::uint64_t first_channel, std::uint64_t channels,
                             float* out) const {
  return Read(first_row, rows, first_channel, channels, out);
}

Status SigprocFile::ReadRows(std::uint64_t first_row, std::uint64_t rows,
                             std::uint64_t first_channel, std::uint64_t channels,
                             std::int32_t* out) const {
  PICUBE_CHECK(header_.nbits <= 16, "integers are asked for of files of integers");
  return Read(first_row, rows, first_channel, channels, out);
}

Bytes PackSigproc(const SigprocHeader& header, std::span<const float> values) {
  const auto bits = static_cast<std::uint64_t>(header.nbits);
  PICUBE_CHECK(values.size() * bits % 8 == 0, "values fill whole bytes");
  Bytes out(values.size() * bits / 8, '\0');
  if (bits == 32) {
    if (!values.empty()) std::memcpy(out.data(), values.data(), out.size());
    return out;
  }
  const double low = header.is_signed != 0 ? -128 : 0;
  const double high = low + std::ldexp(1.0, static_cast<int>(bits)) - 1;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double rounded = std::floor(static_cast<double>(values[i]) + 0.5);
    const double held = rounded >= low ? std::min(rounded, high) : low;  // NaN becomes `low`
    const auto value = static_cast<unsigned>(static_cast<int>(held));
    const std::uint64_t at = i * bits;
    if (bits >= 8) {
      for (std::uint64_t b = 0; b < bits; b += 8) {
        out[(at + b) / 8] = static_cast<char>(value >> b & 0xff);
      }
    } else {
      const unsigned mixed = static_cast<unsigned char>(out[at / 8]) | value << (at % 8);
      out[at / 8] = static_cast<char>(mixed);
    }
  }
  return out;
}

}  // namespace picube
