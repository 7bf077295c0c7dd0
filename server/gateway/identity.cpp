#include "server/gateway/identity.h"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <fstream>
#include <system_error>
#include <utility>

namespace picube {
namespace {

Result<Keys> LoadOrMake(const std::filesystem::path& path, bool make) {
  if (!make) return LoadKeys(path.string());
  Keys keys = MakeKeys();
  if (Status saved = SaveKeys(path.string(), keys); !saved) return std::unexpected(saved.error());
  return keys;
}

// The first IPv4 address of an interface that is up and not loopback; else loopback.
std::string OwnAddress() {
  std::string address = "127.0.0.1";
  ifaddrs* list = nullptr;
  if (getifaddrs(&list) != 0) return address;
  for (const ifaddrs* i = list; i != nullptr; i = i->ifa_next) {
    if (i->ifa_addr == nullptr || i->ifa_addr->sa_family != AF_INET) continue;
    if ((i->ifa_flags & IFF_UP) == 0 || (i->ifa_flags & IFF_LOOPBACK) != 0) continue;
    char text[INET_ADDRSTRLEN] = {};
    sockaddr_in in{};
    __builtin_memcpy(&in, i->ifa_addr, sizeof in);
    if (inet_ntop(AF_INET, &in.sin_addr, text, sizeof text) != nullptr) {
      address = text;
      break;
    }
  }
  freeifaddrs(list);
  return address;
}

}  // namespace

Result<Identity> OpenIdentity(const StateDirectory& state) {
  const auto server = state.KeysPath() / "server.keys";
  const auto operator_folder = state.Root() / "operator";
  std::error_code error;
  // A crash between the two files leaves the first alone: what is missing is made, never replaced.
  const bool make_server = !std::filesystem::exists(server, error);
  const bool make_operator = !std::filesystem::exists(operator_folder / "keys", error);
  if (make_server && !state.IsNew() && !make_operator) {
    return Fail(ErrorKind::kHost, server.string() + " is missing",
                "Restore it from a backup; with new keys every worker would have to join again.");
  }
  std::filesystem::create_directories(operator_folder, error);
  std::filesystem::permissions(operator_folder, std::filesystem::perms::owner_all, error);
  auto server_keys = LoadOrMake(server, make_server);
  if (!server_keys) return std::unexpected(server_keys.error());
  auto operator_keys = LoadOrMake(operator_folder / "keys", make_operator);
  if (!operator_keys) return std::unexpected(operator_keys.error());
  return Identity{std::move(*server_keys), std::move(*operator_keys), make_operator};
}

Status WriteOperatorEndpoint(const StateDirectory& state, const std::string& endpoint,
                             const TransportKey& server) {
  const auto path = state.Root() / "operator" / "endpoint";
  const auto temporary = state.Root() / "operator" / "endpoint.new";
  {
    std::ofstream out(temporary, std::ios::trunc);
    out << endpoint << '\n' << ToHex(server) << '\n';
    if (!out.flush()) {
      return Fail(ErrorKind::kStore, "cannot write " + temporary.string(),
                  "Check the disk and the folder's owner.");
    }
  }
  std::error_code error;
  std::filesystem::rename(temporary, path, error);
  if (error) {
    return Fail(ErrorKind::kStore, "cannot write " + path.string() + ": " + error.message(),
                "Check the disk and the folder's owner.");
  }
  return {};
}

std::string AdvertisedEndpoint(const std::string& advertise, const std::string& bound) {
  if (!advertise.empty()) return advertise;
  for (const std::string_view any : {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"}) {
    if (bound.starts_with(any)) return "tcp://" + OwnAddress() + ":" + bound.substr(any.size());
  }
  return bound;
}

NewInvitation MakeInvitation(const Identity& identity, const std::string& endpoint,
                             PrincipalKind kind, WallTime expires) {
  TransportKeys invitation = MakeTransportKeys();
  NewInvitation made{invitation.key, {}};
  const JoinCode code{.kind = kind,
                      .expires = expires,
                      .server_transport_key = identity.server.transport.key,
                      .server_signing_key = identity.server.signing.key,
                      .invitation_secret = std::move(invitation.secret),
                      .endpoint = endpoint};
  made.code = EncodeJoinCode(code);
  return made;
}

}  // namespace picube
