#include <fmt/format.h>
#include <signal.h>

#include <chrono>
#include <filesystem>
#include <thread>

#include "tests/bench/dispatch.h"
#include "tests/files.h"

namespace picube::bench {
namespace {

void AwaitUnits(const Address& address, std::uint64_t units) {
  Context context;
  Peer boss(context, address.operator_keys.transport, address.server, address.endpoint);
  while (true) {
    const Message message = boss.Ask(Query{.kind = QueryKind::kServer});
    if (std::get<Answer>(message).server->units_live >= units) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

void Print(const char* what, std::uint64_t units, double seconds, std::uint64_t bytes) {
  fmt::print(
      "{{\"bench\":\"memory\",\"case\":\"{}\",\"units_live\":{},\"start_seconds\":{:.2f},"
      "\"server_rss_mb\":{:.1f},\"bytes_per_unit\":{:.0f}}}\n",
      what, units, seconds, static_cast<double>(bytes) / 1048576.0,
      static_cast<double>(bytes) / static_cast<double>(units));
  std::fflush(stdout);
}

}  // namespace

void Memory(std::uint64_t units) {
  const test::Folder folder;
  {
    Project project({.state = folder / "server", .units_ahead = units + 1000});
    const double fresh = project.Start();
    const Address address = AddressOf(project.State());
    {
      Context context;
      Peer boss(context, address.operator_keys.transport, address.server, address.endpoint);
      Submit submit;
      submit.application = "empty";
      submit.parameters = {{"units", std::to_string(units)}};
      static_cast<void>(boss.Ask(submit));
    }
    AwaitUnits(address, units);
    Print("live", units, fresh, project.ResidentBytes());
    project.Kill(SIGKILL);
    const double after_kill = project.Start();
    AwaitUnits(address, units);
    Print("restarted after SIGKILL", units, after_kill, project.ResidentBytes());
    project.Kill(SIGTERM);
    const double after_stop = project.Start();
    AwaitUnits(address, units);
    Print("restarted after SIGTERM", units, after_stop, project.ResidentBytes());
  }
}

}  // namespace picube::bench
