#include "workunits/seti/pots.h"

#include <algorithm>
#include <cmath>

namespace picube::seti {
namespace {

// Additions of the folds of a task, about: some 30 ms on a fast core.
constexpr double kFoldsPerTask = 1.5e8;
constexpr std::uint32_t kBinsPerTask = 128;  // of gaussians

bool Has(std::uint32_t kinds, Kind kind) { return (kinds & BitOf(kind)) != 0; }

}  // namespace

// Sixteen bins of one segment.
struct PotSearch::Tile {
  Signal like;  // pair; bin is the first
  std::uint32_t lanes = 0;
  std::uint32_t start = 0;
  std::uint32_t n = 0;
  std::uint32_t kinds = 0;
  std::array<float, kFoldLanes> means{};
};

PotSearch::PotSearch(const SahHeader& header, const Searches& searches, std::uint32_t fft_flags)
    : header_(header), gaussians_(header) {
  for (int log2 = 3; log2 <= 20; ++log2) {
    const std::uint32_t kinds = searches.AtLength(log2);
    if ((fft_flags >> log2 & 1U) == 0 ||
        (kinds & (BitOf(Kind::kTriplet) | BitOf(Kind::kPulse))) == 0) {
      continue;
    }
    const Segments segments = SegmentsOf(header, 1U << log2);
    if (Has(kinds, Kind::kPulse)) tables_.try_emplace(segments.length, header, segments.length);
    segments_.emplace(1U << log2, segments);
  }
}

double PotSearch::CostOf(std::uint32_t length, std::uint32_t kinds) const {
  double cost = 0;
  if (Has(kinds, Kind::kGaussian)) cost += 3000.0 * length;
  const auto found = segments_.find(length);
  if (found == segments_.end() || !Has(kinds, Kind::kPulse)) return cost;
  const double segments = static_cast<double>(found->second.starts.size());
  return cost + FoldCost(found->second.length) * segments * length;
}

std::uint64_t PotSearch::SpaceBytes() const {
  std::uint64_t most = 0;
  for (const auto& [length, segments] : segments_) {
    most = std::max<std::uint64_t>(most, segments.length);
  }
  return most * kFoldLanes * sizeof(float) * 3 / 2;
}

bool PotSearch::Search(const Pair& pair, const float* powers, std::uint32_t kinds, const Run& run,
                       std::vector<Space>& spaces, Findings& found) const {
  if (Has(kinds, Kind::kGaussian) && !Gaussians(pair, powers, run, found)) return false;
  if (!Has(kinds, Kind::kTriplet) && !Has(kinds, Kind::kPulse)) return true;
  return Segments16(pair, powers, kinds, run, spaces, found);
}

bool PotSearch::Gaussians(const Pair& pair, const float* powers, const Run& run,
                          Findings& found) const {
  const std::uint32_t length = pair.Length();
  const std::size_t tasks = (length + kBinsPerTask - 1) / kBinsPerTask;
  std::vector<Findings> parts(tasks);
  const bool went = run(tasks, [&](std::size_t task, std::size_t) {
    const auto first = static_cast<std::uint32_t>(task) * kBinsPerTask;
    for (std::uint32_t bin = std::max(1U, first); bin < std::min(first + kBinsPerTask, length);
         ++bin) {
      Signal like;
      like.k = pair.K();
      like.length = length;
      like.bin = bin;
      gaussians_.Search(powers + bin, header_.samples / length, length, like, parts[task]);
    }
  });
  for (Findings& part : parts) {
    std::move(part.signals.begin(), part.signals.end(), std::back_inserter(found.signals));
    found.bests.Join(part.bests);
  }
  return went;
}

void PotSearch::LoadTile(Tile& tile, const float* powers, Space& space) const {
  const std::size_t length = tile.like.length;
  const std::size_t cells = std::size_t{tile.n} * kFoldLanes;
  space.tile.assign(cells, 0);
  if (space.scratch.size() < cells / 2) space.scratch.resize(cells / 2);
  std::array<double, kFoldLanes> sums{};
  for (std::size_t t = 0; t < tile.n; ++t) {
    const float* row = powers + (tile.start + t) * length + tile.like.bin;
    float* to = space.tile.data() + t * kFoldLanes;
    for (std::size_t lane = 0; lane < tile.lanes; ++lane) {
      to[lane] = row[lane];
      sums[lane] += static_cast<double>(row[lane]);
    }
  }
  for (std::size_t lane = 0; lane < kFoldLanes; ++lane) {
    const double mean = sums[lane] / tile.n;
    // Lanes beyond the band, and bins without any power, have folds above nothing.
    tile.means[lane] = mean > 0 ? static_cast<float>(mean) : INFINITY;
  }
}

void PotSearch::TripletsAbove(const Tile& tile, std::size_t lane, const Space& space, float limit,
                              std::vector<Signal>& found) const {
  const float mean = tile.means[lane];
  const auto x = [&](std::size_t t) { return space.tile[t * kFoldLanes + lane]; };
  std::vector<std::uint32_t> high;
  for (std::uint32_t t = 0; t < tile.n; ++t) {
    if (x(t) >= limit) high.push_back(t);
  }
  if (high.size() < 3) return;
  for (std::size_t a = 0; a < high.size(); ++a) {
    for (std::size_t b = a + 1; b < high.size(); ++b) {
      const std::uint32_t i = high[a];
      const std::uint32_t j = high[b];
      const std::uint32_t f = (i + j) / 2;
      std::uint32_t p = i;
      while (p <= f && x(p) >= limit) ++p;
      std::uint32_t q = f + 1;
      while (q <= j && x(q) >= limit) ++q;
      if (p >= f || q >= j) continue;
      float power = std::max(x(i), x(j));
      for (std::uint32_t middle = f; middle <= f + (i + j) % 2; ++middle) {
        if (x(middle) < limit) continue;
        power = std::max(power, x(middle));
        Signal signal = tile.like;
        signal.kind = Kind::kTriplet;
        signal.bin += static_cast<std::uint32_t>(lane);
        signal.at = 2 * tile.start + i + j;
        signal.power = power / mean;
        signal.mean = mean;
        signal.period = static_cast<float>(j - i) / 2;
        found.push_back(signal);
      }
    }
  }
}

void PotSearch::Triplets(const Tile& tile, std::size_t lane, const Space& space,
                         Findings& found) const {
  const float limit = static_cast<float>(header_.triplet_threshold) * tile.means[lane];
  std::vector<Signal> own;
  TripletsAbove(tile, lane, space, limit, own);
  for (const Signal& signal : own) found.bests.Offer(signal);
  // Those that another program's rounding might see.
  std::vector<Signal> more;
  TripletsAbove(tile, lane, space, kMarginal * limit, more);
  for (Signal& signal : more) {
    const bool known = std::ranges::any_of(
        own, [&](const Signal& one) { return one.at == signal.at && one.period == signal.period; });
    if (known) continue;
    signal.marginal = true;
    own.push_back(signal);
  }
  std::move(own.begin(), own.end(), std::back_inserter(found.signals));
}

void PotSearch::Pulse(const Tile& tile, std::size_t lane, const Space& space, const BinFolds& folds,
                      Findings& found) const {
  const auto signal_of = [&](const Fold& fold) {
    Signal signal = tile.like;
    signal.kind = Kind::kPulse;
    signal.bin += static_cast<std::uint32_t>(lane);
    signal.at = tile.start + tile.n / 2;
    const double a = fold.adds;
    signal.power = static_cast<float>(
        static_cast<double>(fold.sum) / (a * static_cast<double>(tile.means[lane])) - 1);
    signal.mean = tile.means[lane];
    signal.snr = fold.snr;
    signal.threshold = fold.limit;
    signal.adds = fold.adds;
    signal.period = static_cast<float>(fold.p) / static_cast<float>(fold.first_adds - 1) /
                    static_cast<float>(1U << fold.level);
    signal.marginal = !(fold.excess > 0);
    const auto profile = ProfileOf(fold, space.tile.data() + lane, kFoldLanes);
    // len_prof is the whole part of the period, which may be less than the profile has.
    const std::size_t length = std::min(profile.size(), static_cast<std::size_t>(signal.period));
    if (length >= header_.pulse_pot_length || length == 0) return signal;
    const auto [low, high] =
        std::minmax_element(profile.begin(), profile.begin() + static_cast<std::ptrdiff_t>(length));
    for (std::size_t i = 0; i < length; ++i) {
      const double range = static_cast<double>(*high) - static_cast<double>(*low);
      const double level =
          range > 0 ? (static_cast<double>(profile[i]) - static_cast<double>(*low)) * 255 / range
                    : 0;
      signal.pot.push_back(static_cast<std::uint8_t>(level));
    }
    return signal;
  };
  if (folds.best.adds > 0) {
    const auto best = found.bests.Of(Kind::kPulse);
    if (!best || folds.best.Merit() > MeritOf(*best)) found.bests.Offer(signal_of(folds.best));
  }
  if (folds.reportable.adds > 0) found.signals.push_back(signal_of(folds.reportable));
}

bool PotSearch::FoldTile(const Tile& tile, const Space& space, const Run& run,
                         std::vector<Space>& spaces,
                         std::array<BinFolds, kFoldLanes>& folds) const {
  const FoldTables& tables = tables_.at(tile.n);
  std::vector<FoldJob> jobs;
  const double each = FoldCost(tile.n) * kFoldLanes / 3;  // of one of the three ladders
  const auto parts = static_cast<std::uint32_t>(std::ceil(each / kFoldsPerTask));
  for (std::uint32_t adds = 3; adds <= 5; ++adds) {
    const auto [first, above] = FoldTables::LadderOf(adds, tile.n);
    const std::uint32_t width = (first - above + parts - 1) / parts;
    for (std::uint32_t from = first; from > above;) {
      const std::uint32_t end = from - above > width ? from - width : above;
      jobs.push_back({&tables, space.tile.data(), tile.means, adds, from, end, nullptr});
      from = end;
    }
  }
  std::vector<std::array<BinFolds, kFoldLanes>> found(jobs.size());
  const bool went = run(jobs.size(), [&](std::size_t i, std::size_t worker) {
    std::vector<float>& scratch = spaces[worker].scratch;
    if (scratch.size() < space.tile.size() / 2) scratch.resize(space.tile.size() / 2);
    FoldJob job = jobs[i];
    job.scratch = scratch.data();
    FoldBins(job, found[i]);
  });
  for (const auto& part : found) {
    for (std::size_t lane = 0; lane < kFoldLanes; ++lane) folds[lane].Join(part[lane]);
  }
  return went;
}

// For each bin its segments in order of time, in each the triplets, then the pulse.
bool PotSearch::Segments16(const Pair& pair, const float* powers, std::uint32_t kinds,
                           const Run& run, std::vector<Space>& spaces, Findings& found) const {
  const std::uint32_t length = pair.Length();
  const Segments& segments = segments_.at(length);
  const std::size_t tiles = (length + kFoldLanes - 1) / kFoldLanes;
  std::vector<std::array<Findings, kFoldLanes>> parts(tiles);
  const bool pulses = Has(kinds, Kind::kPulse);
  const double cost = pulses ? FoldCost(segments.length) * kFoldLanes : 0;
  const bool large = cost > kFoldsPerTask;
  // A search of one segment of one tile; `inner` runs its folds.
  const auto search = [&](std::size_t number, std::uint32_t start, Space& space, const Run& inner) {
    Tile tile;
    tile.like.k = pair.K();
    tile.like.length = length;
    tile.like.bin = static_cast<std::uint32_t>(number * kFoldLanes);
    tile.lanes = std::min<std::uint32_t>(kFoldLanes, length - tile.like.bin);
    tile.start = start;
    tile.n = segments.length;
    tile.kinds = kinds;
    LoadTile(tile, powers, space);
    std::array<BinFolds, kFoldLanes> folds;
    if (pulses && !FoldTile(tile, space, inner, spaces, folds)) return false;
    for (std::size_t lane = number == 0 ? 1 : 0; lane < tile.lanes; ++lane) {
      if (!std::isfinite(tile.means[lane])) continue;
      if (Has(kinds, Kind::kTriplet)) Triplets(tile, lane, space, parts[number][lane]);
      if (pulses) Pulse(tile, lane, space, folds[lane], parts[number][lane]);
    }
    return true;
  };
  bool went = true;
  if (large) {
    Space own;
    for (std::size_t number = 0; number < tiles && went; ++number) {
      for (const std::uint32_t start : segments.starts) {
        went = went && search(number, start, own, run);
      }
    }
  } else {
    went = run(tiles, [&](std::size_t number, std::size_t worker) {
      const Run alone = [worker](std::size_t count, const auto& body) {
        for (std::size_t i = 0; i < count; ++i) body(i, worker);
        return true;
      };
      for (const std::uint32_t start : segments.starts) {
        static_cast<void>(search(number, start, spaces[worker], alone));
      }
    });
  }
  for (auto& tile : parts) {
    for (Findings& bin : tile) {
      std::move(bin.signals.begin(), bin.signals.end(), std::back_inserter(found.signals));
      found.bests.Join(bin.bests);
    }
  }
  return went;
}

}  // namespace picube::seti
