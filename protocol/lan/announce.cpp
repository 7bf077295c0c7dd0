#include <avahi-common/alternative.h>
#include <avahi-common/malloc.h>

#include <charconv>
#include <utility>

#include "protocol/lan/avahi.h"
#include "protocol/lan/lan.h"

namespace picube {

std::uint16_t PortOf(const std::string& endpoint) {
  const auto colon = endpoint.rfind(':');
  std::uint16_t port = 0;
  if (colon == std::string::npos) return 0;
  const char* end = endpoint.data() + endpoint.size();
  const auto read = std::from_chars(endpoint.data() + colon + 1, end, port);
  return read.ec == std::errc() && read.ptr == end ? port : 0;
}

// All members but `poll_` are touched by Avahi's thread alone once it runs.
class LanAnnouncement::Impl {
 public:
  Impl(const LanServer& server, std::function<void(const std::string&)> say)
      : name_(server.name),
        key_("key=" + server.fingerprint),
        port_(PortOf(server.endpoint)),
        say_(std::move(say)),
        poll_(avahi_threaded_poll_new()) {}
  ~Impl() {
    if (running_) avahi_threaded_poll_stop(poll_.get());
    client_.reset();  // its group goes with it; before the poll
  }

  Status Start() {
    if (poll_ == nullptr) return Fail(ErrorKind::kHost, "out of memory for Avahi");
    if (Status connected = Connect(); !connected) return connected;
    running_ = avahi_threaded_poll_start(poll_.get()) == 0;
    if (!running_) return Fail(ErrorKind::kHost, "Avahi's thread does not start");
    return {};
  }

 private:
  // The daemon may be away now and come later: then `OnClient` hears of it.
  Status Connect() {
    int error = 0;
    group_ = nullptr;
    client_.reset();
    client_.reset(avahi_client_new(avahi_threaded_poll_get(poll_.get()), AVAHI_CLIENT_NO_FAIL,
                                   &Impl::OnClient, this, &error));
    if (client_ != nullptr) return {};
    return Fail(ErrorKind::kHost, std::string("no Avahi on this machine: ") + avahi_strerror(error),
                "Install avahi-daemon to be found on the local network.");
  }

  static void OnClient(AvahiClient* client, AvahiClientState state, void* self) {
    static_cast<Impl*>(self)->Client(client, state);
  }
  void Client(AvahiClient* client, AvahiClientState state) {
    switch (state) {
      case AVAHI_CLIENT_S_RUNNING: return Announce(client);
      case AVAHI_CLIENT_S_COLLISION:
      case AVAHI_CLIENT_S_REGISTERING:  // the machine's own name changes; announced again after
        if (group_ != nullptr) avahi_entry_group_reset(group_);
        return;
      case AVAHI_CLIENT_CONNECTING: return;  // until the daemon runs
      case AVAHI_CLIENT_FAILURE: {
        if (client != client_.get())
          return;  // still inside avahi_client_new, which tells it itself
        if (avahi_client_errno(client) != AVAHI_ERR_DISCONNECTED) {
          return say_(std::string("not announced on the local network any more: ") +
                      avahi_strerror(avahi_client_errno(client)));
        }
        if (const Status again = Connect(); !again) say_(again.error().Text());
        return;
      }
    }
  }

  static void OnGroup(AvahiEntryGroup* group, AvahiEntryGroupState state, void* self) {
    auto* impl = static_cast<Impl*>(self);
    AvahiClient* client = avahi_entry_group_get_client(group);
    if (state == AVAHI_ENTRY_GROUP_ESTABLISHED) {
      impl->say_("announced on the local network as '" + impl->name_ + "'");
    } else if (state == AVAHI_ENTRY_GROUP_COLLISION) {
      impl->Rename();
      impl->Announce(client);
    } else if (state == AVAHI_ENTRY_GROUP_FAILURE) {
      impl->say_(std::string("cannot announce on the local network: ") +
                 avahi_strerror(avahi_client_errno(client)));
    }
  }

  void Rename() {
    char* other = avahi_alternative_service_name(name_.c_str());
    name_ = other;
    avahi_free(other);
  }

  void Announce(AvahiClient* client) {
    if (group_ == nullptr) group_ = avahi_entry_group_new(client, &Impl::OnGroup, this);
    if (group_ == nullptr) return say_("cannot announce on the local network: Avahi refuses");
    constexpr int kNamesTried = 16;
    for (int tried = 0; tried < kNamesTried; ++tried) {
      avahi_entry_group_reset(group_);
      const int added = avahi_entry_group_add_service(
          group_, AVAHI_IF_UNSPEC, AVAHI_PROTO_UNSPEC, AvahiPublishFlags{}, name_.c_str(),
          kLanServiceType, nullptr, nullptr, port_, "v=1", key_.c_str(), nullptr);
      if (added == AVAHI_ERR_COLLISION) {
        Rename();
        continue;
      }
      const int committed = added < 0 ? added : avahi_entry_group_commit(group_);
      if (committed >= 0) return;
      return say_(std::string("cannot announce on the local network: ") +
                  avahi_strerror(committed));
    }
  }

  std::string name_;
  std::string key_;
  std::uint16_t port_;
  std::function<void(const std::string&)> say_;
  lan::ThreadedPoll poll_;
  lan::Client client_;
  AvahiEntryGroup* group_ = nullptr;  // owned by the client
  bool running_ = false;
};

LanAnnouncement::LanAnnouncement(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
LanAnnouncement::~LanAnnouncement() = default;

Result<std::unique_ptr<LanAnnouncement>> LanAnnouncement::Start(
    const LanServer& server, std::function<void(const std::string&)> say) {
  auto impl = std::make_unique<Impl>(server, std::move(say));
  if (Status started = impl->Start(); !started) return std::unexpected(started.error());
  return std::unique_ptr<LanAnnouncement>(new LanAnnouncement(std::move(impl)));
}

}  // namespace picube
