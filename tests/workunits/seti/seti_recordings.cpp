#include "tests/workunits/seti/seti_recordings.h"

#include <cmath>
#include <cstdint>
#include <vector>

#include "protocol/base/rng.h"

namespace picube::test {

std::string SmallHeader() {
  return R"(<workunit_header>
  <name>small</name>
  <data_desc>
    <true_angle_range>0.01</true_angle_range>
    <time_recorded_jd>2456000.5</time_recorded_jd>
    <nsamples>65536</nsamples>
    <coords>
      <coordinate_t><time>2456000.5</time><ra>23.999</ra><dec>10</dec></coordinate_t>
      <coordinate_t><time>2456000.501</time><ra>0.001</ra><dec>10.1</dec></coordinate_t>
    </coords>
  </data_desc>
  <receiver_cfg><beam_width>0.05</beam_width></receiver_cfg>
  <recorder_cfg><bits_per_sample>2</bits_per_sample></recorder_cfg>
  <splitter_cfg><data_type>encoded</data_type><ifft_len>1</ifft_len></splitter_cfg>
  <analysis_cfg>
    <spike_thresh>16</spike_thresh>
    <spikes_per_spectrum>1</spikes_per_spectrum>
    <gauss_pot_length>64</gauss_pot_length>
    <pulse_max>40960</pulse_max>
    <pulse_min>16</pulse_min>
    <pulse_fft_max>8192</pulse_fft_max>
    <pulse_beams>1</pulse_beams>
    <triplet_min>16</triplet_min>
    <pot_min_slew>0.0021</pot_min_slew>
    <pot_max_slew>0.0105</pot_max_slew>
    <chirp_resolution>0.333</chirp_resolution>
    <analysis_fft_lengths>32704</analysis_fft_lengths>
    <bsmooth_boxcar_length>2048</bsmooth_boxcar_length>
    <bsmooth_chunk_size>8192</bsmooth_chunk_size>
    <chirps>
      <chirp_parameter_t>
        <chirp_limit>0.2</chirp_limit><fft_len_flags>32704</fft_len_flags>
      </chirp_parameter_t>
    </chirps>
    <max_signals>300</max_signals>
  </analysis_cfg>
  <subband_desc>
    <center>1420000000</center><base>1420000000</base><sample_rate>1000</sample_rate>
  </subband_desc>
</workunit_header>)";
}

std::string SmallRecording(std::uint64_t seed) {
  constexpr std::size_t kSamples = 65536;
  Rng rng(seed);
  std::vector<std::uint8_t> packed(kSamples / 4);
  const auto noise = [&rng] {  // about normal: twelve uniform values
    double sum = -6;
    for (int i = 0; i < 12; ++i) sum += static_cast<double>(rng.Below(1U << 20)) / (1U << 20);
    return sum;
  };
  for (std::size_t i = 0; i < kSamples; ++i) {
    const double t = static_cast<double>(i) / 1000.0;
    const double angle = -2 * 3.14159265358979 * (123.4 * t + 0.5 * 0.05 * t * t);
    const double re = noise() + 0.09 * std::cos(angle);
    const double im = noise() + 0.09 * std::sin(angle);
    const unsigned bits = (re > 0 ? 2U : 0U) | (im > 0 ? 1U : 0U);
    packed[i / 4] = static_cast<std::uint8_t>(packed[i / 4] | bits << (2 * (i % 4)));
  }
  return WriteSah(SmallHeader(), packed);
}

}  // namespace picube::test
