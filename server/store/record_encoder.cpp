// Records to bytes.
#include "server/store/record_codec.h"

#include <algorithm>
#include <concepts>
#include <type_traits>

#include "protocol/wire/pack.h"
#include "server/store/record_fields.h"

namespace picube {
namespace {

using namespace record_fields;
using pack::Writer;

struct Counter {
  std::size_t count = 0;
  template <class... T>
  void operator()(T&...) {
    count = sizeof...(T);
  }
};
template <class T>
std::size_t FieldCount() {
  static const std::size_t count = [] {
    T value{};
    Counter counter;
    Fields(counter, value);
    return counter.count;
  }();
  return count;
}

class Encoder {
 public:
  explicit Encoder(Bytes& out) : w(out) {}

  template <class... T>
  void operator()(T&... fields) {
    (Put(fields), ...);
  }

  void Put(bool v) { w.Bool(v); }
  void Put(double v) { w.Double(v); }
  void Put(const std::string& v) { w.Bin(v); }
  void Put(WallTime v) { w.Int(v.ms); }
  template <class Tag>
  void Put(Id<Tag> v) {
    w.UInt(v.value);
  }
  template <std::size_t N, class Tag>
  void Put(const Block<N, Tag>& v) {
    w.Bin(v.IsZero() ? BytesView{} : v.View());
  }
  template <class T>
    requires std::is_enum_v<T>
  void Put(T v) {
    w.UInt(static_cast<std::uint64_t>(v));
  }
  template <std::unsigned_integral T>
  void Put(T v) {
    w.UInt(v);
  }
  template <std::signed_integral T>
  void Put(T v) {
    w.Int(v);
  }
  template <class Tag>
  void Put(const std::vector<Id<Tag>>& v) {
    w.Array(v.size());
    std::uint64_t before = 0;
    for (const Id<Tag> id : v) Step(before, id.value);
  }
  template <class T>
  void Put(const std::vector<T>& v) {
    w.Array(v.size());
    for (const T& one : v) Put(one);
  }
  void Put(const std::map<std::string, std::string>& v) {
    w.Array(2 * v.size());
    for (const auto& [key, value] : v) {
      w.Bin(key);
      w.Bin(value);
    }
  }
  template <class T>
    requires std::is_class_v<T>
  void Put(const T& v) {
    w.Array(FieldCount<T>());
    Fields(*this, const_cast<T&>(v));  // an encoder only reads
  }
  // The difference to the one before: a byte for ids that follow each other.
  void Step(std::uint64_t& before, std::uint64_t value) {
    w.Int(static_cast<std::int64_t>(value - before));
    before = value;
  }

