#include <avahi-common/malloc.h>

#include <array>
#include <chrono>
#include <set>

#include "protocol/lan/avahi.h"
#include "protocol/lan/lan.h"

namespace picube {
namespace {

constexpr std::size_t kMostServers = 256;  // of those that shout on a network, the first
constexpr std::size_t kMostText = 64;      // characters of a text field

// Control characters of strangers do not reach a terminal.
std::string Printable(const char* text, std::size_t size) {
  std::string out(text, std::min(size, kMostText));
  for (char& c : out) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return out;
}

std::string TextField(AvahiStringList* fields, const char* name) {
  AvahiStringList* found = avahi_string_list_find(fields, name);
  char* value = nullptr;
  std::size_t size = 0;
  if (found == nullptr || avahi_string_list_get_pair(found, nullptr, &value, &size) != 0 ||
      value == nullptr) {
    return {};
  }
  std::string text = Printable(value, size);
  avahi_free(value);
  return text;
}

struct Search {
  std::set<LanServer> servers;
  AvahiClient* client = nullptr;
  AvahiSimplePoll* poll = nullptr;
};

void OnResolved(AvahiServiceResolver* resolver, AvahiIfIndex, AvahiProtocol,
                AvahiResolverEvent event, const char* name, const char*, const char*, const char*,
                const AvahiAddress* address, std::uint16_t port, AvahiStringList* fields,
                AvahiLookupResultFlags, void* self) {
  auto* search = static_cast<Search*>(self);
  if (event == AVAHI_RESOLVER_FOUND && search->servers.size() < kMostServers) {
    std::array<char, AVAHI_ADDRESS_STR_MAX> host{};
    avahi_address_snprint(host.data(), host.size(), address);
    const std::string fingerprint = TextField(fields, "key");
    if (!fingerprint.empty()) {
      search->servers.insert({Printable(name, std::char_traits<char>::length(name)),
                              std::string("tcp://") + host.data() + ":" + std::to_string(port),
                              fingerprint});
    }
  }
  avahi_service_resolver_free(resolver);
}

void OnFound(AvahiServiceBrowser*, AvahiIfIndex interface, AvahiProtocol protocol,
             AvahiBrowserEvent event, const char* name, const char* type, const char* domain,
             AvahiLookupResultFlags, void* self) {
  auto* search = static_cast<Search*>(self);
  if (event == AVAHI_BROWSER_FAILURE) avahi_simple_poll_quit(search->poll);
  if (event != AVAHI_BROWSER_NEW) return;
  // The resolver frees itself when it has answered, or goes with the client.
  static_cast<void>(avahi_service_resolver_new(search->client, interface, protocol, name, type,
                                               domain, AVAHI_PROTO_INET, AvahiLookupFlags{},
                                               OnResolved, self));
}

void OnClient(AvahiClient*, AvahiClientState state, void* self) {
  auto* search = static_cast<Search*>(self);
  if (state == AVAHI_CLIENT_FAILURE) avahi_simple_poll_quit(search->poll);
}

}  // namespace

Result<std::vector<LanServer>> FindLanServers(Duration patience) {
  const lan::SimplePoll poll(avahi_simple_poll_new());
  if (poll == nullptr) return Fail(ErrorKind::kHost, "out of memory for Avahi");
  Search search;
  search.poll = poll.get();
  int error = 0;
  const lan::Client client(avahi_client_new(avahi_simple_poll_get(poll.get()), AvahiClientFlags{},
                                            OnClient, &search, &error));
  if (client == nullptr) {
    return Fail(
        ErrorKind::kHost,
        std::string("cannot listen on the local network: ") + avahi_strerror(error),
        "Install and start avahi-daemon, or join with the code alone: it names the server.");
  }
  search.client = client.get();
  const lan::Browser browser(avahi_service_browser_new(client.get(), AVAHI_IF_UNSPEC,
                                                       AVAHI_PROTO_INET, kLanServiceType, nullptr,
                                                       AvahiLookupFlags{}, OnFound, &search));
  const auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) break;
    if (avahi_simple_poll_iterate(poll.get(), static_cast<int>(left.count())) != 0) break;
  }
  return std::vector<LanServer>(search.servers.begin(), search.servers.end());
}

}  // namespace picube
