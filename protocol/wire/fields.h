// Structures as msgpack maps, described once for both directions:
//
//   template <> struct Layout<BlobRef> {
//     static constexpr auto kFields = std::tuple{
//         Required(1, "hash", &BlobRef::hash),
//         Required(2, "size", &BlobRef::size, Most(limits::kBlobBytes))};
//   };
//   pack::Put(writer, blob);            // {1: hash, 2: size}
//   pack::Get(reader, blob);            // then reader.Ok(), reader.What()
//
// Keys ascend in the description and on the wire (one pass, no key twice). A key of the wire that
// is not described is skipped. A Required field is always written and must be there; an Optional
// one is left out while it equals its default. `Since(v, field)` is refused in messages of older
// versions, in both directions.
//
// layouts.h describes every structure of messages.h. The record codec of the server's journal
// describes records the same way (in its own .cpp) and reuses those. Field keys are never
// renumbered.
//
// Templates only; include it in few .cpp files.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/time.h"
#include "protocol/wire/field_rules.h"
#include "protocol/wire/pack.h"

namespace picube::pack {

// --- Kinds of values -----------------------------------------------------------------------------

template <class T>
inline constexpr bool kIsId = false;
template <class Tag>
inline constexpr bool kIsId<Id<Tag>> = true;
template <class T>
inline constexpr bool kIsBlock = false;
template <std::size_t N, class Tag>
inline constexpr bool kIsBlock<Block<N, Tag>> = true;
template <class T>
inline constexpr bool kIsVector = false;
template <class T>
inline constexpr bool kIsVector<std::vector<T>> = true;
template <class T>
inline constexpr bool kIsOptional = false;
template <class T>
inline constexpr bool kIsOptional<std::optional<T>> = true;

template <class T, class Rule = NoRule>
void Put(Writer& writer, const T& value, const Rule& rule = {});
template <class T, class Rule = NoRule>
void Get(Reader& reader, T& value, const Rule& rule = {});

// --- Writing -------------------------------------------------------------------------------------

template <class Rule>
void PutText(Writer& writer, const std::string& text, const Rule& rule) {
  if constexpr (std::is_same_v<Rule, BinRule>) {
    writer.Bin(text);
  } else if constexpr (std::is_same_v<Rule, ProseRule>) {
    if (text.size() <= rule.most && IsCleanText(text)) {
      writer.Text(text);
    } else {
      writer.Text(CleanText(text, rule.most));
    }
  } else {
    static_assert(std::is_same_v<Rule, NameRule> || std::is_same_v<Rule, FileNameRule>,
                  "a string needs a rule that says whether it is text or bytes");
    writer.Text(text);
  }
}

template <class FieldType, class T>
std::size_t PutField(Writer& writer, const FieldType& field, const T& owner) {
  const auto& value = owner.*field.member;
  if constexpr (!FieldType::kRequired) {
    if (value == kDefaultOf<T>.*field.member) return 0;
  }
  if (field.since > writer.Version()) {
    writer.Fail(field.name);
    return 0;
  }
  writer.UInt(field.key);
  Put(writer, value, field.rule);
  return 1;
}

// Out of line: called from many places, and compilers would copy it into all of them.
template <class T>
[[gnu::noinline]] void PutStruct(Writer& writer, const T& value) {
  const std::size_t position = writer.OpenMap();
  const std::size_t count = std::apply(
      [&](const auto&... field) { return (std::size_t{0} + ... + PutField(writer, field, value)); },
      Layout<T>::kFields);
  writer.CloseMap(position, count);
}

template <class T, class Rule>
void PutList(Writer& writer, const std::vector<T>& values, const Rule& rule) {
  writer.Array(values.size());
  for (const T& value : values) Put(writer, value, rule);
}

template <class T, class Rule>
void Put(Writer& writer, const T& value, const Rule& rule) {
  if constexpr (std::is_same_v<T, bool>) {
    writer.Bool(value);
  } else if constexpr (std::is_enum_v<T>) {
    writer.UInt(static_cast<std::uint64_t>(value));
  } else if constexpr (std::is_unsigned_v<T>) {
    writer.UInt(value);
  } else if constexpr (std::is_integral_v<T>) {
    writer.Int(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    writer.Double(value);
  } else if constexpr (kIsId<T>) {
    writer.UInt(value.value);
  } else if constexpr (kIsBlock<T>) {
    writer.Bin(value.View());
  } else if constexpr (std::is_same_v<T, WallTime>) {
    writer.Int(value.ms);
  } else if constexpr (std::is_same_v<T, Duration>) {
    writer.Int(value.count());
  } else if constexpr (std::is_same_v<T, std::string>) {
    PutText(writer, value, rule);
  } else if constexpr (std::is_same_v<T, std::map<std::string, std::string>>) {
    writer.Map(value.size());
    for (const auto& [key, text] : value) {
      writer.Text(key);
      writer.Text(text);
    }
  } else if constexpr (kIsVector<T>) {
    PutList(writer, value, rule.each);
  } else if constexpr (kIsOptional<T>) {
    Put(writer, *value, rule);  // an absent one is its default: the field was left out
  } else {
    PutStruct(writer, value);
  }
}

// --- Reading -------------------------------------------------------------------------------------

template <class T, class Rule>
void GetInteger(Reader& reader, T& value, const Rule& rule) {
  if constexpr (std::is_enum_v<T>) {
    static_assert(std::is_same_v<Rule, Range>, "an enum needs its range");
    value = static_cast<T>(reader.UIntIn(static_cast<std::uint64_t>(rule.least),
                                         static_cast<std::uint64_t>(rule.most)));
  } else if constexpr (std::is_unsigned_v<T>) {
    std::uint64_t least = 0;
    std::uint64_t most = std::numeric_limits<T>::max();
    if constexpr (std::is_same_v<Rule, Limit>) most = rule.most;
    if constexpr (std::is_same_v<Rule, Range>) {
      least = static_cast<std::uint64_t>(rule.least);
      most = static_cast<std::uint64_t>(rule.most);
    }
    value = static_cast<T>(reader.UIntIn(least, most));
  } else {
    std::int64_t least = std::numeric_limits<T>::min();
    std::int64_t most = std::numeric_limits<T>::max();
    if constexpr (std::is_same_v<Rule, Range>) {
      least = rule.least;
      most = rule.most;
    }
    value = static_cast<T>(reader.IntIn(least, most));
  }
}

template <class T, class Rule>
void GetList(Reader& reader, std::vector<T>& values, const ListRule<Rule>& rule) {
  const std::size_t count = reader.Array();
  if (count > rule.most) return reader.Fail("the list is too long");
  values.clear();
  values.reserve(count);  // at most as many as there are bytes left, and as the rule allows
  for (std::size_t i = 0; i < count && reader.Ok(); ++i) {
    Get(reader, values.emplace_back(), rule.each);
  }
}

inline void GetTextMap(Reader& reader, std::map<std::string, std::string>& map,
                       const TextMapRule& rule) {
  const std::size_t count = reader.Map();
  if (count > rule.most) return reader.Fail("the map is too long");
  map.clear();
  for (std::size_t i = 0; i < count && reader.Ok(); ++i) {
    std::string key;
    std::string value;
    reader.CleanTextOf(key, rule.key_bytes, /*file_name=*/false);
    reader.CleanTextOf(value, rule.value_bytes, /*file_name=*/false);
    if (reader.Ok() && !map.emplace(std::move(key), std::move(value)).second) {
      reader.Fail("a key stands twice in the map");
    }
  }
}

template <class FieldType, class T>
void GetField(Reader& reader, MapWalk& walk, const FieldType& field, T& owner) {
  if (walk.Find(field.key, field.since)) {
    Get(reader, owner.*field.member, field.rule);
    walk.Done(field.key, field.name);
  } else if constexpr (FieldType::kRequired) {
    walk.Miss(field.key, field.name);
  }
}

template <class T>
[[gnu::noinline]] void GetStruct(Reader& reader, T& value) {
  MapWalk walk(reader);
  std::apply([&](const auto&... field) { (GetField(reader, walk, field, value), ...); },
             Layout<T>::kFields);
  walk.SkipRest();
}

template <class T, class Rule>
void GetString(Reader& reader, T& value, const Rule& rule) {
  if constexpr (std::is_same_v<Rule, BinRule>) {
    const BytesView bytes = reader.Bin();
    if (bytes.size() > rule.most) return reader.Fail("too many bytes");
    value.assign(bytes);
  } else if constexpr (std::is_same_v<Rule, FileNameRule>) {
    reader.CleanTextOf(value, 255, /*file_name=*/true);
  } else {
    reader.CleanTextOf(value, rule.most, /*file_name=*/false);
  }
}

template <class T>
void GetDouble(Reader& reader, T& value) {
  constexpr double kMost = 1e30;  // sums of a million such stay finite
  const double read = reader.Double();
  if (read < 0 || read > kMost) return reader.Fail("the number is out of range");
  value = read;
}

template <class T, class Rule>
void Get(Reader& reader, T& value, const Rule& rule) {
  if constexpr (std::is_same_v<T, bool>) {
    value = reader.Bool();
  } else if constexpr (std::is_enum_v<T> || std::is_integral_v<T>) {
    GetInteger(reader, value, rule);
  } else if constexpr (std::is_floating_point_v<T>) {
    GetDouble(reader, value);
  } else if constexpr (kIsId<T>) {
    value.value = reader.UInt();
  } else if constexpr (kIsBlock<T>) {
    reader.Fixed(value.bytes.data(), T::kSize);
  } else if constexpr (std::is_same_v<T, WallTime>) {
    GetInteger(reader, value.ms, OneOf(0, std::int64_t{1} << 53));
  } else if constexpr (std::is_same_v<T, Duration>) {
    value = Duration(reader.Int());
  } else if constexpr (std::is_same_v<T, std::string>) {
    GetString(reader, value, rule);
  } else if constexpr (std::is_same_v<T, std::map<std::string, std::string>>) {
    GetTextMap(reader, value, rule);
  } else if constexpr (kIsVector<T>) {
    GetList(reader, value, rule);
  } else if constexpr (kIsOptional<T>) {
    Get(reader, value.emplace(), rule);
  } else {
    GetStruct(reader, value);
  }
}

}  // namespace picube::pack
