// Keys and bounds of parts, joining, work, results and blobs. Include layouts.h.
#pragma once

#include <tuple>

#include "protocol/base/limits.h"
#include "protocol/messages.h"
#include "protocol/wire/fields.h"

namespace picube::pack {

// Bounds that only the wire needs.
inline constexpr std::uint64_t kMostMs = 100ULL * 366 * 86400 * 1000;  // a span: a hundred years
inline constexpr std::uint64_t kMostBytes = 1ULL << 53;                // memory, disk
inline constexpr std::size_t kFactText = 128;                          // board, system, software
inline constexpr std::size_t kEndpointText = 256;

inline constexpr NameRule kName = NameOf(limits::kNameBytes);
inline constexpr auto kSettings = ListOf(limits::kSettingLines, NameOf(limits::kSettingBytes));
inline constexpr ProseRule kProse = Prose(limits::kTextBytes);
inline constexpr Limit kSpan = Most(kMostMs);
inline constexpr ListRule<NoRule> kLeases = ListOf(limits::kLeasesPerHost);

// --- Parts ---------------------------------------------------------------------------------------

template <>
struct Layout<BlobRef> {
  static constexpr auto kFields =
      std::tuple{Required(1, "hash", &BlobRef::hash),
                 Required(2, "size", &BlobRef::size, Most(limits::kBlobBytes))};
};
template <>
struct Layout<ApplicationVersion> {
  static constexpr auto kFields = std::tuple{Required(1, "name", &ApplicationVersion::name, kName),
                                             Required(2, "version", &ApplicationVersion::version)};
};
template <>
struct Layout<Bounds> {
  static constexpr auto kFields =
      std::tuple{Optional(1, "wall_seconds", &Bounds::wall_seconds, Most(kMostMs / 1000)),
                 Optional(2, "memory_bytes", &Bounds::memory_bytes, Most(kMostBytes)),
                 Optional(3, "disk_bytes", &Bounds::disk_bytes, Most(kMostBytes)),
                 Optional(4, "result_bytes", &Bounds::result_bytes, Most(kMostBytes))};
};
template <>
struct Layout<HostFacts> {
  static constexpr auto kFields = std::tuple{
      Optional(1, "software", &HostFacts::software, Prose(kFactText)),
      Optional(2, "board", &HostFacts::board, Prose(kFactText)),
      Optional(3, "isa", &HostFacts::isa, Prose(kFactText)),
      Optional(4, "os", &HostFacts::os, Prose(kFactText)),
      Optional(5, "cores", &HostFacts::cores),
      Optional(6, "memory_bytes", &HostFacts::memory_bytes, Most(kMostBytes)),
      Optional(7, "disk_bytes", &HostFacts::disk_bytes, Most(kMostBytes)),
      Optional(8, "benchmark_flops", &HostFacts::benchmark_flops),
      Optional(9, "applications", &HostFacts::applications, ListOf(limits::kApplications)),
      Optional(10, "offline_seconds", &HostFacts::offline_seconds)};
};
template <>
struct Layout<Readings> {
  static constexpr auto kFields =
      std::tuple{Optional(1, "temperature_millicelsius", &Readings::temperature_millicelsius),
                 Optional(2, "clock_mhz", &Readings::clock_mhz),
                 Optional(3, "throttle_flags", &Readings::throttle_flags),
                 Optional(4, "load_permille", &Readings::load_permille),
                 Optional(5, "milliwatts", &Readings::milliwatts),
                 Optional(6, "fan_rpm", &Readings::fan_rpm),
                 Optional(7, "slowed_why", &Readings::slowed_why, Prose(kFactText)),
                 Optional(8, "outlook_permille", &Readings::outlook_permille),
                 Optional(9, "most_milliwatts", &Readings::most_milliwatts)};
};
template <>
struct Layout<Cost> {
  static constexpr auto kFields = std::tuple{
      Optional(1, "cpu_ms", &Cost::cpu_ms, kSpan),
      Optional(2, "wall_ms", &Cost::wall_ms, kSpan),
      Optional(3, "millijoules", &Cost::millijoules, Most(kMostBytes)),
      Optional(4, "energy_source", &Cost::energy_source, OneOf(0, 4)),
      Optional(5, "top_millicelsius", &Cost::top_millicelsius),
      Optional(6, "marginal_millijoules", &Cost::marginal_millijoules, Most(kMostBytes))};
};

template <>
struct Layout<EnergySums> {
  static constexpr auto kFields =
      std::tuple{Optional(1, "results", &EnergySums::results),
                 Optional(2, "millijoules", &EnergySums::millijoules),
                 Optional(3, "marginal_millijoules", &EnergySums::marginal_millijoules),
                 Optional(4, "sources", &EnergySums::sources)};
};

// --- Joining -------------------------------------------------------------------------------------

template <>
struct Layout<Enrol> {
  static constexpr auto kFields = std::tuple{
      Required(1, "kind", &Enrol::kind, OneOf(1, 2)), Required(2, "name", &Enrol::name, kName),
      Required(3, "transport_key", &Enrol::transport_key),
      Required(4, "signing_key", &Enrol::signing_key), Required(5, "proof", &Enrol::proof)};
};
template <>
struct Layout<Enrolled> {
  static constexpr auto kFields =
      std::tuple{Required(1, "id", &Enrolled::id), Required(2, "name", &Enrolled::name, kName),
                 Required(3, "owner", &Enrolled::owner, kName)};
};

// --- Worker to server ----------------------------------------------------------------------------

template <>
struct Layout<Hello> {
  static constexpr auto kFields = std::tuple{
      Required(1, "oldest_version", &Hello::oldest_version),
      Required(2, "newest_version", &Hello::newest_version), Required(3, "facts", &Hello::facts),
      Optional(4, "blobs_held", &Hello::blobs_held, ListOf(limits::kBlobsAnnounced)),
      Optional(5, "leases_held", &Hello::leases_held, kLeases)};
};
template <>
struct Layout<Welcome> {
  static constexpr auto kFields =
      std::tuple{Required(1, "version", &Welcome::version),
                 Required(2, "host", &Welcome::host),
                 Required(3, "name", &Welcome::name, kName),
                 Required(4, "epoch", &Welcome::epoch),
                 Required(5, "server_time", &Welcome::server_time),
                 Optional(6, "software", &Welcome::software, Prose(kFactText)),
                 Required(7, "heartbeat_ms", &Welcome::heartbeat_ms),
                 Required(8, "silence_ms", &Welcome::silence_ms),
                 Optional(9, "endpoints", &Welcome::endpoints,
                          ListOf(limits::kEndpoints, NameOf(kEndpointText)))};
};
template <>
struct Layout<AskWork> {
  static constexpr auto kFields = std::tuple{
      Optional(1, "free_cores", &AskWork::free_cores),
      Optional(2, "most_units", &AskWork::most_units),
      Optional(3, "held_ms", &AskWork::held_ms, kSpan), Optional(4, "wait_ms", &AskWork::wait_ms),
      Optional(5, "cached_blobs", &AskWork::cached_blobs, ListOf(limits::kBlobsAnnounced))};
};
template <>
struct Layout<WorkTerms> {
  static constexpr auto kFields = std::tuple{
      Required(1, "batch", &WorkTerms::batch), Required(2, "application", &WorkTerms::application),
      Optional(3, "bounds", &WorkTerms::bounds),
      Optional(4, "inputs", &WorkTerms::inputs, ListOf(limits::kFilesPerBatch))};
};
template <>
struct Layout<LeaseOffer> {
  static constexpr auto kFields = std::tuple{
      Required(1, "lease", &LeaseOffer::lease),
      Required(2, "unit", &LeaseOffer::unit),
      Optional(3, "terms", &LeaseOffer::terms),
      Optional(4, "parameters", &LeaseOffer::parameters, BytesOf(limits::kParametersBytes)),
      Optional(5, "inputs", &LeaseOffer::inputs, ListOf(limits::kInputsPerUnit)),
      Optional(6, "cost_flop", &LeaseOffer::cost_flop),
      Required(7, "deadline_ms", &LeaseOffer::deadline_ms, kSpan)};
};
template <>
struct Layout<Assign> {
  static constexpr auto kFields =
      std::tuple{Required(1, "epoch", &Assign::epoch),
                 Required(2, "terms", &Assign::terms, ListOf(limits::kLeasesPerAssign)),
                 Required(3, "leases", &Assign::leases, ListOf(limits::kLeasesPerAssign))};
};
template <>
struct Layout<NoWork> {
  static constexpr auto kFields = std::tuple{Required(1, "reason", &NoWork::reason, OneOf(1, 11)),
                                             Required(2, "ask_again_ms", &NoWork::ask_again_ms),
                                             Optional(3, "rest_ms", &NoWork::rest_ms)};
};
template <>
struct Layout<UnitResult> {
  static constexpr auto kFields = std::tuple{
      Required(1, "lease", &UnitResult::lease),
      Optional(2, "outcome", &UnitResult::outcome, OneOf(1, 2)),
      Required(3, "digest", &UnitResult::digest),
      Optional(4, "payload_bytes", &UnitResult::payload_bytes, Most(limits::kResultBytes)),
      Optional(5, "payload", &UnitResult::payload, BytesOf(limits::kInlinePayloadBytes)),
      Optional(6, "cost", &UnitResult::cost),
      Optional(7, "error_kind", &UnitResult::error_kind, OneOf(1, 7)),
      Optional(8, "error_text", &UnitResult::error_text, kProse)};
};
template <>
struct Layout<SealedResult> {
  static constexpr auto kFields = std::tuple{Required(1, "lease", &SealedResult::lease),
                                             Required(2, "digest", &SealedResult::digest)};
};
template <>
struct Layout<Report> {
  static constexpr auto kFields = std::tuple{
      Optional(1, "results", &Report::results, ListOf(limits::kResultsPerReport)),
      Since(2, Optional(2, "earlier", &Report::earlier, ListOf(limits::kResultsPerReport))),
      Optional(3, "signature", &Report::signature), Since(2, Optional(4, "ask", &Report::ask))};
};
template <>
struct Layout<NotTaken> {
  static constexpr auto kFields =
      std::tuple{Required(1, "lease", &NotTaken::lease), Optional(2, "why", &NotTaken::why, kProse),
                 Optional(3, "again", &NotTaken::again)};
};
template <>
struct Layout<Ack> {
  static constexpr auto kFields =
      std::tuple{Optional(1, "durable", &Ack::durable, ListOf(limits::kResultsPerReport)),
                 Optional(2, "not_taken", &Ack::not_taken, ListOf(limits::kResultsPerReport)),
                 Since(2, Optional(3, "assign", &Ack::assign)),
                 Since(2, Optional(4, "no_work", &Ack::no_work))};
};
template <>
struct Layout<LeaseProgress> {
  static constexpr auto kFields =
      std::tuple{Required(1, "lease", &LeaseProgress::lease),
                 Optional(2, "permille", &LeaseProgress::permille, Most(1000))};
};
template <>
struct Layout<Heartbeat> {
  static constexpr auto kFields =
      std::tuple{Optional(1, "alive", &Heartbeat::alive, kLeases),
                 Optional(2, "readings", &Heartbeat::readings),
                 Optional(3, "paused_why", &Heartbeat::paused_why, kProse)};
};
template <>
struct Layout<Peer> {
  static constexpr auto kFields = std::tuple{Required(1, "name", &Peer::name, kName),
                                             Optional(2, "silent_ms", &Peer::silent_ms),
                                             Optional(3, "readings", &Peer::readings),
                                             Optional(4, "paused_why", &Peer::paused_why, kProse),
                                             Optional(5, "unit", &Peer::unit),
                                             Optional(6, "permille", &Peer::permille)};
};
template <>
struct Layout<Pulse> {
  static constexpr auto kFields =
      std::tuple{Required(1, "renewed_ms", &Pulse::renewed_ms, kSpan),
                 Optional(2, "cancelled", &Pulse::cancelled, kLeases),
                 Optional(3, "draining", &Pulse::draining),
                 Optional(4, "peers", &Pulse::peers, ListOf(limits::kPeers))};
};
template <>
struct Layout<Goodbye> {
  static constexpr auto kFields =
      std::tuple{Optional(1, "given_back", &Goodbye::given_back, kLeases)};
};

// --- Blobs ---------------------------------------------------------------------------------------

template <>
struct Layout<GetChunk> {
  static constexpr auto kFields =
      std::tuple{Required(1, "blob", &GetChunk::blob),
                 Optional(2, "offset", &GetChunk::offset, Most(limits::kBlobBytes)),
                 Optional(3, "credit", &GetChunk::credit, OneOf(1, limits::kChunkCredit))};
};
template <>
struct Layout<Chunk> {
  static constexpr auto kFields =
      std::tuple{Required(1, "blob", &Chunk::blob),
                 Optional(2, "offset", &Chunk::offset, Most(limits::kBlobBytes)),
                 Required(3, "total", &Chunk::total, Most(limits::kBlobBytes)),
                 Optional(4, "compression", &Chunk::compression, OneOf(0, 1)),
                 Optional(5, "data", &Chunk::data, BytesOf(limits::kChunkBytes))};
};
template <>
struct Layout<PutChunk> {
  static constexpr auto kFields = std::tuple{Required(1, "chunk", &PutChunk::chunk)};
};
template <>
struct Layout<PutState> {
  static constexpr auto kFields =
      std::tuple{Required(1, "blob", &PutState::blob),
                 Required(2, "next_offset", &PutState::next_offset, Most(limits::kBlobBytes)),
                 Optional(3, "complete", &PutState::complete)};
};

// --- Pushed by the server ------------------------------------------------------------------------

template <>
struct Layout<Cancel> {
  static constexpr auto kFields = std::tuple{Required(1, "leases", &Cancel::leases, kLeases)};
};
template <>
struct Layout<Drain> {
  static constexpr auto kFields = std::tuple{Optional(1, "why", &Drain::why, kProse)};
};

}  // namespace picube::pack
