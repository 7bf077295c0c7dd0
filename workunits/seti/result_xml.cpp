#include "workunits/seti/result_xml.h"

#include <cmath>

#include "workunits/parameters.h"
#include "workunits/seti/sky.h"

namespace picube::seti {
namespace {

constexpr int kDigits = 14;  // as the official files
constexpr std::size_t kLineLength = 76;

void Row(std::string& out, const char* tag, double value) {
  out += std::string("  <") + tag + ">" + NumberText(value, kDigits) + "</" + tag + ">\n";
}
void Row(std::string& out, const char* tag, float value) {
  Row(out, tag, static_cast<double>(value));
}

void PotRows(std::string& out, const Signal& signal) {
  if (signal.pot.empty()) return;
  std::string text = "\n    ";
  std::size_t line = 4;
  for (std::size_t i = 0; i < signal.pot.size(); ++i) {
    std::string value = std::to_string(signal.pot[i]);
    if (i + 1 < signal.pot.size()) value += ",";
    if (line + value.size() > kLineLength) {
      text += "\n";
      line = 0;
    }
    text += value;
    line += value.size();
  }
  text += "\n  ";
  out +=
      "  <pot length=" + std::to_string(text.size()) + " encoding=\"x-csv\">" + text + "</pot>\n";
}

void OwnRows(std::string& out, const SahHeader& header, const Signal& signal) {
  const double bin = static_cast<double>(signal.length) / header.sample_rate;
  if (signal.kind == Kind::kTriplet || signal.kind == Kind::kPulse) {
    Row(out, "period", static_cast<double>(signal.period) * bin);
  }
  if (signal.kind == Kind::kPulse) {
    Row(out, "snr", signal.snr);
    Row(out, "thresh", signal.threshold);
    Row(out, "score", 0.0);
    Row(out, "len_prof", std::floor(static_cast<double>(signal.period)));
    PotRows(out, signal);
  }
  if (signal.kind == Kind::kGaussian) {
    Row(out, "sigma", signal.sigma);
    Row(out, "chisqr", signal.chi_sq);
    Row(out, "null_chisqr", signal.null_chi_sq);
    Row(out, "score", 0.0);
    Row(out, "max_power", signal.max_power);
    PotRows(out, signal);
  }
}

// Rows that every kind has.
void CommonRows(std::string& out, const SahHeader& header, const Signal& signal,
                const SignalPlace& place) {
  const bool spectrum = signal.kind == Kind::kSpike || signal.kind == Kind::kAutocorr;
  Row(out, "peak_power", signal.power);
  Row(out, "mean_power", spectrum ? 1 : static_cast<double>(signal.mean));
  Row(out, "time", place.time_jd);
  Row(out, "ra", place.sky.ra_hours);
  Row(out, "decl", place.sky.dec_degrees);
  Row(out, "q_pix", 0.0);
  if (signal.kind == Kind::kAutocorr) Row(out, "delay", signal.bin / header.sample_rate);
  Row(out, "freq", place.frequency);
  Row(out, "detection_freq", place.detection_frequency);
  Row(out, "barycentric_freq", 0.0);
  Row(out, "fft_len", static_cast<double>(signal.length));
  Row(out, "chirp_rate", place.chirp);
  Row(out, "rfi_checked", 0.0);
  Row(out, "rfi_found", 0.0);
  Row(out, "reserved", 0.0);
}

}  // namespace

const char* TagOf(Kind kind) {
  switch (kind) {
    case Kind::kSpike: return "spike";
    case Kind::kAutocorr: return "autocorr";
    case Kind::kTriplet: return "triplet";
    case Kind::kPulse: return "pulse";
    case Kind::kGaussian: return "gaussian";
  }
  return "";
}

std::string SignalXml(const SahHeader& header, const ChirpTable& table, const Signal& signal,
                      bool best) {
  const std::string tag = (best ? "best_" : "") + std::string(TagOf(signal.kind));
  std::string out = "<" + tag + ">\n";
  CommonRows(out, header, signal, PlaceOf(header, table.Step(), signal));
  OwnRows(out, header, signal);
  out += "</" + tag + ">\n";
  const bool long_row = signal.kind == Kind::kPulse || signal.kind == Kind::kGaussian;
  return !best && long_row ? out + "\n" : out;
}

std::string NoGaussianXml() {
  Signal none;
  none.kind = Kind::kGaussian;
  SahHeader header;
  header.sample_rate = 1;
  std::string out = "<best_gaussian>\n";
  CommonRows(out, header, none, {});
  OwnRows(out, header, none);
  return out + "</best_gaussian>\n";
}

}  // namespace picube::seti
