// The kernels of the applications, and the chunks of their units.
#include <fmt/format.h>

#include <cstdlib>

#include "examples/drift/maker.h"
#include "examples/gw/maker.h"
#include "examples/pulsar/maker.h"
#include "protocol/base/check.h"
#include "protocol/base/rng.h"
#include "tests/bench/insn/cases.h"
#include "tests/files.h"
#include "tests/workunits/seti/seti_recordings.h"
#include "tests/workunits/support.h"
#include "workunits/applications.h"
#include "workunits/formats/strain.h"
#include "workunits/gw/filter.h"
#include "workunits/hdf5/writer.h"
#include "workunits/milkyway/likelihood.h"
#include "workunits/primes/sieve.h"
#include "workunits/pulsar/folding.h"
#include "workunits/pulsar/fourier.h"
#include "workunits/seti/autocorr.h"
#include "workunits/seti/folds.h"
#include "workunits/seti/gaussian.h"

namespace picube::bench {
namespace {

// --- seti ----------------------------------------------------------------------------------------

std::function<void()> MakeAutocorr() {
  constexpr std::size_t kLength = 32768;
  auto search = std::make_shared<const seti::AutocorrSearch>(kLength);
  auto space = std::make_shared<seti::AutocorrSearch::Space>(search->MakeSpace());
  auto powers = std::make_shared<std::vector<float>>(2 * kLength);
  Rng rng(1);
  for (float& power : *powers) power = static_cast<float>(rng.Below(1000)) / 100;
  return [search, space, powers] {
    seti::AutocorrSearch::Delay first;
    seti::AutocorrSearch::Delay second;
    search->Search(powers->data(), powers->data() + kLength, *space, first, second);
    Keep(&first);
    Keep(&second);
  };
}

SahHeader HeaderOfSmall() {
  const auto unit = ParseSah(test::SmallRecording(3), "small.sah");
  PICUBE_CHECK(unit.has_value(), "the small recording can be read");
  return unit->header;
}

std::function<void()> MakePulses() {
  constexpr std::uint32_t kPowers = 1024;
  struct Job {
    seti::FoldTables tables{HeaderOfSmall(), kPowers};
    std::vector<float> powers = std::vector<float>(kPowers * seti::kFoldLanes);
    std::vector<float> scratch = std::vector<float>(kPowers / 2 * seti::kFoldLanes);
  };
  auto job = std::make_shared<Job>();
  Rng rng(2);
  for (float& power : job->powers) power = static_cast<float>(rng.Below(2000)) / 1000;
  return [job] {
    seti::FoldJob fold{.tables = &job->tables, .powers = job->powers.data()};
    fold.means.fill(1);
    fold.scratch = job->scratch.data();
    std::array<seti::BinFolds, seti::kFoldLanes> bins;
    for (fold.adds = 3; fold.adds <= 5; ++fold.adds) {
      const auto ladder = seti::FoldTables::LadderOf(fold.adds, kPowers);
      fold.from = ladder.first;
      fold.above = ladder.above;
      seti::FoldBins(fold, bins);
    }
    Keep(&bins);
  };
}

// --- the others ----------------------------------------------------------------------------------

std::function<void()> MakeFoldSearch() {
  auto samples = std::make_shared<std::vector<std::int8_t>>();
  Rng rng(3);
  for (int i = 0; i < 32768; ++i) {
    samples->push_back(static_cast<std::int8_t>(static_cast<int>(rng.Below(29)) - 14));
  }
  const auto plan = pulsar::MakeFoldPlan(0.001, 0.3, 0.5, 240, 260);
  PICUBE_CHECK(plan.has_value(), "there is a plan for these periods");
  return [samples, plan] {
    pulsar::FoldSearch search(*plan, *samples, 8.37, 6);
    const auto found = search.Search(0, plan->stages, 1, [](double) { return true; });
    Keep(&found);
  };
}

std::function<void()> MakeFourierSearch() {
  pulsar::FourierPlan plan;
  plan.length = 32768;
  plan.first_bin = 21;
  plan.cuts.fill(40);
  auto search = std::make_shared<pulsar::FourierSearch>(plan);
  auto samples = std::make_shared<std::vector<std::int8_t>>();
  Rng rng(4);
  for (int i = 0; i < 32768; ++i) {
    samples->push_back(static_cast<std::int8_t>(static_cast<int>(rng.Below(29)) - 14));
  }
  return [search, samples] {
    const auto found = search->Search(std::span<const std::int8_t>(*samples));
    Keep(&found);
  };
}

milkyway::Model OneStream() {
  milkyway::Model model;
  model.wedge = 82;
  model.background = {0.95, 0.456};
  model.streams = {{-1.828, 31.361, 29.228, 1.696, 0.044, 2.854}};
  model.areas = {{{16, 22.5, 20}, {310, 419, 8}, {-1.25, 1.25, 1}}};
  return model;
}

std::function<void()> MakeIntegral() {
  return [] {
    const milkyway::Model model = OneStream();
    milkyway::RowIntegral integral(model);
    milkyway::Sums sums(2);
    for (std::uint32_t mu = 0; mu < model.areas[0].mu.steps;) {
      mu = integral.Step({0, 0}, mu, 1, sums);
    }
    Keep(sums.data());
  };
}

std::function<void()> MakeTemplate() {
  constexpr std::uint64_t kSamples = 32768;
  struct Job {
    gw::Spectra spectra{"M1", 0, 4096, kSamples, {}, {}, {}};
    std::unique_ptr<gw::Filter> filter;
    std::optional<gw::Filter::Workspace> space;
  };
  auto job = std::make_shared<Job>();
  Rng rng(5);
  for (std::uint64_t k = 0; k <= kSamples / 2; ++k) {
    job->spectra.re.push_back(static_cast<double>(rng.Below(1000)) - 500);
    job->spectra.im.push_back(static_cast<double>(rng.Below(1000)) - 500);
    job->spectra.noise.push_back(1 + 1e5 / static_cast<double>(k + 10));
  }
  job->filter = std::make_unique<gw::Filter>(job->spectra, 20);
  job->space = job->filter->MakeWorkspace();
  return [job] {
    const gw::Bank bank{gw::Family::kMerger, 20, 0, 20, 1.02, 1, 0.25, 0, 1};
    const auto peak = job->filter->Search(gw::ShapeOf(bank, bank.At(0)), *job->space);
    Keep(&peak);
  };
}

std::function<void()> MakeSieve(std::uint64_t from) {
  return [from] {
    primes::Tally tally;
    const bool done = primes::TallyPrimes(
        from, from + 4'000'000, tally, [] { return 1; },
        [](std::uint64_t, const primes::Tally&) { return true; });
    Keep(&tally);
    Keep(&done);
  };
}

// --- Chunks --------------------------------------------------------------------------------------

// A worker with one thread that ends a unit after so many looks.
class Watcher final : public ComputeContext {
 public:
  explicit Watcher(int looks) : looks_(looks) {}
  int Threads() override { return 1; }
  bool Pause(double) override {
    Tell(Mark::kChunk);
    return looks_-- > 0;
  }
  bool WantsCheckpoint() override { return false; }
  void SaveCheckpoint(BytesView) override {}
  std::optional<Bytes> Checkpoint() override { return std::nullopt; }

