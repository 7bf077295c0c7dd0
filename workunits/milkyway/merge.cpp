#include "workunits/milkyway/merge.h"

#include <algorithm>
#include <fstream>

#include "workunits/milkyway/pictures.h"
#include "workunits/parameters.h"
#include "workunits/product.h"

namespace picube::milkyway {
namespace {

constexpr std::size_t kMostDrawn = 3000;  // stars

class MilkyWayMerger final : public Merger {
 public:
  MilkyWayMerger(Plan plan, std::string name, std::filesystem::path folder)
      : plan_(std::move(plan)),
        name_(std::move(name)),
        folder_(std::move(folder)),
        rows_(plan_.points.empty() ? RowsOf(plan_.model) : 0),
        values_(plan_.points.size()) {}

  Status Add(std::uint64_t index, BytesView payload) override;
  Result<std::vector<MergedFile>> Finish(std::uint64_t missing) override;

 private:
  Status AddStars(const Task& task, const std::vector<double>& densities);
  Status Write(const std::string& name, const std::string& what, const std::string& text);
  Status FinishPoints();
  Status FinishModel();
  [[nodiscard]] std::string RowsText() const;
  [[nodiscard]] bool HasAllRows() const {
    return std::ranges::none_of(rows_, [](const Sums& sums) { return sums.empty(); });
  }
  std::ostream& StarsFile();

