#include "workunits/milkyway/fit.h"

#include <algorithm>
#include <deque>
#include <fstream>
#include <sstream>

#include "workunits/milkyway/evolution.h"
#include "workunits/milkyway/merge.h"
#include "workunits/milkyway/pictures.h"
#include "workunits/parameters.h"

namespace picube::milkyway {
namespace {

std::string CellsOf(const Point& point) {
  std::string text;
  for (const double value : point) text += (text.empty() ? "" : ",") + NumberText(value);
  return text;
}

class Fit final : public Search {
 public:
  Fit(Plan plan, std::string name, const SearchOptions& options)
      : plan_(std::move(plan)),
        name_(std::move(name)),
        options_(options),
        evolution_(plan_.bounds, PointOf(plan_.model), options.seed) {}

  bool Enough() const override {
    return evolution_.Proposals() >= options_.evaluations || evolution_.Converged();
  }

  std::string Propose() override {
    Step step{evolution_.Proposals(), {}};
    std::string text;
    for (const std::string& name : PointNames(plan_.model.streams.size())) {
      text += (text.empty() ? "" : ",") + name;
    }
    text += '\n';
    const std::uint64_t count = std::clamp<std::uint64_t>(
        options_.step, 1, std::max<std::uint64_t>(1, options_.evaluations - step.first));
    for (std::uint64_t i = 0; i < count; ++i) {
      step.points.push_back(CellsOf(evolution_.Propose()));
      text += step.points.back() + '\n';
    }
    steps_.push_back(std::move(step));
    return text;
  }

  std::string StepFile() const override { return "points.csv"; }

  Status Take(const std::filesystem::path& file) override {
    std::ifstream in(file, std::ios::binary);
    std::string line;
    std::getline(in, line);
    if (steps_.empty() || !in) return Foreign(file);
    const Step step = std::move(steps_.front());
    steps_.pop_front();
    std::size_t at = 0;
    while (std::getline(in, line)) {
      // Points of failed units are not there; the others have the order of the step.
      while (at < step.points.size() && !line.starts_with(step.points[at] + ",")) {
        evolution_.Drop(step.first + at++);
      }
      if (at == step.points.size()) return Foreign(file);
      const auto score = ParseNumber(line.substr(line.rfind(',') + 1));
      if (!score) return Foreign(file);
      Score(step.first + at++, *score, line);
    }
    while (at < step.points.size()) evolution_.Drop(step.first + at++);
    return {};
  }

  std::string Progress() const override {
    std::string text = std::to_string(scores_.size()) + " evaluations";
    if (const Evolution::Member* best = evolution_.Best()) {
      text += ": best " + NumberText(best->score, 12) + ", median " +
              NumberText(evolution_.Median(), 12) + " of " + std::to_string(evolution_.Scored());
    }
    return text;
  }

  Result<std::vector<MergedFile>> Finish(const std::filesystem::path& folder) override;

 private:
  struct Step {
    std::uint64_t first = 0;          // proposal
    std::vector<std::string> points;  // as they are written
  };

  static std::unexpected<Error> Foreign(const std::filesystem::path& file) {
    return Fail(ErrorKind::kProject,
                file.string() + " does not have the points of this step of the search.",
                "Client and server must run the same version; remove the file to fetch it again.");
  }
  void Score(std::uint64_t proposal, double score, const std::string& line) {
    const Evolution::Member* before = evolution_.Best();
    const double best = before == nullptr ? kImpossible : before->score;
    evolution_.Take(proposal, score);
    scores_.push_back(score);
    if (evolution_.Best() != nullptr && (before == nullptr || evolution_.Best()->score > best)) {
      best_line_ = line;
    }
  }
  [[nodiscard]] std::string LuaText(const Point& point) const;
  [[nodiscard]] std::string PopulationText() const;

