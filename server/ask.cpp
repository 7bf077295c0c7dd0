#include "server/ask.h"

#include <fstream>
#include <string>

#include "protocol/crypto/keys.h"
#include "protocol/transport/client_socket.h"
#include "protocol/transport/context.h"
#include "protocol/wire/codec.h"

namespace picube {
namespace {

struct Address {
  std::string endpoint;
  TransportKey server;
};

Result<Address> ReadAddress(const std::filesystem::path& state) {
  const auto path = state / "operator" / "endpoint";
  std::ifstream in(path);
  Address address;
  std::string key;
  if (!std::getline(in, address.endpoint) || !std::getline(in, key) ||
      !FromHex(key, address.server)) {
    return Fail(ErrorKind::kUser, "no server has run on " + state.string(),
                "Start it with `picube-server run --state " + state.string() + "`.");
  }
  return address;
}

}  // namespace

Result<Message> AskServer(const std::filesystem::path& state, const Message& question,
                          std::chrono::milliseconds patience) {
  auto address = ReadAddress(state);
  if (!address) return std::unexpected(address.error());
  auto keys = LoadKeys((state / "operator" / "keys").string());
  if (!keys) return std::unexpected(keys.error());
  Context context;
  ClientSocket socket(context, keys->transport, address->server);
  if (Status connected = socket.Connect(address->endpoint); !connected) {
    return std::unexpected(connected.error());
  }
  const auto end = std::chrono::steady_clock::now() + patience;
  while (true) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      return Fail(ErrorKind::kLink, "no server answers at " + address->endpoint,
                  "Start it with `picube-server run --state " + state.string() + "`.");
    }
    static_cast<void>(socket.Poll(left, nullptr));
    while (auto event = socket.TakeEvent()) {
      if (*event == LinkEvent::kRefused) {
        return Fail(ErrorKind::kRefused,
                    "the server refuses the operator's key in " + state.string(),
                    "Is another state directory served at " + address->endpoint + "?");
      }
      if (*event == LinkEvent::kConnected) {
        static_cast<void>(
            socket.Send(Encode({.version = kProtocolVersion, .request = 1, .message = question})));
      }
    }
    while (auto bytes = socket.Receive()) {
      auto answer = Decode(*bytes);
      if (!answer) return std::unexpected(answer.error());
      if (answer->request != 1) continue;
      if (const auto* no = std::get_if<Refused>(&answer->message)) {
        return Fail(no->kind, no->what, no->next);
      }
      return std::move(answer->message);
    }
  }
}

}  // namespace picube
