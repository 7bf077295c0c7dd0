#include "workunits/milkyway/reader.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <cmath>
#include <fstream>
#include <limits>

#include "workunits/milkyway/lua.h"
#include "workunits/milkyway/text_form.h"
#include "workunits/parameters.h"

namespace picube::milkyway {
namespace {

using lua::Value;

std::unexpected<Error> Wrong(const std::string& name, const lua::Place& place,
                             const std::string& what) {
  return Fail(ErrorKind::kUser,
              name + ":" + std::to_string(place.line) + ":" + std::to_string(place.column) + ": " +
                  what + ".",
              "See docs/MILKYWAY.md for what a parameter file has.");
}

// One number of a table, of a known name.
struct Field {
  const char* name;
  double* value;
  bool required;
};

Status TakeFields(const Value& table, const std::string& what, const std::vector<Field>& fields,
                  const std::string& name) {
  if (table.kind != Value::Kind::kTable) return Wrong(name, table.place, what + " is no table");
  for (const Value& value : table.named) {
    const std::string& key = value.key;
    const auto known = [&](const Field& field) { return key == field.name; };
    if (std::ranges::none_of(fields, known)) {
      return Wrong(name, value.place, what + " has no '" + key.substr(0, 40) + "'");
    }
    if (value.kind != Value::Kind::kNumber) {
      return Wrong(name, value.place, key.substr(0, 40) + " of " + what + " must be a number");
    }
  }
  for (const Field& field : fields) {
    if (const Value* value = table.Find(field.name)) {
      *field.value = value->number;
    } else if (field.required) {
      return Wrong(name, table.place, what + " lacks " + field.name);
    }
  }
  return {};
}

Status TakeSteps(const Value& table, const std::string& what, double steps, Range& range,
                 const std::string& name) {
  if (!(steps >= 1 && steps <= kMostSteps && steps == std::floor(steps))) {
    return Wrong(
        name, table.place,
        what + ": the numbers of steps must be whole, from 1 to " + std::to_string(kMostSteps));
  }
  range.steps = static_cast<std::uint32_t>(steps);
  return {};
}

Status TakeBackground(const Value& table, Background& to, const std::string& name) {
  double r0 = 0;  // read, and not used: see Model
  to.epsilon = std::numeric_limits<double>::quiet_NaN();
  return TakeFields(table, "background",
                    {{"epsilon", &to.epsilon, true},
                     {"q", &to.q, true},
                     {"innerPower", &to.inner, false},
                     {"outerPower", &to.outer, false},
                     {"a", &to.a, false},
                     {"b", &to.b, false},
                     {"c", &to.c, false},
                     {"r0", &r0, false}},
                    name);
}

Status TakeStream(const Value& table, const std::string& what, Stream& to,
                  const std::string& name) {
  return TakeFields(table, what,
                    {{"epsilon", &to.epsilon, true},
                     {"mu", &to.mu, true},
                     {"r", &to.r, true},
                     {"theta", &to.theta, true},
                     {"phi", &to.phi, true},
                     {"sigma", &to.sigma, true}},
                    name);
}

Status TakeArea(const Value& table, const std::string& what, Area& to, const std::string& name) {
  double r = 0;
  double mu = 0;
  double nu = 0;
  auto taken = TakeFields(table, what,
                          {{"r_min", &to.r.low, true},
                           {"r_max", &to.r.high, true},
                           {"r_steps", &r, true},
                           {"mu_min", &to.mu.low, true},
                           {"mu_max", &to.mu.high, true},
                           {"mu_steps", &mu, true},
                           {"nu_min", &to.nu.low, true},
                           {"nu_max", &to.nu.high, true},
                           {"nu_steps", &nu, true}},
                          name);
  if (taken) taken = TakeSteps(table, what, r, to.r, name);
  if (taken) taken = TakeSteps(table, what, mu, to.mu, name);
  if (taken) taken = TakeSteps(table, what, nu, to.nu, name);
  return taken;
}

// A list of tables: `streams` and `area`.
template <class T, class Take>
Status TakeList(const Value& list, const std::string& what, std::size_t most, std::vector<T>& to,
                const std::string& name, const Take& take) {
  if (list.kind != Value::Kind::kTable || !list.named.empty()) {
    return Wrong(name, list.place, what + " must be a list of tables");
  }
  if (list.items.size() > most) return Wrong(name, list.place, "there are too many of " + what);
  for (const Value& item : list.items) {
    const std::string one = what + "[" + std::to_string(to.size() + 1) + "]";
    if (auto taken = take(item, one, to.emplace_back(), name); !taken) return taken;
  }
  return {};
}

Status TakeWhole(const Value& value, const std::string& what, int& to, const std::string& name) {
  if (value.kind != Value::Kind::kNumber || value.number != std::floor(value.number) ||
      std::fabs(value.number) > 1e6) {
    return Wrong(name, value.place, what + " must be a whole number");
  }
  to = static_cast<int>(value.number);
  return {};
}

Result<ModelFile> FromLua(const Value& all, const std::string& name) {
  ModelFile file;
  Model& model = file.model;
  for (const Value& value : all.named) {
    static constexpr const char* kNames[] = {"wedge",      "convolve", "sun_r0",
                                             "background", "streams",  "area"};
    if (std::ranges::find(kNames, value.key) == std::end(kNames)) {
      return Wrong(name, value.place, "'" + value.key.substr(0, 40) + "' is not known here");
    }
  }
  for (const char* needed : {"wedge", "background", "streams", "area"}) {
    if (all.Find(needed) == nullptr) {
      return Wrong(name, all.place, std::string("the file does not say ") + needed);
    }
  }
  Status taken = TakeWhole(*all.Find("wedge"), "wedge", model.wedge, name);
  if (const Value* convolve = all.Find("convolve"); convolve != nullptr && taken) {
    int nodes = 0;
    taken = TakeWhole(*convolve, "convolve", nodes, name);
    model.convolve = static_cast<std::uint32_t>(std::max(0, nodes));
  }
  if (taken) taken = TakeBackground(*all.Find("background"), model.background, name);
  if (taken) {
    taken =
        TakeList(*all.Find("streams"), "streams", kMostStreams, model.streams, name, TakeStream);
  }
  if (taken) taken = TakeList(*all.Find("area"), "area", kMostAreas, model.areas, name, TakeArea);
  if (!taken) return std::unexpected(taken.error());
  if (model.areas.empty()) return Wrong(name, all.Find("area")->place, "area is empty");
  file.bounds = DefaultBounds(model);
  return file;
}

// "name =" is Lua, "name:" or "name[4]:" is the text form.
bool IsTextForm(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text.substr(i, 2) == "--" || text[i] == '#') {
      while (i < text.size() && text[i] != '\n') ++i;
    } else if (text[i] == ':' || text[i] == '[') {
      return true;
    } else if (text[i] == '=') {
      return false;
    }
  }
  return false;
}

