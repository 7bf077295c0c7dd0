#include "workunits/milkyway/lua.h"

#include <cctype>

#include "workunits/parameters.h"

namespace picube::milkyway::lua {
namespace {

bool BeginsName(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_'; }
bool InName(char c) { return BeginsName(c) || std::isdigit(static_cast<unsigned char>(c)) != 0; }
bool InNumber(char c) { return InName(c) || c == '.' || c == '+' || c == '-'; }

class Parser {
 public:
  Parser(std::string_view text, const std::string& name) : text_(text), name_(name) {}

  Result<Value> All() {
    Value all;
    all.kind = Value::Kind::kTable;
    for (;;) {
      if (auto blank = Skip(); !blank) return std::unexpected(blank.error());
      if (at_ == text_.size()) return all;
      if (Take(';')) continue;
      if (!BeginsName(Now())) return Wrong("a name was expected here");
      std::string name = Name();
      if (name == "local") continue;
      if (auto blank = Skip(); !blank) return std::unexpected(blank.error());
      if (!Take('=')) {
        return Wrong("after '" + name.substr(0, 40) + "' a '=' was expected");
      }
      auto value = OneValue(0);
      if (!value) return value;
      value->key = std::move(name);
      all.named.push_back(std::move(*value));
    }
  }

 private:
  [[nodiscard]] char Now() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  [[nodiscard]] bool Sees(std::string_view what) const {
    return text_.substr(at_, what.size()) == what;
  }
  void Next() {
    if (Now() == '\n') {
      ++place_.line;
      place_.column = 0;
    }
    ++place_.column;
    ++at_;
  }
  bool Take(char c) {
    if (at_ >= text_.size() || Now() != c) return false;
    Next();
    return true;
  }
  std::unexpected<Error> Wrong(const std::string& what) const {
    return Fail(ErrorKind::kUser,
                name_ + ":" + std::to_string(place_.line) + ":" + std::to_string(place_.column) +
                    ": " + what + ".",
                "Only names, '=', literal numbers and tables can be read here.");
  }
  // Blanks and comments.
  Status Skip() {
    for (;;) {
      while (at_ < text_.size() && std::isspace(static_cast<unsigned char>(Now())) != 0) Next();
      if (!Sees("--")) return {};
      if (Sees("--[[")) {
        while (at_ < text_.size() && !Sees("]]")) Next();
        if (at_ == text_.size()) return Wrong("a comment begun with --[[ has no end");
        Next(), Next();
      } else {
        while (at_ < text_.size() && Now() != '\n') Next();
      }
    }
  }
  std::string Name() {
    std::string name;
    for (; InName(Now()); Next()) name += Now();
    return name;
  }

  Result<Value> OneValue(int depth) {
    if (auto blank = Skip(); !blank) return std::unexpected(blank.error());
    if (++values_ > kMostValues) return Wrong("there are too many values");
    if (Now() == '{') return Table(depth);
    Value value;
    value.place = place_;
    if (Now() == '"' || Now() == '\'') {
      const char quote = Now();
      value.kind = Value::Kind::kText;
      for (Next(); at_ < text_.size() && Now() != quote && Now() != '\n'; Next()) {
      }
      if (!Take(quote)) return Wrong("a text has no end");
      return value;
    }
    const std::size_t from = at_;
    std::size_t end = at_;
    while (end < text_.size() && InNumber(text_[end])) ++end;
    std::string_view digits = text_.substr(from, end - from);
    // "5--comment" is a number and a comment; a sign stands at the beginning or after an e.
    for (std::size_t i = 1; i < digits.size(); ++i) {
      const bool exponent = digits[i - 1] == 'e' || digits[i - 1] == 'E';
      if ((digits[i] == '-' || digits[i] == '+') && !exponent) digits = digits.substr(0, i);
    }
    const auto number = ParseNumber(digits);
    if (!number) {
      return Wrong("'" + std::string(digits.substr(0, 40)) + "' is not a literal number");
    }
    while (at_ < from + digits.size()) Next();
    value.number = *number;
    return value;
  }

  Result<Value> Table(int depth) {
    if (depth >= kMostDepth) return Wrong("tables are nested too deep");
    Value table;
    table.kind = Value::Kind::kTable;
    table.place = place_;
    Next();
    for (;;) {
      if (auto blank = Skip(); !blank) return std::unexpected(blank.error());
      if (Take('}')) return table;
      std::string name;
      if (BeginsName(Now())) {
        name = Name();
        if (auto blank = Skip(); !blank) return std::unexpected(blank.error());
        if (!Take('=')) return Wrong("after '" + name.substr(0, 40) + "' a '=' was expected");
      }
      auto value = OneValue(depth + 1);
      if (!value) return value;
      if (name.empty()) {
        table.items.push_back(std::move(*value));
      } else {
        value->key = std::move(name);
        table.named.push_back(std::move(*value));
      }
      if (auto blank = Skip(); !blank) return std::unexpected(blank.error());
      if (!Take(',') && !Take(';') && Now() != '}') return Wrong("',' or '}' was expected here");
    }
  }

  std::string_view text_;
  const std::string& name_;
  std::size_t at_ = 0;
  Place place_;
  std::size_t values_ = 0;
};

}  // namespace

const Value* Value::Find(std::string_view name) const {
  const Value* found = nullptr;
  for (const Value& value : named) {
    if (value.key == name) found = &value;
  }
  return found;
}

Result<Value> Parse(std::string_view text, const std::string& name) {
  return Parser(text, name).All();
}

}  // namespace picube::milkyway::lua
