#include "cli/report/report.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "cli/report/timeline.h"

namespace picube::report {
namespace {

// The part of a node's best computing time that its best speed is taken from.
constexpr double kBestShare = 0.1;

Part PartOf(Fate fate) {
  switch (fate) {
    case Fate::kCanonical: return Part::kUseful;
    case Fate::kCopy: return Part::kCopies;
    case Fate::kDisagreed: return Part::kDisagreed;
    case Fate::kError: return Part::kErrors;
    case Fate::kLost: return Part::kLost;
    case Fate::kUnused: return Part::kUnused;
  }
  return Part::kUnused;
}

bool IsRight(const Row& row) { return row.fate == Fate::kCanonical || row.fate == Fate::kCopy; }

// What a row's result is worth.
struct Work {
  bool in_units = false;
  [[nodiscard]] double Of(const Row& row) const { return in_units ? 1.0 : row.flop; }
};

// The computations of one node, as late as they may be; spans[i] belongs to rows[i].
std::vector<Span> LayComputations(const std::vector<const Row*>& rows, Span bounds) {
  std::vector<Span> spans(rows.size());
  std::int64_t free_until = bounds.end;
  for (std::size_t i = rows.size(); i-- > 0;) {
    const Row& row = *rows[i];
    const std::int64_t end = std::clamp(row.ended_ms, bounds.begin, free_until);
    const std::int64_t length =
        row.fate == Fate::kLost ? 0 : std::max<std::int64_t>(row.wall_ms, 0);
    spans[i] = {std::max(bounds.begin, end - std::min(length, end - bounds.begin)), end};
    if (length > 0) free_until = spans[i].begin;
  }
  return spans;
}

// The speed that the node kept for the best tenth of its computing time; results that took no
// time weigh nothing.
double BestSpeed(const std::vector<const Row*>& rows, const Work& work) {
  std::vector<std::pair<double, double>> speeds;  // and how long
  double time = 0;
  for (const Row* row : rows) {
    if (!IsRight(*row) || row->wall_ms <= 0) continue;
    const auto ms = static_cast<double>(row->wall_ms);
    speeds.emplace_back(work.Of(*row) / ms, ms);
    time += ms;
  }
  std::ranges::sort(speeds, std::greater<>());
  double left = time * kBestShare;
  for (const auto& [speed, ms] : speeds) {
    left -= ms;
    if (left <= 0) return speed;
  }
  return 0;
}

// Moves the part of the useful time that was lost by being slower than the node's own best.
void SplitSlower(const std::vector<const Row*>& rows, const std::vector<Span>& spans,
                 const Work& work, Times& times) {
  const double best = BestSpeed(rows, work);
  if (!(best > 0)) return;
  double lost = 0;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    if (rows[i]->fate != Fate::kCanonical || rows[i]->wall_ms <= 0) continue;
    const double speed = work.Of(*rows[i]) / static_cast<double>(rows[i]->wall_ms);
    const auto length = static_cast<double>(spans[i].end - spans[i].begin);
    lost += length * std::max(0.0, 1 - speed / best);
  }
  const std::int64_t moved = std::min<std::int64_t>(std::llround(lost), times[Part::kUseful]);
  times[Part::kUseful] -= moved;
  times[Part::kSlower] += moved;
}

void AddWaiting(const Spans& idle, Span bounds, Times& times) {
  for (const Span& gap : idle) {
    const Part part = gap.begin == bounds.begin ? Part::kBefore
                      : gap.end == bounds.end   ? Part::kAfter
                                                : Part::kBetween;
    times[part] += gap.end - gap.begin;
  }
}

// One node's time without rest; its computations are added to `computing`.
Times DivideTime(const std::vector<const Row*>& rows, Span bounds, const Work& work,
                 Spans& computing) {
  const std::vector<Span> spans = LayComputations(rows, bounds);
  Times times;
  Spans held, lost;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const Row& row = *rows[i];
    Spans& out = row.fate == Fate::kLost ? lost : held;
    out.push_back({std::min(row.granted_ms, spans[i].begin), row.ended_ms});
    if (row.fate != Fate::kLost) times[PartOf(row.fate)] += spans[i].end - spans[i].begin;
  }
  const Spans busy = Union(spans, bounds);
  held = Union(std::move(held), bounds);
  lost = Union(std::move(lost), bounds);
  Spans all = held;
  all.insert(all.end(), lost.begin(), lost.end());
  all.insert(all.end(), busy.begin(), busy.end());
  all = Union(std::move(all), bounds);
  times[Part::kLost] += Length(Without(lost, busy));
  times[Part::kNetwork] += Length(Without(Without(held, busy), lost));
  AddWaiting(Without({bounds}, all), bounds, times);
  SplitSlower(rows, spans, work, times);
  computing.insert(computing.end(), busy.begin(), busy.end());
  return times;
}