  Plan plan_;
  std::string name_;
  std::filesystem::path folder_;
  std::vector<Sums> rows_;  // empty sums = not there
  std::vector<std::optional<Values>> values_;
  std::optional<Likelihood> likelihood_;
  std::vector<double> integrals_;
  std::vector<BlockSums> blocks_;
  std::uint64_t summed_ = 0;  // stars
  std::ofstream stars_;
  std::vector<DrawnStar> drawn_;
  std::string lack_;
  std::vector<MergedFile> files_;
};

Status MilkyWayMerger::Add(std::uint64_t index, BytesView payload) {
  std::optional<Progress> result;
  Task task;
  if (index < plan_.units) {
    task = plan_.TaskOf(index);
    result = DecodePayload(task, payload);
  }
  if (!result) {
    return Fail(
        ErrorKind::kProject,
        "Unit " + std::to_string(index) + " of " + name_ + " has a result that is not its own.",
        "Server and workers must run the same version.");
  }
  for (std::size_t i = 0; i < result->points.size(); ++i) {
    values_[task.first + i] = std::move(result->points[i]);
  }
  for (std::size_t i = 0; i < result->rows.size(); ++i) {
    rows_[task.FirstRow() + i] = std::move(result->rows[i]);
  }
  return result->densities.empty() ? Status{} : AddStars(task, result->densities);
}

std::ostream& MilkyWayMerger::StarsFile() {
  if (!stars_.is_open()) {
    stars_.open(folder_ / "stars.csv", std::ios::binary);
    stars_ << "l,b,r,log10_p,background";
    for (std::size_t i = 1; i <= plan_.model.streams.size(); ++i) stars_ << ",stream_" << i;
    stars_ << '\n';
  }
  return stars_;
}

// Units come in order, so the integrals are known when the first stars come; if a unit with rows
// has failed, they never are.
Status MilkyWayMerger::AddStars(const Task& task, const std::vector<double>& densities) {
  if (!HasAllRows()) return {};
  if (!likelihood_) {
    integrals_ = JoinRows(plan_.model, rows_);
    likelihood_.emplace(plan_.model, integrals_);
  }
  const std::size_t kinds = integrals_.size();
  const std::size_t each = plan_.stars.size() / kMostDrawn + 1;
  StarLogs logs;
  for (std::uint64_t i = task.FirstStar(); i < task.EndStar(); ++i) {
    const double* own = densities.data() + (i - task.FirstStar()) * kinds;
    likelihood_->Star(own, logs);
    const Star& star = plan_.stars[i];
    std::ostream& out = StarsFile();
    out << NumberText(star.l) << ',' << NumberText(star.b) << ',' << NumberText(star.r) << ','
        << NumberText(logs.logs[0] - 3);
    for (const double share : logs.shares) out << ',' << NumberText(share, 6);
    out << '\n';
    if (i % each == 0) {
      const auto owner = std::ranges::max_element(logs.shares) - logs.shares.begin();
      drawn_.push_back(PlaceInStripe(star, plan_.model.wedge, static_cast<std::size_t>(owner)));
    }
  }
  for (std::uint64_t first = task.FirstStar(); first < task.EndStar(); first += kBlock) {
    const std::uint64_t count = std::min<std::uint64_t>(kBlock, task.EndStar() - first);
    blocks_.push_back(likelihood_->Block(
        std::span(densities).subspan((first - task.FirstStar()) * kinds, count * kinds), first));
    summed_ += count;
  }
  if (!stars_) return std::unexpected(UnwrittenProduct(folder_ / "stars.csv"));
  return {};
}

Status MilkyWayMerger::Write(const std::string& name, const std::string& what,
                             const std::string& text) {
  return WriteProductFile(folder_, name, what + lack_, text, files_);
}

std::string MilkyWayMerger::RowsText() const {
  std::string text = "area,row,nu,background";
  const std::size_t streams = plan_.model.streams.size();
  for (std::size_t i = 1; i <= streams; ++i) text += ",stream_" + std::to_string(i);
  text += '\n';
  for (std::size_t row = 0; row < rows_.size(); ++row) {
    if (rows_[row].empty()) continue;
    const RowAt at = RowOf(plan_.model, row);
    const Range& nu = plan_.model.areas[at.area].nu;
    text += std::to_string(at.area + 1) + "," + std::to_string(at.nu) + "," +
            NumberText(nu.low + (at.nu + 0.5) * nu.Step());
    for (const KahanSum& sum : rows_[row]) text += "," + NumberText(sum.sum);
    text += '\n';
  }
  return text;
}

Status MilkyWayMerger::FinishModel() {
  if (auto rows = Write("integrals.csv", "the integral by steps of nu", RowsText()); !rows) {
    return rows;
  }
  if (!HasAllRows()) {
    return Write("likelihood.txt", "nothing: the integral is not whole",
                 "The integral is not whole, so there is no likelihood.\n");
  }
  if (integrals_.empty()) integrals_ = JoinRows(plan_.model, rows_);
  if (summed_ == 0) {
    Values values;
    values.background_integral = integrals_[0];
    values.stream_integrals.assign(integrals_.begin() + 1, integrals_.end());
    const std::string text = ProgramText(values);
    return Write("likelihood.txt", "the integrals; no likelihood without stars",
                 text.substr(0, text.find("<background_likelihood>")));
  }
  const Values values = JoinBlocks(integrals_, blocks_, summed_);
  std::string what = "log likelihood " + NumberText(values.search, 16) + " of " +
                     std::to_string(summed_) + " stars";
  if (const std::string reason = values.Reason(); !reason.empty()) what += ": " + reason;
  if (auto text = Write("likelihood.txt", what, ProgramText(values)); !text) return text;
  stars_.close();
  if (!stars_) return std::unexpected(UnwrittenProduct(folder_ / "stars.csv"));
  files_.push_back({"stars.csv",
                    "each star: its likelihood, and how likely each part owns it" + lack_,
                    folder_ / "stars.csv"});
  return Write("stars.svg", "picture of the stars in the stripe's plane",
               DrawStars(name_ + ": stripe " + std::to_string(plan_.model.wedge), what + lack_,
                         drawn_, plan_.model.streams.size()));
}

Status MilkyWayMerger::FinishPoints() {
  std::string text = PointsHeading(plan_.model.streams.size());
  std::vector<double> scores;
  std::optional<std::size_t> best;
  for (std::size_t i = 0; i < values_.size(); ++i) {
    if (!values_[i]) continue;
    text += PointsLine(plan_.points[i], *values_[i]);
    scores.push_back(values_[i]->search);
    if (values_[i]->search == kImpossible) continue;
    if (!best || values_[i]->search > values_[*best]->search) best = i;
  }
  std::string what = std::to_string(scores.size()) + " points";
  if (best) {
    what += "; the best is number " + std::to_string(*best + 1) + ": " +
            NumberText(values_[*best]->search, 16);
  }
  if (auto points = Write("points.csv", what, text); !points) return points;
  return Write("points.svg", "picture of the points' likelihoods",
               DrawScores(name_, what + lack_, scores));
}

Result<std::vector<MergedFile>> MilkyWayMerger::Finish(std::uint64_t missing) {
  lack_ = MissingText(missing, plan_.units);
  Status done = plan_.points.empty() ? FinishModel() : FinishPoints();
  if (!done) return std::unexpected(done.error());
  return std::move(files_);
}

}  // namespace

std::string PointsHeading(std::size_t streams) {
  std::string text;
  for (const std::string& name : PointNames(streams)) text += name + ",";
  text += "background_integral";
  for (std::size_t i = 1; i <= streams; ++i) text += ",stream_integral_" + std::to_string(i);
  text += ",background_likelihood";
  for (std::size_t i = 1; i <= streams; ++i) {
    text += ",stream_only_likelihood_" + std::to_string(i);
  }
  return text + ",search_likelihood\n";
}

std::string PointsLine(const Point& point, const Values& values) {
  std::string text;
  for (const double value : point) text += NumberText(value) + ",";
  text += NumberText(values.background_integral);
  for (const double value : values.stream_integrals) text += "," + NumberText(value);
  text += "," + NumberText(values.background);
  for (const double value : values.stream_only) text += "," + NumberText(value);
  return text + "," + NumberText(values.search) + "\n";
}

std::unique_ptr<Merger> MakeMilkyWayMerger(Plan plan, std::string name,
                                           const std::filesystem::path& folder) {
  return std::make_unique<MilkyWayMerger>(std::move(plan), std::move(name), folder);
}

}  // namespace picube::milkyway
