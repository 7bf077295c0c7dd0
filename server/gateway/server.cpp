#include "server/gateway/server.h"

#include <spdlog/spdlog.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <map>
#include <system_error>
#include <utility>
#include <vector>

#include "protocol/lan/lan.h"
#include "protocol/transport/context.h"
#include "protocol/transport/server_socket.h"
#include "server/gateway/batch_desk.h"
#include "server/gateway/blob_desk.h"
#include "server/gateway/collector.h"
#include "server/gateway/decider.h"
#include "server/gateway/door.h"
#include "server/gateway/identity.h"
#include "server/gateway/log.h"
#include "server/gateway/pool.h"
#include "server/gateway/power_commands.h"
#include "server/gateway/query_desk.h"
#include "server/store/blob_store.h"
#include "server/store/journal.h"
#include "server/store/projection.h"
#include "server/store/state_directory.h"

namespace picube {
namespace {

// Messages taken before a commit: enough to share one sync, few enough to keep its answers quick.
constexpr int kMessagesPerTurn = 512;
constexpr Duration kTellWatchersEvery = 500ms;
constexpr Duration kHousekeepEvery = 1s;
constexpr Duration kSweepEvery = 1min;

GridOptions GridOptionsOf(const ServerOptions& options, const ApplicationRegistry& applications) {
  GridOptions grid;
  grid.policy = options.policy;
  grid.weights = options.weights;
  grid.sites = options.sites;
  grid.scaling = options.scaling;
  grid.host_silence = options.host_silence;
  grid.heartbeat = std::min<Duration>(limits::kHeartbeat, options.host_silence / 4);
  grid.units_ahead = options.units_ahead;
  grid.software = std::string(kServerSoftware);
  for (const Application* application : applications.All()) {
    const ApplicationInfo& info = application->Info();
    grid.applications[info.name] = info.version;
    if (!info.workers_need_dataset) grid.keep_dataset.insert(info.name);
  }
  return grid;
}

// A port chosen by the system at the first start is kept: workers know it.
std::string ListenAgain(const ServerOptions& options, const std::filesystem::path& kept) {
  if (!options.listen.ends_with(":*")) return options.listen;
  std::ifstream in(kept);
  std::string before;
  std::getline(in, before);
  return before.empty() ? options.listen : before;
}

// An IPv4 address bound through IPv6 reads as people write it.
std::string Plain(std::string endpoint) {
  constexpr std::string_view kMapped = "tcp://[::ffff:";
  if (!endpoint.starts_with(kMapped)) return endpoint;
  const auto close = endpoint.find(']');
  return "tcp://" + endpoint.substr(kMapped.size(), close - kMapped.size()) +
         endpoint.substr(close + 1);
}

std::string NameOnLan() {
  std::array<char, 40> machine{};  // what a DNS label can hold beside the rest
  const bool known = ::gethostname(machine.data(), machine.size() - 1) == 0 && machine[0] != '\0';
  return std::string("PiCube Grid on ") + (known ? machine.data() : "a cube");
}

std::uint64_t SeedOf(const Identity& identity) {
  std::uint64_t seed = 0;
  for (const std::uint8_t byte : identity.server.signing.key.bytes) seed = Mix64(seed ^ byte);
  return seed;
}

}  // namespace

class Server::Impl {
 public:
  Impl(const ServerOptions& options, const ApplicationRegistry& applications, StateDirectory state,
       Identity identity)
      : options_(options),
        applications_(applications),
        state_(std::move(state)),
        identity_(std::move(identity)) {}

  Status Open();
  Status Run();
  void Stop() {
    stop_ = true;
    waker_.Wake();
  }

  [[nodiscard]] std::uint64_t RecordBytes() const { return decider_->RecordBytes(); }

  std::string endpoint;
  std::string advertised;

 private:
  void OpenDesks();
  Status Bind();
  void Announce();
  void Turn();
  void Flush();
  void Act(const Event& event);
  void Periodic();
  void Invite(const FromPeer& from, const Control& control);
  void LogDisagreement(const ResultDisagreed& lost);
  void LogDenied();
  [[nodiscard]] bool Due(Instant& last, Duration every);

