#include "workunits/pulsar/tables.h"

#include <array>
#include <charconv>

#include "workunits/parameters.h"

namespace picube::pulsar {
namespace {

void AddRow(const Plan& plan, std::size_t rank, const Candidate& c, std::string& csv) {
  const double acceleration = plan.search.accelerations.At(c.acceleration);
  const auto number = [](double v, int digits) { return NumberText(v, digits) + ","; };
  csv += std::string(c.folded ? "fold," : "fft,") + std::to_string(rank) + "," +
         number(c.period, 12) + number(c.frequency, 12) + number(plan.dms[c.dm_index], 10) +
         number(acceleration, 10) + number(RelativeDrift(acceleration) * c.frequency, 8);
  if (c.folded) {
    csv += number(c.strength, 8) + "," + std::to_string(c.trial.width) + "," +
           std::to_string(c.trial.bins) + "," + number(c.Duty(), 6) + ",,";
  } else {
    csv += "," + number(c.strength, 8) + ",,," + std::to_string(c.harmonics) + "," +
           number(c.power, 9);
  }
  csv += std::to_string(c.by_dm.size()) + "," + std::to_string(c.peaks) + ",";
  if (c.harmonic_of != 0) {
    csv += std::to_string(c.harmonic_of) + "," + std::to_string(c.harmonic_fast) + "/" +
           std::to_string(c.harmonic_slow);
  } else {
    csv += ",";
  }
  csv += "\n";
}

// Fixed decimals, padded on the left.
std::string Column(double value, int decimals, std::size_t width) {
  std::array<char, 400> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 std::chars_format::fixed, decimals);
  const std::string text(buffer.data(), end.ptr);
  return std::string(width > text.size() ? width - text.size() : 1, ' ') + text;
}

}  // namespace

double RelativeDrift(double acceleration) {
  return acceleration == 0 ? 0 : -acceleration / kLightSpeed;
}

std::string CandidatesCsv(const Plan& plan, std::span<const Candidate> folded,
                          std::span<const Candidate> fourier) {
  std::string csv =
      "method,rank,period,frequency,dm,acceleration,fdot,snr,sigma,width,bins,duty,harmonics,power,"
      "dms,peaks,harmonic_of,ratio\n";
  std::size_t rank = 0;
  for (const Candidate& c : folded) AddRow(plan, ++rank, c, csv);
  rank = 0;
  for (const Candidate& c : fourier) AddRow(plan, ++rank, c, csv);
  return csv;
}

std::string AccelTable(const Plan& plan, std::span<const Candidate> fourier) {
  const double seconds =
      static_cast<double>(plan.search.fourier_plan.length) * plan.search.sample_seconds;
  std::string text =
      "              Summed  Num       Period     Frequency       FFT 'r'    Freq Deriv       FFT "
      "'z'"
      "         Accel          DM\n"
      "Cand     Sigma    Power Harm         (ms)          (Hz)         (bin)        (Hz/s)        "
      "(bins)       (m/s^2)   (pc/cm^3)\n" +
      std::string(122, '-') + "\n";
  std::size_t rank = 0;
  for (const Candidate& c : fourier) {
    const double drift = RelativeDrift(plan.search.accelerations.At(c.acceleration));
    const std::string number = std::to_string(++rank);
    text += number + std::string(number.size() < 4 ? 4 - number.size() : 1, ' ') +
            Column(c.strength, 2, 10) + Column(c.power, 2, 9) +
            Column(static_cast<double>(c.harmonics), 0, 5) + Column(1000 * c.period, 6, 13) +
            Column(c.frequency, 7, 14) + Column(c.bin, 4, 14) + Column(drift * c.frequency, 8, 14) +
            Column(drift * c.frequency * seconds * seconds, 3, 14) +
            Column(drift * kLightSpeed, 4, 14) + Column(plan.dms[c.dm_index], 3, 12) + "\n";
  }
  return text;
}

}  // namespace picube::pulsar
