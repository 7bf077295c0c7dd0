#include "workunits/milkyway/task.h"

#include <cmath>
#include <limits>

#include "workunits/bytes.h"

namespace picube::milkyway {
namespace {

constexpr std::uint32_t kFormat = 1;

void PutNumber(ByteWriter& out, double value) {
  out.F64(std::isnan(value) ? std::numeric_limits<double>::quiet_NaN() : value);
}
void PutRange(ByteWriter& out, const Range& range) {
  out.F64(range.low);
  out.F64(range.high);
  out.U32(range.steps);
}
Range GetRange(ByteReader& in) {
  Range range;
  range.low = in.F64();
  range.high = in.F64();
  range.steps = in.U32();
  return range;
}

void PutSums(ByteWriter& out, const Sums& sums) {
  for (const KahanSum& sum : sums) {
    PutNumber(out, sum.sum);
    PutNumber(out, sum.lost);
  }
}
Sums GetSums(ByteReader& in, std::size_t kinds) {
  Sums sums(kinds);
  for (KahanSum& sum : sums) {
    sum.sum = in.F64();
    sum.lost = in.F64();
  }
  return sums;
}

// Reasons are told by the number of the star, or by a value that is not finite.
void PutValues(ByteWriter& out, const Values& values) {
  PutNumber(out, values.background_integral);
  for (const double value : values.stream_integrals) PutNumber(out, value);
  PutNumber(out, values.background);
  for (const double value : values.stream_only) PutNumber(out, value);
  PutNumber(out, values.search);
  out.U64(values.bad_star ? *values.bad_star + 1 : 0);
}
Values GetValues(ByteReader& in, std::size_t streams) {
  Values values;
  values.background_integral = in.F64();
  for (std::size_t i = 0; i < streams; ++i) values.stream_integrals.push_back(in.F64());
  values.background = in.F64();
  for (std::size_t i = 0; i < streams; ++i) values.stream_only.push_back(in.F64());
  values.search = in.F64();
  if (const std::uint64_t bad = in.U64(); bad > 0) values.bad_star = bad - 1;
  return values;
}

struct Counts {
  std::uint64_t points = 0;
  std::uint64_t rows = 0;
  std::uint64_t stars = 0;
};
Counts Whole(const Task& task) {
  if (task.points) return {.points = task.count};
  return {0, task.EndRow() - task.FirstRow(), task.EndStar() - task.FirstStar()};
}

void PutProgress(ByteWriter& out, const Progress& progress) {
  for (const Values& values : progress.points) PutValues(out, values);
  for (const Sums& sums : progress.rows) PutSums(out, sums);
  for (const double density : progress.densities) PutNumber(out, density);
}

// `most` says what may be there at most, so that nothing is made of what bytes claim.
std::optional<Progress> GetProgress(ByteReader& in, const Task& task, const Counts& counts) {
  const std::size_t streams = task.model.streams.size();
  Progress progress;
  for (std::uint64_t i = 0; i < counts.points && in.Good(); ++i) {
    progress.points.push_back(GetValues(in, streams));
    const Values& values = progress.points.back();
    if (values.bad_star && *values.bad_star >= task.stars) return std::nullopt;
    // A point that has no likelihood is told by kImpossible, so there is always a number.
    if (!std::isfinite(values.search)) return std::nullopt;
  }
  for (std::uint64_t i = 0; i < counts.rows && in.Good(); ++i) {
    progress.rows.push_back(GetSums(in, streams + 1));
  }
  for (std::uint64_t i = 0; i < counts.stars * (streams + 1) && in.Good(); ++i) {
    progress.densities.push_back(in.F64());
  }
  if (!in.Good()) return std::nullopt;
  return progress;
}

}  // namespace

Bytes EncodeTask(const Task& task) {
  const Model& model = task.model;
  ByteWriter out;
  out.U32(kFormat);
  out.U32(static_cast<std::uint32_t>(model.wedge));
  out.U32(model.convolve);
  out.U8(static_cast<std::uint8_t>(model.profile));
  out.U8(model.modfit ? 1 : 0);
  out.U8(task.points ? 1 : 0);
  out.U8(static_cast<std::uint8_t>(model.streams.size()));
  out.U8(static_cast<std::uint8_t>(model.areas.size()));
  const Background& b = model.background;
  for (const double value : {b.epsilon, b.q, b.inner, b.outer, b.a, b.b, b.c}) out.F64(value);
  for (const Stream& s : model.streams) {
    for (const double value : {s.epsilon, s.mu, s.r, s.theta, s.phi, s.sigma}) out.F64(value);
  }
  for (const Area& area : model.areas) {
    for (const Range* range : {&area.r, &area.mu, &area.nu}) PutRange(out, *range);
  }
  out.U64(task.stars);
  out.U64(task.first);
  out.U64(task.count);
  return out.Take();
}

std::optional<Task> DecodeTask(BytesView bytes) {
  ByteReader in(bytes);
  Task task;
  Model& model = task.model;
  if (in.U32() != kFormat) return std::nullopt;
  model.wedge = static_cast<int>(in.U32());
  model.convolve = in.U32();
  const std::uint8_t profile = in.U8();
  model.profile = static_cast<Profile>(profile);
  model.modfit = in.U8() != 0;
  task.points = in.U8() != 0;
  const std::uint8_t streams = in.U8();
  const std::uint8_t areas = in.U8();
  if (!in.Good() || profile > 1 || streams > kMostStreams || areas > kMostAreas) {
    return std::nullopt;
  }
  Background& b = model.background;
  for (double* value : {&b.epsilon, &b.q, &b.inner, &b.outer, &b.a, &b.b, &b.c}) *value = in.F64();
  for (int i = 0; i < streams; ++i) {
    Stream& s = model.streams.emplace_back();
    for (double* v : {&s.epsilon, &s.mu, &s.r, &s.theta, &s.phi, &s.sigma}) *v = in.F64();
  }
  for (int i = 0; i < areas; ++i) {
    Area& area = model.areas.emplace_back();
    for (Range* range : {&area.r, &area.mu, &area.nu}) *range = GetRange(in);
  }
  task.stars = in.U64();
  task.first = in.U64();
  task.count = in.U64();
  if (!in.Done() || !Check(model, "task") || task.stars > kMostStars || task.count == 0) {
    return std::nullopt;
  }
  const std::uint64_t pieces = task.points ? kMostPoints : RowsOf(model) + task.Blocks();
  if (task.first > pieces || task.count > pieces - task.first) return std::nullopt;
  if (task.points && task.stars == 0) return std::nullopt;
  return task;
}

Bytes EncodePayload(const Task& task, const Progress& progress) {
  ByteWriter out;
  out.U32(kFormat);
  out.U64(task.first);
  out.U64(task.count);
  PutProgress(out, progress);
  return out.Take();
}

std::optional<Progress> DecodePayload(const Task& task, BytesView bytes) {
  ByteReader in(bytes);
  if (in.U32() != kFormat || in.U64() != task.first || in.U64() != task.count) {
    return std::nullopt;
  }
  auto progress = GetProgress(in, task, Whole(task));
  if (!progress || !in.Done()) return std::nullopt;
  return progress;
}

Bytes EncodeCheckpoint(const Task& task, const Progress& progress) {
  const Bytes own = EncodeTask(task);
  ByteWriter out;
  out.U32(static_cast<std::uint32_t>(own.size()));
  for (const char byte : own) out.U8(static_cast<std::uint8_t>(byte));
  out.U64(progress.points.size());
  out.U64(progress.rows.size());
  out.U64(progress.densities.size() / (1 + task.model.streams.size()));
  out.U32(progress.mu);
  out.U8(progress.row.empty() ? 0 : 1);
  PutSums(out, progress.row);
  PutProgress(out, progress);
  return out.Take();
}

std::optional<Progress> DecodeCheckpoint(const Task& task, BytesView bytes) {
  const Bytes own = EncodeTask(task);
  ByteReader in(bytes);
  if (in.U32() != own.size()) return std::nullopt;
  for (const char byte : own) {
    if (in.U8() != static_cast<std::uint8_t>(byte)) return std::nullopt;
  }
  Counts counts{in.U64(), in.U64(), in.U64()};
  const std::uint32_t mu = in.U32();
  const bool begun = in.U8() != 0;
  const Counts whole = Whole(task);
  const std::uint64_t rows = task.points ? RowsOf(task.model) : whole.rows;
  if (counts.points > whole.points || counts.rows > rows || counts.stars > whole.stars) {
    return std::nullopt;
  }
  Sums row;
  if (begun) row = GetSums(in, 1 + task.model.streams.size());
  auto progress = GetProgress(in, task, counts);
  if (!progress || !in.Done()) return std::nullopt;
  if (begun) {
    if (counts.rows == rows) return std::nullopt;
    const std::uint64_t at = task.points ? counts.rows : task.FirstRow() + counts.rows;
    if (mu >= task.model.areas[RowOf(task.model, at).area].mu.steps) return std::nullopt;
    progress->row = std::move(row);
    progress->mu = mu;
  }
  return progress;
}

namespace {

// Operations of a node: the background's two roots, division and exponential, and each stream's
// exponential; preparing a star's node takes two of them.
double CostOfNode(const Model& model) {
  double background = 90;
  if (model.profile == Profile::kBrokenPowerLaw) background = 130;
  if (model.background.inner != 1 || model.background.outer != 1) background = 260;
  return background + 60 * static_cast<double>(model.streams.size());
}

}  // namespace

double CostOfRow(const Model& model, const Area& area) {
  return CostOfNode(model) * model.convolve * area.r.steps * area.mu.steps;
}

double CostOfStars(const Model& model, std::uint64_t stars) {
  return (CostOfNode(model) + 120) * model.convolve * static_cast<double>(stars);
}

double CostOf(const Model& model, std::uint64_t stars) {
  double cost = CostOfStars(model, stars);
  for (const Area& area : model.areas) cost += area.nu.steps * CostOfRow(model, area);
  return cost;
}

std::uint64_t MemoryFor(const Model& model, std::uint64_t stars) {
  std::uint64_t most = 0;
  for (const Area& area : model.areas) {
    const std::uint64_t cells = area.r.steps + kLanes;
    most = std::max(most, cells * (2 * model.convolve + 1) * sizeof(double));
  }
  return (32ULL << 20) + most +
         stars * (sizeof(Star) + 2 * sizeof(double) * (1 + model.streams.size()));
}

}  // namespace picube::milkyway