void Describe(const std::vector<const Row*>& rows, const Work& work, Node& node) {
  double right = 0;
  double ms = 0;
  for (const Row* row : rows) {
    if (row->fate != Fate::kLost) ++node.results;
    node.cpu_ms += row->cpu_ms;
    if (row->top_millicelsius) {
      node.top_millicelsius =
          std::max(node.top_millicelsius.value_or(*row->top_millicelsius), *row->top_millicelsius);
    }
    if (row->fate == Fate::kCanonical) {
      node.work += work.Of(*row);
      ++node.units;
    }
    if (!IsRight(*row)) continue;
    right += work.Of(*row);
    ms += static_cast<double>(std::max<std::int64_t>(row->wall_ms, 0));
  }
  if (ms > 0) node.speed = right / ms * 1000;
}

// How long 0, 1, 2 … nodes computed at the same time.
std::vector<double> CountBusy(const Spans& computing, Span bounds, std::size_t nodes) {
  std::vector<std::pair<std::int64_t, int>> steps;
  steps.reserve(2 * computing.size());
  for (const Span& span : computing) {
    steps.emplace_back(span.begin, 1);
    steps.emplace_back(span.end, -1);
  }
  std::ranges::sort(steps);  // ends come before the beginnings of the same moment
  std::vector<double> times(nodes + 1);
  std::int64_t at = bounds.begin;
  std::size_t busy = 0;
  for (const auto& [when, change] : steps) {
    times[busy] += static_cast<double>(when - at);
    at = when;
    busy = change > 0 ? busy + 1 : busy - 1;
  }
  times[busy] += static_cast<double>(bounds.end - at);
  return times;
}

std::vector<double> ProfileOf(const std::vector<double>& busy) {
  const auto time_on = [&](double nodes) {
    double time = 0;
    for (std::size_t k = 0; k < busy.size(); ++k) {
      time += busy[k] * std::max(1.0, static_cast<double>(k) / nodes);
    }
    return time;
  };
  std::vector<double> profile;
  for (std::size_t n = 1; n < busy.size(); ++n) {
    const double time = time_on(static_cast<double>(n));
    profile.push_back(time > 0 ? time_on(1) / time : 1);
  }
  return profile;
}

// Least squares of 1/S(n) − 1/n = f (1 − 1/n), which is Amdahl's law, over n = 2 … p.
double FitSerialShare(const std::vector<double>& profile) {
  double above = 0;
  double below = 0;
  for (std::size_t i = 1; i < profile.size(); ++i) {
    const double part = 1 / static_cast<double>(i + 1);
    above += (1 / profile[i] - part) * (1 - part);
    below += (1 - part) * (1 - part);
  }
  return std::clamp(above / below, 0.0, 1.0);
}

