// SIGPROC files: filterbanks (.fil, many channels) and time series (.tim, one channel). Reading and
// writing, little-endian.
//
// A header of keywords with typed values, then samples [time][interface][channel]. A "row" is all
// samples of one time: nifs * nchans values, value k * nchans + c is channel c of interface k.
// nbits 1, 2, 4: the first value is in the lowest bits of a byte; 8: unsigned, or signed if the
// header says so; 16 unsigned; 32 IEEE float. Channel c is centred at fch1 + c * foff MHz; foff is
// negative in most files.
//
// The number of rows comes from the file's size: `nsamples` is stale in many files and is never
// believed. A file that ends within a row is refused as truncated.
//
// Readers take any bytes without harm: they allocate for what is there, not for what a header
// claims, and errors (kUser) name the file and the field. A SigprocFile holds one open file, is
// moved, not copied, and may be read by many threads at once.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"

namespace picube {

namespace sigproc {
inline constexpr std::size_t kHeaderBytes = 1U << 16;  // real headers have 200 .. 400 bytes
inline constexpr std::size_t kKeywordBytes = 64;
inline constexpr std::size_t kTextBytes = 4096;
inline constexpr std::int32_t kMostInterfaces = 64;
}  // namespace sigproc

struct SigprocHeader {
  std::string source_name;
  std::string rawdatafile;
  std::int32_t telescope_id = 0;
  std::int32_t machine_id = 0;
  std::int32_t data_type = 1;  // 1 filterbank, 2 time series
  std::int32_t barycentric = 0;
  std::int32_t pulsarcentric = 0;
  std::int32_t nbits = 0;
  std::int32_t nsamples = 0;  // as the header says, or 0; see above
  std::int32_t nchans = 1;
  std::int32_t nifs = 1;
  std::int32_t nbeams = 0;
  std::int32_t ibeam = 0;
  std::int32_t is_signed = 0;  // of 8-bit values
  double az_start = 0;         // degrees
  double za_start = 0;
  double src_raj = 0;  // hhmmss.s
  double src_dej = 0;  // ddmmss.s
  double tstart = 0;   // MJD of the first sample
  double tsamp = 0;    // s
  double fch1 = 0;     // MHz
  double foff = 0;     // MHz
  double refdm = 0;    // pc/cm^3
  double period = 0;   // s

  std::size_t header_bytes = 0;  // where the samples start

  [[nodiscard]] std::uint64_t ValuesPerRow() const {
    return static_cast<std::uint64_t>(nchans) * static_cast<std::uint64_t>(nifs);
  }
  [[nodiscard]] std::uint64_t BitsPerRow() const {
    return ValuesPerRow() * static_cast<std::uint64_t>(nbits);
  }
  [[nodiscard]] double Frequency(std::uint64_t channel) const {  // MHz, centre
    return fch1 + static_cast<double>(channel) * foff;
  }
};

// The header at the start of `bytes`; `name` is the file's name for errors. An unknown keyword is
// an error that names it: its type is unknown, so nothing after it can be read.
[[nodiscard]] Result<SigprocHeader> ParseSigprocHeader(std::string_view bytes,
                                                       const std::string& name);

class SigprocFile {
 public:
  // Reads the header and the file's size.
  [[nodiscard]] static Result<SigprocFile> Open(const std::filesystem::path& path,
                                                const std::string& name);
  SigprocFile(SigprocFile&& other) noexcept;
  SigprocFile& operator=(SigprocFile&& other) noexcept;
  ~SigprocFile();

  [[nodiscard]] const SigprocHeader& Header() const { return header_; }
  [[nodiscard]] const std::string& Name() const { return name_; }
  [[nodiscard]] std::uint64_t Rows() const { return rows_; }

  // Values first_channel .. first_channel + channels - 1 of `rows` rows, as out[row][channel].
  // first_channel counts over interfaces as above. The range must lie within the file
  // (PICUBE_CHECK). Errors: the file has become shorter since it was opened, or cannot be read;
  // `out` is then undefined. Floats are as in the file, NaN and infinity included.
  [[nodiscard]] Status ReadRows(std::uint64_t first_row, std::uint64_t rows,
                                std::uint64_t first_channel, std::uint64_t channels,
                                float* out) const;
  // The same as exact integers (-128 .. 65535), for nbits <= 16.
  [[nodiscard]] Status ReadRows(std::uint64_t first_row, std::uint64_t rows,
                                std::uint64_t first_channel, std::uint64_t channels,
                                std::int32_t* out) const;

 private:
  SigprocFile(int file, std::string name) : file_(file), name_(std::move(name)) {}
  template <class T>
  Status Read(std::uint64_t first_row, std::uint64_t rows, std::uint64_t first_channel,
              std::uint64_t channels, T* out) const;
  template <class T>
  Status ReadValues(std::uint64_t first_value, std::uint64_t values, T* out) const;
  template <class T>
  Status ReadSmallRows(std::uint64_t first_row, std::uint64_t rows, std::uint64_t first_channel,
                       std::uint64_t channels, T* out) const;
  Status ReadBytes(std::uint64_t offset, std::span<unsigned char> out) const;

  int file_ = -1;
  std::string name_;
  SigprocHeader header_;
  std::uint64_t rows_ = 0;
};

// A header's bytes, from HEADER_START to HEADER_END. `header_bytes` is not used; nsamples is
// written if it is not 0.
[[nodiscard]] Bytes WriteSigprocHeader(const SigprocHeader& header);

// Values as the file has them: rounded half up and clamped to what nbits can hold (32: as they
// are). The values must fill whole bytes (PICUBE_CHECK).
[[nodiscard]] Bytes PackSigproc(const SigprocHeader& header, std::span<const float> values);

}  // namespace picube
