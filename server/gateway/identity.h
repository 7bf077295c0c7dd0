// The server's own keys, and the profile with which an operator on the same machine reaches it.
//
//   keys/server.keys       transport and signing pair of the server
//   operator/keys          pair of the first operator, made with the state
//   operator/endpoint      where to connect: endpoint, a line end, the server's transport key in
//   hex
#pragma once

#include <filesystem>
#include <string>

#include "protocol/base/error.h"
#include "protocol/crypto/join_code.h"
#include "protocol/crypto/keys.h"
#include "server/store/state_directory.h"

namespace picube {

struct Identity {
  Keys server;
  Keys first_operator;
  bool is_new = false;  // made just now: the operator must be enrolled
};

// Loads both pairs, or makes them if the state is new.
[[nodiscard]] Result<Identity> OpenIdentity(const StateDirectory& state);

// Writes operator/endpoint.
[[nodiscard]] Status WriteOperatorEndpoint(const StateDirectory& state, const std::string& endpoint,
                                           const TransportKey& server);

// What workers are told to connect to: `advertise` if set; else `bound` with the address of this
// machine instead of "*" or "0.0.0.0".
[[nodiscard]] std::string AdvertisedEndpoint(const std::string& advertise,
                                             const std::string& bound);

// A fresh invitation: the code for people, and the key the core must know.
struct NewInvitation {
  TransportKey key;
  std::string code;
};
[[nodiscard]] NewInvitation MakeInvitation(const Identity& identity, const std::string& endpoint,
                                           PrincipalKind kind, WallTime expires);

}  // namespace picube
