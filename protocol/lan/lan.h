// Servers on the local network, by mDNS (DNS-SD type "_picube._tcp") through the machine's Avahi
// daemon. It only helps people to find a server and to compare its key: joining still needs a code,
// and nothing that is heard here is believed.
//
// The record's text fields: `v` the format (1), `key` the fingerprint of the server's transport key
// (protocol/crypto/keys.h).
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/time.h"

namespace picube {

inline constexpr const char* kLanServiceType = "_picube._tcp";

struct LanServer {
  std::string name;         // as announced, "PiCube Grid on cube"
  std::string endpoint;     // "tcp://192.168.1.7:7425"; when announcing, only its port counts
  std::string fingerprint;  // of its transport key
  friend auto operator<=>(const LanServer&, const LanServer&) = default;
};

// The port of "tcp://HOST:PORT"; 0 if there is none.
[[nodiscard]] std::uint16_t PortOf(const std::string& endpoint);

// Keeps a server announced as long as it lives; when the daemon is started again, so is the
// announcement. Its callbacks come on a thread of its own.
class LanAnnouncement {
 public:
  // `say` is called (from another thread) with what became of it: one line for the log, at most a
  // few a minute. kHost: this machine has no D-Bus, so there is no Avahi either.
  [[nodiscard]] static Result<std::unique_ptr<LanAnnouncement>> Start(
      const LanServer& server, std::function<void(const std::string&)> say);
  ~LanAnnouncement();
  LanAnnouncement(const LanAnnouncement&) = delete;
  LanAnnouncement& operator=(const LanAnnouncement&) = delete;

 private:
  class Impl;
  explicit LanAnnouncement(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

// Listens for `patience` and returns the servers heard, sorted, each once. kHost: no Avahi daemon.
[[nodiscard]] Result<std::vector<LanServer>> FindLanServers(Duration patience);

}  // namespace picube
