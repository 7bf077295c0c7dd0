// Integrals of a model over its areas, densities at stars, and the likelihood of both: sums in a
// fixed order, whatever the threads, the split and the machine.
//
// Rows are the nu steps of all areas, one area after another. A row's sums go over mu, then r; rows
// are joined in order. Stars are summed in blocks of 1,024, blocks are joined in order.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "workunits/milkyway/density.h"
#include "workunits/milkyway/reader.h"

namespace picube::milkyway {

inline constexpr std::size_t kBlock = 1024;  // stars

// A sum with what its additions have rounded away.
struct KahanSum {
  double sum = 0;
  double lost = 0;  // too much in `sum`

  void Add(double item) {
    const double y = item - lost;
    const double t = sum + y;
    lost = (t - sum) - y;
    sum = t;
  }
  void Add(const KahanSum& other) {
    Add(other.sum);
    Add(-other.lost);
  }
  bool operator==(const KahanSum&) const = default;
};

// Of the background and each stream.
using Sums = std::vector<KahanSum>;

struct RowAt {
  std::size_t area = 0;
  std::uint32_t nu = 0;
};
[[nodiscard]] std::uint64_t RowsOf(const Model& model);
[[nodiscard]] RowAt RowOf(const Model& model, std::uint64_t row);

// The integral over rows of a model, a bounded piece of work at a time. One thread calls; Step uses
// more.
class RowIntegral {
 public:
  explicit RowIntegral(const Model& model);

  // Goes on in `row`, of which the cells of mu steps below `mu` are in `sums`, with this many
  // threads; returns the next mu step. Raises `sums`. At most a quarter of a second on a Pi 3.
  [[nodiscard]] std::uint32_t Step(RowAt row, std::uint32_t mu, int threads, Sums& sums);

 private:
  // Nodes of sixteen r steps each, and the volumes of the cells.
  struct Table {
    std::vector<Nodes> groups;
    std::vector<double> volumes;
  };
  const Table& TableOf(std::size_t area);

  Model model_;
  Density density_;
  std::size_t table_area_ = ~std::size_t{0};
  Table table_;
  std::vector<double> cells_;
};

// Densities of stars, kinds after each other for each star: B, S_1, S_2, ...; `out` has
// stars.size() times Kinds() values.
void StarDensities(const Density& density, std::span<const Star> stars, double* out);

// Integrals of a whole model: cuts are taken away from the first area.
[[nodiscard]] std::vector<double> JoinRows(const Model& model, std::span<const Sums> rows);
// A stream too thin to be integrated has no integral.
inline constexpr double kThinnest = 1e-4;  // sigma, kpc

// The logarithms of a block of stars: total, background, each stream.
struct BlockSums {
  std::vector<KahanSum> logs;
  std::optional<std::uint64_t> bad;  // index in the list of the first star that cannot be
};
// What one star contributes; `bad` if its probability is 0 or not a number.
struct StarLogs {
  std::vector<double> logs;
  std::vector<double> shares;  // of the total: background, each stream
  bool bad = false;
};

class Likelihood {
 public:
  Likelihood(const Model& model, std::vector<double> integrals);
  // `densities` as StarDensities gives them, for one star.
  void Star(const double* densities, StarLogs& to) const;
  // Of a block that begins at star `first`.
  [[nodiscard]] BlockSums Block(std::span<const double> densities, std::uint64_t first) const;

 private:
  std::vector<double> integrals_;
  std::vector<double> weights_;  // exp(epsilon) of each stream
  double whole_ = 0;             // 0.001 (1 + sum of the weights)
};

// The answer for a point.
struct Values {
  double background_integral = 0;
  std::vector<double> stream_integrals;
  double background = 0;  // likelihoods
  std::vector<double> stream_only;
  double search = 0;
  // The first star that has no probability, if there is one. Then, or if any value is not finite,
  // search is -999.
  std::optional<std::uint64_t> bad_star;

  // Why search is -999; else empty.
  [[nodiscard]] std::string Reason() const;
};
inline constexpr double kImpossible = -999;

// `blocks` in order, of all `stars`.
[[nodiscard]] Values JoinBlocks(const std::vector<double>& integrals,
                                std::span<const BlockSums> blocks, std::uint64_t stars);
// The five lines of the separation program.
[[nodiscard]] std::string ProgramText(const Values& values);

}  // namespace picube::milkyway
