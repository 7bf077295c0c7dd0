// What the reader of HDF5 files and who asks it say to each other (hdf5_process.h): a question, an
// answer, one after another, each as u32 length and so many bytes, little-endian. The values of a
// dataset follow their answer as they are in memory.
//
// Both sides believe nothing: the reader may have been taken over by the file that it reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "protocol/base/ids.h"

namespace picube::hdf5 {

inline constexpr std::size_t kMostDimensions = 8;
inline constexpr std::size_t kMostNameBytes = 4096;      // of a file, an object, an attribute
inline constexpr std::size_t kMostTextBytes = 1U << 16;  // of one text in a file
inline constexpr std::size_t kMostReasonBytes = 2048;
inline constexpr std::size_t kMostMessageBytes = kMostTextBytes + 4096;
inline constexpr std::uint64_t kMostReadBytes = 8U << 20;  // of the values of one answer
inline constexpr std::uint32_t kMostDatasets = 64;         // open at once

enum class Ask : std::uint8_t {
  kOpen = 1,  // object: what people call the file
  kHas,       // object
  kDataset,   // object; the answer's number is its handle
  kTextDataset,
  kHasAttribute,  // object, attribute
  kNumber,
  kText,
  kRead,  // dataset, type, start, count
};
enum class ValueType : std::uint8_t { kDouble = 1, kFloat = 2, kU32 = 3 };
[[nodiscard]] constexpr std::size_t SizeOf(ValueType type) {
  return type == ValueType::kDouble ? 8 : 4;
}

struct Question {
  Ask ask = Ask::kOpen;
  std::string object;
  std::string attribute;
  std::uint32_t dataset = 0;
  ValueType type = ValueType::kDouble;
  std::vector<std::uint64_t> start;  // as many as dimensions
  std::vector<std::uint64_t> count;
  bool operator==(const Question&) const = default;
};

struct Answer {
  bool good = false;
  std::string what;  // if not: what is wrong, and what to do
  std::string next;
  bool yes = false;                  // kHas, kHasAttribute
  double number = 0;                 // kNumber; of kDataset the handle
  std::string text;                  // kText, kTextDataset
  std::vector<std::uint64_t> shape;  // kDataset
  std::vector<std::uint64_t> chunk;
  bool operator==(const Answer&) const = default;
};

[[nodiscard]] Bytes Encode(const Question& question);
[[nodiscard]] Bytes Encode(const Answer& answer);
// Nothing if the other side cannot have made it. Reasons come out as one line that can be printed.
[[nodiscard]] std::optional<Question> DecodeQuestion(BytesView bytes);
[[nodiscard]] std::optional<Answer> DecodeAnswer(BytesView bytes);

// Values of a block; nothing if there are more than can be counted.
[[nodiscard]] std::optional<std::uint64_t> ValuesOf(const std::vector<std::uint64_t>& count);

}  // namespace picube::hdf5