  Plan plan_;
  std::string name_;
  SearchOptions options_;
  Evolution evolution_;
  std::deque<Step> steps_;
  std::vector<double> scores_;
  std::string best_line_;
};

// The best point as a file of parameters.
std::string Fit::LuaText(const Point& point) const {
  const Model model = WithPoint(plan_.model, point);
  const Background& b = model.background;
  std::ostringstream out;
  out << "wedge = " << model.wedge << "\nconvolve = " << model.convolve
      << "\nbackground = { epsilon = " << NumberText(b.epsilon) << ", q = " << NumberText(b.q);
  for (const auto& [key, value, usual] : {std::tuple{"innerPower", b.inner, 1.0},
                                          {"outerPower", b.outer, 1.0},
                                          {"a", b.a, 0.0},
                                          {"b", b.b, 0.0},
                                          {"c", b.c, 0.0}}) {
    if (value != usual) out << ", " << key << " = " << NumberText(value);
  }
  out << " }\nstreams = {\n";
  for (const Stream& s : model.streams) {
    out << "  { epsilon = " << NumberText(s.epsilon) << ", mu = " << NumberText(s.mu)
        << ", r = " << NumberText(s.r) << ", theta = " << NumberText(s.theta)
        << ", phi = " << NumberText(s.phi) << ", sigma = " << NumberText(s.sigma) << " },\n";
  }
  out << "}\narea = {\n";
  for (const Area& area : model.areas) {
    out << "  {";
    for (const auto& [key, range] : {std::pair{"r", &area.r}, {"mu", &area.mu}, {"nu", &area.nu}}) {
      out << (range == &area.r ? " " : ", ") << key << "_min = " << NumberText(range->low) << ", "
          << key << "_max = " << NumberText(range->high) << ", " << key
          << "_steps = " << range->steps;
    }
    out << " },\n";
  }
  out << "}\n";
  return out.str();
}

std::string Fit::PopulationText() const {
  std::string text;
  for (const std::string& name : PointNames(plan_.model.streams.size())) text += name + ",";
  text += "search_likelihood\n";
  for (const auto& member : evolution_.Members()) {
    if (!member) continue;
    text += CellsOf(member->point) + "," + NumberText(member->score) + "\n";
  }
  return text;
}

Result<std::vector<MergedFile>> Fit::Finish(const std::filesystem::path& folder) {
  const Evolution::Member* best = evolution_.Best();
  const std::string score =
      best == nullptr ? "no point was possible" : "log likelihood " + NumberText(best->score, 16);
  std::vector<MergedFile> files;
  const auto write = [&](const std::string& name, const std::string& what,
                         const std::string& text) -> Status {
    std::ofstream file(folder / name, std::ios::binary);
    file << text;
    file.close();
    if (!file) {
      return Fail(ErrorKind::kHost, (folder / name).string() + " cannot be written.",
                  "Check the folder and the disk.");
    }
    files.push_back({name, what, folder / name});
    return {};
  };
  Status written;
  if (best != nullptr) {
    written = write("best.csv", "the best point and its values: " + score,
                    PointsHeading(plan_.model.streams.size()) + best_line_ + "\n");
    if (written) {
      written = write("best.lua", "the best point as parameters, streams in the order of mu",
                      LuaText(InOrderOfMu(best->point)));
    }
  }
  if (written) written = write("population.csv", "the members of the search", PopulationText());
  if (written) {
    written = write("fit.svg", "picture of the search: " + score,
                    DrawScores("Fit of " + name_, Progress(), scores_));
  }
  if (!written) return std::unexpected(written.error());
  return files;
}

// A proposal may lie anywhere inside the bounds; one that a unit refuses would end its batch, and
// the search with it, so both ends must be points that can be.
Status CheckBounds(const Plan& plan, const std::string& name) {
  for (const bool upper : {false, true}) {
    Point point = PointOf(plan.model);
    for (std::size_t i = 0; i < point.size(); ++i) {
      const Bound& bound = plan.bounds[i];
      if (bound.free) point[i] = upper ? bound.high : bound.low;
    }
    const std::string where = name + ": the " + (upper ? "upper" : "lower") + " bounds of the fit";
    if (auto sound = Check(WithPoint(plan.model, point), where); !sound) return sound;
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<Search>> MakeFit(Plan plan, std::string name, const SearchOptions& options) {
  if (plan.stars.empty()) {
    return Fail(ErrorKind::kUser, "A fit of milkyway needs a list of stars.",
                "Give the parameters, then the stars.");
  }
  if (!plan.points.empty()) {
    return Fail(ErrorKind::kUser, "A fit of milkyway chooses its points itself.",
                "Leave the third file out.");
  }
  if (std::ranges::none_of(plan.bounds, [](const Bound& bound) { return bound.free; })) {
    return Fail(ErrorKind::kUser, name + " lets no value be fitted.",
                "Set an optimize_… of it to 1.");
  }
  if (auto bounds = CheckBounds(plan, name); !bounds) return std::unexpected(bounds.error());
  return std::make_unique<Fit>(std::move(plan), std::move(name), options);
}

}  // namespace picube::milkyway
