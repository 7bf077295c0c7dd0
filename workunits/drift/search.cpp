#include "workunits/drift/search.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <deque>
#include <limits>

#include "protocol/base/rng.h"
#include "workunits/bytes.h"
#include "workunits/math/parallel.h"
#include "workunits/math/taylor_tree.h"

namespace picube::drift {
namespace {

constexpr std::uint32_t kFormat = 1;
constexpr float kOutside = -std::numeric_limits<float>::infinity();
// Start channels of one piece of a thread's work.
constexpr std::uint64_t kPiece = 4096;
// Sums of a thread between two pauses: some 20 ms on a fast core, a quarter of a second on a slow
// one.
constexpr double kSumsAtOnce = 3e8;
constexpr int kMostThreads = 8;

math::TaylorTree<float> TreeOf(const Task& task) {
  return {task.PaddedRows(), -task.most_drift, task.most_drift};
}

// Adding 0 makes +0 of -0.
float Cell(float value) { return std::fabs(value) <= kMostCell ? value + 0.0F : kOutside; }

void Unpack(CellKind kind, const char* bytes, std::uint64_t count, float* out) {
  if (kind == CellKind::kFloat) {
    std::memcpy(out, bytes, count * sizeof(float));
    if constexpr (std::endian::native == std::endian::big) {
      for (std::uint64_t i = 0; i < count; ++i) {
        out[i] = std::bit_cast<float>(std::byteswap(std::bit_cast<std::uint32_t>(out[i])));
      }
    }
    for (std::uint64_t i = 0; i < count; ++i) out[i] = Cell(out[i]);
    return;
  }
  const auto* cells = reinterpret_cast<const unsigned char*>(bytes);
  for (std::uint64_t i = 0; i < count; ++i) {
    out[i] = kind == CellKind::kByte
                 ? static_cast<float>(cells[i])
                 : static_cast<float>(cells[2 * i] | static_cast<unsigned>(cells[2 * i + 1]) << 8);
  }
}

// The cells of some columns of a tile as floats, with margins for the tree.
class Cells {
 public:
  Cells(const Task& task, BytesView bytes) : task_(task), bytes_(bytes) {}

  // Columns from - left .. from + count + right - 1, counted from the first that is searched, row
  // after row.
  void Load(std::uint64_t from, std::uint64_t count, std::size_t left, std::size_t right,
            std::vector<float>& out) const {
    const std::uint64_t stride = left + count + right;
    out.assign(stride * task_.PaddedRows(), 0);
    const std::int64_t first =
        static_cast<std::int64_t>(task_.before - task_.SearchedBefore() + from) -
        static_cast<std::int64_t>(left);
    const std::int64_t begin = std::max<std::int64_t>(first, 0);
    const std::int64_t end = std::min(first + static_cast<std::int64_t>(stride),
                                      static_cast<std::int64_t>(task_.Width()));
    for (std::uint32_t row = 0; row < task_.rows; ++row) {
      float* const to = out.data() + row * stride;
      std::fill_n(to, stride, kOutside);
      if (begin >= end) continue;
      Unpack(task_.kind, At(row, begin), static_cast<std::uint64_t>(end - begin),
             to + (begin - first));
      if (task_.centre >= begin && task_.centre < end) to[task_.centre - first] = Centre(row);
    }
  }

 private:
  [[nodiscard]] const char* At(std::uint32_t row, std::int64_t column) const {
    return bytes_.data() + (row * task_.Width() + static_cast<std::uint64_t>(column)) *
                               static_cast<std::uint64_t>(task_.kind);
  }
  // The mean of the two neighbours, or the one there is.
  [[nodiscard]] float Centre(std::uint32_t row) const {
    float below = kOutside;
    float above = kOutside;
    if (task_.centre > 0) Unpack(task_.kind, At(row, task_.centre - 1), 1, &below);
    if (task_.centre + 1 < static_cast<std::int64_t>(task_.Width())) {
      Unpack(task_.kind, At(row, task_.centre + 1), 1, &above);
    }
    if (below == kOutside || above == kOutside) return std::max(below, above);
    return (below + above) / 2;
  }