  Writer w;
};

template <class T>
void EncodeRecord(Encoder& out, const T& record) {
  out.w.Array(1 + FieldCount<T>());
  out.w.UInt(kKind<T>);
  Fields(out, const_cast<T&>(record));
}

// Almost every epoch starts without a gap, and its record is as it always was.
void EncodeRecord(Encoder& out, const EpochStarted& record) {
  out.w.Array(record.skip_ids == 0 ? 2 : 3);
  out.w.UInt(kKind<EpochStarted>);
  out.Put(record.epoch);
  if (record.skip_ids != 0) out.Put(record.skip_ids);
}

// Cost and bounds are most often those of the unit before: then they are left out. Most units have
// no inputs of their own; theirs are [hash, size, …], last.
void EncodeRecord(Encoder& out, const UnitsCreated& record) {
  out.w.Array(4);
  out.w.UInt(kKind<UnitsCreated>);
  out.Put(record.batch);
  out.Put(record.first);
  out.w.Array(record.units.size());
  UnitsCreated::Unit before;
  for (const UnitsCreated::Unit& unit : record.units) {
    const bool same = unit.cost_flop == before.cost_flop &&
                      unit.memory_bytes == before.memory_bytes &&
                      unit.result_bytes == before.result_bytes;
    out.w.Array((same ? 1U : 4U) + (unit.inputs.empty() ? 0U : 1U));
    out.w.Bin(unit.parameters);
    if (!same) {
      out.Put(unit.cost_flop);
      out.Put(unit.memory_bytes);
      out.Put(unit.result_bytes);
    }
    if (!unit.inputs.empty()) out.Put(unit.inputs);
    if (same) continue;
    before.cost_flop = unit.cost_flop;
    before.memory_bytes = unit.memory_bytes;
    before.result_bytes = unit.result_bytes;
  }
}

// [kind, host, first, [unit, …], span, [index, span, speculative, …] of those that differ].
void EncodeRecord(Encoder& out, const LeasesGranted& record) {
  out.w.Array(6);
  out.w.UInt(kKind<LeasesGranted>);
  out.Put(record.host);
  out.Put(record.first);
  out.w.Array(record.grants.size());
  std::uint64_t before = 0;
  for (const LeasesGranted::Grant& grant : record.grants) out.Step(before, grant.unit.value);
  const Duration span = record.grants.empty() ? Duration{} : record.grants.front().span;
  out.w.Int(span.count());
  const auto differs = [span](const LeasesGranted::Grant& grant) {
    return grant.span != span || grant.speculative;
  };
  const auto count = std::count_if(record.grants.begin(), record.grants.end(), differs);
  out.w.Array(3 * static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < record.grants.size(); ++i) {
    if (!differs(record.grants[i])) continue;
    out.w.UInt(i);
    out.w.Int(record.grants[i].span.count());
    out.w.Bool(record.grants[i].speculative);
  }
}

// [lease, flags, digest?, payload size, payload?, cpu, wall, energy?, temperature?, error?], flat.
void EncodeResult(Encoder& out, const UnitResult& result, std::uint64_t& lease, Digest& digest) {
  const bool error = result.outcome == Outcome::kError;
  std::uint64_t flags = 0;
  if (error) flags |= kIsError;
  if (result.digest == digest) flags |= kSameDigest;
  if (result.payload_bytes > 0) flags |= kHasPayload;
  if (result.cost.energy_source != EnergySource::kNone) flags |= kHasEnergy;
  if (result.cost.top_millicelsius) flags |= kHasTemperature;
  if (result.cost.marginal_millijoules > 0) flags |= kHasMarginal;
  out.Step(lease, result.lease.value);
  out.w.UInt(flags);
  if ((flags & kSameDigest) == 0) out.w.Bin(result.digest.View());
  digest = result.digest;
  if ((flags & kHasPayload) != 0) {
    out.w.UInt(result.payload_bytes);
    out.w.Bin(result.payload);
  }
  out.w.UInt(result.cost.cpu_ms);
  out.w.UInt(result.cost.wall_ms);
  if ((flags & kHasEnergy) != 0) {
    out.w.UInt(result.cost.millijoules);
    out.w.UInt(static_cast<std::uint64_t>(result.cost.energy_source));
  }
  if ((flags & kHasTemperature) != 0) out.w.Int(*result.cost.top_millicelsius);
  if ((flags & kHasMarginal) != 0) out.w.UInt(result.cost.marginal_millijoules);
  if (error) {
    out.w.UInt(static_cast<std::uint64_t>(result.error_kind));
    out.w.Bin(result.error_text);
  }
}

void EncodeRecord(Encoder& out, const ResultsReceived& record) {
  out.w.Array(5);
  out.w.UInt(kKind<ResultsReceived>);
  out.Put(record.host);
  out.w.Bool(record.sealed);
  out.w.UInt(record.results.size());
  // One byte string: its inside is read as a stream, so that fields can be left out.
  static thread_local Bytes inside;
  inside.clear();
  Encoder results(inside);
  std::uint64_t lease = 0;
  Digest digest;
  for (const UnitResult& result : record.results) EncodeResult(results, result, lease, digest);
  out.w.Bin(inside);
}

void EncodeRecord(Encoder& out, const UnitsSettled& record) {
  out.w.Array(2);
  out.w.UInt(kKind<UnitsSettled>);
  out.w.Array(2 * record.units.size());
  std::uint64_t unit = 0;
  std::uint64_t lease = 0;
  for (const UnitsSettled::Settled& settled : record.units) {
    out.Step(unit, settled.unit.value);
    out.Step(lease, settled.canonical.value);
  }
}

}  // namespace

void EncodeRecords(std::span<const Record> records, Bytes& out) {
  Encoder encoder(out);
  encoder.w.Array(1 + records.size());
  encoder.w.UInt(kFormat);
  for (const Record& record : records) {
    std::visit([&](const auto& kind) { EncodeRecord(encoder, kind); }, record);
  }
}

}  // namespace picube
