#include "workunits/milkyway/evolution.h"

#include <algorithm>
#include <cmath>
#include <numbers>

#include "protocol/base/check.h"
#include "workunits/milkyway/likelihood.h"

namespace picube::milkyway {
namespace {

constexpr double kNear = 0.5;         // weight of the difference, around the best
constexpr double kWide = 0.8;         // and around another member
constexpr std::uint64_t kMixed = 10;  // one value in so many is kept from the target
constexpr std::size_t kValues = 6;    // of a stream

// theta and phi of a stream.
bool IsAngle(std::size_t i) { return i >= 2 && ((i - 2) % kValues == 3 || (i - 2) % kValues == 4); }

}  // namespace

Evolution::Evolution(std::vector<Bound> bounds, Point start, std::uint64_t seed)
    : bounds_(std::move(bounds)), start_(std::move(start)), rng_(seed) {
  PICUBE_CHECK(bounds_.size() == start_.size(), "each value has bounds");
  for (std::size_t i = 0; i < bounds_.size(); ++i) {
    if (bounds_[i].free) free_.push_back(i);
  }
  members_.resize((10 * start_.size() + 7) / 8 * 8);
}

double Evolution::Uniform() { return static_cast<double>(rng_.Next() >> 11) * 0x1p-53; }

double Evolution::Within(std::size_t i) {
  return bounds_[i].low + (bounds_[i].high - bounds_[i].low) * Uniform();
}

// Angles come round; others are reflected once, then drawn anew.
double Evolution::PutBack(std::size_t i, double value) {
  const auto& [low, high, free] = bounds_[i];
  constexpr double kTurn = 2 * std::numbers::pi;
  if (IsAngle(i)) {
    if (value < low) value += kTurn;
    if (value > high) value -= kTurn;
  } else {
    if (value < low) value = 2 * low - value;
    if (value > high) value = 2 * high - value;
  }
  return value >= low && value <= high ? value : Within(i);
}

Point Evolution::Random() {
  Point point = start_;
  for (const std::size_t i : free_) point[i] = Within(i);
  return point;
}

Point Evolution::Mutated() {
  const std::size_t target = proposals_ % members_.size();
  const auto another = [&](std::initializer_list<std::size_t> not_these) {
    for (;;) {
      const auto at = static_cast<std::size_t>(rng_.Below(members_.size()));
      if (std::ranges::find(not_these, at) == not_these.end()) return at;
    }
  };
  const std::size_t r1 = another({target});
  const std::size_t r2 = another({target, r1});
  const std::size_t r3 = another({target, r1, r2});
  const bool near = proposals_ % 2 == 0;
  const Point& base = members_[near ? *best_ : r3]->point;
  const double weight = near ? kNear : kWide;
  Point point = members_[target]->point;
  const std::size_t always = free_[rng_.Below(free_.size())];
  for (const std::size_t i : free_) {
    if (rng_.OneIn(kMixed) && i != always) continue;
    point[i] = PutBack(i, base[i] + weight * (members_[r1]->point[i] - members_[r2]->point[i]));
  }
  return point;
}

const Point& Evolution::Propose() {
  const bool ready = scored_ == members_.size() && !free_.empty();
  Point point = ready ? Mutated() : Random();
  return pending_[proposals_++] = std::move(point);
}

void Evolution::Take(std::uint64_t proposal, double score) {
  const auto found = pending_.find(proposal);
  if (found == pending_.end()) return;
  Point point = std::move(found->second);
  pending_.erase(found);
  if (!std::isfinite(score) || score == kImpossible) return;
  const std::size_t target = proposal % members_.size();
  std::optional<Member>& member = members_[target];
  if (member && !(score > member->score)) return;
  scored_ += member ? 0 : 1;
  member = Member{std::move(point), score};
  if (!best_ || score > members_[*best_]->score) best_ = target;
}

double Evolution::Median() const {
  std::vector<double> scores;
  for (const auto& member : members_) {
    if (member) scores.push_back(member->score);
  }
  const auto middle = scores.begin() + static_cast<std::ptrdiff_t>(scores.size() / 2);
  std::nth_element(scores.begin(), middle, scores.end());
  return *middle;
}

bool Evolution::Converged(double tolerance) const {
  return scored_ == members_.size() && Best()->score - Median() < tolerance;
}

Point InOrderOfMu(const Point& point) {
  std::vector<std::vector<double>> streams;
  for (std::size_t at = 2; at + kValues <= point.size(); at += kValues) {
    const auto first = point.begin() + static_cast<std::ptrdiff_t>(at);
    streams.emplace_back(first, first + kValues);
  }
  std::ranges::stable_sort(streams, {}, [](const auto& stream) { return stream[1]; });
  Point sorted(point.begin(), point.begin() + 2);
  for (const auto& stream : streams) sorted.insert(sorted.end(), stream.begin(), stream.end());
  return sorted;
}

}  // namespace picube::milkyway
