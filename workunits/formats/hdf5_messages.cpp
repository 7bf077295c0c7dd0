#include "workunits/formats/hdf5_messages.h"

#include <cstring>
#include <limits>

#include "workunits/bytes.h"

namespace picube::hdf5 {
namespace {

void Put(ByteWriter& to, const std::string& text, std::size_t most) {
  const std::size_t size = std::min(text.size(), most);
  to.U32(static_cast<std::uint32_t>(size));
  for (std::size_t i = 0; i < size; ++i) to.U8(static_cast<std::uint8_t>(text[i]));
}
void Put(ByteWriter& to, const std::vector<std::uint64_t>& sizes) {
  to.U8(static_cast<std::uint8_t>(sizes.size()));
  for (const std::uint64_t size : sizes) to.U64(size);
}

// Reading beyond a bound ends it all.
bool Take(ByteReader& from, std::string& text, std::size_t most) {
  const std::uint32_t size = from.U32();
  if (!from.Good() || size > most || size > from.Left()) return false;
  text.resize(size);
  for (char& c : text) c = static_cast<char>(from.U8());
  return true;
}
bool Take(ByteReader& from, std::vector<std::uint64_t>& sizes) {
  const std::uint8_t count = from.U8();
  if (!from.Good() || count > kMostDimensions) return false;
  sizes.resize(count);
  for (std::uint64_t& size : sizes) size = from.U64();
  return from.Good();
}
bool TakeBool(ByteReader& from, bool& value) {
  const std::uint8_t byte = from.U8();
  value = byte == 1;
  return from.Good() && byte <= 1;
}

void MakePrintable(std::string& text) {
  for (char& c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) c = '?';
  }
}

}  // namespace

Bytes Encode(const Question& question) {
  ByteWriter to;
  to.U8(static_cast<std::uint8_t>(question.ask));
  Put(to, question.object, kMostNameBytes);
  Put(to, question.attribute, kMostNameBytes);
  to.U32(question.dataset);
  to.U8(static_cast<std::uint8_t>(question.type));
  Put(to, question.start);
  Put(to, question.count);
  return to.Take();
}

std::optional<Question> DecodeQuestion(BytesView bytes) {
  ByteReader from(bytes);
  Question question;
  const std::uint8_t ask = from.U8();
  if (ask < 1 || ask > static_cast<std::uint8_t>(Ask::kRead)) return std::nullopt;
  question.ask = static_cast<Ask>(ask);
  if (!Take(from, question.object, kMostNameBytes)) return std::nullopt;
  if (!Take(from, question.attribute, kMostNameBytes)) return std::nullopt;
  question.dataset = from.U32();
  const std::uint8_t type = from.U8();
  if (type < 1 || type > static_cast<std::uint8_t>(ValueType::kU32)) return std::nullopt;
  question.type = static_cast<ValueType>(type);
  if (!Take(from, question.start) || !Take(from, question.count)) return std::nullopt;
  if (question.start.size() != question.count.size() || !from.Done()) return std::nullopt;
  return question;
}

Bytes Encode(const Answer& answer) {
  ByteWriter to;
  to.U8(answer.good ? 1 : 0);
  Put(to, answer.what, kMostReasonBytes);
  Put(to, answer.next, kMostReasonBytes);
  to.U8(answer.yes ? 1 : 0);
  to.F64(answer.number);
  Put(to, answer.text, kMostTextBytes);
  Put(to, answer.shape);
  Put(to, answer.chunk);
  return to.Take();
}

std::optional<Answer> DecodeAnswer(BytesView bytes) {
  ByteReader from(bytes);
  Answer answer;
  if (!TakeBool(from, answer.good)) return std::nullopt;
  if (!Take(from, answer.what, kMostReasonBytes)) return std::nullopt;
  if (!Take(from, answer.next, kMostReasonBytes)) return std::nullopt;
  if (!TakeBool(from, answer.yes)) return std::nullopt;
  answer.number = from.F64();
  if (!Take(from, answer.text, kMostTextBytes)) return std::nullopt;
  if (!Take(from, answer.shape) || !Take(from, answer.chunk) || !from.Done()) return std::nullopt;
  if (!answer.chunk.empty() && answer.chunk.size() != answer.shape.size()) return std::nullopt;
  MakePrintable(answer.what);
  MakePrintable(answer.next);
  return answer;
}

std::optional<std::uint64_t> ValuesOf(const std::vector<std::uint64_t>& count) {
  std::uint64_t values = 1;
  for (const std::uint64_t size : count) {
    if (__builtin_mul_overflow(values, size, &values)) return std::nullopt;
  }
  return values;
}

}  // namespace picube::hdf5
