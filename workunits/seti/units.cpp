#include "workunits/seti/units.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "workunits/parameters.h"
#include "workunits/seti/payload.h"
#include "workunits/unit_count.h"

namespace picube::seti {
namespace {

std::unexpected<Error> Wrong(const std::string& what, std::string next) {
  return Fail(ErrorKind::kUser, what, std::move(next));
}

// "-11.45:-11.40", or "6" for -6:6; empty for all.
Status ReadChirp(std::string_view text, const ChirpTable& table, Selection& selection) {
  const double limit = table.Limit(selection.fft_flags);
  selection.chirp_low = -limit;
  selection.chirp_high = limit;
  if (text.empty()) return {};
  const std::string shown(text.substr(0, 60));
  const std::size_t colon = text.find(':');
  const auto low = ParseNumber(text.substr(0, colon));
  const auto high = colon == text.npos ? low : ParseNumber(text.substr(colon + 1));
  if (!low || !high) {
    return Wrong("--chirp " + shown + " is not a range of drift rates.",
                 "Give LO:HI in Hz/s, such as --chirp=-11.45:-11.40, or R for -R:R.");
  }
  selection.chirp_low = colon == text.npos ? -std::fabs(*low) : *low;
  selection.chirp_high = colon == text.npos ? std::fabs(*low) : *high;
  if (selection.chirp_low > selection.chirp_high) {
    return Wrong("--chirp " + shown + " is empty: its first rate is the greater one.",
                 "Give LO:HI in Hz/s with LO <= HI.");
  }
  if (selection.chirp_low < -limit || selection.chirp_high > limit) {
    const std::string most = NumberText(limit);
    return Wrong("--chirp " + shown + " is outside the recording: its table goes from -" + most +
                     " to " + most + " Hz/s for these FFT lengths.",
                 "Give a range inside it.");
  }
  return {};
}

std::string LengthsText(std::uint32_t flags) {
  std::string text;
  for (int log2 = 0; log2 < 32; ++log2) {
    if ((flags >> log2 & 1U) == 0) continue;
    text += (text.empty() ? "" : ", ") + std::to_string(1ULL << log2);
  }
  return text;
}

struct NamedKind {
  const char* name;
  Kind kind;
};
constexpr NamedKind kNames[] = {{"spikes", Kind::kSpike},
                                {"autocorrs", Kind::kAutocorr},
                                {"triplets", Kind::kTriplet},
                                {"pulses", Kind::kPulse},
                                {"gaussians", Kind::kGaussian}};

Result<std::uint32_t> ReadKinds(std::string_view text) {
  if (text == "all") return kAllKinds;
  std::uint32_t kinds = 0;
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string_view one = text.substr(from, comma - from);
    const auto named = std::ranges::find(kNames, one, &NamedKind::name);
    if (named == std::end(kNames)) {
      return Wrong("--kinds " + std::string(one.substr(0, 40)) + " is no kind of signal.",
                   "Give all, or some of spikes,autocorrs,triplets,pulses,gaussians.");
    }
    kinds |= BitOf(named->kind);
    from = comma + 1;
  }
  return kinds;
}

Status ReadLengths(std::string_view text, const ChirpTable& table, const Searches& searches,
                   Selection& selection) {
  const std::string all = LengthsText(table.Lengths());
  for (std::size_t from = 0; from <= text.size();) {
    const std::size_t comma = std::min(text.find(',', from), text.size());
    const std::string_view one = text.substr(from, comma - from);
    const auto length = ParseCount(one);
    if (!length || !std::has_single_bit(*length) || *length > table.Lengths() ||
        (table.Lengths() & *length) == 0) {
      return Wrong(
          "--fft-length " + std::string(one.substr(0, 40)) + " is not a length of this recording.",
          "It has " + all + ".");
    }
    if (searches.AtLength(std::countr_zero(*length)) == 0) {
      return Wrong(
          "--fft-length " + std::to_string(*length) +
              " cannot have a signal of these kinds; a spike above " +
              NumberText(static_cast<double>(selection.threshold)) +
              " needs more bins than that: none exceeds as many times the mean as there are.",
          "Give greater lengths, other --kinds or a smaller --threshold.");
    }
    selection.fft_flags |= static_cast<std::uint32_t>(*length);
    from = comma + 1;
  }
  return {};
}

Result<Selection> ReadSelection(const SahHeader& header, const ChirpTable& table,
                                const Parameters& parameters) {
  Selection selection;
  selection.threshold = static_cast<float>(header.spike_threshold);
  if (const auto text = ParameterOr(parameters, "threshold", ""); !text.empty()) {
    const auto threshold = ParseNumber(text);
    if (!threshold || !(*threshold >= 1 && *threshold <= 1e9)) {
      return Wrong(
          "--threshold " + std::string(text.substr(0, 40)) + " is not a power of at least 1.",
          "Give the least peak power in units of the mean power, such as 24.");
    }
    selection.threshold = static_cast<float>(*threshold);
  }
  const auto kinds = ReadKinds(ParameterOr(parameters, "kinds", "all"));
  if (!kinds) return std::unexpected(kinds.error());
  selection.kinds = *kinds;
  const Searches searches(header, table, selection);
  const auto lengths = ParameterOr(parameters, "fft-length", "");
  if (lengths.empty()) {
    for (int log2 = 3; log2 <= 20; ++log2) {
      if (searches.AtLength(log2) != 0) selection.fft_flags |= 1U << log2;
    }
    if (selection.fft_flags == 0) {
      return Wrong(
          "No FFT length of this recording can have a signal of these kinds, or a spike above " +
              NumberText(static_cast<double>(selection.threshold)) + ": it has " +
              LengthsText(table.Lengths()) + ".",
          "Give a smaller --threshold.");
    }
  } else if (const auto read = ReadLengths(lengths, table, searches, selection); !read) {
    return std::unexpected(read.error());
  }
  if (const auto read = ReadChirp(ParameterOr(parameters, "chirp", ""), table, selection); !read) {
    return std::unexpected(read.error());
  }
  return selection;
}

// Unit u takes the pairs whose middle of cost lies in [u, u + 1) * total / units; every unit gets
// at least one pair.
std::vector<std::uint64_t> Cut(const Plan& plan, double total, std::uint64_t units) {
  const std::vector<Pair>& pairs = plan.pairs;
  units = std::min<std::uint64_t>(units, pairs.size());
  std::vector<std::uint64_t> starts{0};
  const double share = total / static_cast<double>(units);
  double done = 0;
  for (std::uint64_t i = 0; i < pairs.size() && starts.size() < units; ++i) {
    const double cost = plan.costs.Of(pairs[i]);
    const bool full = done + 0.5 * cost >= share * static_cast<double>(starts.size());
    const bool last_chance = pairs.size() - i == units - starts.size();
    if (i > starts.back() && (full || last_chance)) starts.push_back(i);
    done += cost;
  }
  starts.push_back(pairs.size());
  return starts;
}

// Per thread a batch in three arrays and the middles of the FFTs, bytes.
std::uint64_t MemoryOfThread(std::uint32_t fft_flags, std::uint64_t pot_bytes) {
  return pot_bytes + 40 * std::max<std::uint64_t>(std::bit_floor(fft_flags), 8192);
}

class Source final : public UnitSource {
 public:
  explicit Source(Plan plan) : plan_(std::move(plan)) {}

