#include "tests/bench/load.h"

#include <zmq.h>

#include <algorithm>
#include <chrono>
#include <memory>

#include "protocol/base/check.h"
#include "protocol/base/limits.h"
#include "protocol/crypto/hash.h"
#include "protocol/crypto/join_code.h"
#include "protocol/crypto/signatures.h"
#include "protocol/wire/codec.h"

namespace picube::bench {
namespace {

double Now() {
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// One host: raw socket, because one poll serves all of them.
class Host {
 public:
  Host(void* context, const Address& address, const HostKeys& host, const LoadOptions& options)
      : keys_(host.keys), options_(options), socket_(zmq_socket(context, ZMQ_DEALER)) {
    const int none = 0;
    zmq_setsockopt(socket_, ZMQ_LINGER, &none, sizeof none);
    zmq_setsockopt(socket_, ZMQ_CURVE_SERVERKEY, address.server.bytes.data(), 32);
    zmq_setsockopt(socket_, ZMQ_CURVE_PUBLICKEY, keys_.transport.key.bytes.data(), 32);
    zmq_setsockopt(socket_, ZMQ_CURVE_SECRETKEY, keys_.transport.secret.Data(), 32);
    PICUBE_CHECK(zmq_connect(socket_, address.endpoint.c_str()) == 0, "connect");
    Hello hello;
    hello.facts.applications = {{"empty", 1}};
    Send(hello, kGreetingVersion);
  }
  ~Host() { zmq_close(socket_); }
  Host(const Host&) = delete;
  Host& operator=(const Host&) = delete;

  [[nodiscard]] void* Socket() const { return socket_; }
  [[nodiscard]] double SentAt() const { return sent_at_; }
  [[nodiscard]] bool Ready() const { return ready_; }

  // The answer, if there is one; counts what it acknowledges.
  bool Receive(std::uint64_t& acknowledged) {
    zmq_msg_t message;
    zmq_msg_init(&message);
    const int size = zmq_msg_recv(&message, socket_, ZMQ_DONTWAIT);
    if (size < 0) return false;
    auto envelope =
        Decode({static_cast<const char*>(zmq_msg_data(&message)), static_cast<std::size_t>(size)});
    zmq_msg_close(&message);
    PICUBE_CHECK(envelope.has_value(), "an answer that cannot be read");
    if (auto* ack = std::get_if<Ack>(&envelope->message)) {
      acknowledged += ack->durable.size();
      PICUBE_CHECK(ack->not_taken.empty(), "a result was not taken");
      if (ack->assign) Take(*ack->assign);
      ready_ = true;
    } else if (auto* assign = std::get_if<Assign>(&envelope->message)) {
      Take(*assign);
      ready_ = true;
    } else if (std::holds_alternative<Welcome>(envelope->message) ||
               std::holds_alternative<NoWork>(envelope->message)) {
      ready_ = true;
    } else if (const auto* no = std::get_if<Refused>(&envelope->message)) {
      std::fprintf(stderr, "refused: %s\n", no->what.c_str());
      std::abort();
    } else {
      return false;  // a push
    }
    return true;
  }

  void Exchange(double now) {
    ready_ = false;
    sent_at_ = now;
    AskWork ask{.free_cores = 4,
                .most_units = options_.per_exchange,
                .held_ms = 0,
                .wait_ms = 5000,
                .cached_blobs = {}};
    if (held_.empty() && unsigned_.empty()) {
      Send(ask);
      return;
    }
    Report report;
    report.ask = ask;
    for (const LeaseId lease : held_) {
      UnitResult& result = report.results.emplace_back();
      result.lease = lease;
      result.digest = empty_;
      result.cost = {.cpu_ms = 1, .wall_ms = 1};
    }
    // Nothing new at hand: what is unsigned is sealed now, or its batch could never end.
    if (held_.empty() || unsigned_.size() + 2 * held_.size() > options_.per_signature) {
      report.earlier = std::move(unsigned_);
      unsigned_.clear();
      report.signature = SignReport(keys_.signing, report);
    } else {
      for (const LeaseId lease : held_) unsigned_.push_back({lease, empty_});
    }
    held_.clear();
    Send(report);
  }

 private:
  void Take(const Assign& assign) {
    for (const LeaseOffer& offer : assign.leases) held_.push_back(offer.lease);
  }
  void Send(const Message& message, std::uint16_t version = kProtocolVersion) {
    out_.clear();
    EncodeTo(version, ++request_, message, out_);
    PICUBE_CHECK(zmq_send(socket_, out_.data(), out_.size(), ZMQ_DONTWAIT) >= 0, "send");
  }

  const Keys& keys_;
  const LoadOptions& options_;
  void* socket_;
  std::vector<LeaseId> held_;
  std::vector<SealedResult> unsigned_;
  const Digest empty_ = Hash("");
  std::uint64_t request_ = 0;
  Bytes out_;
  double sent_at_ = 0;
  bool ready_ = false;
};

}  // namespace

std::vector<HostKeys> EnrolHosts(const Address& address, std::size_t count) {
  Context context;
  Peer boss(context, address.operator_keys.transport, address.server, address.endpoint);
  std::vector<HostKeys> hosts;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string name = "host" + std::to_string(i + 1);
    Control invite{.kind = ControlKind::kInvite, .text = "owner of " + name, .number = 3600};
    const Message answer = boss.Ask(invite);
    auto code = ParseJoinCode(std::get<Done>(answer).text, WallTime{0});
    PICUBE_CHECK(code.has_value(), "a join code");
    const TransportKeys invitation = code->Invitation();
    HostKeys host{MakeKeys(), name};
    Enrol enrol{.kind = PrincipalKind::kHost,
                .name = name,
                .transport_key = host.keys.transport.key,
                .signing_key = host.keys.signing.key,
                .proof = {}};
    enrol.proof = SignEnrol(host.keys.signing, {address.server, invitation.key, enrol.transport_key,
                                                enrol.signing_key, name});
    Peer joining(context, invitation, address.server, address.endpoint);
    PICUBE_CHECK(std::holds_alternative<Enrolled>(joining.Ask(enrol)), "enrolled");
    hosts.push_back(std::move(host));
  }
  return hosts;
}

LoadFigures RunLoad(const Project& project, const Address& address,
                    const std::vector<HostKeys>& keys, const LoadOptions& options) {
  void* context = zmq_ctx_new();
  std::vector<std::unique_ptr<Host>> hosts;
  std::vector<zmq_pollitem_t> items;
  for (std::size_t i = 0; i < options.hosts; ++i) {
    hosts.push_back(std::make_unique<Host>(context, address, keys[i], options));
    items.push_back({hosts.back()->Socket(), 0, ZMQ_POLLIN, 0});
  }
  LoadFigures figures;
  std::vector<float> latencies;
  std::uint64_t acknowledged = 0;
  const double begin = Now();
  double measured_from = 0;
  double end = begin + options.warm_seconds + options.seconds;
  const double gap = options.rate > 0
                         ? static_cast<double>(options.hosts) * options.per_exchange / options.rate
                         : 0;
  std::vector<double> due(hosts.size());
  for (std::size_t i = 0; i < due.size(); ++i) {
    due[i] = begin + gap * static_cast<double>(i) / static_cast<double>(due.size());
  }
  for (double now = begin; now < end; now = Now()) {
    if (measured_from == 0 && now > begin + options.warm_seconds) {
      measured_from = now;
      end = now + options.seconds;
      acknowledged = 0;
      latencies.clear();
    }
    zmq_poll(items.data(), static_cast<int>(items.size()), gap > 0 ? 1 : 20);
    for (std::size_t i = 0; i < hosts.size(); ++i) {
      Host& host = *hosts[i];
      now = Now();
      if ((items[i].revents & ZMQ_POLLIN) != 0 && host.Receive(acknowledged) && host.SentAt() > 0) {
        latencies.push_back(static_cast<float>(now - host.SentAt()));
      }
      if (host.Ready() && now >= due[i]) {
        due[i] = std::max(due[i] + gap, now - gap);
        host.Exchange(now);
      }
    }
  }
  const double span = Now() - measured_from;
  figures.acknowledged = acknowledged;
  figures.results_per_second = static_cast<double>(acknowledged) / span;
  figures.server_rss_bytes = project.ResidentBytes();
  std::sort(latencies.begin(), latencies.end());
  if (!latencies.empty()) {
    figures.p50_ms = 1e3 * static_cast<double>(latencies[latencies.size() / 2]);
    figures.p99_ms = 1e3 * static_cast<double>(latencies[latencies.size() * 99 / 100]);
  }
  hosts.clear();
  zmq_ctx_term(context);
  return figures;
}

}  // namespace picube::bench