  const Task& task_;
  BytesView bytes_;
};

// Sums of the first pieces, of a task that is on its way.
Bytes EncodeCheckpoint(const Task& task, const std::vector<float>& best, std::uint64_t pieces) {
  ByteWriter out;
  for (const char byte : EncodeTask(task)) out.U8(static_cast<std::uint8_t>(byte));
  out.U64(pieces);
  const std::uint64_t count = std::min<std::uint64_t>(pieces * kPiece, best.size());
  for (std::uint64_t i = 0; i < count; ++i) out.F32(best[i]);
  return out.Take();
}
// How many pieces are in it; 0 if it is damaged or another task's.
std::uint64_t DecodeCheckpoint(const Task& task, BytesView bytes, std::vector<float>& best) {
  ByteReader in(bytes);
  for (const char byte : EncodeTask(task)) {
    if (in.U8() != static_cast<std::uint8_t>(byte)) return 0;
  }
  const std::uint64_t pieces = in.U64();
  const std::uint64_t count = pieces > best.size()
                                  ? best.size() + 1
                                  : std::min<std::uint64_t>(pieces * kPiece, best.size());
  if (!in.Good() || in.Left() != 4 * count) return 0;
  for (std::uint64_t i = 0; i < count; ++i) best[i] = in.F32();
  return pieces;
}

}  // namespace

std::uint32_t Task::PaddedRows() const { return std::bit_ceil(rows); }

Bytes EncodeTask(const Task& task) {
  ByteWriter out;
  out.U32(kFormat);
  for (const std::uint32_t value :
       {task.rows, task.channels, task.before, task.after, task.window}) {
    out.U32(value);
  }
  out.U64(task.coarse);
  out.U64(task.first);
  out.I64(task.most_drift);
  out.F32(task.threshold);
  out.I64(task.centre);
  out.U8(static_cast<std::uint8_t>(task.kind));
  return out.Take();
}

std::optional<Task> DecodeTask(BytesView bytes) {
  ByteReader in(bytes);
  Task task;
  if (in.U32() != kFormat) return std::nullopt;
  for (std::uint32_t* value :
       {&task.rows, &task.channels, &task.before, &task.after, &task.window}) {
    *value = in.U32();
  }
  task.coarse = in.U64();
  task.first = in.U64();
  task.most_drift = static_cast<std::int64_t>(in.U64());
  task.threshold = in.F32();
  task.centre = static_cast<std::int64_t>(in.U64());
  const std::uint8_t kind = in.U8();
  if (!in.Done() || (kind != 1 && kind != 2 && kind != 4)) return std::nullopt;
  task.kind = static_cast<CellKind>(kind);
  const bool sound = task.rows >= 2 && task.rows <= kMostRows && task.channels > 0 &&
                     task.channels <= kMostTileChannels && task.before <= kMostDrift &&
                     task.after <= kMostDrift && task.window > 0 && task.most_drift >= 0 &&
                     task.most_drift <= kMostDrift && std::isfinite(task.threshold) &&
                     task.centre >= -1 && task.centre < static_cast<std::int64_t>(task.Width());
  return sound ? std::optional(task) : std::nullopt;
}

Bytes EncodeResult(const Task& task, const TileResult& result) {
  ByteWriter out;
  out.U32(kFormat);
  out.U64(task.coarse);
  out.U64(task.first);
  out.U8(result.overflow ? 1 : 0);
  out.U64(result.digest);
  out.U32(static_cast<std::uint32_t>(result.tones.size()));
  for (const Tone& tone : result.tones) {
    out.U64(tone.channel);
    out.U32(static_cast<std::uint32_t>(tone.drift));
    out.F32(tone.sum);
  }
  return out.Take();
}

std::optional<TileResult> DecodeResult(const Task& task, BytesView bytes) {
  ByteReader in(bytes);
  TileResult result;
  if (in.U32() != kFormat || in.U64() != task.coarse || in.U64() != task.first) {
    return std::nullopt;
  }
  const std::uint8_t overflow = in.U8();
  result.overflow = overflow == 1;
  result.digest = in.U64();
  const std::uint32_t count = in.U32();
  if (overflow > 1 || count > kMostTones || in.Left() != 16ULL * count) return std::nullopt;
  for (std::uint32_t i = 0; i < count; ++i) {
    Tone tone;
    tone.channel = in.U64();
    tone.drift = static_cast<std::int32_t>(in.U32());
    tone.sum = in.F32();
    const bool rising = result.tones.empty() || result.tones.back().channel < tone.channel;
    if (!rising || tone.channel < task.first || tone.channel - task.first >= task.channels ||
        tone.drift < -task.most_drift || tone.drift > task.most_drift || !std::isfinite(tone.sum) ||
        !(tone.sum > task.threshold)) {
      return std::nullopt;
    }
    result.tones.push_back(tone);
  }
  return in.Done() ? std::optional(std::move(result)) : std::nullopt;
}

Bytes PackRow(CellKind kind, const std::vector<float>& values) {
  ByteWriter out;
  for (const float value : values) {
    if (kind == CellKind::kFloat) {
      out.F32(std::isfinite(value) ? value : std::numeric_limits<float>::quiet_NaN());
      continue;
    }
    const auto whole = static_cast<std::uint32_t>(value);
    out.U8(static_cast<std::uint8_t>(whole));
    if (kind == CellKind::kShort) out.U8(static_cast<std::uint8_t>(whole >> 8));
  }
  return out.Take();
}

std::vector<std::size_t> WindowMaxima(const std::vector<float>& sums, float threshold,
                                      std::uint32_t window) {
  // A channel wins if nothing before it within the window is as great, and nothing after it is
  // greater: the front of the queue is the greatest of the window, the first of equal ones.
  std::vector<std::size_t> maxima;
  std::deque<std::size_t> queue;
  std::size_t next = 0;
  for (std::size_t c = 0; c < sums.size(); ++c) {
    const std::size_t end = std::min<std::size_t>(sums.size(), c + window);
    for (; next < end; ++next) {
      while (!queue.empty() && sums[queue.back()] < sums[next]) queue.pop_back();
      queue.push_back(next);
    }
    while (queue.front() + window <= c) queue.pop_front();
    if (queue.front() == c && sums[c] > threshold) maxima.push_back(c);
  }
  return maxima;
}

std::uint64_t MemoryFor(const Task& task) {
  const std::uint64_t margins = 2 * static_cast<std::uint64_t>(task.most_drift) + 4 * kMostRows;
  const std::uint64_t thread = (kPiece + margins) * task.PaddedRows() * sizeof(float);
  return (16ULL << 20) + task.InputBytes() + 8 * task.Searched() + kMostThreads * thread;
}

double CostOf(const Task& task) {
  const double rows = task.PaddedRows();
  const double drifts = 2 * static_cast<double>(task.most_drift) + 1;
  const double blocks = std::ceil(drifts / (rows - 1)) + 1;
  return static_cast<double>(task.Searched()) * blocks * rows * (std::log2(rows) + 1);
}

ComputeOutcome ComputeTile(const Task& task, BytesView bytes, ComputeContext& context) {
  const Cells cells(task, bytes);
  const math::TaylorTree<float> tree = TreeOf(task);
  std::vector<float> best(task.Searched());
  const std::uint64_t pieces = (best.size() + kPiece - 1) / kPiece;
  const double cost = CostOf(task) / static_cast<double>(pieces);
  const auto each = static_cast<std::uint64_t>(std::clamp(kSumsAtOnce / cost, 1.0, 1024.0));
  struct Scratch {
    math::TaylorTree<float>::Workspace workspace;
    std::vector<float> cells;
  };
  std::vector<Scratch> scratch;
  std::uint64_t done = 0;
  if (const auto state = context.Checkpoint()) done = DecodeCheckpoint(task, *state, best);
  while (done < pieces) {
    if (!context.Pause(static_cast<double>(done) / static_cast<double>(pieces))) return Stopped{};
    if (context.WantsCheckpoint()) context.SaveCheckpoint(EncodeCheckpoint(task, best, done));
    const int threads = std::clamp(context.Threads(), 1, kMostThreads);
    while (scratch.size() < static_cast<std::size_t>(threads)) {
      scratch.push_back({tree.MakeWorkspace(), {}});
    }
    const std::uint64_t count = std::min(each * static_cast<unsigned>(threads), pieces - done);
    math::ParallelFor(threads, count, [&](std::size_t i, std::size_t worker) {
      Scratch& own = scratch[worker];
      const std::uint64_t from = (done + i) * kPiece;
      const std::uint64_t columns = std::min<std::uint64_t>(kPiece, best.size() - from);
      cells.Load(from, columns, tree.Left(), tree.Right(), own.cells);
      tree.Search(own.cells.data() + tree.Left(), tree.Left() + columns + tree.Right(), columns,
                  best.data() + from, own.workspace);
    });
    done += count;
  }
  TileResult result;
  const std::size_t own = task.SearchedBefore();
  for (std::size_t c = own; c < own + task.channels; ++c) {
    result.digest = Mix64(result.digest ^ std::bit_cast<std::uint32_t>(best[c]));
  }
  std::vector<std::size_t> maxima = WindowMaxima(best, task.threshold, task.window);
  std::erase_if(maxima, [&](std::size_t c) { return c < own || c >= own + task.channels; });
  if (maxima.size() > kMostTones) {
    result.overflow = true;
    std::ranges::stable_sort(maxima, std::greater{}, [&](std::size_t c) { return best[c]; });
    maxima.resize(kMostTones);
    std::ranges::sort(maxima);
  }
  std::vector<float> around;
  for (const std::size_t c : maxima) {
    cells.Load(c, 1, tree.Left(), tree.Right(), around);
    const std::int64_t drift =
        tree.DriftOf(around.data() + tree.Left(), tree.Left() + 1 + tree.Right(), best[c]);
    result.tones.push_back({task.first + c - own, static_cast<std::int32_t>(drift), best[c]});
  }
  return EncodeResult(task, result);
}

}  // namespace picube::drift
