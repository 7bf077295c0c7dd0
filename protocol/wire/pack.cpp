#include "protocol/wire/pack.h"

#include <cmath>
#include <cstring>
#include <limits>
#include <msgpack.hpp>

namespace picube::pack {
namespace {

// What msgpack::packer writes into.
class Appender {
 public:
  explicit Appender(Bytes& out) : out_(out) {}
  void write(const char* data, std::size_t size) { out_.append(data, size); }

 private:
  Bytes& out_;
};

template <class Write>
void Pack(Bytes& out, Write write) {
  Appender appender(out);
  msgpack::packer<Appender> packer(appender);
  write(packer);
}

// Walks over one value; refuses deep nesting, so that a stranger's bytes cannot make the library's
// stack grow.
class SkipVisitor : public msgpack::null_visitor {
 public:
  bool start_array(std::uint32_t) { return Deeper(); }
  bool end_array() { return Higher(); }
  bool start_map(std::uint32_t) { return Deeper(); }
  bool end_map() { return Higher(); }
  void parse_error(std::size_t, std::size_t) {}
  void insufficient_bytes(std::size_t, std::size_t) {}

 private:
  bool Deeper() { return ++depth_ <= Reader::kSkipDepth; }
  bool Higher() {
    --depth_;
    return true;
  }
  std::size_t depth_ = 0;
};

}  // namespace

// --- Writer --------------------------------------------------------------------------------------

void Writer::UInt(std::uint64_t value) {
  if (value < 0x80) {  // most keys and counts: the byte is the number
    out_.push_back(static_cast<char>(value));
    return;
  }
  Pack(out_, [&](auto& packer) { packer.pack_uint64(value); });
}
void Writer::Int(std::int64_t value) {
  Pack(out_, [&](auto& packer) { packer.pack_int64(value); });
}
void Writer::Bool(bool value) {
  Pack(out_, [&](auto& packer) { value ? packer.pack_true() : packer.pack_false(); });
}
void Writer::Double(double value) {
  // Not msgpack::packer, which writes whole numbers as integers: a float keeps one size.
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof bits);
  char bytes[9] = {'\xcb'};
  for (unsigned i = 0; i < 8; ++i) bytes[1 + i] = static_cast<char>(bits >> (56 - 8 * i) & 0xff);
  out_.append(bytes, sizeof bytes);
}
void Writer::Text(std::string_view text) {
  Pack(out_, [&](auto& packer) {
    packer.pack_str(static_cast<std::uint32_t>(text.size()));
    packer.pack_str_body(text.data(), static_cast<std::uint32_t>(text.size()));
  });
}
void Writer::Bin(BytesView bytes) {
  Pack(out_, [&](auto& packer) {
    packer.pack_bin(static_cast<std::uint32_t>(bytes.size()));
    packer.pack_bin_body(bytes.data(), static_cast<std::uint32_t>(bytes.size()));
  });
}
void Writer::Array(std::size_t count) {
  Pack(out_, [&](auto& packer) { packer.pack_array(static_cast<std::uint32_t>(count)); });
}
void Writer::Map(std::size_t count) {
  Pack(out_, [&](auto& packer) { packer.pack_map(static_cast<std::uint32_t>(count)); });
}

std::size_t Writer::OpenMap() {
  out_.push_back('\x80');
  return out_.size() - 1;
}
void Writer::CloseMap(std::size_t position, std::size_t count) {
  if (count < 16) {
    out_[position] = static_cast<char>(0x80U | count);
    return;
  }
  const char header[3] = {'\xde', static_cast<char>(count >> 8), static_cast<char>(count & 0xff)};
  out_.replace(position, 1, header, sizeof header);
}

// --- Reader --------------------------------------------------------------------------------------

void Reader::Fail(std::string_view why) {
  if (failed_) return;
  failed_ = true;
  what_ = why;
  at_ = end_;
}

void Reader::Blame(std::string_view where) { path_.insert(0, std::string(where) + ": "); }
void Reader::Blame(std::string_view field, std::uint64_t key) {
  Blame(std::string(field) + " (key " + std::to_string(key) + ")");
}

