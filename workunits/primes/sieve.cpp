#include "workunits/primes/sieve.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include "workunits/math/parallel.h"
#include "workunits/primes/far.h"

namespace picube::primes {
namespace {

constexpr std::uint64_t kWidest = 8ULL << 20;    // bytes of a window
constexpr std::uint64_t kAllWide = 64ULL << 20;  // of the windows of all threads
// Crossings by large primes between pauses, about.
constexpr double kFarCrossings = 4e6;
// With few base primes a window takes milliseconds: a thread counts some of them between pauses.
constexpr std::uint64_t kNarrowPieces = 2;
constexpr std::size_t kNarrowTogether = 4;
static_assert(kNarrowPieces <= BasePrimes::kKeptPieces);
constexpr double kOnWheel = 8.0 / 30;  // of all numbers

// Sum of 1/p over the primes up to n, by Mertens; for n above a few dozen.
double Reciprocals(double n) { return std::log(std::log(n)) + 0.2615; }
// Primes up to n, by Legendre; within 1 % above a thousand.
double PrimesUpTo(double n) { return n < 30 ? n / 3 : n / (std::log(n) - 1.08366); }
// Sum of the primes up to n.
double SumUpTo(double n) {
  const double log = std::log(n);
  return n * n / (2 * log) * (1 + 1 / (2 * log) + 1 / (2 * log * log));
}

// Multiples crossed out in [from, to) by primes above those of the patterns: (to - max(from, p^2))
// / p of each prime p, a part of them on the wheel.
double Crossings(double from, double to) {
  const double least = Window::kByPattern;
  const double most = std::sqrt(to);
  if (most <= least) return 0;
  const double whole = std::clamp(std::sqrt(from), least, most);  // p^2 <= from
  return kOnWheel *
         ((to - from) * (Reciprocals(whole) - Reciprocals(least)) +
          to * (Reciprocals(most) - Reciprocals(whole)) - (SumUpTo(most) - SumUpTo(whole)));
}
// Operations::Cost() of the base primes of [from, to).
double CostOfBase(double from, double to) {
  constexpr auto kPiece = static_cast<double>(BasePrimes::kPieceWidth);
  return Crossings(from, to) + 3 * (to - from) / 30 +
         8 * std::ceil((to - from) / kPiece) * PrimesUpTo(std::sqrt(to));
}

}  // namespace

double EstimatedCost(std::uint64_t from, std::uint64_t to) {
  const std::uint64_t root = IntegerRoot(to - 1);
  const auto width = static_cast<double>(to - from);
  const Layout layout = LayoutFor(root, 1);
  const double windows = std::ceil(width / static_cast<double>(layout.Numbers()));
  const double groups = std::ceil(windows / static_cast<double>(layout.windows));
  const auto most = static_cast<double>(root);
  const bool narrow = root < BasePrimes::Start(kNarrowPieces);
  const double near = narrow ? most : static_cast<double>(BasePrimes::kPieceWidth);
  constexpr auto kKept = static_cast<double>(BasePrimes::kPieceWidth * BasePrimes::kKeptPieces);
  const double once = std::min(most, kKept);
  const double again = most > kKept ? CostOfBase(kKept, most) : 0;
  return Crossings(static_cast<double>(from), static_cast<double>(to)) + width / 10 +
         8 * (windows * PrimesUpTo(near) + groups * (PrimesUpTo(most) - PrimesUpTo(near))) +
         CostOfBase(0, once) + groups * again;
}

Layout LayoutFor(std::uint64_t root, unsigned threads) {
  const std::uint64_t share = std::max(kAllWide / threads, Far::kRegion);
  const std::uint64_t bytes = std::clamp(root, Far::kRegion, share);
  Layout layout;
  layout.bytes = std::min(bytes, kWidest) / Far::kRegion * Far::kRegion;
  layout.windows = bytes / layout.bytes;
  return layout;
}

std::uint64_t IntegerRoot(std::uint64_t n) {
  std::uint64_t root = 0;
  for (std::uint64_t bit = 1ULL << 31; bit != 0; bit >>= 1) {
    const std::uint64_t next = root | bit;
    if (next * next <= n) root = next;
  }
  return root;
}

BasePrimes::BasePrimes(std::uint64_t most) : most_(most) {
  // Every composite below 2^16 has a factor below 2^8, and below 2^8 one of the patterns' primes.
  constexpr std::uint64_t kRoot = 1U << 8;
  std::vector<std::uint32_t> first;
  window_.Start(0, kRoot);
  window_.Append(first);
  window_.Start(0, kRoot * kRoot);
  window_.CrossOut(first);
  window_.Append(small_);
  std::erase_if(small_, [](std::uint32_t p) { return p <= Window::kByPattern; });
}

const std::vector<std::uint32_t>& BasePrimes::Piece(std::uint64_t piece) {
  while (kept_.size() <= std::min(piece, kKeptPieces - 1)) {
    const std::uint64_t next = kept_.size();
    Make(next, kept_.emplace_back());
  }
  if (piece < kKeptPieces) return kept_[piece];
  Make(piece, passing_);
  return passing_;
}

void BasePrimes::Make(std::uint64_t piece, std::vector<std::uint32_t>& primes) {
  primes.clear();
  if (Start(piece) > most_) return;
  window_.Start(Start(piece), std::min(Start(piece + 1), most_ + 1));
  window_.CrossOut(small_);
  window_.Append(primes);
  done_ += window_.Done();
}

namespace {

// An interval that is being counted, window after window.
class Course {
 public:
  Course(std::uint64_t from, std::uint64_t to, Tally& tally)
      : to_(to), tally_(tally), next_(from), base_(IntegerRoot(to - 1)) {}

