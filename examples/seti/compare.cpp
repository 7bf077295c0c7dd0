#include "examples/seti/compare.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <vector>

#include "workunits/parameters.h"

namespace picube::examples {
namespace {

using Row = std::map<std::string, double>;

std::vector<std::string> Cells(std::string line) {
  if (!line.empty() && line.back() == '\r') line.pop_back();
  std::vector<std::string> cells(1);
  for (const char c : line) {
    if (c == ',') {
      cells.emplace_back();
    } else {
      cells.back().push_back(c);
    }
  }
  return cells;
}

Result<std::vector<Row>> ReadCsv(std::istream& in, const std::string& name,
                                 const std::vector<std::string>& needed) {
  std::string line;
  std::getline(in, line);
  const std::vector<std::string> columns = Cells(line);
  for (const std::string& column : needed) {
    if (std::find(columns.begin(), columns.end(), column) == columns.end()) {
      return Fail(ErrorKind::kUser, name + ", line 1: there is no column " + column + ".");
    }
  }
  std::vector<Row> rows;
  for (std::size_t number = 2; std::getline(in, line); ++number) {
    if (line.empty()) continue;
    const std::vector<std::string> cells = Cells(line);
    Row row;
    bool tone = true;  // other kinds of signals may be in the product; only spikes show tones
    for (std::size_t i = 0; i < cells.size() && i < columns.size(); ++i) {
      if (columns[i] == "kind" && cells[i] != "spike") tone = false;
      const auto value = ParseNumber(cells[i]);
      if (value) row[columns[i]] = *value;
    }
    if (!tone) continue;
    for (const std::string& column : needed) {
      if (!row.contains(column)) {
        return Fail(ErrorKind::kUser, name + ", line " + std::to_string(number) + ": column " +
                                          column + " is not a number.");
      }
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

bool Explains(const Row& tone, const Row& signal) {
  const double rate = tone.at("sample_rate");
  const double length = signal.at("fft_len");
  const double seconds = (signal.at("block") + 0.5) * length / rate;
  const double seen = signal.at("freq") + signal.at("chirp") * seconds;
  const double expected = tone.at("frequency") + tone.at("drift") * seconds;
  double off = std::fmod(std::fabs(seen - expected), rate);
  if (off > rate / 2) off = rate - off;
  const double block = length / rate;
  return off <= 3.5 * rate / length &&
         std::fabs(signal.at("chirp") - tone.at("drift")) <= 4.0 / (block * block);
}

std::string Padded(std::string text, std::size_t width) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

struct Match {
  std::size_t rows = 0;
  double power = 0;
  double drift = 0;
};

std::string ToneLine(const Row& tone, const Match& match) {
  std::string line =
      Padded(NumberText(tone.at("tone")), 5) + Padded(NumberText(tone.at("frequency"), 13), 17) +
      Padded(NumberText(tone.at("drift"), 6), 12) + Padded(NumberText(tone.at("power"), 5), 10);
  if (match.rows == 0) return line + "   MISSING\n";
  return line + Padded(NumberText(match.drift, 6), 14) + Padded(NumberText(match.power, 5), 10) +
         Padded(std::to_string(match.rows), 10) + "\n";
}

}  // namespace

Result<Comparison> Compare(std::istream& product, std::istream& truth) {
  const auto signals = ReadCsv(product, "the product",
                               {"chirp", "fft_len", "block", "freq", "peak_power", "marginal"});
  if (!signals) return std::unexpected(signals.error());
  const auto tones =
      ReadCsv(truth, "the list of tones", {"tone", "frequency", "drift", "power", "sample_rate"});
  if (!tones) return std::unexpected(tones.error());
  Comparison result;
  result.injected = tones->size();
  std::vector<Match> matches(tones->size());
  std::string invented;
  for (const Row& signal : *signals) {
    if (signal.at("marginal") != 0) continue;
    ++result.signals;
    bool explained = false;
    for (std::size_t i = 0; i < tones->size(); ++i) {
      if (!Explains((*tones)[i], signal)) continue;
      explained = true;
      ++matches[i].rows;
      if (signal.at("peak_power") > matches[i].power) {
        matches[i].power = signal.at("peak_power");
        matches[i].drift = signal.at("chirp");
      }
    }
    if (explained) continue;
    ++result.invented;
    invented += "INVENTED  " + NumberText(signal.at("freq"), 13) + " Hz, drift " +
                NumberText(signal.at("chirp"), 6) + " Hz/s, power " +
                NumberText(signal.at("peak_power"), 5) + "\n";
  }
  result.text = " tone    frequency Hz  drift Hz/s     power    found drift     power   signals\n";
  for (std::size_t i = 0; i < tones->size(); ++i) {
    result.text += ToneLine((*tones)[i], matches[i]);
    if (matches[i].rows > 0) ++result.found;
  }
  result.text += invented + "found " + std::to_string(result.found) + " of " +
                 std::to_string(result.injected) + " tones, missing " +
                 std::to_string(result.injected - result.found) + ", invented " +
                 std::to_string(result.invented) + "\n";
  return result;
}

}  // namespace picube::examples
