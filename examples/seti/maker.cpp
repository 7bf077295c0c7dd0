#include "examples/seti/maker.h"

#include <algorithm>
#include <cmath>
#include <thread>

#include "protocol/base/rng.h"
#include "workunits/formats/sah.h"
#include "workunits/math/parallel.h"
#include "workunits/math/sincos.h"
#include "workunits/parameters.h"
#include "workunits/seti/recording.h"
#include "workunits/seti/spikes.h"

namespace picube::examples {
namespace {

constexpr std::size_t kSamples = 1U << 20;
constexpr double kRate = 9765.625;            // Hz: a 2.5 MHz band in 256 parts
constexpr double kCenter = 1420009765.625;    // Hz, in the hydrogen band
constexpr double kStartJd = 2461041.7083333;  // 2026-01-01 05:00 UTC
constexpr std::uint32_t kLength = 131072;
constexpr double kNear = 0.4;                // of a tone's power to the wished one
constexpr double kNoiseDeviation = 37837.2;  // of a sum of four uniform 16-bit numbers

// Positions of a telescope that follows a point at the meridian, with the jitter of its drive.
std::string Coordinates(Rng& rng) {
  std::string text;
  for (int i = 0; i <= 108; i += 2) {
    const double jitter = (static_cast<double>(rng.Below(2001)) - 1000) * 1e-9;
    text += "      <coordinate_t>\n        <time>" + NumberText(kStartJd + i / 86400.0, 14) +
            "</time>\n        <ra>" + NumberText(5.5755 + jitter, 14) + "</ra>\n        <dec>" +
            NumberText(22.0145 + i * 1e-6 + jitter, 14) + "</dec>\n      </coordinate_t>\n";
  }
  return text;
}

// The limits of the search, as a telescope's work units have them.
const std::string kAnalysis = R"(    <analysis_cfg>
      <spike_thresh>24</spike_thresh>
      <spikes_per_spectrum>1</spikes_per_spectrum>
      <autocorr_thresh>17.8</autocorr_thresh>
      <autocorr_per_spectrum>1</autocorr_per_spectrum>
      <autocorr_fftlen>131072</autocorr_fftlen>
      <gauss_null_chi_sq_thresh>2.45</gauss_null_chi_sq_thresh>
      <gauss_chi_sq_thresh>1.42</gauss_chi_sq_thresh>
      <gauss_power_thresh>3</gauss_power_thresh>
      <gauss_peak_power_thresh>3.2</gauss_peak_power_thresh>
      <gauss_pot_length>64</gauss_pot_length>
      <pulse_thresh>20.7</pulse_thresh>
      <pulse_display_thresh>0.5</pulse_display_thresh>
      <pulse_max>40960</pulse_max>
      <pulse_min>16</pulse_min>
      <pulse_fft_max>8192</pulse_fft_max>
      <pulse_pot_length>256</pulse_pot_length>
      <triplet_thresh>9.7</triplet_thresh>
      <triplet_min>16</triplet_min>
      <triplet_max>131072</triplet_max>
      <triplet_pot_length>256</triplet_pot_length>
      <pot_overlap_factor>0.5</pot_overlap_factor>
      <pot_t_offset>1</pot_t_offset>
      <pot_min_slew>0.0021</pot_min_slew>
      <pot_max_slew>0.0105</pot_max_slew>
      <chirp_resolution>0.1665</chirp_resolution>
      <analysis_fft_lengths>262136</analysis_fft_lengths>
      <bsmooth_boxcar_length>8192</bsmooth_boxcar_length>
      <bsmooth_chunk_size>32768</bsmooth_chunk_size>
      <chirps>
        <chirp_parameter_t>
          <chirp_limit>30</chirp_limit>
          <fft_len_flags>262136</fft_len_flags>
        </chirp_parameter_t>
        <chirp_parameter_t>
          <chirp_limit>100</chirp_limit>
          <fft_len_flags>65528</fft_len_flags>
        </chirp_parameter_t>
      </chirps>
      <pulse_beams>1</pulse_beams>
      <max_signals>30</max_signals>
    </analysis_cfg>
)";

std::string Header(const RecordingOptions& options) {
  Rng rng(options.seed ^ 0x636f6f7264U);
  return R"(<workunit_header>
  <name>picube.recording.)" +
         std::to_string(options.seed) + R"(</name>
  <group_info>
    <data_desc>
      <true_angle_range>0.0114</true_angle_range>
      <time_recorded>Thu Jan  1 05:00:00 2026</time_recorded>
      <time_recorded_jd>)" +
         NumberText(kStartJd, 14) + R"(</time_recorded_jd>
      <nsamples>1048576</nsamples>
      <coords>
)" + Coordinates(rng) +
         R"(      </coords>
    </data_desc>
    <receiver_cfg>
      <name>made by picube-recording: seeded noise and tones, no telescope</name>
      <beam_width>0.05</beam_width>
      <center_freq>1420</center_freq>
    </receiver_cfg>
    <recorder_cfg>
      <name>picube-recording</name>
      <bits_per_sample>2</bits_per_sample>
      <sample_rate>2500000</sample_rate>
    </recorder_cfg>
    <splitter_cfg>
      <data_type>encoded</data_type>
      <ifft_len>1</ifft_len>
    </splitter_cfg>
)" + kAnalysis +
         R"(  </group_info>
  <subband_desc>
    <number>0</number>
    <center>)" +
         NumberText(kCenter, 14) + R"(</center>
    <base>)" +
         NumberText(kCenter, 14) + R"(</base>
    <sample_rate>)" +
         NumberText(kRate, 14) + R"(</sample_rate>
  </subband_desc>
