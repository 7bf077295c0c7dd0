#include "workunits/seti/recording.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <vector>

#include "protocol/base/rng.h"
#include "workunits/math/fft.h"
#include "workunits/math/parallel.h"

namespace picube::seti {
namespace {

struct SmoothSpace {
  math::Aligned<double> re, im, spectrum_re, spectrum_im;
  std::vector<double> prefix;
  math::Fft<double>::Workspace fft;
};

// Divides bins by the root of half the mean power around them. Bins are in order of frequency from
// the lowest negative one: position s is bin (s + C/2) mod C.
void Flatten(SmoothSpace& space, std::size_t chunk, std::size_t box) {
  double total = 0;
  space.prefix[0] = 0;
  for (std::size_t s = 0; s < chunk; ++s) {
    const std::size_t k = (s + chunk / 2) % chunk;
    total +=
        space.spectrum_re[k] * space.spectrum_re[k] + space.spectrum_im[k] * space.spectrum_im[k];
    space.prefix[s + 1] = total;
  }
  for (std::size_t s = 0; s < chunk; ++s) {
    const std::size_t k = (s + chunk / 2) % chunk;
    const std::size_t before = s + 1 < box / 2 ? 0 : s + 1 - box / 2;
    const std::size_t from = std::min(before, chunk - box);
    const double mean = (space.prefix[from + box] - space.prefix[from]) / static_cast<double>(box);
    const double factor = mean > 0 ? 1.0 / std::sqrt(mean / 2) : 0.0;
    space.spectrum_re[k] *= factor;
    space.spectrum_im[k] *= factor;
  }
}

// Two independent 64-bit mixes over the bytes: tells files apart, which is all it is for.
struct FileHash {
  std::uint64_t a = 0;
  std::uint64_t b = 0;
  std::size_t size = 0;
  bool operator==(const FileHash&) const = default;
};

FileHash HashOf(const std::string& bytes) {
  FileHash hash{1, 2, bytes.size()};
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    for (std::size_t k = i; k < std::min(i + 8, bytes.size()); ++k) {
      word = word << 8 | static_cast<unsigned char>(bytes[k]);
    }
    hash.a = Mix64(hash.a ^ word);
    hash.b = Mix64(hash.b + Mix64(word));
  }
  return hash;
}

}  // namespace

Recording Smooth(const SahUnit& unit, ChirpTable table, int threads) {
  const std::size_t chunk = unit.header.smooth_chunk;
  const auto samples = static_cast<std::size_t>(unit.header.samples);
  const math::Fft<double> fft(chunk);
  Recording recording{unit.header, std::move(table), math::Aligned<float>(samples),
                      math::Aligned<float>(samples)};
  std::vector<SmoothSpace> spaces(static_cast<std::size_t>(threads));
  for (auto& space : spaces) {
    for (auto* part : {&space.re, &space.im, &space.spectrum_re, &space.spectrum_im}) {
      *part = math::Aligned<double>(chunk);
    }
    space.prefix.resize(chunk + 1);
    space.fft = fft.MakeWorkspace();
  }
  const double scale = 1.0 / static_cast<double>(chunk);  // a power of two: exact
  math::ParallelFor(threads, samples / chunk, [&](std::size_t c, std::size_t worker) {
    SmoothSpace& space = spaces[worker];
    for (std::size_t i = 0; i < chunk; ++i) {
      space.re[i] = SahReal(unit, c * chunk + i);
      space.im[i] = SahImaginary(unit, c * chunk + i);
    }
    fft.Transform(space.re.data(), space.im.data(), 1, space.spectrum_re.data(),
                  space.spectrum_im.data(), space.fft);
    Flatten(space, chunk, unit.header.smooth_box);
    // Back with the minus sign: real and imaginary parts change places.
    fft.Transform(space.spectrum_im.data(), space.spectrum_re.data(), 1, space.im.data(),
                  space.re.data(), space.fft);
    for (std::size_t i = 0; i < chunk; ++i) {
      recording.re[c * chunk + i] = static_cast<float>(space.re[i] * scale);
      recording.im[c * chunk + i] = static_cast<float>(space.im[i] * scale);
    }
  });
  return recording;
}

struct RecordingCache::State {
  std::mutex mutex;  // held while a recording is made: units of one file wait for it
  FileHash hash;
  std::shared_ptr<const Recording> last;
};

RecordingCache::RecordingCache() : state_(std::make_unique<State>()) {}
RecordingCache::~RecordingCache() = default;

Result<std::shared_ptr<const Recording>> RecordingCache::Get(const std::filesystem::path& path,
                                                             int threads) {
  const std::string name = path.filename().string();
  const auto bytes = ReadSahBytes(path, name);
  if (!bytes) return std::unexpected(bytes.error());
  const FileHash hash = HashOf(*bytes);
  const std::scoped_lock lock(state_->mutex);
  if (state_->last && state_->hash == hash) return state_->last;
  const auto unit = ParseSah(*bytes, name);
  if (!unit) return std::unexpected(unit.error());
  auto table = ChirpTable::Make(unit->header);
  if (!table) return std::unexpected(table.error());
  state_->last.reset();
  state_->last = std::make_shared<const Recording>(Smooth(*unit, std::move(*table), threads));
  state_->hash = hash;
  return state_->last;
}

}  // namespace picube::seti