bool Reader::Need(std::size_t bytes) {
  if (Left() >= bytes) return true;
  Fail("the message ends too early");
  return false;
}

BytesView Reader::Take(std::size_t bytes) {
  if (!Need(bytes)) return {};
  const BytesView taken(at_, bytes);
  at_ += bytes;
  return taken;
}

std::uint64_t Reader::Big(std::size_t bytes) {
  if (!Need(bytes)) return 0;
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i) {
    value = value << 8 | static_cast<std::uint8_t>(*at_++);
  }
  return value;
}

std::uint64_t Reader::UInt() {
  if (!Need(1)) return 0;
  const auto tag = static_cast<std::uint8_t>(*at_++);
  if (tag < 0x80) return tag;
  if (tag >= 0xcc && tag <= 0xcf) return Big(std::size_t{1} << (tag - 0xcc));
  if (tag >= 0xd0 && tag <= 0xd3) {  // signed on the wire, as some writers do; fine if not negative
    const std::size_t bytes = std::size_t{1} << (tag - 0xd0);
    const std::uint64_t value = Big(bytes);
    if ((value >> (8 * bytes - 1)) == 0) return value;
  }
  Fail("an unsigned integer was expected");
  return 0;
}

std::int64_t Reader::Int() {
  if (!Need(1)) return 0;
  const auto tag = static_cast<std::uint8_t>(*at_);
  if (tag >= 0xe0) {  // -32 … -1
    ++at_;
    return static_cast<std::int8_t>(tag);
  }
  if (tag >= 0xd0 && tag <= 0xd3) {
    ++at_;
    const std::size_t bytes = std::size_t{1} << (tag - 0xd0);
    const auto shift = static_cast<unsigned>(64 - 8 * bytes);
    return static_cast<std::int64_t>(Big(bytes) << shift) >> shift;
  }
  if (tag >= 0x80 && (tag < 0xcc || tag > 0xcf)) {
    Fail("an integer was expected");
    return 0;
  }
  const std::uint64_t value = UInt();
  if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max())) {
    Fail("the number is out of range");
    return 0;
  }
  return static_cast<std::int64_t>(value);
}

bool Reader::Bool() {
  if (!Need(1)) return false;
  const auto tag = static_cast<std::uint8_t>(*at_++);
  if (tag != 0xc2 && tag != 0xc3) Fail("true or false was expected");
  return tag == 0xc3;
}

double Reader::Double() {
  if (!Need(1)) return 0;
  const auto tag = static_cast<std::uint8_t>(*at_);
  double value = 0;
  if (tag == 0xcb) {
    ++at_;
    const std::uint64_t bits = Big(8);
    std::memcpy(&value, &bits, sizeof value);
  } else if (tag == 0xca) {
    ++at_;
    const auto bits = static_cast<std::uint32_t>(Big(4));
    float narrow = 0;
    std::memcpy(&narrow, &bits, sizeof narrow);
    value = static_cast<double>(narrow);
  } else if (tag >= 0xd0) {
    value = static_cast<double>(Int());
  } else {
    value = static_cast<double>(UInt());
  }
  if (!std::isfinite(value)) Fail("a finite number was expected");
  return Ok() ? value : 0;
}

std::string_view Reader::Text() {
  if (!Need(1)) return {};
  const auto tag = static_cast<std::uint8_t>(*at_++);
  if ((tag & 0xe0) == 0xa0) return Take(tag & 0x1f);
  if (tag >= 0xd9 && tag <= 0xdb) return Take(Big(std::size_t{1} << (tag - 0xd9)));
  Fail("a text was expected");
  return {};
}

BytesView Reader::Bin() {
  if (!Need(1)) return {};
  const auto tag = static_cast<std::uint8_t>(*at_++);
  if (tag >= 0xc4 && tag <= 0xc6) return Take(Big(std::size_t{1} << (tag - 0xc4)));
  Fail("bytes were expected");
  return {};
}