</workunit_header>)";
}

struct Wave {  // a tone of amplitude 1
  std::vector<float> re, im;
};

// The recorder turns frequencies round: a tone at f is e^(-2 pi i f t) in the samples.
Wave MakeWave(const Tone& tone) {
  Wave wave;
  const double cycles = (tone.frequency - kCenter) / kRate;
  const auto linear =
      static_cast<std::uint64_t>(static_cast<std::int64_t>(std::floor(cycles * 0x1p62 + 0.5))) * 4;
  const std::uint64_t square = math::PhaseOfChirp(tone.drift, kRate).factor;
  for (std::uint64_t i = 0; i < kSamples; ++i) {
    const std::uint64_t turns = 0 - (linear * i + square * i * i);
    const math::Root w = math::UnitRoot(turns >> 32, 1ULL << 32);
    wave.re.push_back(static_cast<float>(w.re));
    wave.im.push_back(static_cast<float>(w.im));
  }
  return wave;
}

std::vector<Tone> ChooseTones(const RecordingOptions& options) {
  Rng rng(options.seed ^ 0x746f6e6573U);
  std::vector<Tone> tones;
  constexpr double kSpacing = 250;  // Hz: lines of two tones never meet within one bin for long
  for (int i = 0; i < options.tones; ++i) {
    Tone tone;
    const double place = i - 0.5 * (options.tones - 1);
    tone.frequency =
        kCenter + place * kSpacing + 0.001 * (static_cast<double>(rng.Below(120'001)) - 60'000);
    tone.drift = options.max_drift * (static_cast<double>(rng.Below(1'900'001)) - 950'000) * 1e-6;
    tone.amplitude = 0.02;
    tones.push_back(tone);
  }
  return tones;
}

std::vector<std::int32_t> MakeNoise(std::uint64_t seed) {
  Rng rng(seed);
  std::vector<std::int32_t> noise;
  for (std::size_t i = 0; i < 2 * kSamples; ++i) {
    const std::uint64_t r = rng.Next();
    std::int32_t sum = -131070;
    for (int k = 0; k < 4; ++k) sum += static_cast<std::int32_t>(r >> (16 * k) & 0xffff);
    noise.push_back(sum);
  }
  return noise;
}

std::vector<std::uint8_t> Quantise(const std::vector<std::int32_t>& noise,
                                   const std::vector<Tone>& tones, const std::vector<Wave>& waves) {
  std::vector<std::uint8_t> packed(kSamples / 4);
  for (std::size_t i = 0; i < kSamples; ++i) {
    double re = noise[2 * i];
    double im = noise[2 * i + 1];
    for (std::size_t k = 0; k < tones.size(); ++k) {
      const double size = tones[k].amplitude * kNoiseDeviation;
      re += size * static_cast<double>(waves[k].re[i]);
      im += size * static_cast<double>(waves[k].im[i]);
    }
    const unsigned bits = (re > 0 ? 2U : 0U) | (im > 0 ? 1U : 0U);
    packed[i / 4] = static_cast<std::uint8_t>(packed[i / 4] | bits << (2 * (i % 4)));
  }
  return packed;
}

// The greatest power near each tone: chirp rates within 24 steps (every other
// one), bins within three and a half: what the comparison takes for this tone.
void Measure(const std::string& sah, std::vector<Tone>& tones, int threads) {
  auto unit = ParseSah(sah, "the recording");
  auto table = seti::ChirpTable::Make(unit->header);
  const double step = table->Step();
  const auto recording =
      std::make_shared<const seti::Recording>(seti::Smooth(*unit, std::move(*table), threads));
  seti::SpikeSearch search(recording, kLength);
  search.Reserve(threads);
  math::ParallelFor(threads, tones.size(), [&](std::size_t i, std::size_t worker) {
    Tone& tone = tones[i];
    tone.power = 0;
    const auto middle = static_cast<std::int64_t>(std::floor(tone.drift / step + 0.5));
    for (std::int64_t k = middle - 24; k <= middle + 24; k += 2) {
      const seti::PairResult found = search.Search(seti::Pair(k, 17), 6.0F, worker);
      for (const seti::Spike& spike : found.spikes) {
        const double seconds = (spike.block + 0.5) * kLength / kRate;
        const double off = (tone.drift - static_cast<double>(k) * step) * seconds;
        double bin = (tone.frequency - kCenter + off) * kLength / kRate;
        if (bin < 0) bin += kLength;
        if (std::fabs(bin - spike.bin) > 3.5) continue;
        tone.power = std::max(tone.power, static_cast<double>(spike.power));
      }
    }
  });
}

}  // namespace

Result<MadeRecording> MakeRecording(const RecordingOptions& options) {
  if (options.tones < 0 || options.tones > 16 || !(options.max_drift > 0) ||
      options.max_drift > 25 || !(options.power >= 20) || options.power > 1000) {
    return Fail(ErrorKind::kUser,
                "A recording has 0 to 16 tones, drifts up to 25 Hz/s and powers from 20 to 1000.",
                "Change --tones, --max-drift or --power.");
  }
  const int threads = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1, 8);
  MadeRecording made;
  made.sample_rate = kRate;
  made.tones = ChooseTones(options);
  const std::vector<std::int32_t> noise = MakeNoise(options.seed);
  std::vector<Wave> waves(made.tones.size());
  math::ParallelFor(threads, waves.size(),
                    [&](std::size_t i, std::size_t) { waves[i] = MakeWave(made.tones[i]); });
  const std::string header = Header(options);
  constexpr int kMostRounds = 24;
  for (int round = 0; round < kMostRounds; ++round) {
    made.sah = WriteSah(header, Quantise(noise, made.tones, waves));
    Measure(made.sah, made.tones, threads);
    bool good = true;
    for (const Tone& tone : made.tones) {
      good = good && std::fabs(tone.power - options.power) <= kNear;
    }
    if (good) return made;
    for (Tone& tone : made.tones) {
      if (std::fabs(tone.power - options.power) <= kNear) continue;
      // Not the whole way: which block of noise helps a tone most changes with its strength.
      const double wished = tone.power > 0 ? std::sqrt(options.power / tone.power) : 1.3;
      tone.amplitude *= 1 + 0.8 * (std::clamp(wished, 0.7, 1.4) - 1);
    }
  }
  return Fail(ErrorKind::kUser, "With this seed the tones cannot be made as strong as wished.",
              "Take another --seed.");
}

std::string TruthCsv(const MadeRecording& made) {
  std::string text = "tone,frequency,drift,amplitude,power,sample_rate\n";
  for (std::size_t i = 0; i < made.tones.size(); ++i) {
    const Tone& tone = made.tones[i];
    text += std::to_string(i + 1) + "," + NumberText(tone.frequency, 14) + "," +
            NumberText(tone.drift, 12) + "," + NumberText(tone.amplitude, 6) + "," +
            NumberText(tone.power, 8) + "," + NumberText(made.sample_rate, 12) + "\n";
  }
  return text;
}

}  // namespace picube::examples
