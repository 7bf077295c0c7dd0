#include "server/store/projection_format.h"

#include <nlohmann/json.hpp>

namespace picube {

const std::string_view kProjectionSchema = R"sql(
-- The last journal row whose events are in these tables.
CREATE TABLE IF NOT EXISTS cursor(id INTEGER PRIMARY KEY CHECK(id = 1), seq INTEGER NOT NULL);
INSERT OR IGNORE INTO cursor VALUES(1, 0);
-- Units that have ended, once each. See the view `units` for words instead of numbers.
CREATE TABLE IF NOT EXISTS unit(
  id INTEGER PRIMARY KEY,   -- as in `picube explain unit`
  batch INTEGER NOT NULL,
  idx INTEGER NOT NULL,     -- within the batch, from 0
  state INTEGER NOT NULL,   -- 4 settled, 5 failed, 6 cancelled
  host INTEGER NOT NULL,    -- of the canonical result; 0 if there is none
  lease INTEGER NOT NULL,   -- of the canonical result
  bytes INTEGER NOT NULL,   -- of the canonical payload
  leases INTEGER NOT NULL,  -- copies handed out
  errors INTEGER NOT NULL,
  digest BLOB,              -- of the canonical payload
  payload BLOB,             -- empty if it is a blob named by the digest; NULL once dropped
  why TEXT);                -- of a failure
CREATE INDEX IF NOT EXISTS unit_blob ON unit(digest) WHERE bytes > 1024 AND payload IS NOT NULL;
-- Runs of units of one batch: ids first to last have idx = id - shift.
CREATE TABLE IF NOT EXISTS extent(
  batch INTEGER NOT NULL, shift INTEGER NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL,
  PRIMARY KEY(batch, shift)) WITHOUT ROWID;
-- Batches as they were described last; archived ones do not change any more.
CREATE TABLE IF NOT EXISTS batch(
  id INTEGER PRIMARY KEY, name TEXT, application TEXT, version INTEGER, state INTEGER, why TEXT,
  owner TEXT, replication INTEGER, quorum INTEGER, distinct_owners INTEGER, priority INTEGER,
  units_total INTEGER, units_created INTEGER, unsent INTEGER, leased INTEGER, checking INTEGER,
  settled INTEGER, failed INTEGER, cancelled INTEGER, results INTEGER, disagreed INTEGER,
  leases_lost INTEGER, flop_total REAL, flop_settled REAL, cpu_ms INTEGER,
  submitted_ms INTEGER,     -- wall time since 1970
  finished_ms INTEGER,      -- 0 while it runs
  submission TEXT,          -- JSON
  archived INTEGER NOT NULL DEFAULT 0,
  payloads INTEGER NOT NULL DEFAULT 1);  -- 0 once its units' payloads were dropped
-- Joules of a batch's results; none: no host of it knows its energy.
CREATE TABLE IF NOT EXISTS batch_energy(
  batch INTEGER PRIMARY KEY, results INTEGER NOT NULL, millijoules INTEGER NOT NULL,
  marginal_millijoules INTEGER NOT NULL,
  sources INTEGER NOT NULL);  -- bit 1 model, 2 INA, 3 PMIC, 4 meter
-- The files of a batch's product; the bytes are blobs.
CREATE TABLE IF NOT EXISTS product(
  batch INTEGER NOT NULL, n INTEGER NOT NULL, name TEXT, what TEXT, hash BLOB, size INTEGER,
  PRIMARY KEY(batch, n)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS host(
  id INTEGER PRIMARY KEY, kind INTEGER, name TEXT, owner TEXT, retired INTEGER, draining INTEGER,
  results INTEGER, settled INTEGER, disagreed INTEGER, errors INTEGER, leases_lost INTEGER,
  cpu_ms INTEGER, flop REAL,
  facts TEXT);              -- JSON: board, cores, memory, applications, last readings
-- Results that lost against the canonical one.
CREATE TABLE IF NOT EXISTS disagreement(
  lease INTEGER PRIMARY KEY, unit INTEGER NOT NULL, host INTEGER NOT NULL, digest BLOB,
  canonical BLOB, at_ms INTEGER);
CREATE INDEX IF NOT EXISTS disagreement_unit ON disagreement(unit);
CREATE INDEX IF NOT EXISTS disagreement_host ON disagreement(host, lease);
-- Leases that have ended, once each: what reports on a batch are made from. Batches that ran under
-- a server without this table have no rows.
CREATE TABLE IF NOT EXISTS lease(
  unit INTEGER NOT NULL,
  id INTEGER NOT NULL,
  host INTEGER NOT NULL,
  outcome INTEGER NOT NULL, -- 0 ended without a result, 1 a result, 2 an error
  ended_ms INTEGER,         -- wall time since 1970
  held_ms INTEGER,          -- from its grant to then
  cpu_ms INTEGER, wall_ms INTEGER, -- of the computation, as the host says
  top_millicelsius INTEGER, -- NULL: unknown
  flop REAL,                -- declared for the unit
  PRIMARY KEY(unit, id)) WITHOUT ROWID;
CREATE VIEW IF NOT EXISTS units AS SELECT unit.id, batch.name AS batch, idx,
  CASE unit.state WHEN 4 THEN 'settled' WHEN 5 THEN 'failed' WHEN 6 THEN 'cancelled' END AS state,
  host.name AS host, lease, bytes, leases, unit.errors, lower(hex(digest)) AS digest, unit.why
  FROM unit LEFT JOIN batch ON batch.id = unit.batch LEFT JOIN host ON host.id = unit.host;
)sql";

const std::string_view kBatchColumns =
    "id, name, application, version, state, why, owner, replication, quorum, distinct_owners, "
    "priority, units_total, units_created, unsent, leased, checking, settled, failed, cancelled, "
    "results, disagreed, leases_lost, flop_total, flop_settled, cpu_ms, submitted_ms, finished_ms, "
    "submission, archived, "
    "coalesce((SELECT e.results FROM batch_energy e WHERE e.batch = batch.id), 0), "
    "coalesce((SELECT e.millijoules FROM batch_energy e WHERE e.batch = batch.id), 0), "
    "coalesce((SELECT e.marginal_millijoules FROM batch_energy e WHERE e.batch = batch.id), 0), "
    "coalesce((SELECT e.sources FROM batch_energy e WHERE e.batch = batch.id), 0)";

// A description replaces the row, except what was archived and what DropPayloads has noted.
const std::string_view kUpsertBatch =
    "INSERT INTO batch(id, name, application, version, state, why, owner, replication, quorum, "
    "distinct_owners, priority, units_total, units_created, unsent, leased, checking, settled, "
    "failed, cancelled, results, disagreed, leases_lost, flop_total, flop_settled, cpu_ms, "
    "submitted_ms, finished_ms, submission, archived) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, "
    "?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26, ?27, "
    "?28, ?29) ON CONFLICT(id) DO UPDATE SET name = excluded.name, state = excluded.state, "
    "why = excluded.why, priority = excluded.priority, units_total = excluded.units_total, "
    "units_created = excluded.units_created, unsent = excluded.unsent, leased = excluded.leased, "
    "checking = excluded.checking, settled = excluded.settled, failed = excluded.failed, "
    "cancelled = excluded.cancelled, results = excluded.results, disagreed = excluded.disagreed, "
    "leases_lost = excluded.leases_lost, flop_total = excluded.flop_total, "
    "flop_settled = excluded.flop_settled, cpu_ms = excluded.cpu_ms, "
    "finished_ms = excluded.finished_ms, submission = excluded.submission, "
    "archived = excluded.archived WHERE archived = 0";

const std::string_view kUpsertHost =
    "INSERT OR REPLACE INTO host(id, kind, name, owner, retired, draining, results, settled, "
    "disagreed, errors, leases_lost, cpu_ms, flop, facts) "
    "VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";

namespace {

using Json = nlohmann::json;

// Names come from strangers: bytes that are no UTF-8 are replaced, never thrown over.
std::string Dump(const Json& json) {
  return json.dump(-1, ' ', /*ensure_ascii=*/false, Json::error_handler_t::replace);
}

std::string TextOf(const Json& json, const char* key) {
  const auto it = json.find(key);
  return it != json.end() && it->is_string() ? it->get<std::string>() : std::string();
}

template <class Number>
Number NumberOf(const Json& json, const char* key, Number otherwise) {
  const auto it = json.find(key);
  return it != json.end() && it->is_number() ? it->get<Number>() : otherwise;
}

std::uint64_t Flag(bool value) { return value ? 1 : 0; }

}  // namespace

void BindBatch(Statement& statement, const BatchInfo& info, std::string_view submission,
               bool archived) {
  int column = 0;
  const auto number = [&](std::uint64_t value) { statement.Bind(++column, value); };
  const auto text = [&](std::string_view value) { statement.BindText(++column, value); };
  number(info.id.value);
  text(info.name);
  text(info.application.name);
  number(info.application.version);
  number(static_cast<std::uint64_t>(info.state));
  text(info.why);
  text(info.owner);
  number(static_cast<std::uint64_t>(info.replication.kind));
  number(info.replication.quorum);
  number(Flag(info.replication.distinct_owners));
  statement.Bind(++column, static_cast<std::int64_t>(info.priority));
  for (const std::uint64_t value :
       {info.units_total, info.units_created, info.unsent, info.leased, info.checking, info.settled,
        info.failed, info.cancelled, info.results, info.disagreed, info.leases_lost}) {
    number(value);
  }
  statement.BindReal(++column, info.flop_total);
  statement.BindReal(++column, info.flop_settled);
  number(info.cpu_ms);
  statement.Bind(++column, info.submitted.ms);
  statement.Bind(++column, info.finished.ms);
  text(submission);
  number(Flag(archived));
}

BatchInfo ReadBatch(const Statement& row) {
  BatchInfo info;
  int column = 0;
  const auto number = [&] { return row.Unsigned(column++); };
  const auto text = [&] { return std::string(row.Text(column++)); };
  info.id = BatchId{number()};
  info.name = text();
  info.application.name = text();
  info.application.version = static_cast<std::uint32_t>(number());
  info.state = static_cast<BatchState>(number());
  info.why = text();
  info.owner = text();
  info.replication.kind = static_cast<ReplicationKind>(number());
  info.replication.quorum = static_cast<std::uint32_t>(number());
  info.replication.distinct_owners = number() != 0;
  info.priority = static_cast<std::int32_t>(row.Int(column++));
  for (std::uint64_t* value : {&info.units_total, &info.units_created, &info.unsent, &info.leased,
                               &info.checking, &info.settled, &info.failed, &info.cancelled,
                               &info.results, &info.disagreed, &info.leases_lost}) {
    *value = number();
  }
  info.flop_total = row.Real(column++);
  info.flop_settled = row.Real(column++);
  info.cpu_ms = number();
  info.submitted.ms = row.Int(column++);
  info.finished.ms = row.Int(column++);
  column += 2;  // submission, archived
  info.energy.results = number();
  info.energy.millijoules = number();
  info.energy.marginal_millijoules = number();
  info.energy.sources = static_cast<std::uint32_t>(number());
  return info;
}

void BindHost(Statement& statement, const HostInfo& info, std::string_view facts) {
  statement.Bind(1, info.id.value);
  statement.Bind(2, static_cast<std::uint64_t>(info.kind));
  statement.BindText(3, info.name);
  statement.BindText(4, info.owner);
  statement.Bind(5, Flag(info.retired));
  statement.Bind(6, Flag(info.draining));
  statement.Bind(7, info.results);
  statement.Bind(8, info.settled);
  statement.Bind(9, info.disagreed);
  statement.Bind(10, info.errors);
  statement.Bind(11, info.leases_lost);
  statement.Bind(12, info.cpu_ms);
  statement.BindReal(13, info.flop);
  statement.BindText(14, facts);
}

std::string SubmissionText(const Submit& submit) {
  Json json;
  json["name"] = submit.name;
  json["application"] = submit.application;
  json["parameters"] = submit.parameters;
  json["files"] = Json::array();
  for (const DatasetFile& file : submit.files) {
    json["files"].push_back(
        {{"name", file.name}, {"hash", ToHex(file.blob.hash)}, {"size", file.blob.size}});
  }
  json["replication"] = static_cast<int>(submit.replication.kind);
  json["quorum"] = submit.replication.quorum;
  json["distinct_owners"] = submit.replication.distinct_owners ? 1 : 0;
  json["priority"] = submit.priority;
  json["request_key"] = submit.request_key;
  return Dump(json);
}

Submit ParseSubmission(std::string_view text) {
  Submit submit;
  const Json json = Json::parse(text, nullptr, /*allow_exceptions=*/false);
  if (!json.is_object()) return submit;
  submit.name = TextOf(json, "name");
  submit.application = TextOf(json, "application");
  submit.request_key = TextOf(json, "request_key");
  submit.priority = NumberOf(json, "priority", 0);
  submit.replication.kind = static_cast<ReplicationKind>(NumberOf(json, "replication", 1));
  submit.replication.quorum = NumberOf(json, "quorum", 1U);
  submit.replication.distinct_owners = NumberOf(json, "distinct_owners", 0) != 0;
  const Json parameters = json.value("parameters", Json::object());
  for (auto it = parameters.begin(); it != parameters.end(); ++it) {
    if (it->is_string()) submit.parameters[it.key()] = it->get<std::string>();
  }
  const Json files = json.value("files", Json::array());
  for (const Json& entry : files) {
    DatasetFile file;
    file.name = TextOf(entry, "name");
    file.blob.size = NumberOf(entry, "size", std::uint64_t{0});
    if (FromHex(TextOf(entry, "hash"), file.blob.hash)) submit.files.push_back(std::move(file));
  }
  return submit;
}

std::string FactsText(const HostInfo& info) {
  const HostFacts& facts = info.facts;
  Json json = {{"software", facts.software},
               {"board", facts.board},
               {"isa", facts.isa},
               {"os", facts.os},
               {"cores", facts.cores},
               {"memory_bytes", facts.memory_bytes},
               {"disk_bytes", facts.disk_bytes},
               {"benchmark_flops", facts.benchmark_flops}};
  for (const ApplicationVersion& application : facts.applications) {
    json["applications"][application.name] = application.version;
  }
  if (info.readings.temperature_millicelsius) {
    json["temperature_celsius"] = *info.readings.temperature_millicelsius / 1000.0;
  }
  if (info.readings.milliwatts) json["watts"] = *info.readings.milliwatts / 1000.0;
  return Dump(json);
}

}  // namespace picube
