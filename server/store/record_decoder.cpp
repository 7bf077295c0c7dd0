// Bytes to records: nothing is believed of them.
#include "server/store/record_codec.h"

#include <algorithm>
#include <concepts>
#include <type_traits>
#include <utility>

#include "protocol/wire/pack.h"
#include "server/store/record_fields.h"

namespace picube {
namespace {

using namespace record_fields;
using pack::Reader;

class Decoder {
 public:
  explicit Decoder(BytesView bytes) : r(bytes) {}

  // Fields that an older writer did not have keep their defaults.
  template <class... T>
  void operator()(T&... fields) {
    (Field(fields), ...);
  }
  template <class T>
  void Field(T& field) {
    if (left_ == 0) return;
    --left_;
    Get(field);
  }
  // The fields of `value` after an array header of `count`; what a newer writer added is skipped.
  template <class T>
  void Structure(T& value, std::size_t count) {
    const std::size_t outer = left_;
    left_ = count;
    Fields(*this, value);
    for (; left_ > 0 && r.Ok(); --left_) r.Skip();
    left_ = outer;
  }

  void Get(bool& v) { v = r.Bool(); }
  void Get(double& v) { v = r.Double(); }
  void Get(std::string& v) { v = r.Bin(); }
  void Get(WallTime& v) { v.ms = r.Int(); }
  template <class Tag>
  void Get(Id<Tag>& v) {
    v.value = r.UInt();
  }
  template <std::size_t N, class Tag>
  void Get(Block<N, Tag>& v) {
    const BytesView bytes = r.Bin();
    if (bytes.empty()) {
      v = {};
    } else if (bytes.size() == N) {
      std::copy(bytes.begin(), bytes.end(), reinterpret_cast<char*>(v.bytes.data()));
    } else {
      r.Fail("a block has another size");
    }
  }
  template <class T>
    requires std::is_enum_v<T>
  void Get(T& v) {
    const std::uint64_t value = r.UInt();
    if (value < 1 || value > kMost<T>) return r.Fail("unknown value of an enumeration");
    v = static_cast<T>(value);
  }
  template <std::integral T>
  void Get(T& v) {
    if constexpr (std::unsigned_integral<T>) {
      const std::uint64_t value = r.UInt();
      if (!std::in_range<T>(value)) return r.Fail("a number is too large");
      v = static_cast<T>(value);
    } else {
      const std::int64_t value = r.Int();
      if (!std::in_range<T>(value)) return r.Fail("a number is too large");
      v = static_cast<T>(value);
    }
  }
  template <class Tag>
  void Get(std::vector<Id<Tag>>& v) {
    const std::size_t count = r.Array();
    v.reserve(count);  // at least a byte each is there: a small multiple of the input
    std::uint64_t before = 0;
    for (std::size_t i = 0; i < count && r.Ok(); ++i) v.push_back({Step(before)});
  }
  template <class T>
  void Get(std::vector<T>& v) {
    const std::size_t count = r.Array();
    for (std::size_t i = 0; i < count && r.Ok(); ++i) Get(v.emplace_back());
  }
  void Get(std::map<std::string, std::string>& v) {
    const std::size_t count = r.Array();
    if (count % 2 != 0) return r.Fail("a key has no value");
    for (std::size_t i = 0; i < count && r.Ok(); i += 2) {
      std::string key(r.Bin());
      v[std::move(key)] = r.Bin();
    }
  }
  template <class T>
    requires std::is_class_v<T>
  void Get(T& v) {
    Structure(v, r.Array());
  }
  std::uint64_t Step(std::uint64_t& before) {
    before += static_cast<std::uint64_t>(r.Int());
    return before;
  }

  Reader r;

