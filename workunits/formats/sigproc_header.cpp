#include <algorithm>
#include <bit>
#include <cmath>
#include <set>
#include <variant>

#include "workunits/bytes.h"
#include "workunits/formats/sigproc.h"
#include "workunits/parameters.h"

namespace picube {
namespace {

using Int = std::int32_t SigprocHeader::*;
using Double = double SigprocHeader::*;
using Text = std::string SigprocHeader::*;
struct Byte {  // one byte in the file
  Int member;
};

struct Keyword {
  std::string_view name;
  std::variant<Int, Double, Text, Byte> member;
};

// In the order they are written in. Those that programs always expect come with any value.
const Keyword kKeywords[] = {
    {"source_name", &SigprocHeader::source_name},
    {"rawdatafile", &SigprocHeader::rawdatafile},
    {"telescope_id", &SigprocHeader::telescope_id},
    {"machine_id", &SigprocHeader::machine_id},
    {"data_type", &SigprocHeader::data_type},
    {"src_raj", &SigprocHeader::src_raj},
    {"src_dej", &SigprocHeader::src_dej},
    {"az_start", &SigprocHeader::az_start},
    {"za_start", &SigprocHeader::za_start},
    {"barycentric", &SigprocHeader::barycentric},
    {"pulsarcentric", &SigprocHeader::pulsarcentric},
    {"refdm", &SigprocHeader::refdm},
    {"period", &SigprocHeader::period},
    {"fch1", &SigprocHeader::fch1},
    {"foff", &SigprocHeader::foff},
    {"nchans", &SigprocHeader::nchans},
    {"nbeams", &SigprocHeader::nbeams},
    {"ibeam", &SigprocHeader::ibeam},
    {"nbits", &SigprocHeader::nbits},
    {"signed", Byte{&SigprocHeader::is_signed}},
    {"nsamples", &SigprocHeader::nsamples},
    {"tstart", &SigprocHeader::tstart},
    {"tsamp", &SigprocHeader::tsamp},
    {"nifs", &SigprocHeader::nifs},
};

const char* const kWrongFile = "Give a SIGPROC file: a filterbank (.fil) or a time series (.tim).";
const char* const kFetchAgain = "Fetch or copy the file again.";

std::unexpected<Error> Bad(const std::string& name, const std::string& what,
                           std::string next = kFetchAgain) {
  return Fail(ErrorKind::kUser, name + ": " + what + ".", std::move(next));
}

// What may be shown of a text from outside.
std::string Shown(std::string_view text) {
  std::string out;
  for (const char c : text.substr(0, 40)) out.push_back(c >= 0x20 && c < 0x7f ? c : '?');
  return out;
}

// A length and as many bytes; nothing if they are not there or too many.
std::optional<std::string> TakeText(ByteReader& in, std::string_view bytes, std::size_t most) {
  const std::uint32_t size = in.U32();
  if (!in.Good() || size > most || size > in.Left()) return std::nullopt;
  const std::string text(bytes.substr(bytes.size() - in.Left(), size));
  for (std::uint32_t i = 0; i < size; ++i) static_cast<void>(in.U8());
  return text;
}

Status TakeValue(const Keyword& keyword, std::string_view bytes, const std::string& name,
                 ByteReader& in, SigprocHeader& header) {
  if (const auto* text = std::get_if<Text>(&keyword.member)) {
    auto value = TakeText(in, bytes, sigproc::kTextBytes);
    if (!value) return Bad(name, "the text of " + std::string(keyword.name) + " has no end");
    header.** text = std::move(*value);
    return {};
  }
  if (const auto* number = std::get_if<Double>(&keyword.member)) {
    header.** number = in.F64();
    if (!std::isfinite(header.**number)) {
      return Bad(name, std::string(keyword.name) + " is not a finite number");
    }
  } else if (const auto* byte = std::get_if<Byte>(&keyword.member)) {
    header.*(byte->member) = in.U8();
  } else {
    header.*std::get<Int>(keyword.member) = std::bit_cast<std::int32_t>(in.U32());
  }
  if (!in.Good()) {
    return Bad(name, "the file is truncated within its header, at " + std::string(keyword.name));
  }
  return {};
}

Status CheckSizes(const SigprocHeader& header, const std::set<std::string_view>& seen,
                  const std::string& name) {
  for (const std::string_view needed : {"nbits", "tsamp"}) {
    if (!seen.contains(needed)) return Bad(name, "the header has no " + std::string(needed));
  }
  if (header.data_type != 2 && !seen.contains("nchans")) {
    return Bad(name, "the header has no nchans");
  }
  const auto n = header.nbits;
  if (n != 1 && n != 2 && n != 4 && n != 8 && n != 16 && n != 32) {
    return Bad(name, "nbits " + std::to_string(n) + " is not 1, 2, 4, 8, 16 or 32");
  }
  if (header.is_signed > 1 || (header.is_signed != 0 && n != 8)) {
    return Bad(name, "signed " + std::to_string(header.is_signed) + " with nbits " +
                         std::to_string(n) + ": only 8-bit values may be signed (0 or 1)");
  }
  if (header.nchans < 1) {
    return Bad(name, "nchans " + std::to_string(header.nchans) + " is not at least 1");
  }
  if (header.nifs < 1 || header.nifs > sigproc::kMostInterfaces) {
    return Bad(name, "nifs " + std::to_string(header.nifs) + " is not from 1 to " +
                         std::to_string(sigproc::kMostInterfaces));
  }
  return {};
}

Status CheckHeader(const SigprocHeader& header, const std::set<std::string_view>& seen,
                   const std::string& name) {
  if (auto sizes = CheckSizes(header, seen, name); !sizes) return sizes;
  if (header.data_type < 0 || header.data_type > 6) {
    return Bad(name, "data_type " + std::to_string(header.data_type) +
                         " is none of SIGPROC's (1 filterbank, 2 time series)");
  }
  if (!(header.tsamp > 0 && header.tsamp < 1e9)) {
    return Bad(name, "tsamp " + NumberText(header.tsamp) + " s is no sampling time");
  }
  if (std::fabs(header.fch1) > 1e9 || std::fabs(header.foff) > 1e9) {
    return Bad(name, "fch1 " + NumberText(header.fch1) + " and foff " + NumberText(header.foff) +
                         " are no frequencies in MHz");
  }
  if (header.nchans > 1) {
    if (header.foff == 0) return Bad(name, "foff is 0: all channels have one frequency");
    const double last = header.Frequency(static_cast<std::uint64_t>(header.nchans) - 1);
    if (!(header.fch1 > 0 && last > 0)) {
      return Bad(name, "its channels go from fch1 " + NumberText(header.fch1) + " to " +
                           NumberText(last) + " MHz: frequencies must be above 0");
    }
  }
  return {};
}

}  // namespace

Result<SigprocHeader> ParseSigprocHeader(std::string_view bytes, const std::string& name) {
  if (bytes.empty()) return Bad(name, "the file is empty", kWrongFile);
  const std::string_view whole = bytes.substr(0, sigproc::kHeaderBytes);
  ByteReader in(whole);
  auto word = TakeText(in, whole, sigproc::kKeywordBytes);
  if (!word || *word != "HEADER_START") {
    return Bad(name, "this is not a SIGPROC file (no HEADER_START)", kWrongFile);
  }
  SigprocHeader header;
  std::set<std::string_view> seen;
  while (true) {
    const std::size_t at = whole.size() - in.Left();
    word = TakeText(in, whole, sigproc::kKeywordBytes);
    if (!word) {
      return Bad(name, "the header has no HEADER_END: byte " + std::to_string(at) +
                           " does not begin a keyword");
    }
    if (*word == "HEADER_END") break;
    const auto* found = std::find_if(std::begin(kKeywords), std::end(kKeywords),
                                     [&](const Keyword& k) { return k.name == *word; });
    if (found == std::end(kKeywords)) {
      return Bad(
          name,
          "unknown keyword '" + Shown(*word) + "' at byte " + std::to_string(at) + " of the header",
          "Its type is unknown, so what follows cannot be read; write the file without it.");
    }
    if (!seen.insert(found->name).second) {
      return Bad(name, "the header has " + std::string(found->name) + " twice");
    }
    if (auto taken = TakeValue(*found, whole, name, in, header); !taken) {
      return std::unexpected(taken.error());
    }
  }
  header.header_bytes = whole.size() - in.Left();
  if (auto good = CheckHeader(header, seen, name); !good) return std::unexpected(good.error());
  return header;
}

Bytes WriteSigprocHeader(const SigprocHeader& header) {
  Bytes all;
  const auto text = [&all](std::string_view value) {
    ByteWriter size;
    size.U32(static_cast<std::uint32_t>(value.size()));
    all += size.Take();
    all += value;
  };
  text("HEADER_START");
  for (const Keyword& keyword : kKeywords) {
    if (keyword.name == "nsamples" && header.nsamples == 0) continue;
    if (keyword.name == "signed" && header.nbits != 8) continue;
    text(keyword.name);
    ByteWriter value;
    if (const auto* t = std::get_if<Text>(&keyword.member)) {
      text(header.**t);
    } else if (const auto* d = std::get_if<Double>(&keyword.member)) {
      value.F64(header.**d);
    } else if (const auto* b = std::get_if<Byte>(&keyword.member)) {
      value.U8(static_cast<std::uint8_t>(header.*(b->member)));
    } else {
      value.U32(std::bit_cast<std::uint32_t>(header.*std::get<Int>(keyword.member)));
    }
    all += value.Take();
  }
  text("HEADER_END");
  return all;
}

}  // namespace picube
