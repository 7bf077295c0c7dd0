#include "workunits/milkyway/text_form.h"

#include <algorithm>
#include <cmath>
#include <functional>
#include <map>

#include "workunits/parameters.h"

namespace picube::milkyway {
namespace {

struct Line {
  std::size_t number = 0;
  std::string key;  // without what stands in brackets
  std::vector<double> values;
};

std::string_view Trimmed(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n";
  const auto from = text.find_first_not_of(kBlanks);
  if (from == std::string_view::npos) return {};
  return text.substr(from, text.find_last_not_of(kBlanks) - from + 1);
}

std::unexpected<Error> Wrong(const std::string& name, std::size_t line, const std::string& what) {
  return Fail(ErrorKind::kUser, name + ":" + std::to_string(line) + ": " + what + ".",
              "See docs/MILKYWAY.md for the lines of this form.");
}

Result<Line> ParseLine(std::string_view text, std::size_t number, const std::string& name) {
  const auto colon = text.find(':');
  if (colon == std::string_view::npos) return Wrong(name, number, "there is no ':' in this line");
  Line line{number, std::string(Trimmed(text.substr(0, std::min(colon, text.find('['))))), {}};
  for (std::string_view rest = text.substr(colon + 1);;) {
    const auto comma = rest.find(',');
    const std::string_view one = Trimmed(rest.substr(0, comma));
    const char* const place = one.empty() ? rest.data() : one.data();
    const auto value = ParseNumber(one);
    if (!value) {
      return Wrong(name, number,
                   "column " + std::to_string(place - text.data() + 1) + ": " +
                       line.key.substr(0, 60) + ": '" + std::string(one.substr(0, 40)) +
                       "' is not a number");
    }
    line.values.push_back(*value);
    if (line.values.size() > 16) return Wrong(name, number, "there are too many values");
    if (comma == std::string_view::npos) return line;
    rest = rest.substr(comma + 1);
  }
}

struct BoundValues {
  std::vector<double> low, high, optimize;
};

// What the lines say, put together by their keys.
class Form {
 public:
  explicit Form(const std::string& name) : name_(name) {}

  Status Take(const Line& line);
  Result<ModelFile> Finish(std::size_t last_line);

 private:
  Status Several(const Line& line, std::size_t count, std::vector<double>& values) const {
    if (line.values.size() != count) {
      return Wrong(name_, line.number,
                   line.key + " must have " + std::to_string(count) + " values, not " +
                       std::to_string(line.values.size()));
    }
    values = line.values;
    return {};
  }
  Status TakeRange(const Line& line, Range& range) const {
    std::vector<double> v;
    if (auto three = Several(line, 3, v); !three) return three;
    if (!(v[2] >= 1 && v[2] <= kMostSteps && v[2] == std::floor(v[2]))) {
      return Wrong(name_, line.number,
                   line.key + ": the number of steps must be whole, from 1 to " +
                       std::to_string(kMostSteps));
    }
    range = {v[0], v[1], static_cast<std::uint32_t>(v[2])};
    return {};
  }
  Status TakeStream(const Line& line);
  Status TakeArea(const Line& line);
  [[nodiscard]] bool InStreams() const { return !streams_.empty(); }
  static Bound Of(double low, double high, double optimize) { return {low, high, optimize != 0}; }

