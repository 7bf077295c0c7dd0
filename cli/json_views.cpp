#include "cli/json_views.h"

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/names.h"
#include "cli/text.h"
#include "protocol/readings.h"

namespace picube {
namespace {

using Json = nlohmann::json;

// Names come from others: broken UTF-8 is replaced, not refused.
std::string Dump(const Json& json) {
  return json.dump(2, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace) + "\n";
}

Json Time(WallTime time) { return time.ms == 0 ? Json() : Json(StampWall(time)); }

Json OrNull(const std::string& text) { return text.empty() ? Json() : Json(text); }

template <class T>
Json OrNull(const std::optional<T>& value) {
  return value ? Json(*value) : Json();
}

Json ToJson(const Replication& policy) {
  return {{"kind", policy.kind == ReplicationKind::kQuorum ? "quorum" : "single"},
          {"quorum", policy.quorum},
          {"distinct_owners", policy.distinct_owners}};
}

Json ToJson(const BatchInfo& batch) {
  return {{"id", batch.id.value},
          {"name", batch.name},
          {"application", batch.application.name},
          {"application_version", batch.application.version},
          {"state", Name(batch.state)},
          {"why", OrNull(batch.why)},
          {"owner", batch.owner},
          {"replication", ToJson(batch.replication)},
          {"priority", batch.priority},
          {"units",
           {{"total", batch.units_total},
            {"created", batch.units_created},
            {"unsent", batch.unsent},
            {"leased", batch.leased},
            {"checking", batch.checking},
            {"settled", batch.settled},
            {"failed", batch.failed},
            {"cancelled", batch.cancelled}}},
          {"results", batch.results},
          {"results_disagreed", batch.disagreed},
          {"leases_lost", batch.leases_lost},
          {"flop_total", batch.flop_total},
          {"flop_settled", batch.flop_settled},
          {"cpu_ms", batch.cpu_ms},
          {"submitted", Time(batch.submitted)},
          {"finished", Time(batch.finished)}};
}

Json ToJson(const HostFacts& facts) {
  Json applications = Json::object();
  for (const ApplicationVersion& each : facts.applications) applications[each.name] = each.version;
  return {{"software", facts.software},
          {"board", facts.board},
          {"isa", facts.isa},
          {"os", facts.os},
          {"cores", facts.cores},
          {"memory_bytes", facts.memory_bytes},
          {"disk_bytes", facts.disk_bytes},
          {"benchmark_flops", facts.benchmark_flops},
          {"applications", applications}};
}

Json ToJson(const Readings& readings) {
  return {{"temperature_millicelsius", OrNull(readings.temperature_millicelsius)},
          {"clock_mhz", OrNull(readings.clock_mhz)},
          {"throttle_flags", OrNull(readings.throttle_flags)},
          {"fan_rpm", OrNull(readings.fan_rpm)},
          {"slowed_why", OrNull(WhySlow(readings))},
          {"load_permille", OrNull(readings.load_permille)},
          {"milliwatts", OrNull(readings.milliwatts)}};
}

Json ToJson(const HostInfo& host) {
  return {{"id", host.id.value},
          {"kind", Name(host.kind)},
          {"name", host.name},
          {"owner", host.owner},
          {"state", HostState(host)},
          {"retired", host.retired},
          {"connected", host.connected},
          {"draining", host.draining},
          {"paused_why", OrNull(host.paused_why)},
          {"silent_ms", host.silent_ms},
          {"facts", ToJson(host.facts)},
          {"readings", ToJson(host.readings)},
          {"leases", host.leases},
          {"leases_lost", host.leases_lost},
          {"results", host.results},
          {"results_settled", host.settled},
          {"results_disagreed", host.disagreed},
          {"results_errors", host.errors},
          {"cpu_ms", host.cpu_ms},
          {"flop", host.flop}};
}

Json ToJson(const ServerInfo& server) {
  return {{"software", server.software},
          {"epoch", server.epoch.value},
          {"uptime_ms", server.uptime_ms},
          {"policy", server.policy},
          {"read_only", server.read_only},
          {"why", OrNull(server.why)},
          {"hosts_connected", server.hosts_connected},
          {"batches_live", server.batches_live},
          {"units_live", server.units_live},
          {"leases_live", server.leases_live},
          {"results", server.results},
          {"results_per_second", server.results_per_second}};
}

// Six digits behind the point: the same on every machine.
double Rounded(double value) { return std::round(value * 1e6) / 1e6; }
Json Rounded(const std::optional<double>& value) { return value ? Json(Rounded(*value)) : Json(); }

Json ToJson(const report::Times& times) {
  Json json = Json::object();
  for (std::size_t i = 0; i < report::kParts; ++i) {
    json[std::string(report::Name(static_cast<report::Part>(i)))] = times.ms[i];
  }
  return json;
}

Json ToJson(const std::optional<report::Reference>& reference) {
  if (!reference) return {};
  return {{"node", reference->name},
          {"speed", Rounded(reference->speed)},
          {"one_node_ms", std::llround(reference->one_node_ms)},
          {"speed_up", Rounded(reference->speed_up)},
          {"equivalent_nodes", Rounded(reference->equivalent)}};
}

Json ToJson(const report::Node& node) {
  return {{"id", node.host.id},
          {"name", node.host.name},
          {"cores", node.host.cores},
          {"results", node.results},
          {"units", node.units},
          {"work", Rounded(node.work)},
          {"speed", node.speed > 0 ? Json(Rounded(node.speed)) : Json()},
          {"cpu_ms", node.cpu_ms},
          {"top_millicelsius", OrNull(node.top_millicelsius)},
          {"times_ms", ToJson(node.times)}};
}

}  // namespace

std::string ErrorJson(const Error& error) {
  return Dump({{"error",
                {{"kind", Name(error.kind)}, {"what", error.what}, {"next", OrNull(error.next)}}}});
}

std::string StatusJson(const ServerInfo& server, const std::vector<BatchInfo>& batches) {
  Json list = Json::array();
  for (const BatchInfo& batch : batches) list.push_back(ToJson(batch));
  return Dump({{"server", ToJson(server)}, {"batches", list}});
}

std::string BatchJson(const BatchInfo& batch) { return Dump({{"batch", ToJson(batch)}}); }

std::string HostsJson(const std::vector<HostInfo>& hosts) {
  Json list = Json::array();
  for (const HostInfo& host : hosts) list.push_back(ToJson(host));
  return Dump({{"hosts", list}});
}

std::string ExplainJson(const Answer& answer) {
  Json reasons = Json::array();
  for (const Reason& reason : answer.reasons) {
    reasons.push_back({{"code", reason.code}, {"text", reason.text}});
  }
  return Dump({{"headline", answer.headline}, {"reasons", reasons}});
}

std::string ProductJson(BatchId batch, const std::vector<SavedFile>& files) {
  Json list = Json::array();
  for (const SavedFile& saved : files) {
    list.push_back({{"name", saved.file.name},
                    {"what", saved.file.what},
                    {"bytes", saved.file.blob.size},
                    {"hash", ToHex(saved.file.blob.hash)},
                    {"path", saved.path},
                    {"fetched", saved.fetched}});
  }
  return Dump({{"batch", batch.value}, {"files", list}});
}

std::string ReportJson(const BatchInfo& batch, const report::Report& report,
                       const std::string& plot) {
  Json hosts = Json::array();
  for (const report::Node& node : report.nodes) hosts.push_back(ToJson(node));
  Json profile = Json::array();
  for (const double speed_up : report.profile) profile.push_back(Rounded(speed_up));
  return Dump({{"batch", ToJson(batch)},
               {"report",
                {{"makespan_ms", report.makespan_ms},
                 {"nodes", report.nodes.size()},
                 {"units", report.units},
                 {"work", Rounded(report.work)},
                 {"work_in", report.in_units ? "units" : "flop"},
                 {"cpu_ms", report.cpu_ms},
                 {"mean", ToJson(report.mean)},
                 {"fastest", ToJson(report.fastest)},
                 {"slowest", ToJson(report.slowest)},
                 {"efficiency", report.mean ? Json(Rounded(report.efficiency)) : Json()},
                 {"serial_share", Rounded(report.serial_share)},
                 {"profile_share", Rounded(report.profile_share)},
                 {"scaled_speed_up", Rounded(report.scaled_speed_up)},
                 {"profile", profile},
                 {"times_ms", ToJson(report.total)},
                 {"hosts", hosts}}},
               {"plot", OrNull(plot)}});
}

std::string DoneJson(std::string_view done) { return Dump({{"done", done}}); }

std::string InviteJson(std::string_view code, std::string_view command, PrincipalKind kind) {
  return Dump({{"code", code}, {"command", command}, {"kind", Name(kind)}});
}

std::string JoinedJson(const Enrolled& enrolled, std::string_view folder,
                       std::string_view endpoint) {
  return Dump({{"id", enrolled.id.value},
               {"name", enrolled.name},
               {"owner", enrolled.owner},
               {"profile", folder},
               {"endpoint", endpoint}});
}

std::string SubmittedJson(BatchId batch, std::string_view request_key,
                          const std::vector<UploadedFile>& files, const BatchInfo* ended) {
  Json list = Json::array();
  for (const UploadedFile& file : files) {
    list.push_back(
        {{"name", file.name}, {"bytes", file.blob.size}, {"hash", ToHex(file.blob.hash)}});
  }
  Json document{{"id", batch.value}, {"request_key", request_key}, {"files", list}};
  if (ended != nullptr) document["batch"] = ToJson(*ended);
  return Dump(document);
}

}  // namespace picube
