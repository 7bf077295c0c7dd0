// Snapshots and pruning: a little with every commit.
#include <algorithm>
#include <utility>

#include "protocol/base/check.h"
#include "server/store/journal_impl.h"

namespace picube {

void Journal::BeginSnapshot(std::uint64_t seq, Instant at) {
  Impl& impl = *impl_;
  PICUBE_CHECK(seq == impl.last_seq && seq != 0, "a snapshot is of the state after the last row");
  PICUBE_CHECK(!impl.complete.contains(seq), "this row has its snapshot");
  if (impl.pending) impl.dead.insert(impl.pending->seq);
  impl.dead.erase(seq);  // an unfinished try for the same row is written over
  impl.pending.emplace(Impl::Pending{.seq = seq,
                                     .at = at,
                                     .chain = impl.head,
                                     .hasher = SnapshotHasher(seq, at, impl.head),
                                     .chunks = {},
                                     .hash = {}});
  impl.housework_put_off = false;  // whoever begins one wants it tried
  impl.rows_since = 0;
  impl.bytes_since = 0;
}

void Journal::AddSnapshotChunk(BytesView chunk) {
  PICUBE_CHECK(impl_->pending && !impl_->pending->ended, "no snapshot has been begun");
  impl_->pending->hasher.Add(chunk);
  impl_->pending->chunks.emplace_back(chunk);
}

void Journal::EndSnapshot() {
  PICUBE_CHECK(impl_->pending && !impl_->pending->ended, "no snapshot has been begun");
  impl_->pending->hash = impl_->pending->hasher.Finish();
  impl_->pending->ended = true;
}

std::uint64_t Journal::Impl::PruneTarget() const {
  const auto above = complete.upper_bound(prune_allowed);
  return above == complete.begin() ? 0 : *std::prev(above);
}

bool Journal::Impl::PrunePending() const {
  const std::uint64_t target = PruneTarget();
  return !dead.empty() || (target != 0 && (first_seq < target || *complete.begin() < target));
}

bool Journal::Impl::HasHousework() const {
  if (housework_put_off) return false;
  const bool to_write = pending && (!pending->chunks.empty() || pending->ended);
  return to_write || PrunePending();
}

Status Journal::Impl::WriteSnapshotParts(Housework& done) {
  if (!pending) return {};
  std::size_t bytes = 0;
  for (const Bytes& chunk : pending->chunks) {
    if (done.parts > 0 && bytes + chunk.size() > options.snapshot_bytes_per_commit) break;
    insert_part_.Bind(1, pending->seq);
    insert_part_.Bind(2, pending->written + done.parts);
    insert_part_.BindBytes(3, chunk);
    if (!insert_part_.Run()) return Failed("written");
    bytes += chunk.size();
    ++done.parts;
  }
  if (pending->ended && done.parts == pending->chunks.size()) return FinishSnapshot(done);
  return {};
}

Status Journal::Impl::FinishSnapshot(Housework& done) {
  insert_end_.Bind(1, pending->seq);
  insert_end_.Bind(2, pending->at.us);
  insert_end_.Bind(3, pending->hasher.Parts());
  insert_end_.Bind(4, pending->hasher.Size());
  insert_end_.BindBytes(5, pending->hash.View());
  insert_end_.BindBytes(6, pending->chain.View());
  if (!insert_end_.Run()) return Failed("written");
  delete_rest_.Bind(1, pending->seq);  // of an earlier try that had more parts
  delete_rest_.Bind(2, pending->hasher.Parts());
  if (!delete_rest_.Run()) return Failed("written");
  done.finished = true;
  return {};
}

// Deletes rows from the front, but never the row of the snapshot itself: it ties the snapshot to
// the chain, and the anchor to the rows behind it.
Status Journal::Impl::PruneRows(Housework& done) {
  const std::uint64_t target = PruneTarget();
  if (target == 0 || first_seq == 0 || first_seq >= target) return {};
  Digest hash;
  std::size_t bytes = 0;
  std::uint64_t last = first_seq - 1;
  while (last + 1 < target && last + 1 - first_seq < options.pruned_rows_per_commit &&
         bytes < options.pruned_bytes_per_commit) {
    row_size_.Bind(1, last + 1);
    const bool found = row_size_.Step() == Statement::Row::kRow && ToBlock(row_size_.Blob(0), hash);
    bytes += found ? row_size_.Unsigned(1) : 0;
    row_size_.Reset();
    if (!found) return Failed("pruned");
    ++last;
  }
  delete_rows_.Bind(1, first_seq);
  delete_rows_.Bind(2, last);
  if (!delete_rows_.Run()) return Failed("pruned");
  move_anchor_.Bind(1, last);
  move_anchor_.BindBytes(2, hash.View());
  if (!move_anchor_.Run()) return Failed("pruned");
  done.pruned_to = last;
  return {};
}

// A snapshot that a newer one replaces loses its end together with its first parts: what is left of
// it no longer counts.
Status Journal::Impl::PruneSnapshots(Housework& done) {
  const std::uint64_t target = PruneTarget();
  while (target != 0 && *complete.begin() < target) {
    dead.insert(*complete.begin());
    complete.erase(complete.begin());
  }
  if (dead.empty()) return {};
  const std::uint64_t seq = *dead.begin();
  delete_end_.Bind(1, seq);
  if (!delete_end_.Run()) return Failed("pruned");
  std::vector<std::uint64_t> parts;
  std::size_t bytes = 0;
  first_parts_.Bind(1, seq);
  first_parts_.Bind(2, static_cast<std::uint64_t>(options.pruned_rows_per_commit));
  Statement::Row row = Statement::Row::kRow;
  while ((parts.empty() || bytes < options.pruned_bytes_per_commit) &&
         (row = first_parts_.Step()) == Statement::Row::kRow) {
    parts.push_back(first_parts_.Unsigned(0));
    bytes += first_parts_.Unsigned(1);
  }
  first_parts_.Reset();
  if (row == Statement::Row::kError) return Failed("pruned");
  for (const std::uint64_t part : parts) {
    delete_part_.Bind(1, seq);
    delete_part_.Bind(2, part);
    if (!delete_part_.Run()) return Failed("pruned");
  }
  if (parts.empty()) done.gone = seq;
  return {};
}

void Journal::Impl::Remember(const Housework& done) {
  if (done.pruned_to != 0) first_seq = done.pruned_to + 1;
  if (done.gone) dead.erase(*done.gone);
  if (!pending) return;
  for (std::size_t i = 0; i < done.parts; ++i) pending->chunks.pop_front();
  pending->written += done.parts;
  if (!done.finished) return;
  complete.insert(pending->seq);
  pending.reset();
}

}  // namespace picube