  const std::string& name_;
  Model model_;
  std::map<std::string, double> single_;
  std::vector<double> background_;
  BoundValues background_bounds_;
  std::vector<double> counts_;  // number_streams: K, 5
  struct StreamLines {
    double weight = 0, weight_low = -20, weight_high = 20, optimize = 1;
    std::vector<double> values;
    BoundValues bounds;
  };
  std::vector<StreamLines> streams_;
  Area area_;
  std::vector<Area> cuts_;
};

Status Form::TakeStream(const Line& line) {
  if (line.key == "stream_weight") {
    if (streams_.size() == kMostStreams) return Wrong(name_, line.number, "too many streams");
    streams_.emplace_back();
  }
  StreamLines& stream = streams_.back();
  std::vector<double> ignored;
  if (line.key == "stream_weight") stream.weight = line.values[0];
  if (line.key == "stream_weight_min") stream.weight_low = line.values[0];
  if (line.key == "stream_weight_max") stream.weight_high = line.values[0];
  if (line.key == "optimize_weight") stream.optimize = line.values[0];
  if (line.key == "stream_parameters") return Several(line, 5, stream.values);
  if (line.key == "stream_min") return Several(line, 5, stream.bounds.low);
  if (line.key == "stream_max") return Several(line, 5, stream.bounds.high);
  if (line.key == "stream_step") return Several(line, 5, ignored);
  if (line.key == "optimize_parameter") return Several(line, 5, stream.bounds.optimize);
  return {};
}

Status Form::TakeArea(const Line& line) {
  if (line.key == "r") return TakeRange(line, area_.r);
  if (line.key == "mu") return TakeRange(line, area_.mu);
  if (line.key == "nu") return TakeRange(line, area_.nu);
  if (line.key == "r_cut") {
    if (cuts_.size() + 1 == kMostAreas) return Wrong(name_, line.number, "too many cuts");
    cuts_.emplace_back();
  }
  if (cuts_.empty()) return Wrong(name_, line.number, line.key + " comes before r_cut");
  Area& cut = cuts_.back();
  return TakeRange(line, line.key == "r_cut" ? cut.r : line.key == "mu_cut" ? cut.mu : cut.nu);
}

Status Form::Take(const Line& line) {
  static const std::vector<std::string> kSingle = {"parameters_version",
                                                   "number_parameters",
                                                   "background_weight",
                                                   "background_weight_step",
                                                   "background_weight_min",
                                                   "background_weight_max",
                                                   "optimize_background_weight",
                                                   "convolve",
                                                   "sgr_coordinates",
                                                   "aux_bg_profile",
                                                   "wedge",
                                                   "number_cuts"};
  static const std::vector<std::string> kStream = {
      "stream_weight",     "stream_weight_step", "stream_weight_min",
      "stream_weight_max", "optimize_weight",    "stream_parameters",
      "stream_step",       "stream_min",         "stream_max"};
  static const std::vector<std::string> kArea = {"r", "mu", "nu", "r_cut", "mu_cut", "nu_cut"};
  const auto is_in = [&](const std::vector<std::string>& keys) {
    return std::ranges::find(keys, line.key) != keys.end();
  };
  std::vector<double> ignored;
  if (is_in(kSingle)) {
    std::vector<double> one;
    if (auto single = Several(line, 1, one); !single) return single;
    single_[line.key] = one[0];
    return {};
  }
  if (is_in(kArea)) return TakeArea(line);
  if (is_in(kStream) || (line.key == "optimize_parameter" && InStreams())) {
    if (!InStreams() && line.key != "stream_weight") {
      return Wrong(name_, line.number, line.key + " comes before stream_weight");
    }
    return TakeStream(line);
  }
  if (line.key == "background_parameters") return Several(line, 4, background_);
  if (line.key == "background_step") return Several(line, 4, ignored);
  if (line.key == "background_min") return Several(line, 4, background_bounds_.low);
  if (line.key == "background_max") return Several(line, 4, background_bounds_.high);
  if (line.key == "optimize_parameter") return Several(line, 4, background_bounds_.optimize);
  if (line.key == "number_streams") {
    counts_ = line.values;
    return {};
  }
  return Wrong(name_, line.number, "'" + line.key.substr(0, 60) + "' is not known here");
}

Result<ModelFile> Form::Finish(std::size_t last_line) {
  const auto missing = [&](const std::string& key) {
    return Wrong(name_, last_line, "the file ends without " + key);
  };
  for (const char* key : {"background_weight", "wedge"}) {
    if (!single_.contains(key)) return missing(key);
  }
  if (background_.empty()) return missing("background_parameters[4]");
  if (counts_.empty()) return missing("number_streams");
  if (area_.r.steps == 0 || area_.mu.steps == 0 || area_.nu.steps == 0) {
    return missing("r, mu or nu[min,max,steps]");
  }
  const auto single = [&](const char* key, double otherwise) {
    const auto found = single_.find(key);
    return found == single_.end() ? otherwise : found->second;
  };
  for (const char* key : {"sgr_coordinates", "aux_bg_profile"}) {
    if (single(key, 0) != 0) return Wrong(name_, last_line, std::string(key) + " must be 0");
  }
  if (counts_[0] != static_cast<double>(streams_.size())) {
    return Wrong(
        name_, last_line,
        "number_streams does not fit: " + std::to_string(streams_.size()) + " streams are there");
  }
  if (single("number_cuts", 0) != static_cast<double>(cuts_.size())) {
    return Wrong(name_, last_line,
                 "number_cuts does not fit: " + std::to_string(cuts_.size()) + " cuts are there");
  }
  const auto small = [](double value) {  // what is no small whole number is refused by Check()
    return value == std::floor(value) && std::fabs(value) < 1e6 ? static_cast<int>(value) : -1;
  };
  model_.wedge = small(single_["wedge"]);
  model_.convolve = static_cast<std::uint32_t>(std::max(0, small(single("convolve", 120))));
  model_.background = {.epsilon = single_["background_weight"],
                       .q = background_[1],
                       .inner = background_[0],
                       .outer = background_[3]};
  const auto at = [](const std::vector<double>& values, std::size_t i, double otherwise) {
    return values.empty() ? otherwise : values[i];
  };
  std::vector<Bound> bounds = {
      Of(single("background_weight_min", 0), single("background_weight_max", 1),
         single("optimize_background_weight", 1)),
      Of(at(background_bounds_.low, 1, 0.3), at(background_bounds_.high, 1, 1),
         at(background_bounds_.optimize, 1, 1))};
  for (const StreamLines& s : streams_) {
    if (s.values.empty()) return missing("stream_parameters[5]");
    model_.streams.push_back(
        {s.weight, s.values[0], s.values[1], s.values[2], s.values[3], s.values[4]});
    bounds.push_back(Of(s.weight_low, s.weight_high, s.optimize));
    for (std::size_t i = 0; i < 5; ++i) {
      bounds.push_back(Of(at(s.bounds.low, i, s.values[i]), at(s.bounds.high, i, s.values[i]),
                          at(s.bounds.optimize, i, 1)));
    }
  }
  for (std::size_t i = 0; i < bounds.size(); ++i) {
    if (bounds[i].free && !(bounds[i].low < bounds[i].high)) {
      return Wrong(name_, last_line,
                   "the bounds of " + PointNames(streams_.size())[i] +
                       " are empty: the least is not below the greatest");
    }
  }
  model_.areas = {area_};
  model_.areas.insert(model_.areas.end(), cuts_.begin(), cuts_.end());
  return ModelFile{std::move(model_), std::move(bounds)};
}

}  // namespace

Result<ModelFile> ParseTextForm(std::string_view text, const std::string& name) {
  Form form(name);
  std::size_t number = 0;
  while (!text.empty()) {
    ++number;
    const auto end = text.find('\n');
    const std::string_view line = text.substr(0, end);  // whole, so that columns are its own
    const std::string_view inside = Trimmed(line);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (inside.empty() || inside[0] == '#') continue;
    const auto parsed = ParseLine(line, number, name);
    if (!parsed) return std::unexpected(parsed.error());
    if (auto taken = form.Take(*parsed); !taken) return std::unexpected(taken.error());
  }
  return form.Finish(number);
}

}  // namespace picube::milkyway
