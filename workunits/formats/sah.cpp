#include "workunits/formats/sah.h"

#include <algorithm>
#include <fstream>

namespace picube {
namespace {

// Real units are one byte short; the official reader runs on into the closing tag, whose "</da"
// decodes to this byte.
constexpr std::uint8_t kPadByte = 0xDC;
// Others end with one group of four characters more than nsamples needs, and that is all.
constexpr std::size_t kPadCharacters = 4;

std::size_t LineAt(std::string_view text, std::size_t offset) {
  const auto end = text.begin() + static_cast<std::ptrdiff_t>(std::min(offset, text.size()));
  return 1 + static_cast<std::size_t>(std::count(text.begin(), end, '\n'));
}

std::unexpected<Error> Bad(const std::string& name, std::size_t line, const std::string& what,
                           std::string next = {}) {
  return Fail(ErrorKind::kUser, name + ", line " + std::to_string(line) + ": " + what + ".",
              std::move(next));
}

const char* const kFetchAgain = "Fetch the file again; it must end with </data> and </workunit>.";

// Where the characters of the recording are.
struct DataText {
  std::string_view text;
  std::size_t offset = 0;
};

Result<DataText> FindData(std::string_view text, std::size_t from, const std::string& name) {
  const std::size_t tag = text.find("<data", from);
  if (tag == std::string_view::npos) {
    return Bad(name, LineAt(text, text.size()), "the file ends before the recording (<data>)",
               kFetchAgain);
  }
  const std::size_t close = text.find('>', tag);
  if (close == std::string_view::npos || close - tag > 200) {
    return Bad(name, LineAt(text, tag), "the tag <data> has no end", kFetchAgain);
  }
  const std::string_view attributes = text.substr(tag, close - tag);
  if (attributes.find("\"x-setiathome\"") == std::string_view::npos) {
    return Bad(name, LineAt(text, tag),
               "the recording is not encoded as x-setiathome: this version cannot read it",
               "Only work units of SETI@home with 1+1 bit samples can be read.");
  }
  const std::size_t end = text.find("</data>", close);
  if (end == std::string_view::npos) {
    return Bad(name, LineAt(text, text.size()),
               "the file is truncated: the recording has no </data>", kFetchAgain);
  }
  return DataText{text.substr(close + 1, end - close - 1), close + 1};
}

Result<std::vector<std::uint8_t>> Decode(std::string_view text, const DataText& data,
                                         std::size_t wanted, const std::string& name) {
  std::vector<std::uint8_t> bytes;
  bytes.reserve(wanted + 3);
  std::uint32_t group = 0;
  int in_group = 0;
  std::size_t left = 0;  // characters after what is wanted
  for (std::size_t i = 0; i < data.text.size(); ++i) {
    const auto c = static_cast<unsigned char>(data.text[i]);
    if (c == '\n' || c == '\r') continue;
    if (bytes.size() >= wanted) {
      if (++left <= kPadCharacters) continue;
      return Bad(name, LineAt(text, data.offset + i),
                 "the recording goes on after the " + std::to_string(wanted) +
                     " bytes that nsamples asks for",
                 kFetchAgain);
    }
    if (c < 0x20 || c > 0x60) {
      return Bad(name, LineAt(text, data.offset + i),
                 "byte " + std::to_string(c) + " at offset " + std::to_string(data.offset + i) +
                     " is not a character of the recording (32 to 96)",
                 kFetchAgain);
    }
    group |= static_cast<std::uint32_t>((c - 0x20) & 0x3f) << (6 * in_group);
    if (++in_group < 4) continue;
    for (int k = 0; k < 3; ++k) bytes.push_back(static_cast<std::uint8_t>(group >> (8 * k)));
    group = 0;
    in_group = 0;
  }
  if (bytes.size() + 1 < wanted) {
    return Bad(name, LineAt(text, data.offset + data.text.size()),
               "the file is truncated: the recording has " + std::to_string(bytes.size()) +
                   " bytes, nsamples needs " + std::to_string(wanted),
               kFetchAgain);
  }
  bytes.resize(wanted, kPadByte);
  for (std::size_t i = 0; i + 1 < wanted; i += 2) std::swap(bytes[i], bytes[i + 1]);
  return bytes;
}

}  // namespace

Result<SahUnit> ParseSah(std::string_view text, const std::string& name) {
  if (text.empty()) {
    return Fail(ErrorKind::kUser, name + " is empty.", "Give a SETI@home work unit (.sah).");
  }
  const std::string_view start = text.substr(0, 4096);
  const std::size_t open = text.substr(0, sah::kHeaderBytes).find("<workunit_header>");
  if (start.find('\0') != std::string_view::npos || start.find("<workunit") == start.npos ||
      open == std::string_view::npos) {
    return Fail(ErrorKind::kUser,
                name + ", line 1: this is not a SETI@home work unit (no <workunit_header>).",
                "Give a SETI@home work unit (.sah).");
  }
  constexpr std::string_view kClose = "</workunit_header>";
  const std::size_t close = text.substr(0, open + sah::kHeaderBytes).find(kClose, open);
  if (close == std::string_view::npos) {
    return Bad(name, LineAt(text, text.size()), "the file is truncated: the header has no end",
               kFetchAgain);
  }
  SahUnit unit;
  unit.header_text = text.substr(open, close + kClose.size() - open);
  auto header = ParseSahHeader(unit.header_text, name, LineAt(text, open));
  if (!header) return std::unexpected(header.error());
  unit.header = std::move(*header);
  const auto data = FindData(text, close, name);
  if (!data) return std::unexpected(data.error());
  auto packed = Decode(text, *data, static_cast<std::size_t>(unit.header.samples / 4), name);
  if (!packed) return std::unexpected(packed.error());
  unit.packed = std::move(*packed);
  return unit;
}

Result<std::string> ReadSahBytes(const std::filesystem::path& path, const std::string& name) {
  std::ifstream file(path, std::ios::binary);
  if (!file) {
    return Fail(ErrorKind::kUser, name + " cannot be opened.",
                "Check that the file exists and may be read.");
  }
  std::string text;
  std::string chunk(64 * 1024, '\0');
  while (file && text.size() <= sah::kFileBytes) {
    file.read(chunk.data(), static_cast<std::streamsize>(chunk.size()));
    text.append(chunk, 0, static_cast<std::size_t>(file.gcount()));
  }
  if (file.bad()) return Fail(ErrorKind::kHost, name + " cannot be read.", "Check the disk.");
  if (text.size() > sah::kFileBytes) {
    return Fail(ErrorKind::kUser, name + " is larger than any work unit (8 MiB).",
                "Give a SETI@home work unit (.sah).");
  }
  return text;
}

Result<SahUnit> ReadSah(const std::filesystem::path& path, const std::string& name) {
  const auto text = ReadSahBytes(path, name);
  if (!text) return std::unexpected(text.error());
  return ParseSah(*text, name);
}

}  // namespace picube
