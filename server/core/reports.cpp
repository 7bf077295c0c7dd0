// Results and the signatures that cover them.
#include <algorithm>

#include "server/core/impl.h"

namespace picube {
namespace {

std::uint64_t MostBytes(const Unit& unit) {
  return unit.result_bytes == 0 ? limits::kResultBytes
                                : std::min(unit.result_bytes, limits::kResultBytes);
}

// Beyond its bounds a unit is ended with an error; kinds that no unit can have are read as the
// nearest that it can.
void Normalise(UnitResult& result, std::uint64_t most_bytes) {
  if (result.outcome == Outcome::kSuccess && result.payload_bytes > most_bytes) {
    result.outcome = Outcome::kError;
    result.error_kind = ErrorKind::kUnit;
    result.error_text = "the result has " + std::to_string(result.payload_bytes) +
                        " bytes; the unit may have " + std::to_string(most_bytes);
  }
  if (result.outcome == Outcome::kError) {
    result.payload.clear();
    if (result.error_kind == ErrorKind::kStore) result.error_kind = ErrorKind::kHost;
    if (result.error_kind == ErrorKind::kUser || result.error_kind == ErrorKind::kRefused) {
      result.error_kind = ErrorKind::kUnit;
    }
    if (result.error_text.size() > limits::kTextBytes) {
      result.error_text.resize(limits::kTextBytes);
    }
    return;
  }
  result.error_text.clear();
  if (result.payload_bytes > limits::kCorePayloadBytes) result.payload = {};
}

}  // namespace

void Grid::Impl::DoReport(Host& host, FromPeer& input, Report& report) {
  if (report.signature && !input.signature_valid) {
    return Refuse(input.reply, ErrorKind::kRefused, "The report's signature does not fit it.",
                  "Sign it with the key of this host.");
  }
  Ack ack;
  TakeResults(host, input, report, ack);
  JudgeTouched();
  if (report.ask) {
    Assign assign;
    NoWork no_work;
    HoldBlobs(host, std::move(report.ask->cached_blobs));
    if (TryAssign(host, *report.ask, assign, no_work)) {
      ack.assign = std::move(assign);
    } else {
      ack.no_work = no_work;
    }
  }
  Send(input.reply, std::move(ack));
}

void Grid::Impl::TakeResults(Host& host, const FromPeer& input, Report& report, Ack& ack) {
  std::vector<LeaseId> sealed;
  ack.durable.reserve(report.results.size());
  std::erase_if(report.results,
                [&](UnitResult& result) { return !TakeResult(host, input, result, ack, sealed); });
  if (input.signature_valid) SealEarlier(host, report, sealed);
  if (!sealed.empty()) Emit(ResultsSealed{host.Id(), std::move(sealed)});
  if (report.results.empty()) return;
  Emit(ResultsReceived{host.Id(), input.signature_valid, std::move(report.results)});
}

// Whether the result is new and goes into the record; else it has been answered.
bool Grid::Impl::TakeResult(Host& host, const FromPeer& input, UnitResult& result, Ack& ack,
                            std::vector<LeaseId>& sealed) {
  const LeaseId id = result.lease;
  const auto refuse = [&](std::string why, bool again) {
    ack.not_taken.push_back({id, std::move(why), again});
    return false;
  };
  if (!id || id.value >= next_lease_) return refuse("unknown lease", false);
  Lease* lease = leases_.Find(id.value);
  if (lease == nullptr) {  // its unit has ended: kept before, or of no use any more
    ack.durable.push_back(id);
    return false;
  }
  if (lease->host != &host) return refuse("another host's lease", false);
  const bool returned = lease->state != LeaseState::kOut && lease->state != LeaseState::kEnded;
  if (returned || lease->step == steps_) {  // answered as the first time
    ack.durable.push_back(id);
    const bool seals = lease->state == LeaseState::kUnsealed && input.signature_valid &&
                       lease->step != steps_ && lease->digest == result.digest;
    if (seals) {
      lease->step = steps_;
      sealed.push_back(id);
      Touch(lease->unit);
    }
#ifdef PICUBE_PLANTED_BUG
    if (lease->state == LeaseState::kCounted && lease->step != steps_) {
      lease->step = steps_;
      Touch(lease->unit);
      return true;
    }
#endif
    return false;
  }
  const auto& missing = input.blobs_missing;
  if (std::find(missing.begin(), missing.end(), id) != missing.end()) {
    return refuse("no such blob", true);
  }
  if (!result.payload.empty() && result.payload.size() != result.payload_bytes) {
    return refuse("the payload is not as long as it says", false);
  }
  if (!input.signature_valid && host.unsealed.size() >= limits::kUnsealedPerHost) {
    return refuse("too many results without a signature: sign them first", true);
  }
  Normalise(result, MostBytes(*units_.Find(lease->unit.value)));
  lease->step = steps_;
  ack.durable.push_back(id);
  Touch(lease->unit);
  return true;
}

Grid::ResultUse Grid::Impl::UseOf(HostId id, const UnitResult& result, bool sealed) const {
  const Host* host = FindHost(id);
  const Lease* lease = leases_.Find(result.lease.value);
  if (host == nullptr || lease == nullptr || lease->host != host || !read_only_why_.empty()) {
    return ResultUse::kNone;
  }
  if (lease->state != LeaseState::kOut && lease->state != LeaseState::kEnded) {
    return ResultUse::kNone;
  }
  if (!sealed && host->unsealed.size() >= limits::kUnsealedPerHost) return ResultUse::kNone;
  const bool fits = result.payload_bytes <= MostBytes(*units_.Find(lease->unit.value));
  return fits ? ResultUse::kKept : ResultUse::kAsError;
}

void Grid::Impl::SealEarlier(Host& host, const Report& report, std::vector<LeaseId>& sealed) {
  for (const SealedResult& earlier : report.earlier) {
    Lease* lease = leases_.Find(earlier.lease.value);
    if (lease == nullptr || lease->host != &host || lease->state != LeaseState::kUnsealed ||
        lease->digest != earlier.digest || lease->step == steps_) {
      continue;
    }
    lease->step = steps_;
    sealed.push_back(earlier.lease);
    Touch(lease->unit);
  }
}

}  // namespace picube