Error Unread(const std::string& name) {
  return {ErrorKind::kUser, name + " cannot be read.", "Check the file, or fetch it again."};
}

}  // namespace

Result<ModelFile> ParseModel(std::string_view text, const std::string& name) {
  Result<ModelFile> file;
  if (IsTextForm(text)) {
    file = ParseTextForm(text, name);
  } else {
    const auto all = lua::Parse(text, name);
    if (!all) return std::unexpected(all.error());
    file = FromLua(*all, name);
  }
  if (!file) return file;
  if (auto sound = Check(file->model, name); !sound) return std::unexpected(sound.error());
  return file;
}

Result<ModelFile> ReadModel(const std::filesystem::path& path, const std::string& name) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  std::ifstream in(path, std::ios::binary);
  if (error || !in) return std::unexpected(Unread(name));
  if (size > kMostModelBytes) {
    return Fail(ErrorKind::kUser, name + " is too large for a file of parameters.",
                "Give the parameters first, then the list of stars.");
  }
  std::string text(size, '\0');
  if (!in.read(text.data(), static_cast<std::streamsize>(size))) {
    return std::unexpected(Unread(name));
  }
  return ParseModel(text, name);
}

namespace {

// Lines of numbers; the text of a line stays valid until the next one.
class NumberLines {
 public:
  NumberLines(const std::filesystem::path& path, std::string name)
      : in_(path, std::ios::binary), name_(std::move(name)) {}
  [[nodiscard]] bool Good() const { return in_.is_open(); }
  [[nodiscard]] std::size_t Line() const { return line_; }

