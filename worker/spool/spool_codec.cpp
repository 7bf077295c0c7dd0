#include "protocol/base/limits.h"
#include "worker/spool/bytes.h"
#include "worker/spool/spool.h"

namespace picube {

Bytes EncodeWork(const agent::UnitWork& work) {
  ByteWriter out;
  out.U64(work.lease.value);
  out.U64(work.unit.value);
  out.U64(work.batch.value);
  out.Text(work.application.name);
  out.U32(work.application.version);
  out.U64(work.bounds.wall_seconds);
  out.U64(work.bounds.memory_bytes);
  out.U64(work.bounds.disk_bytes);
  out.U64(work.bounds.result_bytes);
  out.Text(work.parameters);
  out.U32(static_cast<std::uint32_t>(work.inputs.size()));
  for (const BlobRef& blob : work.inputs) {
    out.Block(blob.hash);
    out.U64(blob.size);
  }
  out.F64(work.cost_flop);
  return out.Take();
}

std::optional<agent::UnitWork> DecodeWork(BytesView bytes) {
  ByteReader in(bytes);
  agent::UnitWork work;
  work.lease.value = in.U64();
  work.unit.value = in.U64();
  work.batch.value = in.U64();
  work.application.name = in.Text();
  work.application.version = in.U32();
  work.bounds.wall_seconds = in.U64();
  work.bounds.memory_bytes = in.U64();
  work.bounds.disk_bytes = in.U64();
  work.bounds.result_bytes = in.U64();
  work.parameters = in.Text();
  const std::uint32_t inputs = in.U32();
  if (inputs > 2 * limits::kInputsPerUnit + limits::kFilesPerBatch) return std::nullopt;
  for (std::uint32_t i = 0; i < inputs; ++i) {
    BlobRef blob;
    blob.hash = in.Block<Digest>();
    blob.size = in.U64();
    work.inputs.push_back(blob);
  }
  work.cost_flop = in.F64();
  if (!in.Good() || !work.lease) return std::nullopt;
  return work;
}

Bytes EncodeResult(const UnitResult& result) {
  ByteWriter out;
  out.U64(result.lease.value);
  out.U8(static_cast<std::uint8_t>(result.outcome));
  out.Block(result.digest);
  out.U64(result.cost.cpu_ms);
  out.U64(result.cost.wall_ms);
  out.U64(result.cost.millijoules);
  out.U8(static_cast<std::uint8_t>(result.cost.energy_source));
  out.U8(result.cost.top_millicelsius ? 1 : 0);
  out.U32(static_cast<std::uint32_t>(result.cost.top_millicelsius.value_or(0)));
  out.U8(static_cast<std::uint8_t>(result.error_kind));
  out.Text(result.error_text);
  out.Text(result.payload);
  out.U64(result.cost.marginal_millijoules);
  return out.Take();
}

std::optional<UnitResult> DecodeResult(BytesView bytes) {
  ByteReader in(bytes);
  UnitResult result;
  result.lease.value = in.U64();
  const std::uint8_t outcome = in.U8();
  result.digest = in.Block<Digest>();
  result.cost.cpu_ms = in.U64();
  result.cost.wall_ms = in.U64();
  result.cost.millijoules = in.U64();
  const std::uint8_t source = in.U8();
  const bool warm = in.U8() != 0;
  const std::uint32_t top = in.U32();
  const std::uint8_t kind = in.U8();
  result.error_text = in.Text();
  result.payload = in.Text();
  if (!in.AtEnd()) result.cost.marginal_millijoules = in.U64();  // older ones end here
  result.payload_bytes = result.payload.size();
  const bool sane = outcome >= 1 && outcome <= 2 && source <= 4 && kind >= 1 && kind <= 7;
  if (!in.Good() || !sane || !result.lease) return std::nullopt;
  result.outcome = static_cast<Outcome>(outcome);
  result.cost.energy_source = static_cast<EnergySource>(source);
  result.error_kind = static_cast<ErrorKind>(kind);
  if (warm) result.cost.top_millicelsius = static_cast<std::int32_t>(top);
  return result;
}

}  // namespace picube
