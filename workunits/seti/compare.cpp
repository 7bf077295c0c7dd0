#include "workunits/seti/compare.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "workunits/parameters.h"

namespace picube::seti {
namespace {

constexpr std::array<std::string_view, 5> kKinds = {"spike", "autocorr", "triplet", "pulse",
                                                    "gaussian"};

std::string_view Trimmed(std::string_view text) {
  const auto from = text.find_first_not_of(" \t\r\n");
  if (from == text.npos) return {};
  return text.substr(from, text.find_last_not_of(" \t\r\n") - from + 1);
}

std::vector<std::string_view> NeededBy(std::string_view kind) {
  std::vector<std::string_view> tags = {"peak_power", "mean_power", "time",    "ra",
                                        "decl",       "freq",       "fft_len", "chirp_rate"};
  if (kind == "autocorr") tags.push_back("delay");
  if (kind == "triplet" || kind == "pulse") tags.push_back("period");
  if (kind == "pulse") tags.insert(tags.end(), {"snr", "thresh"});
  if (kind == "gaussian") tags.insert(tags.end(), {"sigma", "chisqr"});
  return tags;
}

void ReadPot(std::string_view text, std::vector<int>& pot) {
  for (std::size_t from = 0; from < text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const auto level = ParseNumber(Trimmed(text.substr(from, comma - from)));
    if (level && *level >= 0 && *level <= 255) pot.push_back(static_cast<int>(*level));
    from = comma + 1;
  }
}

double Value(const ResultRow& row, const char* tag) {
  const auto found = row.value.find(tag);
  return found == row.value.end() ? 0 : found->second;
}

bool Within(const ResultRow& a, const ResultRow& b, const char* tag, double most) {
  return std::fabs(Value(a, tag) - Value(b, tag)) <= most;
}
// Of the larger one.
bool Near(const ResultRow& a, const ResultRow& b, const char* tag, double part) {
  const double x = Value(a, tag);
  const double y = Value(b, tag);
  return std::fabs(x - y) <= part * std::max(std::fabs(x), std::fabs(y));
}

// The original rules as they work: chirp rates are not compared, and powers of gaussians only.
bool OfficiallyAlike(const ResultRow& a, const ResultRow& b) {
  constexpr double kPart = 0.01;
  if (a.kind != b.kind || Value(a, "fft_len") != Value(b, "fft_len")) return false;
  if (!Within(a, b, "ra", 0.00066) || !Within(a, b, "decl", 0.01) ||
      !Within(a, b, "time", 1.0 / 86400) || !Within(a, b, "freq", 0.01)) {
    return false;
  }
  std::vector<const char*> near;
  if (a.kind == "autocorr") near = {"delay"};
  if (a.kind == "gaussian") near = {"peak_power", "mean_power", "sigma", "chisqr"};
  if (a.kind == "pulse") near = {"mean_power", "snr", "thresh"};
  if (a.kind == "triplet") near = {"mean_power", "period"};
  if (a.kind == "pulse" && !Within(a, b, "period", 0.01)) return false;
  return std::ranges::all_of(near, [&](const char* tag) { return Near(a, b, tag, kPart); });
}

bool Alike(const ResultRow& a, const ResultRow& b) {
  if (a.kind != b.kind || a.best != b.best || Value(a, "fft_len") != Value(b, "fft_len")) {
    return false;
  }
  const bool place = Within(a, b, "chirp_rate", 1e-6) && Within(a, b, "freq", 1e-3) &&
                     Within(a, b, "time", 1.0 / 86400) && Near(a, b, "peak_power", 1e-3);
  return place && Near(a, b, "period", 1e-5) && Near(a, b, "delay", 1e-9) &&
         Near(a, b, "snr", 1e-3) && Near(a, b, "chisqr", 1e-3);
}

std::string Named(const ResultRow& row) {
  return (row.best ? "best_" : "") + row.kind + " of FFT length " +
         NumberText(Value(row, "fft_len")) + " at chirp rate " +
         NumberText(Value(row, "chirp_rate"), 9) + ", " + NumberText(Value(row, "freq"), 13) +
         " Hz, power " + NumberText(Value(row, "peak_power"), 8);
}

bool AtTheEdge(const ResultRow& row, const std::map<std::string, double>& thresholds) {
  constexpr double kPart = 1e-3;
  if (row.kind == "pulse") return Value(row, "snr") <= Value(row, "thresh") * (1 + kPart);
  const auto found = thresholds.find(row.kind);
  return found != thresholds.end() && Value(row, "peak_power") <= found->second * (1 + kPart);
}

std::size_t WithALike(const std::vector<ResultRow>& a, const std::vector<ResultRow>& b) {
  return static_cast<std::size_t>(std::ranges::count_if(a, [&](const ResultRow& row) {
    return std::ranges::any_of(b,
                               [&](const ResultRow& other) { return OfficiallyAlike(row, other); });
  }));
}

// Takes lines of a file one by one.
class RowReader {
 public:
  explicit RowReader(const std::string& name) : name_(name) {}

