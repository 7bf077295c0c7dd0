#include "workunits/drift/hits_file.h"

#include <cmath>
#include <cstdio>

#include "workunits/bytes.h"

namespace picube::drift {
namespace {

// Words of eight bytes.
constexpr std::uint64_t kSignalWords = 6;
constexpr std::uint64_t kBankWords = 9;
constexpr std::uint64_t kBankPointers = 2;
constexpr std::uint64_t kNone = 0xFFFFFFFF;  // beam -1

enum class Items : std::uint64_t { kBytes = 2, kFourBytes = 4 };

// From the word behind the pointer to what it points to: `offset` words.
std::uint64_t StructPointer(std::uint64_t offset, std::uint64_t data, std::uint64_t pointers) {
  return offset << 2 | data << 32 | pointers << 48;
}
std::uint64_t ListPointer(std::uint64_t offset, Items items, std::uint64_t count) {
  return offset << 2 | 1 | static_cast<std::uint64_t>(items) << 32 | count << 35;
}

void PutSignal(const SavedHit& hit, ByteWriter& to) {
  const auto i32 = [&to](std::int32_t value) { to.U32(static_cast<std::uint32_t>(value)); };
  to.F64(hit.frequency);
  i32(hit.index);
  i32(hit.drift_steps);
  to.F64(hit.drift_rate);
  to.F32(hit.snr);
  i32(hit.coarse_channel);
  to.U32(kNone);
  i32(hit.rows);
  to.F32(hit.power);
  to.F32(0);
}

void PutBank(const SavedHit& hit, ByteWriter& to) {
  const auto i32 = [&to](std::int32_t value) { to.U32(static_cast<std::uint32_t>(value)); };
  for (const double value : {hit.fch1, hit.foff, hit.tstart, hit.tsamp, hit.ra, hit.dec}) {
    to.F64(value);
  }
  i32(0);  // telescope
  i32(hit.rows);
  i32(hit.channels);
  i32(hit.coarse_channel);
  i32(hit.start_channel);
  to.U32(kNone);
}

}  // namespace

Bytes EncodeHit(const SavedHit& hit) {
  const std::uint64_t text_words = hit.source.size() / 8 + 1;  // a zero byte ends it
  const std::uint64_t data_words = (hit.cells.size() + 1) / 2;
  ByteWriter to;
  to.U32(0);  // segments - 1
  to.U32(static_cast<std::uint32_t>(3 + kSignalWords + kBankWords + kBankPointers + text_words +
                                    data_words));
  to.U64(StructPointer(0, 0, 2));
  to.U64(StructPointer(1, kSignalWords, 0));
  to.U64(StructPointer(kSignalWords, kBankWords, kBankPointers));
  PutSignal(hit, to);
  PutBank(hit, to);
  to.U64(ListPointer(1, Items::kBytes, hit.source.size() + 1));
  to.U64(ListPointer(text_words, Items::kFourBytes, hit.cells.size()));
  for (std::uint64_t i = 0; i < 8 * text_words; ++i) {
    to.U8(i < hit.source.size() ? static_cast<std::uint8_t>(hit.source[i]) : 0);
  }
  for (const float cell : hit.cells) to.F32(cell);
  if (hit.cells.size() % 2 == 1) to.U32(0);
  return to.Take();
}

double DecimalAngle(const std::string& text) {
  unsigned whole = 0;
  unsigned minutes = 0;
  double seconds = 0;
  char unit = 0;
  const bool negative = text.starts_with('-');
  const int read = std::sscanf(text.c_str() + (negative ? 1 : 0), "%u%c%um%lfs", &whole, &unit,
                               &minutes, &seconds);
  if (read != 4 || (unit != 'h' && unit != 'd')) return 0;
  const double angle = whole + minutes / 60.0 + seconds / 3600;
  return negative ? -angle : angle;
}

}  // namespace picube::drift
