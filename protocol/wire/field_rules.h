// What a described structure consists of: rules that values keep to, and fields. See fields.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace picube::pack {

// --- Rules: what a value must keep to ------------------------------------------------------------

struct NoRule {};
struct Range {  // of an integer or an enum's number
  std::int64_t least;
  std::int64_t most;
};
struct Limit {  // of an unsigned integer
  std::uint64_t most;
};
struct NameRule {  // text that must be clean and at most so long; the receiver refuses it otherwise
  std::size_t most;
};
struct ProseRule {  // text for people: cut and cleaned when written
  std::size_t most;
};
struct FileNameRule {};
struct BinRule {
  std::size_t most;
};
template <class Rule>
struct ListRule {  // of a vector: how many, and the rule of each
  std::size_t most;
  Rule each;
};
struct TextMapRule {
  std::size_t most;
  std::size_t key_bytes;
  std::size_t value_bytes;
};

constexpr Limit Most(std::uint64_t most) { return {most}; }
constexpr Range OneOf(std::int64_t least, std::int64_t most) { return {least, most}; }
constexpr NameRule NameOf(std::size_t most) { return {most}; }
constexpr ProseRule Prose(std::size_t most) { return {most}; }
constexpr BinRule BytesOf(std::size_t most) { return {most}; }
template <class Rule = NoRule>
constexpr ListRule<Rule> ListOf(std::size_t most, Rule each = {}) {
  return {most, each};
}

// --- Fields --------------------------------------------------------------------------------------

template <class Owner, class Member, class RuleType, bool kIsRequired>
struct Field {
  static constexpr bool kRequired = kIsRequired;
  std::uint32_t key;
  std::string_view name;
  Member Owner::* member;
  RuleType rule;
  std::uint16_t since = 0;
};

template <class Owner, class Member, class Rule = NoRule>
constexpr auto Required(std::uint32_t key, std::string_view name, Member Owner::* member,
                        Rule rule = {}) {
  return Field<Owner, Member, Rule, true>{key, name, member, rule};
}
template <class Owner, class Member, class Rule = NoRule>
constexpr auto Optional(std::uint32_t key, std::string_view name, Member Owner::* member,
                        Rule rule = {}) {
  return Field<Owner, Member, Rule, false>{key, name, member, rule};
}
template <class Field>
constexpr Field Since(std::uint16_t version, Field field) {
  field.since = version;
  return field;
}

// Specialise with `static constexpr auto kFields = std::tuple{…}`.
template <class T>
struct Layout;

template <class T>
concept Described = requires { Layout<T>::kFields; };

// What an absent field means. Never changed.
template <class T>
inline const T kDefaultOf{};

}  // namespace picube::pack
