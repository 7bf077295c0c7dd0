#include "workunits/seti/sky.h"

#include <cmath>

namespace picube::seti {

SkyPosition PositionAt(const SahHeader& header, double time_jd) {
  const auto& at = header.coordinates;
  if (at.size() == 1) return {at[0].ra_hours, at[0].dec_degrees};
  std::size_t i = 0;
  while (i + 2 < at.size() && at[i + 1].time_jd < time_jd) ++i;
  const auto& a = at[i];
  const auto& b = at[i + 1];
  if (!(b.time_jd > a.time_jd)) return {a.ra_hours, a.dec_degrees};
  double ra_a = a.ra_hours;
  double ra_b = b.ra_hours;
  if (ra_b - ra_a > 12) ra_a += 24;
  if (ra_a - ra_b > 12) ra_b += 24;
  const double part = (time_jd - a.time_jd) / (b.time_jd - a.time_jd);
  double ra = ra_a + (ra_b - ra_a) * part;
  ra -= 24 * std::floor(ra / 24);
  return {ra, a.dec_degrees + (b.dec_degrees - a.dec_degrees) * part};
}

double BinFrequency(const SahHeader& header, std::uint32_t bin, std::uint32_t length) {
  const double per_bin = header.sample_rate / static_cast<double>(length);
  const bool upper = bin < length - length / (2 * header.ifft_length);
  const double index = static_cast<double>(bin) - (upper ? 0.0 : static_cast<double>(length));
  return header.base + index * per_bin;
}

double BandLow(const SahHeader& header) {
  return header.base - header.sample_rate / (2 * static_cast<double>(header.ifft_length));
}

double DriftedFrequency(const SahHeader& header, double frequency, double hertz_per_second,
                        double seconds) {
  const double low = BandLow(header);
  const double above = frequency + hertz_per_second * seconds - low;
  return low + (above - header.sample_rate * std::floor(above / header.sample_rate));
}

double BlockSeconds(const SahHeader& header, std::uint32_t block, std::uint32_t length) {
  return (static_cast<double>(block) + 0.5) * static_cast<double>(length) / header.sample_rate;
}

SignalPlace PlaceOf(const SahHeader& header, double step, const Signal& signal) {
  const double bin = static_cast<double>(signal.length) / header.sample_rate;
  const double at = signal.at;
  SignalPlace place;
  switch (signal.kind) {
    case Kind::kSpike:
    case Kind::kAutocorr: place.seconds = BlockSeconds(header, signal.at, signal.length); break;
    case Kind::kTriplet: place.seconds = (at / 2 + 0.5) * bin; break;
    case Kind::kPulse: place.seconds = (at + 0.5) * bin; break;
    case Kind::kGaussian: place.seconds = (at + 0.5) / 64 * header.Seconds(); break;
  }
  place.time_jd = header.time_recorded_jd + place.seconds / 86400;
  place.sky = PositionAt(header, place.time_jd);
  place.chirp = static_cast<double>(signal.k) * step;
  place.frequency = signal.kind == Kind::kAutocorr
                        ? header.center
                        : BinFrequency(header, signal.bin, signal.length);
  place.detection_frequency = DriftedFrequency(header, place.frequency, place.chirp, place.seconds);
  return place;
}

}  // namespace picube::seti
