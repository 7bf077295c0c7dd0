#include "server/gateway/query_desk.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

#include "protocol/base/limits.h"
#include "protocol/wire/codec.h"

namespace picube {
namespace {

bool HasEnded(BatchState state) {
  return state == BatchState::kDone || state == BatchState::kFailed ||
         state == BatchState::kCancelled;
}

Refused NoSuch(const std::string& what, const std::string& next) {
  return Refused{ErrorKind::kUser, "there is no " + what, next};
}

Message FromError(const Error& error) { return Refused{error.kind, error.what, error.next}; }

std::string_view Name(UnitState state) {
  switch (state) {
    case UnitState::kSettled: return "settled";
    case UnitState::kFailed: return "failed";
    case UnitState::kCancelled: return "cancelled";
    default: return "live";
  }
}

}  // namespace

Result<std::optional<BatchInfo>> QueryDesk::Describe(BatchId batch) const {
  if (auto live = grid_.DescribeBatch(batch)) return live;
  if (const BatchArchived* ended = JustEnded(batch)) return ended->info;
  auto ended = projection_.FindBatch(batch);
  if (!ended) return std::unexpected(ended.error());
  if (!*ended) return std::optional<BatchInfo>();
  return (*ended)->info;
}

const BatchArchived* QueryDesk::JustEnded(BatchId batch) const {
  const auto found = std::find_if(just_ended_.begin(), just_ended_.end(),
                                  [&](const BatchArchived& b) { return b.info.id == batch; });
  return found == just_ended_.end() ? nullptr : &*found;
}

void QueryDesk::Remember(const BatchArchived& batch) {
  constexpr std::size_t kMost = 256;  // ended within the moment that the projection is behind
  just_ended_.push_back(batch);
  if (just_ended_.size() > kMost) just_ended_.pop_front();
}

Message QueryDesk::Answer(const Query& query, Instant now, const ServerFigures& figures) const {
  switch (query.kind) {
    case QueryKind::kServer: {
      picube::Answer answer;
      answer.server = grid_.DescribeServer();
      answer.server->uptime_ms = figures.uptime_ms;
      answer.server->results_per_second = figures.results_per_second;
      answer.server->read_only = !figures.trouble.empty();
      answer.server->why = figures.trouble;
      return answer;
    }
    case QueryKind::kBatches: return AnswerBatches(query);
    case QueryKind::kBatch: return AnswerBatch(query);
    case QueryKind::kHosts: return AnswerHosts(query, now);
    case QueryKind::kProduct: return AnswerProduct(query);
    case QueryKind::kExplainUnit: return ExplainUnit(UnitId{query.id}, now);
    case QueryKind::kExplainHost: return ExplainHost(query, now);
    case QueryKind::kExplainBatch: return ExplainBatch(BatchId{query.id}, now);
    case QueryKind::kReport: return AnswerReport(query);
  }
  return NoSuch("such query", "");
}

Message QueryDesk::AnswerBatches(const Query& query) const {
  picube::Answer answer;
  auto live = grid_.LiveBatches();
  std::reverse(live.begin(), live.end());
  for (const BatchId batch : live) {
    if (query.id != 0 && batch.value >= query.id) continue;
    if (auto info = grid_.DescribeBatch(batch)) answer.batches.push_back(std::move(*info));
  }
  auto ended = projection_.Batches(BatchId{query.id}, limits::kRowsPerAnswer);
  if (!ended) return FromError(ended.error());
  for (BatchInfo& info : *ended) {
    if (!grid_.DescribeBatch(info.id) && JustEnded(info.id) == nullptr) {
      answer.batches.push_back(std::move(info));
    }
  }
  for (const BatchArchived& just : just_ended_) {
    if (query.id == 0 || just.info.id.value < query.id) answer.batches.push_back(just.info);
  }
  std::sort(answer.batches.begin(), answer.batches.end(),
            [](const BatchInfo& a, const BatchInfo& b) { return a.id > b.id; });
  if (answer.batches.size() > limits::kRowsPerAnswer) {
    answer.batches.resize(limits::kRowsPerAnswer);
    answer.more = true;
  }
  FitAnswer(answer);
  return answer;
}

Message QueryDesk::AnswerBatch(const Query& query) const {
  auto info = Describe(BatchId{query.id});
  if (!info) return FromError(info.error());
  if (!*info) {
    return NoSuch("batch " + std::to_string(query.id), "`picube status` lists all batches.");
  }
  picube::Answer answer;
  answer.batches.push_back(std::move(**info));
  return answer;
}

Message QueryDesk::AnswerHosts(const Query& query, Instant now) const {
  picube::Answer answer;
  for (const HostId host : grid_.Hosts()) {
    if (host.value <= query.id) continue;
    if (answer.hosts.size() == limits::kRowsPerAnswer) {
      answer.more = true;
      break;
    }
    if (auto info = grid_.DescribeHost(host, now)) answer.hosts.push_back(std::move(*info));
  }
  FitAnswer(answer);
  return answer;
}

Message QueryDesk::AnswerProduct(const Query& query) const {
  const BatchId batch{query.id};
  auto info = Describe(batch);
  if (!info) return FromError(info.error());
  if (!*info) {
    return NoSuch("batch " + std::to_string(query.id), "`picube status` lists all batches.");
  }
  picube::Answer answer;
  answer.batches.push_back(**info);
  if (const BatchArchived* ended = JustEnded(batch)) {
    answer.product = ended->product;
    return answer;
  }
  auto product = projection_.Product(batch);
  if (!product) return FromError(product.error());
  answer.product = std::move(*product);
  return answer;
}

Message QueryDesk::AnswerReport(const Query& query) const {
  const BatchId batch{query.id};
  auto info = Describe(batch);
  if (!info) return FromError(info.error());
  if (!*info) {
    return NoSuch("batch " + std::to_string(query.id), "`picube status` lists all batches.");
  }
  auto page = projection_.LeasesOf(batch, UnitId{query.after}, limits::kRowsPerAnswer);
  if (!page) return FromError(page.error());
  picube::Answer answer;
  answer.batches.push_back(std::move(**info));
  answer.leases = std::move(page->leases);
  answer.more = page->more;
  FitAnswer(answer);
  return answer;
}

Message QueryDesk::ExplainUnit(UnitId unit, Instant now) const {
  picube::Answer live = grid_.ExplainUnit(unit, now);
  if (!live.headline.empty()) return live;
  auto closed = projection_.FindUnit(unit);
  if (!closed) return FromError(closed.error());
  if (!*closed) {
    return NoSuch("unit " + std::to_string(unit.value),
                  "Units count from 1. One that has ended this moment is known in the next.");
  }
  const UnitClosed& row = **closed;
  picube::Answer answer;
  answer.headline = "unit " + std::to_string(unit.value) + " (number " + std::to_string(row.index) +
                    " of batch " + std::to_string(row.batch.value) + ") is " +
                    std::string(Name(row.state));
  const auto name_of = [&](HostId id) {
    auto info = grid_.DescribeHost(id, now);
    return info ? info->name : "host " + std::to_string(id.value);
  };
  if (row.state == UnitState::kSettled) {
    answer.reasons.push_back({"canonical_result", "its canonical result " +
                                                      ToHex(row.digest).substr(0, 16) +
                                                      "… was returned by " + name_of(row.host)});
  } else if (!row.why.empty()) {
    answer.reasons.push_back({"why", row.why});
  }
  answer.reasons.push_back(
      {"leases", "handed out " + std::to_string(row.leases) +
                     " times, errors reported: " + std::to_string(row.errors)});
  if (auto lost = projection_.DisagreementsOf(unit)) {
    for (const ResultDisagreed& row_lost : *lost) {
      answer.reasons.push_back({"disagreed", name_of(row_lost.host) + " returned " +
                                                 ToHex(row_lost.digest).substr(0, 16) +
                                                 "…, which lost against the canonical result"});
    }
  }
  return answer;
}

Message QueryDesk::ExplainBatch(BatchId batch, Instant now) const {
  picube::Answer live = grid_.ExplainBatch(batch, now);
  if (!live.headline.empty()) return live;
  auto info = Describe(batch);
  if (!info) return FromError(info.error());
  if (!*info) {
    return NoSuch("batch " + std::to_string(batch.value), "`picube status` lists all batches.");
  }
  picube::Answer answer;
  const char* state = (*info)->state == BatchState::kDone     ? "done"
                      : (*info)->state == BatchState::kFailed ? "failed"
                                                              : "cancelled";
  answer.headline = "batch " + std::to_string(batch.value) + " is " + state;
  if (!(*info)->why.empty()) answer.reasons.push_back({"why", (*info)->why});
  answer.reasons.push_back({"units", std::to_string((*info)->settled) + " units settled, " +
                                         std::to_string((*info)->failed) + " failed, " +
                                         std::to_string((*info)->cancelled) + " cancelled"});
  return answer;
}

Message QueryDesk::ExplainHost(const Query& query, Instant now) const {
  HostId host{query.id};
  if (!query.name.empty()) host = grid_.FindHost(query.name).value_or(HostId{});
  picube::Answer answer = grid_.ExplainHost(host, now);
  if (answer.headline.empty()) {
    return NoSuch("host " + (query.name.empty() ? std::to_string(query.id) : query.name),
                  "`picube hosts` lists all hosts.");
  }
  if (auto lost = projection_.DisagreementsOf(host, 5)) {
    for (const ResultDisagreed& row : *lost) {
      answer.reasons.push_back({"disagreed", "its result for unit " +
                                                 std::to_string(row.unit.value) +
                                                 " lost against the canonical one"});
    }
  }
  return answer;
}

void QueryDesk::Watch(const ReplyTo& reply, BatchId batch) {
  const auto mine = [&](const Watcher& w) { return w.reply.connection == reply.connection; };
  // A quiet client asks again: that is the same watcher.
  std::erase_if(watchers_, [&](const Watcher& w) { return mine(w) && w.batch == batch; });
  constexpr std::ptrdiff_t kWatchersOfOne = 16;  // more from one connection replace the oldest
  if (std::count_if(watchers_.begin(), watchers_.end(), mine) >= kWatchersOfOne) {
    watchers_.erase(std::find_if(watchers_.begin(), watchers_.end(), mine));
  }
  auto info = Describe(batch);
  if (!info || !*info) {
    send_(reply, info ? Message(NoSuch("batch " + std::to_string(batch.value),
                                       "`picube status` lists all batches."))
                      : FromError(info.error()));
    return;
  }
  Watcher watcher{reply, batch, {}};
  std::optional<BatchProgress> news = NewsFor(watcher);
  // Before it is told: if that fails, Gone must find it.
  if (!news || !news->last) watchers_.push_back(std::move(watcher));
  if (news) send_(reply, std::move(*news));
}

void QueryDesk::Measure(const BatchInfo& info, Instant now) {
  Pace& pace = paces_[info.id];
  const double span = Seconds(now - pace.last);
  if (pace.last.us != 0 && span < 1) return;
  if (pace.last.us != 0 && info.results >= pace.results) {
    // Old samples fade over about 20 s.
    const double weight = std::min(1.0, span / 20 + (pace.results_per_second == 0 ? 1.0 : 0.0));
    const double results = static_cast<double>(info.results - pace.results) / span;
    const double flop = std::max(0.0, info.flop_settled - pace.flop) / span;
    pace.results_per_second += weight * (results - pace.results_per_second);
    pace.flop_per_second += weight * (flop - pace.flop_per_second);
  }
  pace.last = now;
  pace.flop = info.flop_settled;
  pace.results = info.results;
}

// What has changed since the watcher was last told; `told` is up to date then.
std::optional<BatchProgress> QueryDesk::NewsFor(Watcher& watcher) const {
  auto info = Describe(watcher.batch);
  if (!info || !*info) return {};  // between the core and the projection: a moment later
  const bool last = HasEnded((*info)->state);
  if (!last && **info == watcher.told) return {};
  watcher.told = **info;
  BatchProgress progress{.batch = std::move(**info), .last = last};
  const auto pace = paces_.find(watcher.batch);
  if (pace != paces_.end()) {
    progress.results_per_second_milli =
        static_cast<std::uint64_t>(pace->second.results_per_second * 1000);
    const double left = progress.batch.flop_total - progress.batch.flop_settled;
    if (pace->second.flop_per_second > 0 && progress.batch.state != BatchState::kSplitting) {
      progress.left_ms = static_cast<std::uint64_t>(
          std::min(1e12, std::max(0.0, left) / pace->second.flop_per_second * 1000));
    }
  }
  return progress;
}

void QueryDesk::Tell(Instant now) {
  std::set<BatchId> watched;
  for (const Watcher& watcher : watchers_) watched.insert(watcher.batch);
  std::erase_if(paces_, [&](const auto& pace) { return !watched.contains(pace.first); });
  for (const BatchId batch : watched) {
    if (auto info = grid_.DescribeBatch(batch)) Measure(*info, now);
  }
  // Sending may find that a connection is gone and forget its watchers: nothing is sent while the
  // list is walked.
  std::vector<std::pair<ReplyTo, BatchProgress>> news;
  std::erase_if(watchers_, [&](Watcher& watcher) {
    auto of_one = NewsFor(watcher);
    if (!of_one) return false;
    const bool last = of_one->last;
    news.emplace_back(watcher.reply, std::move(*of_one));
    return last;
  });
  for (auto& [reply, progress] : news) send_(reply, std::move(progress));
}

void QueryDesk::Gone(std::uint64_t connection) {
  std::erase_if(watchers_, [&](const Watcher& w) { return w.reply.connection == connection; });
}

}  // namespace picube