  [[nodiscard]] bool Done() const { return next_ >= to_; }
  [[nodiscard]] std::uint64_t Next() const { return next_; }
  [[nodiscard]] Operations Work() const {
    Operations all = work_;
    all += base_.Done();
    return all;
  }

  // The next windows, with `crew` threads; false if `pause` wants an end.
  bool Step(int crew, const std::function<bool()>& pause) {
    const Layout layout = LayoutFor(base_.Most(), static_cast<unsigned>(crew));
    const std::uint64_t numbers = layout.Numbers();
    const bool narrow = base_.Most() < BasePrimes::Start(kNarrowPieces);
    const auto threads = static_cast<std::size_t>(crew);
    group_ = static_cast<std::size_t>(layout.windows);
    const std::size_t together = threads * (narrow ? kNarrowTogether : group_);
    windows_.resize(narrow ? threads : together);
    ends_ = {next_};
    while (ends_.size() <= together && ends_.back() < to_) {
      const std::uint64_t begin = ends_.back() / wheel::kNumbers * wheel::kNumbers;
      ends_.push_back(to_ - begin < numbers ? to_ : begin + numbers);
    }
    found_.assign(ends_.size() - 1, {});
    if (!(narrow ? CountWithKept(crew, pause) : CountInGroups(crew, pause))) return false;
    for (const Tally& one : found_) tally_ += one;
    for (const std::uint64_t p : {2, 3, 5}) {
      if (next_ <= p && p < ends_.back()) tally_ += {1, p, p};
    }
    next_ = ends_.back();
    return true;
  }

 private:
  [[nodiscard]] std::uint64_t Pieces() const {
    return IntegerRoot(ends_.back() - 1) / BasePrimes::kPieceWidth + 1;
  }

  // A thread does one window after another, by all base primes.
  bool CountWithKept(int crew, const std::function<bool()>& pause) {
    const std::uint64_t pieces = Pieces();
    static_cast<void>(base_.Piece(pieces - 1));
    if (!pause()) return false;
    std::vector<Operations> work(windows_.size());
    math::ParallelFor(crew, found_.size(), [&](std::size_t i, std::size_t worker) {
      Window& window = windows_[worker];
      window.Start(ends_[i], ends_[i + 1]);
      for (std::uint64_t piece = 0; piece < pieces; ++piece) {
        window.CrossOut(base_.Kept(piece));
      }
      found_[i] = window.Count();
      work[worker] += window.Done();
    });
    for (const Operations& one : work) work_ += one;
    return true;
  }