  [[nodiscard]] std::uint64_t Total() const override { return plan_.starts.size() - 1; }
  void Skip(std::uint64_t units) override { next_ += std::min(units, Total() - next_); }
  [[nodiscard]] std::optional<UnitPlan> Next() override {
    if (next_ >= Total()) return std::nullopt;
    const std::uint64_t first = plan_.starts[next_];
    const std::uint64_t end = plan_.starts[next_ + 1];
    ++next_;
    double cost = 0;
    for (std::uint64_t i = first; i < end; ++i) cost += plan_.costs.Of(plan_.pairs[i]);
    UnitPlan unit;
    unit.parameters = EncodeRange({plan_.selection, first, end - first});
    unit.cost_flop = cost;
    unit.memory_bytes = MemoryFor(plan_);
    return unit;
  }

 private:
  Plan plan_;
  std::uint64_t next_ = 0;
};

}  // namespace

std::uint64_t PotBytes(const SahHeader& header, const Searches& searches) {
  constexpr std::uint32_t kPots =
      BitOf(Kind::kGaussian) | BitOf(Kind::kTriplet) | BitOf(Kind::kPulse);
  if ((searches.Kinds() & kPots) == 0) return 0;
  // The powers of a pair, sixteen of its series, and half as much for their folds.
  std::uint64_t longest = 0;
  for (int log2 = 3; log2 <= 20; ++log2) {
    if ((searches.AtLength(log2) & kPots) == 0) continue;
    longest = std::max<std::uint64_t>(longest, SegmentsOf(header, 1U << log2).length);
  }
  return 4 * header.samples + 96 * longest;
}

int MostThreads(std::uint32_t fft_flags, std::uint64_t pot_bytes) {
  constexpr std::uint64_t kAll = 160ULL << 20;
  return static_cast<int>(
      std::clamp<std::uint64_t>(kAll / MemoryOfThread(fft_flags, pot_bytes), 4, 32));
}

std::uint64_t MemoryFor(const Plan& plan) {
  // The recording, its making, the threads, and the table of folds.
  const std::uint32_t flags = plan.selection.fft_flags;
  return (24ULL << 20) + plan.samples * 8 + plan.pairs.size() * 8 +
         MemoryOfThread(flags, plan.pot_bytes) *
             static_cast<std::uint64_t>(MostThreads(flags, plan.pot_bytes));
}

Result<Plan> MakePlan(const SahHeader& header, const ChirpTable& table,
                      const Parameters& parameters) {
  const auto selection = ReadSelection(header, table, parameters);
  if (!selection) return std::unexpected(selection.error());
  const Searches searches(header, table, *selection);
  Plan plan{*selection,
            header.samples,
            Select(table, *selection),
            PairCosts(header, searches),
            PotBytes(header, searches),
            {}};
  if (plan.pairs.empty()) {
    return Wrong("--chirp " + NumberText(selection->chirp_low) + ":" +
                     NumberText(selection->chirp_high) +
                     " falls between two chirp rates of the recording's table.",
                 "Its rates are multiples of " + NumberText(table.Step(), 6) + " Hz/s.");
  }
  double total = 0;
  for (const Pair& pair : plan.pairs) total += plan.costs.Of(pair);
  const auto units = ReadUnitCount(parameters, total, plan.pairs.size());
  if (!units) return std::unexpected(units.error());
  plan.starts = Cut(plan, total, *units);
  return plan;
}

std::unique_ptr<UnitSource> MakeUnitSource(Plan plan) {
  return std::make_unique<Source>(std::move(plan));
}

}  // namespace picube::seti
