// A real server in a process of its own, with an application whose units do nothing, and an
// operator's connection to it. For benchmarks.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

#include "protocol/crypto/keys.h"
#include "protocol/messages.h"
#include "protocol/transport/client_socket.h"
#include "protocol/transport/context.h"

namespace picube::bench {

struct ProjectOptions {
  std::filesystem::path state;
  std::uint64_t units_ahead = 200'000;
};

// The server process. Ended by the destructor.
class Project {
 public:
  explicit Project(ProjectOptions options);
  ~Project();
  Project(const Project&) = delete;
  Project& operator=(const Project&) = delete;

  // Forks and waits until it serves; returns the seconds from fork to ready.
  double Start();
  void Kill(int signal);  // and waits for its end
  [[nodiscard]] pid_t Pid() const { return pid_; }
  [[nodiscard]] std::uint64_t ResidentBytes() const;
  // After an end by SIGTERM.
  [[nodiscard]] std::uint64_t RecordBytes() const;
  [[nodiscard]] const std::filesystem::path& State() const { return options_.state; }

 private:
  ProjectOptions options_;
  pid_t pid_ = -1;
};

// One connection with an operator's, a host's or an invitation's key. Aborts on anything
// unexpected.
class Peer {
 public:
  Peer(Context& context, const TransportKeys& keys, const TransportKey& server,
       const std::string& endpoint);
  Message Ask(const Message& question);

 private:
  ClientSocket socket_;
  std::uint64_t request_ = 0;
};

struct Address {
  std::string endpoint;
  TransportKey server;
  Keys operator_keys;
};
[[nodiscard]] Address AddressOf(const std::filesystem::path& state);

}  // namespace picube::bench