 private:
  std::size_t left_ = 0;
};

template <class T>
void DecodeRecord(Decoder& in, T& record, std::size_t fields) {
  in.Structure(record, fields);
}

void SkipRest(Decoder& in, std::size_t fields, std::size_t known) {
  for (; fields > known && in.r.Ok(); --fields) in.r.Skip();
}

void DecodeRecord(Decoder& in, UnitsCreated& record, std::size_t fields) {
  if (fields < 3) return in.r.Fail("a record is cut");
  in.Get(record.batch);
  in.Get(record.first);
  const std::size_t count = in.r.Array();
  UnitsCreated::Unit unit;
  for (std::size_t i = 0; i < count && in.r.Ok(); ++i) {
    const std::size_t parts = in.r.Array();
    const bool same = parts == 1 || parts == 2;
    if (!same && parts != 4 && parts != 5)
      return in.r.Fail("a unit has one, two, four or five parts");
    in.Get(unit.parameters);
    if (!same) {
      in.Get(unit.cost_flop);
      in.Get(unit.memory_bytes);
      in.Get(unit.result_bytes);
    }
    unit.inputs.clear();
    if (parts == 2 || parts == 5) in.Get(unit.inputs);
    record.units.push_back(unit);
  }
  SkipRest(in, fields, 3);
}

void DecodeRecord(Decoder& in, LeasesGranted& record, std::size_t fields) {
  if (fields < 5) return in.r.Fail("a record is cut");
  in.Get(record.host);
  in.Get(record.first);
  const std::size_t count = in.r.Array();
  record.grants.reserve(count);
  std::uint64_t unit = 0;
  for (std::size_t i = 0; i < count && in.r.Ok(); ++i) {
    record.grants.push_back({.unit = {in.Step(unit)}});
  }
  const Duration span(in.r.Int());
  for (LeasesGranted::Grant& grant : record.grants) grant.span = span;
  const std::size_t others = in.r.Array();
  if (others % 3 != 0) return in.r.Fail("a grant is cut");
  for (std::size_t i = 0; i < others && in.r.Ok(); i += 3) {
    const std::uint64_t index = in.r.UInt();
    if (index >= record.grants.size()) return in.r.Fail("a grant is not there");
    record.grants[index].span = Duration(in.r.Int());
    record.grants[index].speculative = in.r.Bool();
  }
  SkipRest(in, fields, 5);
}

void DecodeResult(Decoder& in, UnitResult& result, std::uint64_t& lease, Digest& digest) {
  result.lease = {in.Step(lease)};
  const std::uint64_t flags = in.r.UInt();
  if (flags > kAllResultFlags) return in.r.Fail("a result has unknown parts");
  if ((flags & kSameDigest) == 0) in.Get(digest);
  result.digest = digest;
  if ((flags & kHasPayload) != 0) {
    in.Get(result.payload_bytes);
    in.Get(result.payload);
  }
  in.Get(result.cost.cpu_ms);
  in.Get(result.cost.wall_ms);
  if ((flags & kHasEnergy) != 0) {
    in.Get(result.cost.millijoules);
    const std::uint64_t source = in.r.UInt();
    if (source > static_cast<std::uint64_t>(EnergySource::kMeter)) {
      return in.r.Fail("unknown source of energy");
    }
    result.cost.energy_source = static_cast<EnergySource>(source);
  }
  if ((flags & kHasTemperature) != 0) in.Get(result.cost.top_millicelsius.emplace());
  if ((flags & kHasMarginal) != 0) in.Get(result.cost.marginal_millijoules);
  if ((flags & kIsError) == 0) return;
  result.outcome = Outcome::kError;
  in.Get(result.error_kind);
  in.Get(result.error_text);
}

void DecodeRecord(Decoder& in, ResultsReceived& record, std::size_t fields) {
  if (fields < 4) return in.r.Fail("a record is cut");
  in.Get(record.host);
  in.Get(record.sealed);
  const std::uint64_t count = in.r.UInt();
  const BytesView inside = in.r.Bin();
  if (count > inside.size()) return in.r.Fail("results are cut");
  Decoder results(inside);
  std::uint64_t lease = 0;
  Digest digest;
  for (std::uint64_t i = 0; i < count && results.r.Ok(); ++i) {
    DecodeResult(results, record.results.emplace_back(), lease, digest);
  }
  if (!results.r.Ok() || !results.r.AtEnd()) return in.r.Fail("results are cut");
  SkipRest(in, fields, 4);
}

void DecodeRecord(Decoder& in, UnitsSettled& record, std::size_t fields) {
  if (fields < 1) return in.r.Fail("a record is cut");
  const std::size_t count = in.r.Array();
  if (count % 2 != 0) return in.r.Fail("a settled unit is cut");
  record.units.reserve(count / 2);
  std::uint64_t unit = 0;
  std::uint64_t lease = 0;
  for (std::size_t i = 0; i < count && in.r.Ok(); i += 2) {
    const UnitId id{in.Step(unit)};
    record.units.push_back({id, {in.Step(lease)}});
  }
  SkipRest(in, fields, 1);
}

// Tries each alternative of Record for the kind.
template <std::size_t I = 0>
bool DecodeKind(Decoder& in, std::uint64_t kind, std::size_t fields, std::vector<Record>& records) {
  if constexpr (I < std::variant_size_v<Record>) {
    using T = std::variant_alternative_t<I, Record>;
    static_assert(kKind<T> != 0, "every record has a number");
    if (kind != kKind<T>) return DecodeKind<I + 1>(in, kind, fields, records);
    DecodeRecord(in, std::get<I>(records.emplace_back(std::in_place_index<I>)), fields);
    return true;
  } else {
    return false;
  }
}

}  // namespace

Result<std::vector<Record>> DecodeRecords(BytesView bytes) {
  const auto wrong = [](const std::string& why) {
    return Fail(ErrorKind::kStore, "The records of the journal cannot be read: " + why + ".",
                "Restore a backup, or run picube-server verify to see what is whole.");
  };
  Decoder in(bytes);
  const std::size_t count = in.r.Array();
  const std::uint64_t format = in.r.UInt();
  if (!in.r.Ok() || count < 1) return wrong("they do not begin as such");
  if (format > kFormat) {
    return Fail(ErrorKind::kStore,
                "The journal was written by a newer version (format " + std::to_string(format) +
                    "; this one reads up to " + std::to_string(kFormat) + ").",
                "Use that version.");
  }
  std::vector<Record> records;
  for (std::size_t i = 1; i < count && in.r.Ok(); ++i) {
    const std::size_t parts = in.r.Array();
    const std::uint64_t kind = in.r.UInt();
    if (!in.r.Ok() || parts < 1) return wrong("a record does not begin as such");
    if (!DecodeKind(in, kind, parts - 1, records)) {
      return wrong("record kind " + std::to_string(kind) + " is unknown");
    }
  }
  if (!in.r.Ok()) return wrong(in.r.What());
  if (!in.r.AtEnd()) return wrong("bytes follow their end");
  return records;
}

}  // namespace picube