  Status Take(std::string_view line) {
    ++line_;
    line = Trimmed(line);
    if (in_pot_ && !line.starts_with("<")) {
      if (inside_) ReadPot(line, rows_.back().pot);
      return {};
    }
    in_pot_ = false;
    const auto close = line.find('>');
    if (!line.starts_with("<") || close == line.npos) return {};
    const std::string_view tag = line.substr(1, close - 1);
    const bool ends = tag.starts_with("/");
    std::string_view kind = ends ? tag.substr(1) : tag;
    const bool best = kind.starts_with("best_");
    if (best) kind = kind.substr(5);
    if (std::ranges::find(kKinds, kind) != kKinds.end()) return Edge(kind, best, ends);
    if (!inside_ || ends) return {};
    if (tag.starts_with("pot ")) {
      in_pot_ = true;
      ReadPot(line.substr(close + 1), rows_.back().pot);
      return {};
    }
    const auto number = ParseNumber(Trimmed(line.substr(close + 1, line.find("</") - close - 1)));
    if (number) rows_.back().value[std::string(tag)] = *number;
    return {};
  }
  [[nodiscard]] std::vector<ResultRow> Rows() && {
    std::erase_if(rows_, [](const ResultRow& row) { return Value(row, "fft_len") == 0; });
    return std::move(rows_);
  }

 private:
  Status Edge(std::string_view kind, bool best, bool ends) {
    if (!ends) {
      inside_ = true;
      rows_.push_back({std::string(kind), best, {}, {}});
      return {};
    }
    if (!inside_) return {};
    inside_ = false;
    for (const std::string_view tag : NeededBy(kind)) {
      if (rows_.back().value.contains(std::string(tag))) continue;
      return Fail(ErrorKind::kUser,
                  name_ + ", line " + std::to_string(line_) + ": the " + std::string(kind) +
                      " that ends here has no number for <" + std::string(tag) + ">.",
                  "Give a result file of SETI@home version 7.");
    }
    return {};
  }

  const std::string& name_;
  std::vector<ResultRow> rows_;
  std::size_t line_ = 0;
  bool inside_ = false;
  bool in_pot_ = false;
};

}  // namespace

Result<std::vector<ResultRow>> ReadResultRows(std::string_view text, const std::string& name) {
  RowReader reader(name);
  while (!text.empty()) {
    const auto end = std::min(text.find('\n'), text.size());
    if (auto taken = reader.Take(text.substr(0, end)); !taken) {
      return std::unexpected(taken.error());
    }
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return std::move(reader).Rows();
}

Likeness OfficialLikeness(const std::vector<ResultRow>& a, const std::vector<ResultRow>& b) {
  const std::size_t of_a = WithALike(a, b);
  const std::size_t of_b = WithALike(b, a);
  if (of_a == a.size() && of_b == b.size()) return Likeness::kStrong;
  const bool half = 2 * of_a >= a.size() && 2 * of_b >= b.size();
  return half && of_a > 0 && of_b > 0 ? Likeness::kWeak : Likeness::kNone;
}

std::vector<std::string> Differences(const std::vector<ResultRow>& a,
                                     const std::vector<ResultRow>& b,
                                     const std::map<std::string, double>& thresholds) {
  std::vector<bool> taken(b.size());
  std::vector<std::string> differences;
  for (const ResultRow& row : a) {
    std::size_t like = 0;
    while (like < b.size() && (taken[like] || !Alike(row, b[like]))) ++like;
    if (like < b.size()) {
      taken[like] = true;
    } else if (!AtTheEdge(row, thresholds)) {
      differences.push_back("only the first has a " + Named(row));
    }
  }
  for (std::size_t i = 0; i < b.size(); ++i) {
    if (taken[i] || AtTheEdge(b[i], thresholds)) continue;
    differences.push_back("only the second has a " + Named(b[i]));
  }
  return differences;
}

}  // namespace picube::seti
