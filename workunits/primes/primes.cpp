#include "workunits/primes/primes.h"

#include <algorithm>
#include <cmath>
#include <fstream>

#include "workunits/bytes.h"
#include "workunits/parameters.h"
#include "workunits/plot/svg.h"
#include "workunits/primes/sieve.h"
#include "workunits/product.h"
#include "workunits/unit_count.h"
#include "workunits/unit_input.h"

namespace picube {
namespace {

using primes::Tally;

// The windows of all threads (96 MB at most), the kept base primes (16 MB), and each thread's
// places among a piece of them (0.4 MB).
constexpr std::uint64_t kMemory = 128ULL << 20;
constexpr std::size_t kMostBars = 512;  // in the picture

ApplicationInfo MakeInfo() {
  ApplicationInfo info;
  info.name = "primes";
  info.version = 1;
  info.summary = "count, sum and xor of the primes in [from, to), exactly";
  info.parameters = {
      {"from", "A", "0", "first number"},
      {"to", "B", "", "the number after the last, at most 18446744073709551615; required"},
      UnitsSpec(),
      UnitSecondsSpec()};
  return info;
}

struct Range {
  std::uint64_t from = 0;
  std::uint64_t to = 0;
  std::uint64_t units = 1;

  // First number of unit i, or the end for i = units.
  [[nodiscard]] std::uint64_t Start(std::uint64_t i) const {
    __extension__ using Wide = unsigned __int128;
    return from + static_cast<std::uint64_t>(static_cast<Wide>(to - from) * i / units);
  }
};

Result<std::uint64_t> ReadCount(const Parameters& parameters, std::string_view name,
                                std::string_view fallback) {
  const auto text = ParameterOr(parameters, name, fallback);
  if (text.empty()) {
    return Fail(ErrorKind::kUser, "--" + std::string(name) + " is missing.",
                "Example: --from 0 --to 10000000000.");
  }
  if (const auto count = ParseCount(text)) return *count;
  return Fail(ErrorKind::kUser,
              "--" + std::string(name) + " " + std::string(text.substr(0, 40)) +
                  " is not a whole number from 0 to 18446744073709551615.",
              "Example: --from 0 --to 10000000000.");
}

Result<Range> ReadRange(const ApplicationInfo& info, const Dataset& dataset,
                        const Parameters& parameters) {
  if (!dataset.files.empty()) {
    return Fail(ErrorKind::kUser, "Application primes takes no file.", "Leave the file out.");
  }
  if (const auto names = CheckNames(info, parameters); !names) {
    return std::unexpected(names.error());
  }
  const auto from = ReadCount(parameters, "from", "0");
  if (!from) return std::unexpected(from.error());
  const auto to = ReadCount(parameters, "to", "");
  if (!to) return std::unexpected(to.error());
  if (*from >= *to) {
    return Fail(
        ErrorKind::kUser,
        "The range from " + std::to_string(*from) + " to " + std::to_string(*to) + " is empty.",
        "Give --from A --to B with A < B.");
  }
  const auto units =
      ReadUnitCount(parameters, primes::kFlopPerOperation * primes::EstimatedCost(*from, *to),
                    *to - *from, {.most_units = 10'000'000});
  if (!units) return std::unexpected(units.error());
  return Range{*from, *to, *units};
}

class Source final : public UnitSource {
 public:
  explicit Source(const Range& range) : range_(range) {}
  [[nodiscard]] std::uint64_t Total() const override { return range_.units; }
  void Skip(std::uint64_t units) override { next_ += std::min(units, range_.units - next_); }
  [[nodiscard]] std::optional<UnitPlan> Next() override {
    if (next_ >= range_.units) return std::nullopt;
    const std::uint64_t from = range_.Start(next_);
    const std::uint64_t to = range_.Start(next_ + 1);
    ++next_;
    ByteWriter out;
    out.U64(from);
    out.U64(to);
    UnitPlan unit;
    unit.parameters = out.Take();
    unit.cost_flop = primes::kFlopPerOperation * primes::EstimatedCost(from, to);
    unit.memory_bytes = kMemory;
    unit.result_bytes = 64;
    return unit;
  }

 private:
  Range range_;
  std::uint64_t next_ = 0;
};

// Payload and checkpoint: from, the first number not counted (`to` when done), and the tally.
struct Counted {
  std::uint64_t from = 0;
  std::uint64_t next = 0;
  Tally tally;
};

Bytes Encode(const Counted& counted) {
  ByteWriter out;
  out.U64(counted.from);
  out.U64(counted.next);
  out.U64(counted.tally.count);
  out.U64(counted.tally.sum);
  out.U64(counted.tally.xors);
  return out.Take();
}

std::optional<Counted> Decode(BytesView bytes) {
  ByteReader in(bytes);
  Counted counted;
  counted.from = in.U64();
  counted.next = in.U64();
  counted.tally.count = in.U64();
  counted.tally.sum = in.U64();
  counted.tally.xors = in.U64();
  if (!in.Done()) return std::nullopt;
  return counted;
}

class PrimesMerger final : public Merger {
 public:
  PrimesMerger(const Range& range, const std::filesystem::path& folder)
      : range_(range),
        folder_(folder),
        csv_(folder / "primes.csv", std::ios::binary),
        per_bar_((range.units + kMostBars - 1) / kMostBars) {
    csv_ << "from,to,count,sum,xor\n";
  }