 private:
  int looks_;
};

// The first `looks` chunks of the first and the last unit.
void RunChunks(const std::string& name, const Dataset& dataset, const Parameters& parameters,
               int looks) {
  ApplicationRegistry registry;
  AddBuiltInApplications(registry);
  const Application* application = registry.Find(name);
  PICUBE_CHECK(application != nullptr, "the application is built in");
  const test::Folder folder;
  std::vector<std::filesystem::path> files;
  for (const auto& file : dataset.files) files.push_back(file.path);
  const auto units = test::AllUnits(*application, dataset, parameters);
  for (const UnitPlan* unit : {&units.front(), &units.back()}) {
    Watcher watcher(looks);
    const auto outcome =
        application->Compute(test::InputOf(*application, *unit, files, folder.Path()), watcher);
    PICUBE_CHECK(!std::holds_alternative<Error>(outcome), "the unit can be computed");
    if (units.size() == 1) break;
  }
}

template <class Make>
void RunChunksOf(const std::string& name, const std::string& file, const Make& make,
                 const Parameters& parameters, int looks) {
  const test::Folder folder;
  RunChunks(name, {{{file, folder.Write(file, make())}}}, parameters, looks);
}

void RunStrainChunks() {
  const test::Folder folder;
  const auto strain = examples::MakeStrain({.seconds = 32});
  PICUBE_CHECK(strain && WriteStrain(folder / "m1.hdf5", *strain), "strain is made");
  RunChunks("gw", {{{"m1.hdf5", folder / "m1.hdf5"}}}, {{"units", "2"}}, 3);
}

void RunStripeChunks() {
  // Two streams and a fine convolution over a wide stripe: one of the heaviest models.
  const test::Folder folder;
  std::string lua = test::ReadText(PICUBE_EXAMPLES "/milkyway/two-streams.lua");
  for (const auto& [was, is] :
       {std::pair{"convolve = 30", "convolve = 120"}, {"r_steps = 32", "r_steps = 1400"}}) {
    const auto at = lua.find(was);
    PICUBE_CHECK(at != std::string::npos, "the example has this line");
    lua.replace(at, std::string_view(was).size(), is);
  }
  const auto stars = folder.Write("stars.txt", "1\n250 40 20\n");
  RunChunks("milkyway", {{{"m.lua", folder.Write("m.lua", lua)}, {"stars.txt", stars}}},
            {{"units", "2"}}, 4);
}

}  // namespace

void AddApplicationCases(std::vector<InsnCase>& cases) {
  cases.push_back({"seti-autocorr-2", 65536, MakeAutocorr});
  cases.push_back({"seti-pulses-16x1024", 16 * 1024, MakePulses});
  cases.push_back({"pulsar-fold-search", 32768, MakeFoldSearch});
  cases.push_back({"pulsar-fourier-search", 32768, MakeFourierSearch});
  cases.push_back({"milkyway-integral", 20 * 8, MakeIntegral});
  cases.push_back({"gw-template", 32768, MakeTemplate});
  cases.push_back({"primes-at-1e9", 4e6, [] { return MakeSieve(1'000'000'000); }});
  cases.push_back({"primes-at-1e14", 4e6, [] { return MakeSieve(100'000'000'000'000); }});
}

void AddChunkCases(std::vector<ChunkCase>& cases) {
  cases.push_back({"seti", [] {
                     RunChunksOf(
                         "seti", "small.sah", [] { return test::SmallRecording(3); },
                         {{"units", "4"}}, 6);
                   }});
  cases.push_back({"drift", [] {
                     RunChunksOf(
                         "drift", "tones.fil",
                         [] { return *examples::MakeTones({.channels = 1U << 17}); }, {}, 4);
                   }});
  cases.push_back({"pulsar", [] {
                     RunChunksOf(
                         "pulsar", "made.fil", [] { return *examples::MakeFilterbank({}); },
                         {{"dm", "30"}}, 6);
                   }});
  cases.push_back({"milkyway", RunStripeChunks});
  cases.push_back({"gw", RunStrainChunks});
  cases.push_back(
      {"primes", [] {
         RunChunks("primes", {},
                   {{"from", "1000000000000000"}, {"to", "1000001000000000"}, {"units", "4"}}, 4);
       }});
}

}  // namespace picube::bench
