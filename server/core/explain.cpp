// Why something is as it is, from the predicates that the scheduler uses.
#include <algorithm>
#include <array>

#include "protocol/readings.h"
#include "server/core/impl.h"

namespace picube {
namespace {

constexpr std::size_t kBatchesExplained = 20;
constexpr std::size_t kFailuresExplained = 5;
constexpr std::uint64_t kQueueExplained = 64;  // entries of a queue looked at for one host

std::string Seconds10(Duration span) {  // "12.3 s", or minutes when it is long
  if (span >= 10min) return std::to_string(span / 1min) + " min";
  return std::to_string(span / 1s) + "." + std::to_string((span % 1s) / 100ms) + " s";
}

std::string Amount(std::uint64_t number, std::string_view one, std::string_view many) {
  return std::to_string(number) + ' ' + std::string(number == 1 ? one : many);
}

struct VerdictText {
  std::string_view code;
  std::string_view text;  // "<host or hosts> ..."
};
VerdictText TextOf(Verdict verdict) {
  switch (verdict) {
    case Verdict::kEligible: return {"may_have_it", "may have it"};
    case Verdict::kNoApplication: return {"no_application", "without the application's version"};
    case Verdict::kBackoff: return {"host_backoff", "resting after an error of the machine"};
    case Verdict::kHasCopy: return {"has_its_copy", "that had a copy already"};
    case Verdict::kSameOwner: return {"same_owner", "whose owner had a copy already"};
    case Verdict::kOwnerErred:
      return {"owner_has_tried", "whose owner has tried it without a result, while others can try"};
    case Verdict::kTooBig: return {"too_big", "with too little memory"};
    case Verdict::kHostQuota: return {"host_quota", "with as many leases as one may have"};
    case Verdict::kDraining: return {"draining", "being drained"};
    case Verdict::kRetired: return {"retired", "retired"};
    case Verdict::kResting: return {"resting", "that rest because the queue is short"};
    case Verdict::kPowerCap: return {"power_cap", "whose site would take more watts than it may"};
  }
  return {"unknown", ""};
}

}  // namespace

// Eligible if one of the first units that wait can go to the host; else what the first one says.
Verdict Grid::Impl::QueuedVerdict(const Host& host, const Batch& batch) const {
  std::optional<Verdict> first;
  for (const UnitQueue* queue : {&batch.copies, &batch.fresh}) {
    std::uint64_t looked = 0;
    for (std::uint64_t at = queue->Begin(); at < queue->End() && looked < kQueueExplained; ++at) {
      const UnitId id = queue->At(at);
      if (!id) continue;
      ++looked;
      const Verdict verdict = UnitVerdict(host, *units_.Find(id.value));
      if (verdict == Verdict::kEligible) return verdict;
      if (!first) first = verdict;
    }
  }
  return first.value_or(Verdict::kEligible);
}

// How many connected hosts could have the unit (a unit of the batch that waits), and why the others
// cannot.
void Grid::Impl::ExplainHosts(const Batch& batch, const Unit* unit, Instant now,
                              Answer& answer) const {
  std::array<std::uint64_t, 16> hosts{};
  std::uint64_t connected = 0;
  for (const auto& host : hosts_) {
    if (!host->IsHost() || host->connection == 0) continue;
    ++connected;
    Verdict verdict = HostVerdict(*host);
    if (verdict == Verdict::kEligible) verdict = BatchVerdict(*host, batch, now);
    if (verdict == Verdict::kEligible) {
      verdict = unit != nullptr ? UnitVerdict(*host, *unit) : QueuedVerdict(*host, batch);
    }
    ++hosts[static_cast<std::size_t>(verdict)];
  }
  if (connected == 0) answer.reasons.push_back({"no_host", "no host is connected"});
  for (std::size_t i = 0; i < hosts.size(); ++i) {
    if (hosts[i] == 0) continue;
    const VerdictText text = TextOf(static_cast<Verdict>(i));
    answer.reasons.push_back(
        {i == 0 ? "hosts_may_have_it" : "hosts_" + std::string(text.code),
         Amount(hosts[i], "connected host ", "connected hosts ") + std::string(text.text)});
  }
}

void Grid::Impl::ExplainLeases(const Unit& unit, Instant now, Answer& answer) const {
  std::vector<Reason> reasons;
  for (LeaseId at = unit.newest; at;) {
    const Lease& lease = *leases_.Find(at.value);
    const std::string who =
        "lease " + std::to_string(at.value) + " of " + lease.host->enrolled.name;
    const std::string age = Seconds10(now - lease.granted);
    switch (lease.state) {
      case LeaseState::kOut:
        reasons.push_back(
            {lease.speculative ? "leased_extra" : "leased",
             who + " is out since " + age +
                 (lease.speculative ? ", an extra copy at the tail" : "") + ", " +
                 (lease.deadline > now ? "for another " + Seconds10(lease.deadline - now)
                                       : "and its deadline has passed")});
        break;
      case LeaseState::kUnsealed:
        reasons.push_back({"result_unsigned", who + " came back; its signature is awaited"});
        break;
      case LeaseState::kCounted:
        reasons.push_back(
            {"result_counts", who + " came back with digest " + ToHex(lease.digest).substr(0, 16)});
        break;
      case LeaseState::kErred:
        reasons.push_back({"error_" + std::string(Name(lease.error)),
                           who + " came back with an error: " + lease.payload});
        break;
      case LeaseState::kEnded:
        reasons.push_back({"ended_" + std::string(Name(lease.end)),
                           who + " was lost; its result would still be taken"});
        break;
    }
    at = lease.older;
  }
  answer.reasons.insert(answer.reasons.end(), reasons.rbegin(), reasons.rend());
}

void Grid::Impl::ExplainWaiting(const Unit& unit, Instant now, Answer& answer) const {
  const Tally tally = Count(unit);
  if (tally.agreeing > 0) {
    answer.reasons.push_back({"waits_for_agreement", std::to_string(tally.agreeing) + " of " +
                                                         std::to_string(unit.batch->quorum) +
                                                         " equal results are here"});
  }
  if (unit.wanted == 0) return;
  answer.reasons.push_back(
      {"waits_for_host",
       Amount(unit.wanted, "more copy waits", "more copies wait") + " for a host to ask"});
  ExplainHosts(*unit.batch, &unit, now, answer);
}

Answer Grid::Impl::ExplainUnit(UnitId id, Instant now) const {
  Answer answer;
  const Unit* unit = units_.Find(id.value);
  if (unit == nullptr) return answer;
  answer.headline = "unit " + std::to_string(id.value) + " of batch " +
                    std::to_string(unit->batch->Id().value) + " is " +
                    std::string(Name(unit->state));
  if (unit->state == UnitState::kFailed) {
    answer.reasons.push_back({"failed", unit->batch->failures.at(id)});
    return answer;
  }
  if (!unit->newest) answer.reasons.push_back({"never_leased", "no host has had it yet"});
  ExplainLeases(*unit, now, answer);
  ExplainWaiting(*unit, now, answer);
  return answer;
}

Answer Grid::Impl::ExplainHost(HostId id, Instant now) const {
  Answer answer;
  const Host* host = FindHost(id);
  if (host == nullptr) return answer;
  auto& reasons = answer.reasons;
  const Verdict verdict = HostVerdict(*host);
  answer.headline = host->enrolled.name + " of " + host->enrolled.owner +
                    (host->retired           ? " is retired"
                     : host->connection == 0 ? " is not connected"
                                             : " is connected");
  if (!host->IsHost()) {
    reasons.push_back({"operator", "it is an operator's key and gets no work"});
    return answer;
  }
  if (verdict != Verdict::kEligible) {
    reasons.push_back({std::string(TextOf(verdict).code),
                       "it gets no work: a host " + std::string(TextOf(verdict).text)});
  }
  reasons.push_back({"last_heard", "last heard of " + Seconds10(now - host->heard) + " ago"});
  if (!host->paused_why.empty()) reasons.push_back({"paused", "it pauses: " + host->paused_why});
  const std::string slow = WhySlow(host->readings);
  if (!slow.empty()) reasons.push_back({"slowed", "it computes less than it could: " + slow});
  reasons.push_back({"leases", Amount(host->out.size(), "lease is", "leases are") + " out"});
  if (!host->unsealed.empty()) {
    reasons.push_back(
        {"unsigned_results",
         Amount(host->unsealed.size(), "result waits", "results wait") + " for a signature"});
  }
  if (host->parked) {
    reasons.push_back({"waits_for_work", "its ask for work waits until there is some"});
  }
  std::size_t explained = 0;
  for (const auto& [batch_id, batch] : batches_) {
    if (++explained > kBatchesExplained) break;
    Verdict of_batch = BatchVerdict(*host, *batch, now);
    if (of_batch == Verdict::kEligible) of_batch = QueuedVerdict(*host, *batch);
    std::string text = "batch " + std::to_string(batch_id.value);
    if (of_batch == Verdict::kEligible) {
      text += batch->Queued() > 0 ? ": it may have units of it" : ": nothing waits to be sent";
      reasons.push_back({batch->Queued() > 0 ? "may_have_units" : "nothing_waits", text});
    } else {
      reasons.push_back({std::string(TextOf(of_batch).code),
                         text + ": none for a host " + std::string(TextOf(of_batch).text)});
    }
  }
  return answer;
}

void Grid::Impl::ExplainFailures(const Batch& batch, std::vector<Reason>& reasons) const {
  if (batch.failures.empty()) return;
  reasons.push_back(
      {"failed", Amount(batch.failures.size(), "unit has", "units have") + " failed"});
  std::size_t named = 0;
  for (const auto& [unit, why] : batch.failures) {
    if (++named > kFailuresExplained) break;
    reasons.push_back({"failed_unit", "unit " + std::to_string(unit.value) + ": " + why});
  }
}

// The numbers by which people ask for units.
void Grid::Impl::ExplainNumbers(const Batch& batch, std::vector<Reason>& reasons) const {
  std::uint64_t first_live = 0;
  std::uint64_t last_live = 0;
  for (const auto& [first, last] : batch.ranges) {
    units_.ForEach(first, last, [&](std::uint64_t id, const Unit&) {
      if (first_live == 0) first_live = id;
      last_live = id;
    });
  }
  if (first_live == 0) return;
  reasons.push_back({"unit_numbers", "its units that are not settled have numbers from " +
                                         std::to_string(first_live) + " to " +
                                         std::to_string(last_live)});
}

Answer Grid::Impl::ExplainBatch(BatchId id, Instant now) const {
  Answer answer;
  const Batch* batch = FindBatch(id);
  if (batch == nullptr) return answer;
  auto& reasons = answer.reasons;
  const BatchInfo& sums = batch->sums;
  answer.headline =
      "batch " + std::to_string(id.value) + " is " + std::string(Name(batch->State()));
  ExplainNumbers(*batch, reasons);
  if (!batch->split) {
    reasons.push_back({batch->units_asked ? "being_split" : "enough_units_ahead",
                       Amount(sums.units_created, "unit is", "units are") + " made so far"});
  }
  if (batch->Queued() > 0) {
    reasons.push_back({"units_wait", Amount(batch->Queued(), "unit waits", "units wait") +
                                         " for a host, " + std::to_string(batch->copies.Live()) +
                                         " of them for another copy"});
    ExplainHosts(*batch, nullptr, now, answer);
  }
  if (sums.leased > 0) {
    reasons.push_back({"leased", Amount(sums.leased, "unit is", "units are") + " being computed"});
  }
  if (sums.checking > 0) {
    reasons.push_back({"checking", Amount(sums.checking, "unit waits", "units wait") + " for " +
                                       std::to_string(batch->quorum) + " equal results"});
  }
  ExplainFailures(*batch, reasons);
  if (batch->State() == BatchState::kMerging) {
    reasons.push_back({"merging", "every unit has ended; the product is being written"});
  }
  return answer;
}

}  // namespace picube
