#include "workunits/pulsar/task.h"

#include <cmath>

#include "workunits/bytes.h"
#include "workunits/pulsar/series.h"

namespace picube::pulsar {
namespace {

constexpr std::uint32_t kTaskVersion = 1;
constexpr std::uint32_t kMostAccelerations = 1'000'000;

void Put(ByteWriter& out, const FoldPlan& plan) {
  out.F64(plan.sample_seconds);
  out.F64(plan.period_low);
  out.F64(plan.period_high);
  out.U32(plan.bins_low);
  out.U32(plan.bins_high);
  out.U32(plan.stages);
}

FoldPlan GetFold(ByteReader& in) {
  FoldPlan plan;
  plan.sample_seconds = in.F64();
  plan.period_low = in.F64();
  plan.period_high = in.F64();
  plan.bins_low = in.U32();
  plan.bins_high = in.U32();
  plan.stages = in.U32();
  return plan;
}

void Put(ByteWriter& out, const FourierPlan& plan) {
  out.U64(plan.length);
  out.U32(plan.first_bin);
  out.U32(plan.sums);
  out.U32(plan.block_bins);
  out.U32(plan.reach);
  for (const float cut : plan.cuts) out.F32(cut);
}

FourierPlan GetFourier(ByteReader& in) {
  FourierPlan plan;
  plan.length = in.U64();
  plan.first_bin = in.U32();
  plan.sums = in.U32();
  plan.block_bins = in.U32();
  plan.reach = in.U32();
  for (float& cut : plan.cuts) cut = in.F32();
  return plan;
}

bool IsSound(const Task& task) {
  const SearchPlan& search = task.search;
  const Accelerations& grid = search.accelerations;
  return (search.folds || search.fourier) && std::isfinite(search.threshold) &&
         search.threshold > 0 && search.sample_seconds > 0 && search.sample_seconds < 1e9 &&
         std::isfinite(grid.low) && std::isfinite(grid.step) && grid.count >= 1 &&
         grid.count <= kMostAccelerations && (!search.folds || IsSound(search.fold)) &&
         (!search.fourier || IsSound(search.fourier_plan)) && task.dms >= 1 &&
         task.dms <= UINT32_MAX - task.first_dm && task.first_piece < task.end_piece &&
         task.end_piece <= search.Pieces() &&
         (task.dms == 1 || (task.first_piece == 0 && task.end_piece == search.Pieces()));
}

}  // namespace

double SearchPlan::HalfOf(std::uint32_t acceleration) const {
  return accelerations.At(acceleration) * sample_seconds / (2 * kLightSpeed);
}

Bytes EncodeTask(const Task& task) {
  ByteWriter out;
  out.U32(kTaskVersion);
  out.U8(task.search.folds ? 1 : 0);
  out.U8(task.search.fourier ? 1 : 0);
  out.F64(task.search.sample_seconds);
  out.F64(task.search.threshold);
  out.F64(task.search.accelerations.low);
  out.F64(task.search.accelerations.step);
  out.U32(task.search.accelerations.count);
  Put(out, task.search.fold);
  Put(out, task.search.fourier_plan);
  out.U32(task.first_dm);
  out.U32(task.dms);
  out.U64(task.first_piece);
  out.U64(task.end_piece);
  return out.Take();
}

std::optional<Task> DecodeTask(BytesView bytes) {
  ByteReader in(bytes);
  if (in.U32() != kTaskVersion) return std::nullopt;
  Task task;
  const std::uint8_t folds = in.U8();
  const std::uint8_t fourier = in.U8();
  task.search.folds = folds == 1;
  task.search.fourier = fourier == 1;
  task.search.sample_seconds = in.F64();
  task.search.threshold = in.F64();
  task.search.accelerations.low = in.F64();
  task.search.accelerations.step = in.F64();
  task.search.accelerations.count = in.U32();
  task.search.fold = GetFold(in);
  task.search.fourier_plan = GetFourier(in);
  task.first_dm = in.U32();
  task.dms = in.U32();
  task.first_piece = in.U64();
  task.end_piece = in.U64();
  if (!in.Done() || folds > 1 || fourier > 1 || !IsSound(task)) return std::nullopt;
  return task;
}

}  // namespace picube::pulsar
