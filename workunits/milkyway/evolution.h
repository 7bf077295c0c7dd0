// Differential evolution without generations (docs/MILKYWAY.md): proposals are made and scored in
// any number at once. Pure: randomness is one seeded generator, used by Propose() alone, so a
// sequence of calls with the same scores takes the same way on every machine.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "protocol/base/rng.h"
#include "workunits/milkyway/model.h"

namespace picube::milkyway {

class Evolution {
 public:
  struct Member {
    Point point;
    double score = 0;  // higher is better
  };

  // `start` gives the values that are not free.
  Evolution(std::vector<Bound> bounds, Point start, std::uint64_t seed);

  // Proposal number Proposals() - 1, inside the bounds.
  [[nodiscard]] const Point& Propose();
  [[nodiscard]] std::uint64_t Proposals() const { return proposals_; }
  // A proposal's score; each once, in any order. kImpossible, or one that is not finite, is no
  // score.
  void Take(std::uint64_t proposal, double score);
  // A proposal that will not be scored.
  void Drop(std::uint64_t proposal) { pending_.erase(proposal); }

  [[nodiscard]] std::size_t Size() const { return members_.size(); }
  [[nodiscard]] std::size_t Scored() const { return scored_; }
  [[nodiscard]] const std::vector<std::optional<Member>>& Members() const { return members_; }
  // Null before the first score.
  [[nodiscard]] const Member* Best() const { return best_ ? &*members_[*best_] : nullptr; }
  // Of the scored members; only after the first score.
  [[nodiscard]] double Median() const;
  // All members are scored, and the best is less than this above the median.
  [[nodiscard]] bool Converged(double tolerance = 1e-6) const;

 private:
  [[nodiscard]] double Uniform();
  [[nodiscard]] double Within(std::size_t i);
  [[nodiscard]] double PutBack(std::size_t i, double value);
  [[nodiscard]] Point Random();
  [[nodiscard]] Point Mutated();

  std::vector<Bound> bounds_;
  Point start_;
  std::vector<std::size_t> free_;
  Rng rng_;
  std::vector<std::optional<Member>> members_;
  std::size_t scored_ = 0;
  std::optional<std::size_t> best_;
  std::uint64_t proposals_ = 0;
  std::map<std::uint64_t, Point> pending_;
};

// Streams in the order of mu: labels are exchangeable.
[[nodiscard]] Point InOrderOfMu(const Point& point);

}  // namespace picube::milkyway