  // The numbers of the next line that has any, or nothing at the end.
  Result<bool> Next(std::vector<double>& values) {
    // Never more than this of a file without ends of lines is in memory.
    constexpr std::streamsize kMostLine = 1 << 16;
    text_.resize(kMostLine + 1);
    while (in_.getline(text_.data(), kMostLine + 1) || in_.gcount() > 0) {
      ++line_;
      if (in_.fail()) return Wrong("the line is longer than 65536 bytes");
      length_ = static_cast<std::size_t>(in_.gcount() - (in_.eof() ? 0 : 1));
      values.clear();
      if (auto parsed = Parse(values); !parsed) return std::unexpected(parsed.error());
      if (!values.empty()) return true;
    }
    if (in_.bad()) return std::unexpected(Unread(name_));
    return false;
  }
  std::unexpected<Error> Wrong(const std::string& what) const {
    return Fail(ErrorKind::kUser, name_ + ":" + std::to_string(line_) + ": " + what + ".",
                "Correct the line and submit again.");
  }

 private:
  Status Parse(std::vector<double>& values) {
    const char* at = text_.data();
    const char* const end = at + length_;
    for (;;) {
      while (at != end && (std::isspace(static_cast<unsigned char>(*at)) != 0 || *at == ',')) ++at;
      if (at == end) return {};
      if (values.empty() && (*at == '#' || std::isalpha(static_cast<unsigned char>(*at)) != 0)) {
        return {};  // a heading
      }
      if (*at == '+') ++at;
      double value = 0;
      const auto [next, error] = std::from_chars(at, end, value);
      if (error != std::errc() || !std::isfinite(value)) {
        const std::string word(at, std::min<std::size_t>(static_cast<std::size_t>(end - at), 20));
        return Wrong("column " + std::to_string(at - text_.data() + 1) + ": '" + word +
                     "' is not a finite number");
      }
      values.push_back(value);
      at = next;
    }
  }

  std::ifstream in_;
  std::string name_;
  std::string text_;  // the line, its first length_ bytes
  std::size_t length_ = 0;
  std::size_t line_ = 0;
};

}  // namespace

Result<std::vector<Star>> ReadStars(const std::filesystem::path& path, const std::string& name) {
  NumberLines lines(path, name);
  if (!lines.Good()) return std::unexpected(Unread(name));
  std::vector<double> v;
  auto more = lines.Next(v);
  if (!more) return std::unexpected(more.error());
  if (!*more || v.size() != 1 || v[0] != std::floor(v[0]) || v[0] < 0) {
    return lines.Wrong("a list of stars begins with their number");
  }
  if (v[0] == 0) return lines.Wrong("the list of stars is empty");
  if (v[0] > static_cast<double>(kMostStars)) {
    return lines.Wrong("at most " + std::to_string(kMostStars) + " stars can be in a list");
  }
  const auto count = static_cast<std::size_t>(v[0]);
  std::vector<Star> stars;
  for (;;) {
    more = lines.Next(v);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    if (v.size() != 3) return lines.Wrong("a star is three numbers: l b r");
    if (!(std::fabs(v[0]) <= 3600) || !(std::fabs(v[1]) <= 90)) {
      return lines.Wrong("l and b are angles in degrees, b from -90 to 90");
    }
    if (!(v[2] > 0 && v[2] < 1e6)) return lines.Wrong("r is a distance in kpc, above 0");
    if (stars.size() == count) {
      return lines.Wrong("there are more stars than the " + std::to_string(count) + " announced");
    }
    stars.push_back({v[0], v[1], v[2]});
  }
  if (stars.size() != count) {
    return lines.Wrong("the list ends after " + std::to_string(stars.size()) + " of " +
                       std::to_string(count) + " stars");
  }
  return stars;
}

Result<std::vector<Point>> ReadPoints(const std::filesystem::path& path, const std::string& name,
                                      std::size_t size) {
  NumberLines lines(path, name);
  if (!lines.Good()) return std::unexpected(Unread(name));
  std::vector<Point> points;
  std::vector<double> v;
  for (;;) {
    auto more = lines.Next(v);
    if (!more) return std::unexpected(more.error());
    if (!*more) break;
    if (v.size() != size) {
      return lines.Wrong("a point of this model has " + std::to_string(size) + " numbers, not " +
                         std::to_string(v.size()));
    }
    if (points.size() == kMostPoints) return lines.Wrong("there are more than 100000 points");
    points.push_back(v);
  }
  if (points.empty()) return lines.Wrong("there is no point in the file");
  return points;
}

}  // namespace picube::milkyway
