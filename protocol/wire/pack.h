// msgpack, as much of it as this project uses: a writer that appends to a buffer and a reader that
// trusts nothing. `fields.h` builds structures on top; most code wants codec.h instead.
//
// Reader: the first failure sticks. After it every read returns zero and changes nothing, so a
// decoder checks Ok() once a loop and at the end. No read goes beyond the end, allocates, or
// recurses. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/text.h"

namespace picube::pack {

class Writer {
 public:
  // Appends to `out`, which must outlive the writer. `version` decides which fields may be written.
  explicit Writer(Bytes& out, std::uint16_t version = 0xffff) : out_(out), version_(version) {}

  void UInt(std::uint64_t value);
  void Int(std::int64_t value);
  void Bool(bool value);
  void Double(double value);
  void Text(std::string_view text);
  void Bin(BytesView bytes);
  void Array(std::size_t count);
  void Map(std::size_t count);

  // A map whose count is known at its end: the count is written into place.
  [[nodiscard]] std::size_t OpenMap();
  void CloseMap(std::size_t position, std::size_t count);

  [[nodiscard]] std::uint16_t Version() const { return version_; }

  // A field that the version does not have was left out: what was written is of no use. The first
  // one is kept.
  void Fail(std::string_view field) {
    if (newer_field_.empty()) newer_field_ = field;
  }
  [[nodiscard]] bool Ok() const { return newer_field_.empty(); }
  [[nodiscard]] std::string_view NewerField() const { return newer_field_; }

 private:
  Bytes& out_;
  std::uint16_t version_;
  std::string_view newer_field_;  // a name of a layout: it lives as long as the program
};

class Reader {
 public:
  explicit Reader(BytesView bytes, std::uint16_t version = 0xffff)
      : at_(bytes.data()), end_(bytes.data() + bytes.size()), version_(version) {}

  [[nodiscard]] bool Ok() const { return !failed_; }
  [[nodiscard]] bool AtEnd() const { return at_ == end_; }
  [[nodiscard]] std::size_t Left() const { return static_cast<std::size_t>(end_ - at_); }

  [[nodiscard]] std::uint64_t UInt();
  [[nodiscard]] std::int64_t Int();
  [[nodiscard]] bool Bool();
  [[nodiscard]] double Double();          // float, double or integer; finite
  [[nodiscard]] std::string_view Text();  // looks into the bytes; encoding not checked
  [[nodiscard]] BytesView Bin();
  // Number of elements; fails if the rest of the bytes cannot hold so many.
  [[nodiscard]] std::size_t Array();
  [[nodiscard]] std::size_t Map();  // number of pairs
  // Within bounds, or fails and returns 0.
  [[nodiscard]] std::uint64_t UIntIn(std::uint64_t least, std::uint64_t most);
  [[nodiscard]] std::int64_t IntIn(std::int64_t least, std::int64_t most);
  // Exactly `size` bytes; `out` is unchanged after a failure.
  void Fixed(std::uint8_t* out, std::size_t size);
  // Clean text of at most `most` bytes; with `file_name` a plain file name.
  void CleanTextOf(std::string& text, std::size_t most, bool file_name);
  void Skip();  // any value, nested at most kSkipDepth deep

  static constexpr std::size_t kSkipDepth = 16;

  // The first failure is kept.
  void Fail(std::string_view why);
  // Says where: called from the inside out by those who know, after a failure.
  void Blame(std::string_view where);
  void Blame(std::string_view field, std::uint64_t key);
  // "results (key 1): lease (key 1): an unsigned integer was expected"
  [[nodiscard]] std::string What() const { return path_ + what_; }

  [[nodiscard]] std::uint16_t Version() const { return version_; }
  void SetVersion(std::uint16_t version) { version_ = version; }

 private:
  bool Need(std::size_t bytes);
  BytesView Take(std::size_t bytes);
  std::uint64_t Big(std::size_t bytes);
  std::size_t Count(std::uint8_t fix, std::uint8_t wide, std::size_t least, std::string_view what);

  const char* at_;
  const char* end_;
  std::uint16_t version_;
  bool failed_ = false;
  std::string what_;
  std::string path_;
};

// Walks along a map whose keys ascend, field by field.
class MapWalk {
 public:
  explicit MapWalk(Reader& reader);

  // Skips what comes before `key`; true if the value of `key` is next. Fails if the message's
  // version is below `since` and the key is there.
  [[nodiscard]] bool Find(std::uint32_t key, std::uint16_t since);
  // The value of `key` has been read, or has failed: then the failure is blamed on it.
  void Done(std::uint32_t key, std::string_view name);
  // `key` is required and was not found.
  void Miss(std::uint32_t key, std::string_view name);
  void SkipRest();

 private:
  void NextKey();

  Reader& reader_;
  std::size_t left_;
  std::uint64_t key_ = 0;
  std::uint64_t least_ = 0;
  bool have_ = false;
};

using picube::CleanText;
using picube::IsCleanText;
// One to 255 bytes, clean, without '/', '\\', line feed, tab; not "." or "..".
[[nodiscard]] bool IsFileName(std::string_view name);

}  // namespace picube::pack