std::size_t Reader::Count(std::uint8_t fix, std::uint8_t wide, std::size_t least,
                          std::string_view what) {
  if (!Need(1)) return 0;
  const auto tag = static_cast<std::uint8_t>(*at_++);
  std::size_t count = 0;
  if ((tag & 0xf0) == fix) {
    count = tag & 0x0f;
  } else if (tag == wide || tag == wide + 1) {
    count = Big(tag == wide ? 2 : 4);
  } else {
    Fail(what);
  }
  if (count > Left() / least) {
    Fail("the message ends too early");
    return 0;
  }
  return count;
}

std::size_t Reader::Array() { return Count(0x90, 0xdc, 1, "a list was expected"); }
std::size_t Reader::Map() { return Count(0x80, 0xde, 2, "a map was expected"); }

void Reader::Skip() {
  if (!Need(1)) return;
  std::size_t offset = 0;
  SkipVisitor visitor;
  bool whole = false;
  try {
    whole = msgpack::parse(at_, Left(), offset, visitor);
  } catch (const std::exception&) {
    whole = false;  // the library's own limits
  }
  if (!whole) {
    Fail("an unknown value is damaged or too deeply nested");
    return;
  }
  at_ += offset;
}

std::uint64_t Reader::UIntIn(std::uint64_t least, std::uint64_t most) {
  const std::uint64_t value = UInt();
  if (Ok() && (value < least || value > most)) Fail("the number is out of range");
  return Ok() ? value : 0;
}

std::int64_t Reader::IntIn(std::int64_t least, std::int64_t most) {
  const std::int64_t value = Int();
  if (Ok() && (value < least || value > most)) Fail("the number is out of range");
  return Ok() ? value : 0;
}

void Reader::Fixed(std::uint8_t* out, std::size_t size) {
  const BytesView bytes = Bin();
  if (!Ok()) return;
  if (bytes.size() != size) return Fail("wrong number of bytes");
  std::memcpy(out, bytes.data(), size);
}

void Reader::CleanTextOf(std::string& text, std::size_t most, bool file_name) {
  const std::string_view read = Text();
  if (!Ok()) return;
  if (read.size() > most) return Fail("the text is too long");
  if (!IsCleanText(read)) return Fail("the text is not clean UTF-8");
  if (file_name && !IsFileName(read)) return Fail("this is not a plain file name");
  text.assign(read);
}

// --- MapWalk -------------------------------------------------------------------------------------

MapWalk::MapWalk(Reader& reader) : reader_(reader), left_(reader.Map()) { NextKey(); }

void MapWalk::NextKey() {
  have_ = reader_.Ok() && left_ > 0;
  if (!have_) return;
  --left_;
  key_ = reader_.UInt();
  if (reader_.Ok() && key_ < least_) reader_.Fail("the keys do not ascend");
  have_ = reader_.Ok();
  least_ = key_ + 1;
}

bool MapWalk::Find(std::uint32_t key, std::uint16_t since) {
  while (have_ && key_ < key) {
    reader_.Skip();
    NextKey();
  }
  if (!have_ || key_ != key) return false;
  if (since > reader_.Version()) {
    reader_.Fail("key " + std::to_string(key) +
                 " needs a newer protocol version than the message has");
    have_ = false;
  }
  return have_;
}

void MapWalk::Done(std::uint32_t key, std::string_view name) {
  if (!reader_.Ok()) {
    reader_.Blame(name, key);
    have_ = false;
    return;
  }
  NextKey();
}

void MapWalk::Miss(std::uint32_t key, std::string_view name) {
  if (!reader_.Ok()) return;
  reader_.Fail("this key is missing");
  reader_.Blame(name, key);
}

void MapWalk::SkipRest() {
  while (have_) {
    reader_.Skip();
    NextKey();
  }
}

// --- Text ----------------------------------------------------------------------------------------

bool IsFileName(std::string_view name) {
  if (name.empty() || name.size() > 255 || name == "." || name == "..") return false;
  return name.find_first_of("/\\\n\t") == std::string_view::npos && IsCleanText(name);
}

}  // namespace picube::pack
