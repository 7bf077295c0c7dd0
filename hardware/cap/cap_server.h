// The loop of picube-cap-helper: clients on a unix stream socket, the guard, the file. One thread.
//
// A client gets a line of answer for each line: "ok MHZ" or "no REASON". Nothing that a client does
// keeps others waiting: each is read a little at a time, lines are short, who says nothing sensible
// or does not fetch its answers is dropped, and of too many clients the one that came first and
// does not hold the cap.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "hardware/cap/cap_files.h"
#include "hardware/cap/cap_guard.h"
#include "protocol/base/descriptor.h"

namespace picube {

struct CapServerOptions {
  Duration silence = 10s;
  std::optional<Duration> idle;  // ends after so long without a cap; nothing: never
};

class CapServer {
 public:
  // `files` is borrowed. `listener` listens and does not block; readable `stop` ends the loop.
  CapServer(const CapFiles& files, int listener, int stop, const CapServerOptions& options);

  // Until it is stopped or idle; then the clock is restored. False: it could not be.
  [[nodiscard]] bool Run();

  static constexpr std::size_t kMostClients = 8;
  static constexpr std::size_t kLongestLine = 32;

 private:
  struct Client {
    Client(std::uint64_t number_, int fd) : number(number_), socket(fd) {}
    std::uint64_t number;
    Descriptor socket;
    std::string unread;
  };
  // False: it is to be dropped.
  [[nodiscard]] bool Read(Client& client, Instant now);
  [[nodiscard]] bool Answer(const Client& client, const std::string& line, Instant now);
  void Accept(Instant now);
  void Serve(std::size_t index, Instant now);
  void Drop(std::size_t index);
  void Restore(Instant now);
  [[nodiscard]] int Patience(Instant now) const;

  const CapFiles& files_;
  int listener_;
  int stop_;
  CapServerOptions options_;
  CapGuard guard_;
  std::vector<std::unique_ptr<Client>> clients_;  // oldest first
  std::uint64_t next_number_ = 0;
  Instant active_;       // something was capped last
  Instant deaf_until_;   // nobody is accepted: the system is out of descriptors
  bool failed_ = false;  // to restore; said once
};

}  // namespace picube