  ServerOptions options_;
  const ApplicationRegistry& applications_;
  StateDirectory state_;
  Identity identity_;
  // Handshakes are dealt out among the input/output threads; the more there are, the less a flood
  // of them holds up the one that an established connection is on. Idle threads cost nothing.
  Context context_{16};
  Waker waker_;
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Projection> projection_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<Decider> decider_;
  std::unique_ptr<ServerSocket> socket_;
  std::unique_ptr<LanAnnouncement> announcement_;
  std::unique_ptr<BlobDesk> blob_desk_;
  std::unique_ptr<BatchDesk> batch_desk_;
  std::unique_ptr<QueryDesk> query_desk_;
  std::unique_ptr<Collector> collector_;
  std::unique_ptr<Door> door_;
  std::unique_ptr<PowerCommands> power_;
  std::unique_ptr<Pool> pool_;  // last: its jobs use everything above
  Decider::Released released_;  // reused
  Instant started_, told_, housekept_, swept_, collected_, committed_, measured_;
  std::uint64_t results_then_ = 0;
  TurnsToSay trouble_;
  struct Lost {
    Instant said;
    std::uint64_t unsaid = 0;
  };
  std::map<HostId, Lost> disagreements_;
  std::atomic<bool> stop_ = false;
};

Status Server::Impl::Open() {
  auto journal = Journal::Open(state_.JournalPath());
  if (!journal) return std::unexpected(journal.error());
  journal_ = std::move(*journal);
  auto projection = Projection::Open(state_.ProjectionPath());
  if (!projection) return std::unexpected(projection.error());
  projection_ = std::move(*projection);
  auto blobs = BlobStore::Open(state_.BlobsPath(), state_.JournalPath(),
                               {.least_free_bytes = options_.free_disk_bytes});
  if (!blobs) return std::unexpected(blobs.error());
  blobs_ = std::move(*blobs);
  DeciderOptions deciding{.grid = GridOptionsOf(options_, applications_),
                          .seed = SeedOf(identity_),
                          .snapshot_bytes = options_.snapshot_bytes,
                          .restored = state_.IsRestored()};
  auto decider = Decider::Open(std::move(deciding), *journal_, *projection_);
  if (!decider) return std::unexpected(decider.error());
  decider_ = std::move(*decider);
  OpenDesks();
  const auto known = decider_->State().Admitted(decider_->Now().wall);
  const TransportKey& first = identity_.first_operator.transport.key;
  if (std::none_of(known.begin(), known.end(), [&](const auto& k) { return k.key == first; })) {
    decider_->Step(FirstOperator{"operator", first, identity_.first_operator.signing.key});
  }
  // Whom the server does not know it turns away for good: it is bound when it knows everybody.
  // Nothing is durable yet: a port in use leaves the state as it was.
  door_->Admit();
  if (Status bound = Bind(); !bound) return bound;
  decider_->SetEndpoints({advertised});
  if (Status durable = decider_->Flush(released_); !durable) return durable;
  // Should this fail, the next start leaves out ids once more.
  if (state_.IsRestored()) static_cast<void>(state_.ForgetRestored());
  started_ = told_ = housekept_ = swept_ = collected_ = measured_ = decider_->Now().now;
  results_then_ = decider_->State().DescribeServer().results;
  return {};
}

Status Server::Impl::Bind() {
  const auto kept = state_.Root() / "endpoint";
  auto bound = socket_->Bind(ListenAgain(options_, kept));
  if (!bound) return std::unexpected(bound.error());
  endpoint = Plain(*bound);
  advertised = AdvertisedEndpoint(options_.advertise, endpoint);
  // Only when it has changed: written on a full disk, the file would be empty, and the port lost.
  if (options_.listen.ends_with(":*") && ListenAgain(options_, kept) != endpoint) {
    std::ofstream(kept, std::ios::trunc) << endpoint << '\n';
  }
  return WriteOperatorEndpoint(state_, advertised, identity_.server.transport.key);
}

// Found by people on the same network; of no use where only this machine can connect.
void Server::Impl::Announce() {
  if (!options_.announce || endpoint.starts_with("tcp://127.") ||
      endpoint.starts_with("tcp://[::1]")) {
    return;
  }
  auto started =
      LanAnnouncement::Start({NameOnLan(), endpoint, Fingerprint(identity_.server.transport.key)},
                             [](const std::string& line) { spdlog::info("{}", line); });
  if (started) {
    announcement_ = std::move(*started);
  } else {
    spdlog::info("not announced on the local network: {}", started.error().Text());
  }
}

void Server::Impl::OpenDesks() {
  socket_ = std::make_unique<ServerSocket>(context_, identity_.server.transport);
  power_ = std::make_unique<PowerCommands>(
      options_.power_off_command, options_.power_on_command,
      [](const std::string& trouble) { spdlog::warn("power: {}", trouble); });
  pool_ = std::make_unique<Pool>(options_.pool_threads, [this] { waker_.Wake(); });
  const auto send = [this](const ReplyTo& reply, const Message& message) {
    door_->Send(reply, message);
  };
  blob_desk_ = std::make_unique<BlobDesk>(*pool_, *blobs_, send);
  batch_desk_ = std::make_unique<BatchDesk>(
      applications_, *pool_, *blobs_, *projection_, state_.ScratchPath(),
      [this](Input input) { decider_->Step(std::move(input)); });
  collector_ =
      std::make_unique<Collector>(Collector::Options{.keep_payloads = options_.keep_payloads},
                                  *decider_, *journal_, *projection_, *blobs_, *pool_);
  query_desk_ = std::make_unique<QueryDesk>(decider_->State(), *projection_, send);
  door_ = std::make_unique<Door>(
      *socket_, *decider_, *blobs_, *blob_desk_, *query_desk_, identity_.server.transport.key,
      Quota::Rates{options_.messages_per_second, options_.bytes_per_second});
  door_->invite = [this](const FromPeer& from, const Control& control) { Invite(from, control); };
}

Status Server::Impl::Run() {
  spdlog::info("serving at {} (told to workers: {}), key {}, state in {}", endpoint, advertised,
               Fingerprint(identity_.server.transport.key), state_.Root().string());
  Announce();
  Flush();
  while (!stop_) Turn();
  pool_.reset();  // running jobs end; what they would have brought is made again at the next start
  batch_desk_.reset();
  decider_->BeginTurn();
  Flush();
  decider_->Snapshot();
  Status last;
  do {
    last = decider_->Flush(released_);
  } while (last && decider_->WantsFlush());
  decider_->Housekeep();
  if (last) spdlog::info("stopped; everything decided is on disk");
  return last;
}

void Server::Impl::Turn() {
  const auto most = std::chrono::milliseconds(query_desk_->AnyWatchers() ? 250 : 1000);
  const Instant next_flush = committed_ + options_.commit_gap;
  static_cast<void>(socket_->Poll(decider_->UntilDue(most, next_flush), &waker_));
  decider_->BeginTurn();
  ServerSocket::Received received;
  for (int taken = 0; taken < kMessagesPerTurn && socket_->Receive(received); ++taken) {
    door_->Handle(received);
  }
  batch_desk_->Turn(decider_->Now().now);
  for (Pool::Completion& completion : pool_->TakeCompletions()) completion();
  decider_->StepIfDue();
  if (decider_->Now().now - committed_ >= options_.commit_gap ||
      options_.commit_gap == Duration(0)) {
    Flush();
  }
  Periodic();
}

void Server::Impl::Flush() {
  committed_ = decider_->Now().now;
  const Status flushed = decider_->Flush(released_);
  if (trouble_.Due(!flushed, committed_)) {
    const std::string more = trouble_.Unsaid() == 0
                                 ? ""
                                 : " (it turned " + std::to_string(trouble_.Unsaid()) +
                                       " times since this was said last)";
    if (flushed) {
      spdlog::info("the store can be written again; nothing was lost{}", more);
    } else {
      spdlog::error("read-only: {}{}", flushed.error().Text(), more);
    }
  }
  // Sending and acting may step the core again; that goes out with the next turn.
  auto messages = std::exchange(released_.messages, {});
  auto events = std::exchange(released_.events, {});
  for (const Event& event : events) Act(event);
  for (const Outgoing& out : messages) {
    door_->Send({out.connection, out.request, out.version}, out.message);
  }
  messages.clear();
  events.clear();
  if (released_.messages.empty()) released_.messages = std::move(messages);  // keep the memory
  if (released_.events.empty()) released_.events = std::move(events);
}

// Without a batch desk the server is stopping: the next one is asked for units and merges again.
void Server::Impl::Act(const Event& event) {
  if (const auto* units = std::get_if<WantUnits>(&event)) {
    const Submit* submit = decider_->State().SubmissionOf(units->batch);
    if (submit != nullptr && batch_desk_) {
      batch_desk_->MakeUnits(units->batch, units->from, *submit);
    }
  } else if (const auto* merge = std::get_if<WantMerge>(&event)) {
    const Submit* submit = decider_->State().SubmissionOf(merge->batch);
    if (submit != nullptr && batch_desk_) {
      batch_desk_->Merge(merge->batch, *submit, decider_->DurableSeq());
    }
  } else if (const auto* archived = std::get_if<BatchArchived>(&event)) {
    if (batch_desk_) batch_desk_->Forget(archived->info.id);
    query_desk_->Remember(*archived);
  } else if (std::holds_alternative<PrincipalsChanged>(event)) {
    door_->Admit();
  } else if (const auto* rests = std::get_if<HostRests>(&event)) {
    power_->Switch(rests->name, !rests->rests);
  } else if (const auto* line = std::get_if<LogLine>(&event)) {
    spdlog::log(line->level == LogLine::Level::kWarning ? spdlog::level::warn : spdlog::level::info,
                "{}", line->text);
  } else if (const auto* lost = std::get_if<ResultDisagreed>(&event)) {
    LogDisagreement(*lost);
  }
}

// At most one line a host in ten seconds: a cheat must not fill the log.
void Server::Impl::LogDisagreement(const ResultDisagreed& lost) {
  Lost& host = disagreements_[lost.host];
  const Instant now = decider_->Now().now;
  if (host.said.us != 0 && now - host.said < 10s) {
    ++host.unsaid;
    return;
  }
  const auto info = decider_->State().DescribeHost(lost.host, now);
  spdlog::warn("host {} returned a result for unit {} that lost against the canonical one{}",
               info ? info->name : std::to_string(lost.host.value), lost.unit.value,
               host.unsaid == 0 ? "" : " (and " + std::to_string(host.unsaid) + " more)");
  host = {now, 0};
}

void Server::Impl::LogDenied() {
  for (const ServerSocket::Denied& denied : socket_->TakeDenied()) {
    spdlog::warn("turned away {} attempts from {}: key not known here", denied.attempts,
                 denied.address.empty() ? "many addresses" : denied.address);
  }
}

bool Server::Impl::Due(Instant& last, Duration every) {
  if (decider_->Now().now - last < every) return false;
  last = decider_->Now().now;
  return true;
}

void Server::Impl::Periodic() {
  if (Due(told_, kTellWatchersEvery)) query_desk_->Tell(decider_->Now().now);
  if (Due(housekept_, kHousekeepEvery)) {
    const Instant now = decider_->Now().now;
    door_->figures.uptime_ms = static_cast<std::uint64_t>((now - started_).count() / 1000);
    door_->figures.trouble = decider_->Trouble();
    decider_->Housekeep();
    LogDenied();
  }
  if (Due(measured_, 10s)) {
    const std::uint64_t results = decider_->State().DescribeServer().results;
    door_->figures.results_per_second = (results - results_then_) / 10;
    results_then_ = results;
  }
  if (Due(swept_, kSweepEvery)) {
    door_->Sweep();
    door_->Admit();  // invitations expire by the wall clock
    if (const std::string turned_away = door_->TakeComplaint(); !turned_away.empty()) {
      spdlog::warn("{}", turned_away);
    }
  }
  if (Due(collected_, limits::kCollectEvery) && !collector_->Collect()) {
    collected_ = decider_->Now().now - limits::kCollectEvery + 1s;
  }
}

void Server::Impl::Invite(const FromPeer& from, const Control& control) {
  const std::int64_t seconds =
      std::clamp<std::int64_t>(control.number, 1, limits::kInvitationSeconds);
  const WallTime expires{decider_->Now().wall.ms + seconds * 1000};
  NewInvitation made = MakeInvitation(identity_, advertised, control.principal, expires);
  const auto inviting = decider_->State().DescribeHost(from.host, decider_->Now().now);
  decider_->Step(
      MadeInvitation{.key = made.key,
                     .kind = control.principal,
                     .owner = control.text.empty() && inviting ? inviting->owner : control.text,
                     .expires = expires,
                     .reply = from.reply,
                     .code = std::move(made.code)});
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

Result<std::unique_ptr<Server>> Server::Open(const ServerOptions& options,
                                             const ApplicationRegistry& applications) {
  if (Status crypto = InitCrypto(); !crypto) return std::unexpected(crypto.error());
  auto state = StateDirectory::Open(options.state);
  if (!state) return std::unexpected(state.error());
  auto identity = OpenIdentity(*state);
  if (!identity) return std::unexpected(identity.error());
  auto impl =
      std::make_unique<Impl>(options, applications, std::move(*state), std::move(*identity));
  if (Status opened = impl->Open(); !opened) return std::unexpected(opened.error());
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Status Server::Run() { return impl_->Run(); }
void Server::Stop() { impl_->Stop(); }
const std::string& Server::Endpoint() const { return impl_->endpoint; }
const std::string& Server::Advertised() const { return impl_->advertised; }
std::uint64_t Server::RecordBytes() const { return impl_->RecordBytes(); }

}  // namespace picube