  // Small base primes window by window, then the large ones over the windows of a thread at once,
  // piece after piece: what lies between two pauses is bounded.
  bool CountInGroups(int crew, const std::function<bool()>& pause) {
    const std::vector<std::uint32_t>& near = base_.Piece(0);
    const bool crossed = EachWindow(crew, pause, [&](std::size_t i) {
      windows_[i].Start(ends_[i], ends_[i + 1]);
      windows_[i].CrossOut(near);
    });
    if (!crossed || !CrossOutFar(crew, pause)) return false;
    const bool counted =
        EachWindow(crew, pause, [&](std::size_t i) { found_[i] = windows_[i].Count(); });
    if (!counted) return false;
    for (std::size_t i = 0; i < found_.size(); ++i) work_ += windows_[i].Done();
    return true;
  }

  // A window for each thread between pauses.
  template <class Body>
  bool EachWindow(int crew, const std::function<bool()>& pause, const Body& body) {
    const auto threads = static_cast<std::size_t>(crew);
    for (std::size_t first = 0; first < found_.size(); first += threads) {
      if (!pause()) return false;
      math::ParallelFor(crew, std::min(threads, found_.size() - first),
                        [&](std::size_t i, std::size_t) { body(first + i); });
    }
    return true;
  }

  bool CrossOutFar(int crew, const std::function<bool()>& pause) {
    const std::size_t groups = (found_.size() + group_ - 1) / group_;
    fars_.resize(groups);
    const auto each = [&](const auto& body) {
      math::ParallelFor(crew, groups, [&](std::size_t i, std::size_t) { body(i); });
    };
    each([&](std::size_t g) {
      std::vector<Window*> mine;
      for (std::size_t i = g * group_; i < std::min((g + 1) * group_, found_.size()); ++i) {
        mine.push_back(&windows_[i]);
      }
      fars_[g].Start(mine);
    });
    const double bits = static_cast<double>(group_ * windows_[0].Bytes().size()) * 8;
    const std::uint64_t pieces = Pieces();
    for (std::uint64_t piece = 1; piece < pieces; ++piece) {
      const std::span<const std::uint32_t> primes = base_.Piece(piece);
      const double each_crosses = bits / static_cast<double>(BasePrimes::Start(piece));
      const auto part = static_cast<std::size_t>(std::max(64.0, kFarCrossings / each_crosses));
      for (std::size_t first = 0; first < primes.size(); first += part) {
        if (!pause()) return false;
        const auto some = primes.subspan(first, std::min(part, primes.size() - first));
        each([&](std::size_t g) { fars_[g].CrossOut(some); });
      }
    }
    if (!pause()) return false;
    each([&](std::size_t g) { fars_[g].Finish(); });
    for (const Far& far : fars_) work_ += far.Done();
    return true;
  }

  std::uint64_t to_;
  Tally& tally_;
  std::uint64_t next_;
  BasePrimes base_;
  std::vector<Window> windows_;
  std::size_t group_ = 1;            // windows of a thread that follow each other
  std::vector<Far> fars_;            // one for each group
  std::vector<std::uint64_t> ends_;  // of the windows at hand: one more than there are
  std::vector<Tally> found_;
  Operations work_;
};

}  // namespace

bool TallyPrimes(std::uint64_t from, std::uint64_t to, Tally& tally,
                 const std::function<int()>& threads,
                 const std::function<bool(std::uint64_t next, const Tally&)>& pause,
                 Operations* operations) {
  if (from >= to) return true;
  Course course(from, to, tally);
  while (!course.Done()) {
    const int crew = std::clamp(threads(), 1, kMostThreads);
    if (!course.Step(crew, [&] { return pause(course.Next(), tally); })) return false;
  }
  if (operations != nullptr) *operations += course.Work();
  return true;
}

namespace twin {

Tally Count(std::uint64_t from, std::uint64_t to) {
  Tally tally;
  for (std::uint64_t n = std::max<std::uint64_t>(from, 2); n < to; ++n) {
    bool prime = true;
    for (std::uint64_t d = 2; d * d <= n && prime; ++d) prime = n % d != 0;
    if (prime) tally += {1, n, n};
  }
  return tally;
}

}  // namespace twin

}  // namespace picube::primes
