// Keys and bounds of what operators send and are told. Include layouts.h.
#pragma once

#include <tuple>

#include "protocol/base/limits.h"
#include "protocol/messages.h"
#include "protocol/wire/fields.h"
#include "protocol/wire/work_layouts.h"

namespace picube::pack {

// --- From operators ------------------------------------------------------------------------------

template <>
struct Layout<Replication> {
  static constexpr auto kFields =
      std::tuple{Optional(1, "kind", &Replication::kind, OneOf(1, 2)),
                 Optional(2, "quorum", &Replication::quorum, OneOf(1, limits::kMaxSuccesses)),
                 Optional(3, "distinct_owners", &Replication::distinct_owners)};
};
template <>
struct Layout<DatasetFile> {
  static constexpr auto kFields =
      std::tuple{Required(1, "name", &DatasetFile::name, FileNameRule{}),
                 Required(2, "blob", &DatasetFile::blob)};
};
template <>
struct Layout<Submit> {
  static constexpr auto kFields = std::tuple{
      Optional(1, "name", &Submit::name, kName),
      Required(2, "application", &Submit::application, kName),
      Optional(3, "parameters", &Submit::parameters,
               TextMapRule{limits::kParameterCount, limits::kNameBytes, limits::kParametersBytes}),
      Optional(4, "files", &Submit::files, ListOf(limits::kFilesPerBatch)),
      Optional(5, "replication", &Submit::replication),
      Optional(6, "priority", &Submit::priority, OneOf(-20, 20)),
      Optional(7, "request_key", &Submit::request_key, kName)};
};
template <>
struct Layout<Submitted> {
  static constexpr auto kFields = std::tuple{Required(1, "batch", &Submitted::batch)};
};
template <>
struct Layout<BatchInfo> {
  static constexpr auto kFields =
      std::tuple{Required(1, "id", &BatchInfo::id),
                 Required(2, "name", &BatchInfo::name, kName),
                 Required(3, "application", &BatchInfo::application),
                 Required(4, "state", &BatchInfo::state, OneOf(1, 6)),
                 Optional(5, "why", &BatchInfo::why, kProse),
                 Optional(6, "owner", &BatchInfo::owner, kName),
                 Optional(7, "replication", &BatchInfo::replication),
                 Optional(8, "priority", &BatchInfo::priority, OneOf(-20, 20)),
                 Optional(9, "units_total", &BatchInfo::units_total),
                 Optional(10, "units_created", &BatchInfo::units_created),
                 Optional(11, "unsent", &BatchInfo::unsent),
                 Optional(12, "leased", &BatchInfo::leased),
                 Optional(13, "checking", &BatchInfo::checking),
                 Optional(14, "settled", &BatchInfo::settled),
                 Optional(15, "failed", &BatchInfo::failed),
                 Optional(16, "cancelled", &BatchInfo::cancelled),
                 Optional(17, "results", &BatchInfo::results),
                 Optional(18, "disagreed", &BatchInfo::disagreed),
                 Optional(19, "leases_lost", &BatchInfo::leases_lost),
                 Optional(20, "flop_total", &BatchInfo::flop_total),
                 Optional(21, "flop_settled", &BatchInfo::flop_settled),
                 Optional(22, "cpu_ms", &BatchInfo::cpu_ms),
                 Optional(23, "submitted", &BatchInfo::submitted),
                 Optional(24, "finished", &BatchInfo::finished),
                 Optional(25, "energy", &BatchInfo::energy)};
};
template <>
struct Layout<HostInfo> {
  static constexpr auto kFields =
      std::tuple{Required(1, "id", &HostInfo::id),
                 Optional(2, "kind", &HostInfo::kind, OneOf(1, 2)),
                 Required(3, "name", &HostInfo::name, kName),
                 Optional(4, "owner", &HostInfo::owner, kName),
                 Optional(5, "retired", &HostInfo::retired),
                 Optional(6, "connected", &HostInfo::connected),
                 Optional(7, "draining", &HostInfo::draining),
                 Optional(8, "silent_ms", &HostInfo::silent_ms),
                 Optional(9, "facts", &HostInfo::facts),
                 Optional(10, "readings", &HostInfo::readings),
                 Optional(11, "paused_why", &HostInfo::paused_why, kProse),
                 Optional(12, "leases", &HostInfo::leases),
                 Optional(13, "results", &HostInfo::results),
                 Optional(14, "settled", &HostInfo::settled),
                 Optional(15, "disagreed", &HostInfo::disagreed),
                 Optional(16, "errors", &HostInfo::errors),
                 Optional(17, "leases_lost", &HostInfo::leases_lost),
                 Optional(18, "cpu_ms", &HostInfo::cpu_ms),
                 Optional(19, "flop", &HostInfo::flop),
                 Optional(20, "energy", &HostInfo::energy),
                 Optional(21, "site", &HostInfo::site, kName)};
};
template <>
struct Layout<ServerInfo> {
  static constexpr auto kFields =
      std::tuple{Optional(1, "software", &ServerInfo::software, Prose(kFactText)),
                 Required(2, "epoch", &ServerInfo::epoch),
                 Optional(3, "uptime_ms", &ServerInfo::uptime_ms),
                 Optional(4, "policy", &ServerInfo::policy, kName),
                 Optional(5, "read_only", &ServerInfo::read_only),
                 Optional(6, "why", &ServerInfo::why, kProse),
                 Optional(7, "hosts_connected", &ServerInfo::hosts_connected),
                 Optional(8, "batches_live", &ServerInfo::batches_live),
                 Optional(9, "units_live", &ServerInfo::units_live),
                 Optional(10, "leases_live", &ServerInfo::leases_live),
                 Optional(11, "results", &ServerInfo::results),
                 Optional(12, "results_per_second", &ServerInfo::results_per_second)};
};
template <>
struct Layout<ProductFile> {
  static constexpr auto kFields = std::tuple{
      Required(1, "name", &ProductFile::name, FileNameRule{}),
      Optional(2, "what", &ProductFile::what, kProse), Required(3, "blob", &ProductFile::blob)};
};
template <>
struct Layout<LeaseInfo> {
  static constexpr auto kFields =
      std::tuple{Required(1, "unit", &LeaseInfo::unit),
                 Required(2, "lease", &LeaseInfo::lease),
                 Required(3, "host", &LeaseInfo::host),
                 Required(4, "fate", &LeaseInfo::fate, OneOf(1, 6)),
                 Required(5, "ended", &LeaseInfo::ended),
                 Optional(6, "held_ms", &LeaseInfo::held_ms, kSpan),
                 Optional(7, "cpu_ms", &LeaseInfo::cpu_ms, kSpan),
                 Optional(8, "wall_ms", &LeaseInfo::wall_ms, kSpan),
                 Optional(9, "top_millicelsius", &LeaseInfo::top_millicelsius),
                 Optional(10, "flop", &LeaseInfo::flop)};
};
template <>
struct Layout<Query> {
  static constexpr auto kFields =
      std::tuple{Required(1, "kind", &Query::kind, OneOf(1, 9)), Optional(2, "id", &Query::id),
                 Optional(3, "name", &Query::name, kName), Optional(4, "after", &Query::after)};
};
template <>
struct Layout<Reason> {
  static constexpr auto kFields = std::tuple{Required(1, "code", &Reason::code, kName),
                                             Required(2, "text", &Reason::text, kProse)};
};
template <>
struct Layout<Answer> {
  static constexpr auto kFields =
      std::tuple{Optional(1, "server", &Answer::server),
                 Optional(2, "batches", &Answer::batches, ListOf(limits::kRowsPerAnswer)),
                 Optional(3, "hosts", &Answer::hosts, ListOf(limits::kRowsPerAnswer)),
                 Optional(4, "product", &Answer::product, ListOf(limits::kRowsPerAnswer)),
                 Optional(5, "headline", &Answer::headline, kProse),
                 Optional(6, "reasons", &Answer::reasons, ListOf(limits::kRowsPerAnswer)),
                 Optional(7, "more", &Answer::more),
                 Optional(8, "leases", &Answer::leases, ListOf(limits::kRowsPerAnswer))};
};
template <>
struct Layout<Watch> {
  static constexpr auto kFields = std::tuple{Required(1, "batch", &Watch::batch)};
};
template <>
struct Layout<BatchProgress> {
  static constexpr auto kFields = std::tuple{
      Required(1, "batch", &BatchProgress::batch),
      Optional(2, "results_per_second_milli", &BatchProgress::results_per_second_milli),
      Optional(3, "left_ms", &BatchProgress::left_ms), Optional(4, "last", &BatchProgress::last)};
};
template <>
struct Layout<Control> {
  static constexpr auto kFields =
      std::tuple{Required(1, "kind", &Control::kind, OneOf(1, 7)),
                 Optional(2, "id", &Control::id),
                 Optional(3, "text", &Control::text, kName),
                 Optional(4, "number", &Control::number),
                 Optional(5, "principal", &Control::principal, OneOf(1, 2)),
                 Optional(6, "settings", &Control::settings, kSettings)};
};
template <>
struct Layout<Settings> {
  static constexpr auto kFields = std::tuple{Required(1, "token", &Settings::token),
                                             Required(2, "lines", &Settings::lines, kSettings)};
};
template <>
struct Layout<SettingsTaken> {
  static constexpr auto kFields = std::tuple{Required(1, "token", &SettingsTaken::token),
                                             Optional(2, "taken", &SettingsTaken::taken),
                                             Optional(3, "text", &SettingsTaken::text, kProse)};
};
template <>
struct Layout<Done> {
  static constexpr auto kFields = std::tuple{Optional(1, "text", &Done::text, kProse)};
};
template <>
struct Layout<Refused> {
  static constexpr auto kFields = std::tuple{Required(1, "kind", &Refused::kind, OneOf(1, 7)),
                                             Optional(2, "what", &Refused::what, kProse),
                                             Optional(3, "next", &Refused::next, kProse)};
};
template <>
struct Layout<Error> {  // travels inside Refused's fields; kept in records
  static constexpr auto kFields = std::tuple{Required(1, "kind", &Error::kind, OneOf(1, 7)),
                                             Optional(2, "what", &Error::what, kProse),
                                             Optional(3, "next", &Error::next, kProse)};
};

}  // namespace picube::pack
