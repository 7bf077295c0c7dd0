// The server: builds the parts, runs the one loop that reads, decides, commits and sends.
//
//   drain the socket → decide → commit once → send.  Nothing waits for a timer: while one commit is
//   under way, messages gather and make the next one larger.
#pragma once

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>

#include "protocol/base/error.h"
#include "server/gateway/options.h"
#include "workunits/application.h"

namespace picube {

inline constexpr std::string_view kServerSoftware = "picube-server 0.1.0";

class Server {
 public:
  // Opens the state directory (or makes it), restores, then binds. `applications` is borrowed.
  // Errors: directory in use or from a newer version, damaged journal, port in use, wrong key
  // modes.
  [[nodiscard]] static Result<std::unique_ptr<Server>> Open(
      const ServerOptions& options, const ApplicationRegistry& applications);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Serves until Stop. Returns after everything decided is durable.
  [[nodiscard]] Status Run();
  // From any thread, or from a signal handler.
  void Stop();

  [[nodiscard]] const std::string& Endpoint() const;  // bound, with the real port
  [[nodiscard]] const std::string& Advertised() const;
  // Bytes of records journaled by this process; after Run.
  [[nodiscard]] std::uint64_t RecordBytes() const;

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace picube
