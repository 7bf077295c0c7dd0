#include "tests/bench/dispatch.h"

#include <fmt/format.h>
#include <signal.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "protocol/base/check.h"
#include "tests/files.h"

namespace picube::bench {
namespace {

// Units of one batch: large enough to matter, small enough that batches are merged and archived all
// through the measured minute.
constexpr std::uint64_t kUnitsPerBatch = 250'000;
constexpr std::uint64_t kBatchesLive = 4;

struct Totals {
  std::uint64_t settled = 0;
  std::uint64_t results = 0;
  std::uint64_t batches_done = 0;
};

// Keeps a few batches ahead of the load, as users would.
class Submitter {
 public:
  Submitter(const Address& address, std::uint32_t quorum)
      : address_(address), quorum_(quorum), thread_([this](std::stop_token stop) { Run(stop); }) {}

  // Blocks until the first batches are there.
  void AwaitFirst() { ready_.wait(false); }

 private:
  void Run(const std::stop_token& stop) {
    Context context;
    Peer boss(context, address_.operator_keys.transport, address_.server, address_.endpoint);
    // The first ones differ in size, so that batches do not all end at the same moment.
    std::uint64_t submitted = 0;
    while (!stop.stop_requested()) {
      const Message answer = boss.Ask(Query{.kind = QueryKind::kServer});
      for (std::uint64_t live = std::get<Answer>(answer).server->batches_live; live < kBatchesLive;
           ++live) {
        Submit submit;
        submit.application = "empty";
        submit.parameters = {
            {"units",
             std::to_string(++submitted < kBatchesLive ? submitted * kUnitsPerBatch / kBatchesLive
                                                       : kUnitsPerBatch)}};
        submit.replication = {quorum_ > 1 ? ReplicationKind::kQuorum : ReplicationKind::kSingle,
                              quorum_, false};
        static_cast<void>(boss.Ask(submit));
      }
      ready_ = true;
      ready_.notify_all();
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }

  const Address& address_;
  std::uint32_t quorum_;
  std::atomic<bool> ready_ = false;
  std::jthread thread_;
};

Totals TotalsOf(const Address& address) {
  Context context;
  Peer boss(context, address.operator_keys.transport, address.server, address.endpoint);
  Totals totals;
  std::uint64_t below = 0;
  while (true) {
    const Message message = boss.Ask(Query{.kind = QueryKind::kBatches, .id = below});
    const Answer& answer = std::get<Answer>(message);
    for (const BatchInfo& batch : answer.batches) {
      totals.settled += batch.settled;
      totals.results += batch.results;
      totals.batches_done += batch.state == BatchState::kDone ? 1 : 0;
      PICUBE_CHECK(batch.failed == 0, "a unit failed");
      below = batch.id.value;
    }
    if (!answer.more) return totals;
  }
}

}  // namespace

double Dispatch(const DispatchCase& one) {
  const test::Folder folder;
  LoadFigures figures;
  Totals totals;
  std::uint64_t record_bytes = 0;
  {
    Project project({.state = folder / "server"});
    project.Start();
    const Address address = AddressOf(project.State());
    LoadOptions options{.per_exchange = one.per_exchange, .seconds = one.seconds, .rate = one.rate};
    const auto hosts = EnrolHosts(address, options.hosts);
    {
      Submitter submitter(address, one.quorum);
      submitter.AwaitFirst();
      figures = RunLoad(project, address, hosts, options);
    }
    totals = TotalsOf(address);
    project.Kill(SIGTERM);
    record_bytes = project.RecordBytes();
  }
  fmt::print(
      "{{\"bench\":\"dispatch\",\"results_per_second\":{:.0f},\"units_per_second\":{:.0f},"
      "\"per_exchange\":{},\"quorum\":{},\"rate_wished\":{:.0f},\"p50_ms\":{:.3f},"
      "\"p99_ms\":{:.3f},\"server_rss_mb\":{:.1f},\"journal_bytes_per_result\":{:.1f},"
      "\"hosts\":64,\"seconds\":{:.0f},\"batches_merged\":{},\"units_settled\":{},"
      "\"results_received\":{}}}\n",
      figures.results_per_second, figures.results_per_second / one.quorum, one.per_exchange,
      one.quorum, one.rate, figures.p50_ms, figures.p99_ms,
      static_cast<double>(figures.server_rss_bytes) / 1048576.0,
      static_cast<double>(record_bytes) /
          static_cast<double>(std::max<std::uint64_t>(1, totals.results)),
      one.seconds, totals.batches_done, totals.settled, totals.results);
  std::fflush(stdout);
  return figures.results_per_second;
}

}  // namespace picube::bench
