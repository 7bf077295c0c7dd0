#include <sstream>

#include "server/core/unit.h"
#include "tests/server_core/script.h"

namespace picube::test {
namespace {

std::string_view Name(NoWorkReason reason) {
  switch (reason) {
    case NoWorkReason::kNothingToDo: return "nothing to do";
    case NoWorkReason::kNoApplication: return "no application";
    case NoWorkReason::kHasItsCopy: return "has its copy";
    case NoWorkReason::kEnoughHeld: return "enough held";
    case NoWorkReason::kHostBackoff: return "host back-off";
    case NoWorkReason::kHostQuota: return "host quota";
    case NoWorkReason::kDraining: return "draining";
    case NoWorkReason::kReadOnly: return "read-only";
    case NoWorkReason::kTooBig: return "too big";
    case NoWorkReason::kPowerCap: return "power_cap";
    case NoWorkReason::kResting: return "resting";
  }
  return "unknown";
}

template <class Ids>
std::string List(const Ids& ids) {
  std::string text;
  for (const LeaseId id : ids) text += " L" + std::to_string(id.value);
  return text;
}

// Each message that a core sends, in a few words.
class MessageText {
 public:
  std::string operator()(const Enrolled& m) const { return "enrolled " + m.name; }
  std::string operator()(const Welcome& m) const {
    return "welcome epoch " + std::to_string(m.epoch.value);
  }
  std::string operator()(const Assign& m) const {
    std::string text = "assign";
    for (const LeaseOffer& offer : m.leases) {
      text += " L" + std::to_string(offer.lease.value) + ":U" + std::to_string(offer.unit.value);
    }
    return text;
  }
  std::string operator()(const NoWork& m) const {
    return "no work: " + std::string(Name(m.reason));
  }
  std::string operator()(const Ack& m) const {
    std::string text = "ack" + List(m.durable);
    for (const NotTaken& one : m.not_taken) {
      text += " not taken L" + std::to_string(one.lease.value) + " (" + one.why +
              (one.again ? ", again)" : ")");
    }
    if (m.assign) text += "; " + (*this)(*m.assign);
    if (m.no_work) text += "; " + (*this)(*m.no_work);
    return text;
  }
  std::string operator()(const Pulse& m) const {
    return "pulse" + (m.cancelled.empty() ? "" : " cancelled" + List(m.cancelled)) +
           (m.draining ? " draining" : "");
  }
  std::string operator()(const Cancel& m) const { return "cancel" + List(m.leases); }
  std::string operator()(const Drain&) const { return "drain"; }
  std::string operator()(const Submitted& m) const {
    return "submitted batch " + std::to_string(m.batch.value);
  }
  std::string operator()(const Done& m) const { return "done: " + m.text; }
  std::string operator()(const Refused& m) const { return "refused: " + m.what; }
  template <class Other>
  std::string operator()(const Other&) const {
    return "a message that no core sends";
  }
};

std::string EventText(const Event& event, const Grid& grid) {
  const auto host = [&](HostId id) {
    const auto info = grid.DescribeHost(id, {});
    return info ? info->name : std::string("nobody");
  };
  if (const auto* closed = std::get_if<UnitClosed>(&event)) {
    std::string text =
        "unit " + std::to_string(closed->unit.value) + " " + std::string(Name(closed->state));
    if (closed->canonical) {
      text += " by L" + std::to_string(closed->canonical.value) + " of " + host(closed->host) +
              ": " + closed->payload;
    }
    return text + (closed->why.empty() ? "" : ": " + closed->why);
  }
  if (const auto* lost = std::get_if<ResultDisagreed>(&event)) {
    return "L" + std::to_string(lost->lease.value) + " of " + host(lost->host) + " disagreed";
  }
  if (const auto* archived = std::get_if<BatchArchived>(&event)) {
    return "batch " + std::to_string(archived->info.id.value) + " " +
           std::string(Name(archived->info.state)) +
           (archived->info.why.empty() ? "" : ": " + archived->info.why);
  }
  if (const auto* want = std::get_if<WantUnits>(&event)) {
    return "want units of batch " + std::to_string(want->batch.value) + " from " +
           std::to_string(want->from);
  }
  if (const auto* merge = std::get_if<WantMerge>(&event)) {
    return "want merge of batch " + std::to_string(merge->batch.value);
  }
  return {};
}

std::string EndText(const LeasesEnded& ended) {
  return std::string(Name(ended.why)) + ":" + List(ended.leases);
}

}  // namespace

std::string Describe(const Driver& grid, std::size_t events_before, const std::string& prefix) {
  std::string text;
  for (const Record& record : grid.records) {
    if (const auto* ended = std::get_if<LeasesEnded>(&record)) {
      text += prefix + "leases ended by " + EndText(*ended) + '\n';
    }
    if (const auto* granted = std::get_if<LeasesGranted>(&record)) {
      for (std::size_t i = 0; i < granted->grants.size(); ++i) {
        if (!granted->grants[i].speculative) continue;
        text += prefix + "L" + std::to_string(granted->first.value + i) + " is an extra copy\n";
      }
    }
  }
  for (std::size_t i = events_before; i < grid.events.size(); ++i) {
    const std::string line = EventText(grid.events[i], *grid.grid);
    if (!line.empty()) text += prefix + line + '\n';
  }
  for (const Outgoing& outgoing : grid.messages) {
    std::string who = "somebody";
    for (const auto& [host, connection] : grid.connections) {
      if (connection == outgoing.connection) who = grid.Info(host).name;
    }
    text += prefix + who + " < " + std::visit(MessageText(), outgoing.message) + '\n';
  }
  return text;
}

std::string Describe(const Answer& answer, const std::string& prefix) {
  if (answer.headline.empty()) return prefix + "not live here\n";
  std::string text = prefix + answer.headline + '\n';
  for (const Reason& reason : answer.reasons) {
    text += prefix + "  " + reason.code + ": " + reason.text + '\n';
  }
  return text;
}

std::string Describe(const BatchInfo& info, const std::string& prefix) {
  std::ostringstream text;
  text << prefix << Name(info.state) << ": created " << info.units_created << ", unsent "
       << info.unsent << ", leased " << info.leased << ", checking " << info.checking
       << ", settled " << info.settled << ", failed " << info.failed << "; results " << info.results
       << ", disagreed " << info.disagreed << ", lost " << info.leases_lost << '\n';
  return text.str();
}

std::string Describe(const HostInfo& info, const std::string& prefix) {
  std::ostringstream text;
  text << prefix << info.name << (info.connected ? " connected" : " away")
       << (info.draining ? ", draining" : "") << (info.retired ? ", retired" : "") << ": leases "
       << info.leases << ", results " << info.results << ", settled " << info.settled
       << ", disagreed " << info.disagreed << ", errors " << info.errors << ", lost "
       << info.leases_lost << '\n';
  return text.str();
}

}  // namespace picube::test
