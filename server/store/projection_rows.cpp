#include <algorithm>

#include "server/store/projection_impl.h"

namespace picube {

namespace {
constexpr std::size_t kExtentsCached = 100'000;
}  // namespace

Status ProjectionRows::Prepare(Database& database) {
  const std::pair<Statement*, std::string_view> wanted[] = {
      {&unit_,
       "INSERT OR REPLACE INTO unit(id, batch, idx, state, host, lease, bytes, leases, errors, "
       "digest, payload, why) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)"},
      {&extent_, "INSERT OR REPLACE INTO extent(batch, shift, first, last) VALUES(?1, ?2, ?3, ?4)"},
      {&find_extent_, "SELECT first, last FROM extent WHERE batch = ?1 AND shift = ?2"},
      {&batch_, kUpsertBatch},
      {&host_, kUpsertHost},
      {&energy_,
       "INSERT INTO batch_energy(batch, results, millijoules, marginal_millijoules, sources) "
       "VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT(batch) DO UPDATE SET results = excluded.results, "
       "millijoules = excluded.millijoules, marginal_millijoules = excluded.marginal_millijoules, "
       "sources = excluded.sources WHERE excluded.results >= results"},
      {&disagreement_,
       "INSERT OR REPLACE INTO disagreement(lease, unit, host, digest, canonical, "
       "at_ms) VALUES(?1, ?2, ?3, ?4, ?5, ?6)"},
      {&lease_,
       "INSERT OR REPLACE INTO lease(unit, id, host, outcome, ended_ms, held_ms, cpu_ms, wall_ms, "
       "top_millicelsius, flop) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"},
      {&product_,
       "INSERT OR REPLACE INTO product(batch, n, name, what, hash, size) "
       "VALUES(?1, ?2, ?3, ?4, ?5, ?6)"},
      {&old_product_, "DELETE FROM product WHERE batch = ?1"},
  };
  for (const auto& [statement, sql] : wanted) {
    Result<Statement> prepared = database.Prepare(sql);
    if (!prepared) return std::unexpected(prepared.error());
    *statement = std::move(*prepared);
  }
  return {};
}

bool ProjectionRows::Put(const Event& event, WallTime at) {
  if (const auto* unit = std::get_if<UnitClosed>(&event)) return PutUnit(*unit);
  if (const auto* result = std::get_if<ResultDisagreed>(&event))
    return PutDisagreement(*result, at);
  if (const auto* batch = std::get_if<BatchArchived>(&event)) return PutArchived(*batch);
  if (const auto* over = std::get_if<LeasesOver>(&event)) {
    return std::ranges::all_of(over->leases,
                               [&](const LeaseOver& lease) { return PutLease(lease, at); });
  }
  return true;
}

bool ProjectionRows::PutUnit(const UnitClosed& unit) {
  unit_.Bind(1, unit.unit.value);
  unit_.Bind(2, unit.batch.value);
  unit_.Bind(3, unit.index);
  unit_.Bind(4, static_cast<std::int64_t>(unit.state));
  unit_.Bind(5, unit.host.value);
  unit_.Bind(6, unit.canonical.value);
  unit_.Bind(7, unit.payload_bytes);
  unit_.Bind(8, static_cast<std::int64_t>(unit.leases));
  unit_.Bind(9, static_cast<std::int64_t>(unit.errors));
  if (unit.state == UnitState::kSettled) {
    unit_.BindBytes(10, unit.digest.View());
    unit_.BindBytes(11, unit.payload);
  } else {
    unit_.BindNull(10);
    unit_.BindNull(11);
  }
  if (unit.why.empty()) {
    unit_.BindNull(12);
  } else {
    unit_.BindText(12, unit.why);
  }
  return unit_.Run() && Widen(static_cast<std::int64_t>(unit.batch.value),
                              static_cast<std::int64_t>(unit.unit.value - unit.index),
                              static_cast<std::int64_t>(unit.unit.value));
}

// Ids and indices of a batch run in parallel as long as its units were created without a break, so
// (batch, id − index) names a run, and the order of ids is the order of indices.
bool ProjectionRows::Widen(std::int64_t batch, std::int64_t shift, std::int64_t unit) {
  if (latest_ == nullptr || latest_key_ != ExtentKey{batch, shift}) {
    const auto [it, added] = extents_.try_emplace({batch, shift}, Extent{unit, unit, true});
    if (added) {
      find_extent_.Bind(1, batch);
      find_extent_.Bind(2, shift);
      const Statement::Row row = find_extent_.Step();
      if (row == Statement::Row::kRow) it->second = {find_extent_.Int(0), find_extent_.Int(1)};
      find_extent_.Reset();
      if (row == Statement::Row::kError) return extents_.erase(it), latest_ = nullptr, false;
    }
    latest_key_ = it->first;
    latest_ = &it->second;
  }
  Extent& extent = *latest_;
  if (unit < extent.first) extent.first = unit, extent.dirty = true;
  if (unit > extent.last) extent.last = unit, extent.dirty = true;
  return true;
}

bool ProjectionRows::FlushExtents() {
  for (const auto& [key, extent] : extents_) {
    if (!extent.dirty) continue;
    extent_.Bind(1, key.first);
    extent_.Bind(2, key.second);
    extent_.Bind(3, extent.first);
    extent_.Bind(4, extent.last);
    if (!extent_.Run()) return false;
  }
  return true;
}

void ProjectionRows::Committed() {
  for (auto& [key, extent] : extents_) extent.dirty = false;
  if (extents_.size() <= kExtentsCached) return;
  extents_.clear();
  latest_ = nullptr;
}

bool ProjectionRows::PutDisagreement(const ResultDisagreed& result, WallTime at) {
  disagreement_.Bind(1, result.lease.value);
  disagreement_.Bind(2, result.unit.value);
  disagreement_.Bind(3, result.host.value);
  disagreement_.BindBytes(4, result.digest.View());
  disagreement_.BindBytes(5, result.canonical.View());
  disagreement_.Bind(6, at.ms);
  return disagreement_.Run();
}

bool ProjectionRows::PutLease(const LeaseOver& lease, WallTime at) {
  constexpr int kResult = 1;
  constexpr int kError = 2;
  lease_.Bind(1, lease.unit.value);
  lease_.Bind(2, lease.lease.value);
  lease_.Bind(3, lease.host.value);
  lease_.Bind(4, static_cast<std::int64_t>(!lease.returned   ? 0
                                           : lease.succeeded ? kResult
                                                             : kError));
  lease_.Bind(5, at.ms);
  lease_.Bind(6, static_cast<std::int64_t>(lease.held.count() / 1000));
  lease_.Bind(7, lease.cost.cpu_ms);
  lease_.Bind(8, lease.cost.wall_ms);
  if (lease.cost.top_millicelsius) {
    lease_.Bind(9, static_cast<std::int64_t>(*lease.cost.top_millicelsius));
  } else {
    lease_.BindNull(9);
  }
  lease_.BindReal(10, lease.cost_flop);
  return lease_.Run() && Widen(static_cast<std::int64_t>(lease.batch.value),
                               static_cast<std::int64_t>(lease.unit.value - lease.index),
                               static_cast<std::int64_t>(lease.unit.value));
}

bool ProjectionRows::PutBatch(const BatchInfo& info, const Submit& submit, bool archived) {
  const std::string submission = SubmissionText(submit);
  BindBatch(batch_, info, submission, archived);
  if (info.energy.results > 0) {
    energy_.Bind(1, info.id.value);
    energy_.Bind(2, info.energy.results);
    energy_.Bind(3, info.energy.millijoules);
    energy_.Bind(4, info.energy.marginal_millijoules);
    energy_.Bind(5, std::uint64_t{info.energy.sources});
    if (!energy_.Run()) return false;
  }
  return batch_.Run();
}

bool ProjectionRows::PutArchived(const BatchArchived& batch) {
  if (!PutBatch(batch.info, batch.submit, /*archived=*/true)) return false;
  old_product_.Bind(1, batch.info.id.value);
  if (!old_product_.Run()) return false;
  std::uint64_t number = 0;
  for (const ProductFile& file : batch.product) {
    product_.Bind(1, batch.info.id.value);
    product_.Bind(2, number++);
    product_.BindText(3, file.name);
    product_.BindText(4, file.what);
    product_.BindBytes(5, file.blob.hash.View());
    product_.Bind(6, file.blob.size);
    if (!product_.Run()) return false;
  }
  return true;
}

bool ProjectionRows::PutHost(const HostInfo& info) {
  const std::string facts = FactsText(info);
  BindHost(host_, info, facts);
  return host_.Run();
}

}  // namespace picube