  Status Add(std::uint64_t index, BytesView payload) override {
    const auto counted = Decode(payload);
    if (!counted || index >= range_.units || counted->from != range_.Start(index) ||
        counted->next != range_.Start(index + 1)) {
      return Fail(ErrorKind::kProject,
                  "Unit " + std::to_string(index) + " of primes has a result that is not its own.",
                  "Server and workers must run the same version.");
    }
    Row(csv_, std::to_string(counted->from), std::to_string(counted->next), counted->tally);
    total_ += counted->tally;
    const std::uint64_t bar = index / per_bar_;
    if (bar >= bars_.size()) bars_.resize(bar + 1);
    bars_[bar] += static_cast<double>(counted->tally.count);
    return Written();
  }

  Result<std::vector<MergedFile>> Finish(std::uint64_t missing) override {
    csv_.close();
    std::ofstream total(folder_ / "total.csv", std::ios::binary);
    total << "from,to,count,sum,xor,missing_units\n";
    Row(total, std::to_string(range_.from), std::to_string(range_.to), total_, missing);
    total.close();
    std::ofstream svg(folder_ / "primes.svg", std::ios::binary);
    svg << Picture(missing);
    svg.close();
    if (auto written = Written(); !written) return std::unexpected(written.error());
    if (!total || !svg) return std::unexpected(UnwrittenProduct(folder_));
    std::string what = std::to_string(total_.count) + " primes in [" + std::to_string(range_.from) +
                       ", " + std::to_string(range_.to) + ")";
    const std::string lack = MissingText(missing, range_.units);
    return std::vector<MergedFile>{
        {"total.csv", what + lack, folder_ / "total.csv"},
        {"primes.csv", "count, sum and xor of each unit" + lack, folder_ / "primes.csv"},
        {"primes.svg", "picture of the counts" + lack, folder_ / "primes.svg"}};
  }

 private:
  static void Row(std::ostream& out, const std::string& from, const std::string& to,
                  const Tally& tally, std::optional<std::uint64_t> missing = {}) {
    out << from << ',' << to << ',' << std::to_string(tally.count) << ','
        << std::to_string(tally.sum) << ',' << std::to_string(tally.xors);
    if (missing) out << ',' << std::to_string(*missing);
    out << '\n';
  }
  [[nodiscard]] Status Written() const {
    if (csv_) return {};
    return std::unexpected(UnwrittenProduct(folder_));
  }
  [[nodiscard]] std::string Picture(std::uint64_t missing) const {
    PlotSpec plot;
    plot.title =
        "Primes in [" + std::to_string(range_.from) + ", " + std::to_string(range_.to) + ")";
    plot.subtitle = std::to_string(total_.count) + " primes; a bar is " + std::to_string(per_bar_) +
                    (per_bar_ == 1 ? " unit" : " units") + MissingText(missing, range_.units);
    plot.x_label = "number";
    plot.y_label = "primes found";
    plot.x_min = static_cast<double>(range_.from);
    plot.x_max = static_cast<double>(range_.to);
    for (std::uint64_t bar = 0; bar < bars_.size(); ++bar) {
      const std::uint64_t end = std::min((bar + 1) * per_bar_, range_.units);
      plot.bars.push_back({static_cast<double>(range_.Start(bar * per_bar_)),
                           static_cast<double>(range_.Start(end)), bars_[bar]});
      plot.y_max = std::max(plot.y_max, 1.1 * bars_[bar]);
    }
    return SvgText(plot);
  }

  Range range_;
  std::filesystem::path folder_;
  std::ofstream csv_;
  std::uint64_t per_bar_;  // units
  Tally total_;
  std::vector<double> bars_;
};

class PrimesApplication final : public Application {
 public:
  [[nodiscard]] const ApplicationInfo& Info() const override { return info_; }

  [[nodiscard]] Result<std::unique_ptr<UnitSource>> Split(
      const Dataset& dataset, const Parameters& parameters) const override {
    const auto range = ReadRange(info_, dataset, parameters);
    if (!range) return std::unexpected(range.error());
    return std::make_unique<Source>(*range);
  }

  [[nodiscard]] ComputeOutcome Compute(const UnitInput& input,
                                       ComputeContext& context) const override {
    ByteReader in(input.parameters);
    Counted counted;
    counted.from = in.U64();
    const std::uint64_t to = in.U64();
    if (!in.Done() || counted.from >= to) {
      return UnreadableUnit(info_.name);
    }
    counted.next = counted.from;
    if (const auto state = context.Checkpoint()) {
      const auto saved = Decode(*state);
      if (saved && saved->from == counted.from && saved->next >= saved->from && saved->next <= to) {
        counted = *saved;
      }
    }
    const auto pause = [&](std::uint64_t next, const Tally& tally) {
      if (context.WantsCheckpoint()) {
        context.SaveCheckpoint(Encode({counted.from, next, tally}));
      }
      return context.Pause(static_cast<double>(next - counted.from) /
                           static_cast<double>(to - counted.from));
    };
    const bool done = primes::TallyPrimes(
        counted.next, to, counted.tally, [&] { return context.Threads(); }, pause);
    if (!done) return Stopped{};
    counted.next = to;
    return Encode(counted);
  }

  [[nodiscard]] Result<std::unique_ptr<Merger>> StartMerge(
      const Dataset& dataset, const Parameters& parameters,
      const std::filesystem::path& folder) const override {
    const auto range = ReadRange(info_, dataset, parameters);
    if (!range) return std::unexpected(range.error());
    return std::make_unique<PrimesMerger>(*range, folder);
  }

 private:
  ApplicationInfo info_ = MakeInfo();
};

}  // namespace

std::unique_ptr<Application> MakePrimesApplication() {
  return std::make_unique<PrimesApplication>();
}

}  // namespace picube
