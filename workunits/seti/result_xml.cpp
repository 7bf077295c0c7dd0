#include "workunits/seti/result_xml.h"

#include "workunits/parameters.h"
#include "workunits/seti/sky.h"

namespace picube::seti {
namespace {

constexpr int kDigits = 14;  // as the official files

void Row(std::string& out, const char* tag, double value) {
  out += std::string("  <") + tag + ">" + NumberText(value, kDigits) + "</" + tag + ">\n";
}

}  // namespace

std::string SpikeXml(const SahHeader& header, const ChirpTable& table, const Spike& spike,
                     const std::string& tag) {
  const double chirp = static_cast<double>(spike.k) * table.Step();
  const double seconds = BlockSeconds(header, spike.block, spike.length);
  const double time = header.time_recorded_jd + seconds / 86400;
  const SkyPosition sky = PositionAt(header, time);
  const double frequency = BinFrequency(header, spike.bin, spike.length);
  std::string out = "<" + tag + ">\n";
  Row(out, "peak_power", static_cast<double>(spike.power));
  Row(out, "mean_power", 1);
  Row(out, "time", time);
  Row(out, "ra", sky.ra_hours);
  Row(out, "decl", sky.dec_degrees);
  Row(out, "q_pix", 0);
  Row(out, "freq", frequency);
  Row(out, "detection_freq", DriftedFrequency(header, frequency, chirp, seconds));
  Row(out, "barycentric_freq", 0);
  Row(out, "fft_len", spike.length);
  Row(out, "chirp_rate", chirp);
  Row(out, "rfi_checked", 0);
  Row(out, "rfi_found", 0);
  Row(out, "reserved", 0);
  return out + "</" + tag + ">\n";
}

}  // namespace picube::seti