void Compare(Report& report) {
  double sum = 0;
  double known = 0;
  const Node* fastest = nullptr;
  const Node* slowest = nullptr;
  for (const Node& node : report.nodes) {
    if (!(node.speed > 0)) continue;
    sum += node.speed;
    ++known;
    if (fastest == nullptr || node.speed > fastest->speed) fastest = &node;
    if (slowest == nullptr || node.speed < slowest->speed) slowest = &node;
  }
  if (fastest == nullptr || report.makespan_ms <= 0) return;
  const auto compare = [&](const std::string& name, double speed) {
    const double one_node_ms = report.work / speed * 1000;
    return Reference{name, speed, one_node_ms,
                     one_node_ms / static_cast<double>(report.makespan_ms), sum / speed};
  };
  report.mean = compare("mean", sum / known);
  report.fastest = compare(fastest->host.name, fastest->speed);
  report.slowest = compare(slowest->host.name, slowest->speed);
  const auto nodes = static_cast<double>(report.nodes.size());
  report.efficiency = report.mean->speed_up / nodes;
  if (report.nodes.size() < 2) return;
  report.serial_share = SerialShareOf(report.mean->speed_up, nodes);
  report.profile_share = FitSerialShare(report.profile);
  report.scaled_speed_up = nodes - *report.profile_share * (nodes - 1);
}

}  // namespace

std::string_view Name(Part part) {
  static constexpr std::array<std::string_view, kParts> kNames = {
      "useful", "slower",  "copies", "disagreed", "errors", "lost",
      "unused", "network", "before", "between",   "after"};
  return kNames[static_cast<std::size_t>(part)];
}

std::int64_t Times::Checks() const {
  return (*this)[Part::kCopies] + (*this)[Part::kDisagreed] + (*this)[Part::kErrors] +
         (*this)[Part::kLost] + (*this)[Part::kUnused];
}
std::int64_t Times::Waiting() const {
  return (*this)[Part::kBefore] + (*this)[Part::kBetween] + (*this)[Part::kAfter];
}
std::int64_t Times::Computing() const {
  return Useful() + Slower() + Checks() - (*this)[Part::kLost];
}
Times& Times::operator+=(const Times& other) {
  for (std::size_t i = 0; i < kParts; ++i) ms[i] += other.ms[i];
  return *this;
}

double AmdahlSpeedUp(double serial_share, double nodes) {
  return 1 / (serial_share + (1 - serial_share) / nodes);
}

double SerialShareOf(double speed_up, double nodes) {
  if (!(speed_up > 0)) return 1;
  return std::clamp((1 / speed_up - 1 / nodes) / (1 - 1 / nodes), 0.0, 1.0);
}

Report MakeReport(const Input& input) {
  Report report;
  Span bounds{input.submitted_ms, input.finished_ms};
  Work work{.in_units = true};
  std::map<std::uint64_t, std::vector<const Row*>> by_host;
  for (const Row& row : input.rows) {
    by_host[row.host].push_back(&row);
    if (input.finished_ms == 0) bounds.end = std::max(bounds.end, row.ended_ms);
    if (row.flop > 0) work.in_units = false;
  }
  bounds.end = std::max(bounds.end, bounds.begin);
  report.in_units = work.in_units;
  report.makespan_ms = bounds.end - bounds.begin;
  Spans computing;
  for (auto& [id, rows] : by_host) {
    std::ranges::stable_sort(rows, {}, &Row::ended_ms);
    Node node;
    node.host = {id, "host " + std::to_string(id), 0};
    for (const Host& host : input.hosts) {
      if (host.id == id) node.host = host;
    }
    Describe(rows, work, node);
    node.times = DivideTime(rows, bounds, work, computing);
    report.total += node.times;
    report.work += node.work;
    report.units += node.units;
    report.cpu_ms += node.cpu_ms;
    report.nodes.push_back(std::move(node));
  }
  report.profile = ProfileOf(CountBusy(computing, bounds, report.nodes.size()));
  Compare(report);
  return report;
}

}  // namespace picube::report
