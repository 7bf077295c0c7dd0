// The fields of every record and of what is in it, in the order in which they are written. One list
// serves both directions: an archive is called with each field in turn. Only for
// record_encoder.cpp and record_decoder.cpp.
//
// Never change the order or the meaning of a field; new ones go to the end of their structure.
#pragma once

#include "protocol/messages.h"
#include "server/core/records.h"

namespace picube::record_fields {

inline constexpr std::uint64_t kFormat = 1;  // of a list of records

// What a result has. Never renumber.
inline constexpr std::uint64_t kIsError = 1;
inline constexpr std::uint64_t kSameDigest = 2;  // as the result before
inline constexpr std::uint64_t kHasPayload = 4;
inline constexpr std::uint64_t kHasEnergy = 8;
inline constexpr std::uint64_t kHasTemperature = 16;
inline constexpr std::uint64_t kHasMarginal = 32;
inline constexpr std::uint64_t kAllResultFlags = 63;

// Numbers of the kinds. Never renumber.
template <class T>
inline constexpr std::uint64_t kKind = 0;
template <>
inline constexpr std::uint64_t kKind<EpochStarted> = 1;
template <>
inline constexpr std::uint64_t kKind<InvitationMade> = 2;
template <>
inline constexpr std::uint64_t kKind<InvitationEnded> = 3;
template <>
inline constexpr std::uint64_t kKind<PrincipalEnrolled> = 4;
template <>
inline constexpr std::uint64_t kKind<HostRetired> = 5;
template <>
inline constexpr std::uint64_t kKind<HostDrained> = 6;
template <>
inline constexpr std::uint64_t kKind<HostDescribed> = 7;
template <>
inline constexpr std::uint64_t kKind<BatchSubmitted> = 8;
template <>
inline constexpr std::uint64_t kKind<UnitsCreated> = 9;
template <>
inline constexpr std::uint64_t kKind<BatchSplit> = 10;
template <>
inline constexpr std::uint64_t kKind<BatchPriority> = 11;
template <>
inline constexpr std::uint64_t kKind<LeasesGranted> = 12;
template <>
inline constexpr std::uint64_t kKind<LeasesEnded> = 13;
template <>
inline constexpr std::uint64_t kKind<ResultsReceived> = 14;
template <>
inline constexpr std::uint64_t kKind<ResultsSealed> = 15;
template <>
inline constexpr std::uint64_t kKind<UnitsSettled> = 16;
template <>
inline constexpr std::uint64_t kKind<UnitFailed> = 17;
template <>
inline constexpr std::uint64_t kKind<UnitsRetried> = 18;
template <>
inline constexpr std::uint64_t kKind<BatchEnded> = 19;
template <>
inline constexpr std::uint64_t kKind<StateCounters> = 20;
template <>
inline constexpr std::uint64_t kKind<StateHost> = 21;
template <>
inline constexpr std::uint64_t kKind<StateBatch> = 22;
template <>
inline constexpr std::uint64_t kKind<StateUnits> = 23;
template <>
inline constexpr std::uint64_t kKind<StateLeases> = 24;
template <>
inline constexpr std::uint64_t kKind<StateRequestKeys> = 25;

// The greatest value of each enumeration; the least is 1 (0 where it has a name for none).
template <class T>
inline constexpr std::uint64_t kMost = 0;
template <>
inline constexpr std::uint64_t kMost<ErrorKind> = 7;
template <>
inline constexpr std::uint64_t kMost<PrincipalKind> = 2;
template <>
inline constexpr std::uint64_t kMost<ReplicationKind> = 2;
template <>
inline constexpr std::uint64_t kMost<BatchState> = 6;
template <>
inline constexpr std::uint64_t kMost<LeaseEnd> = 6;

// --- Parts -------------------------------------------------------------------------------------

template <class Archive>
void Fields(Archive& a, BlobRef& v) {
  a(v.hash, v.size);
}
template <class Archive>
void Fields(Archive& a, ApplicationVersion& v) {
  a(v.name, v.version);
}
template <class Archive>
void Fields(Archive& a, HostFacts& v) {
  a(v.software, v.board, v.isa, v.os, v.cores, v.memory_bytes, v.disk_bytes, v.benchmark_flops,
    v.applications, v.offline_seconds);
}
template <class Archive>
void Fields(Archive& a, Replication& v) {
  a(v.kind, v.quorum, v.distinct_owners);
}
template <class Archive>
void Fields(Archive& a, DatasetFile& v) {
  a(v.name, v.blob);
}
template <class Archive>
void Fields(Archive& a, Submit& v) {
  a(v.name, v.application, v.parameters, v.files, v.replication, v.priority, v.request_key);
}
template <class Archive>
void Fields(Archive& a, ProductFile& v) {
  a(v.name, v.what, v.blob);
}
template <class Archive>
void Fields(Archive& a, EnergySums& v) {
  a(v.results, v.millijoules, v.marginal_millijoules, v.sources);
}
// Counts only: the rest of a description follows from the batch.
template <class Archive>
void Fields(Archive& a, BatchInfo& v) {
  a(v.units_created, v.unsent, v.leased, v.checking, v.settled, v.failed, v.cancelled, v.results,
    v.disagreed, v.leases_lost, v.flop_total, v.flop_settled, v.cpu_ms, v.energy);
}
template <class Archive>
void Fields(Archive& a, HostInfo& v) {
  a(v.retired, v.draining, v.results, v.settled, v.disagreed, v.errors, v.leases_lost, v.cpu_ms,
    v.flop, v.energy);
}
template <class Archive>
void Fields(Archive& a, StateRequestKeys::Key& v) {
  a(v.key, v.batch);
}

// --- Records. UnitsCreated, LeasesGranted, ResultsReceived and UnitsSettled have their own,
// denser forms in record_encoder.cpp; EpochStarted is written without the fields that are zero.

template <class Archive>
void Fields(Archive& a, EpochStarted& v) {
  a(v.epoch, v.skip_ids);
}
template <class Archive>
void Fields(Archive& a, InvitationMade& v) {
  a(v.key, v.kind, v.owner, v.expires);
}
template <class Archive>
void Fields(Archive& a, InvitationEnded& v) {
  a(v.key);
}
template <class Archive>
void Fields(Archive& a, PrincipalEnrolled& v) {
  a(v.id, v.kind, v.invitation, v.name, v.owner, v.transport_key, v.signing_key);
}
template <class Archive>
void Fields(Archive& a, HostRetired& v) {
  a(v.host);
}
template <class Archive>
void Fields(Archive& a, HostDrained& v) {
  a(v.host, v.draining);
}
template <class Archive>
void Fields(Archive& a, HostDescribed& v) {
  a(v.host, v.facts);
}
template <class Archive>
void Fields(Archive& a, BatchSubmitted& v) {
  a(v.batch, v.submit, v.application_version, v.owner, v.at);
}
template <class Archive>
void Fields(Archive& a, BatchSplit& v) {
  a(v.batch);
}
template <class Archive>
void Fields(Archive& a, BatchPriority& v) {
  a(v.batch, v.priority);
}
template <class Archive>
void Fields(Archive& a, LeasesEnded& v) {
  a(v.why, v.leases);
}
template <class Archive>
void Fields(Archive& a, ResultsSealed& v) {
  a(v.host, v.leases);
}
template <class Archive>
void Fields(Archive& a, UnitFailed& v) {
  a(v.unit, v.why);
}
template <class Archive>
void Fields(Archive& a, UnitsRetried& v) {
  a(v.units);
}
template <class Archive>
void Fields(Archive& a, BatchEnded& v) {
  a(v.batch, v.state, v.why, v.product, v.at);
}
template <class Archive>
void Fields(Archive& a, StateCounters& v) {
  a(v.epoch, v.next_batch, v.next_unit, v.next_lease, v.next_host, v.results);
}
template <class Archive>
void Fields(Archive& a, StateHost& v) {
  a(v.enrolled, v.facts, v.sums, v.speeds);
}
template <class Archive>
void Fields(Archive& a, StateBatch& v) {
  a(v.submitted, v.sums, v.split);
}
template <class Archive>
void Fields(Archive& a, StateUnits& v) {
  a(v.batch, v.units);
}
template <class Archive>
void Fields(Archive& a, StateLeases& v) {
  a(v.leases);
}
template <class Archive>
void Fields(Archive& a, StateRequestKeys& v) {
  a(v.keys);
}

}  // namespace picube::record_fields
