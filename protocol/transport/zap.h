// Answers libzmq's questions whether a key may connect (ZAP, RFC 27), in a thread of its own.
// Only for the sockets of this folder. All functions: any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/transport/context.h"
#include "protocol/transport/server_socket.h"

namespace picube {

class ZapHandler {
 public:
  static constexpr const char* kDomain = "picube";

  // One a context; fails (Error in Failure) if there is another.
  explicit ZapHandler(Context& context);
  ~ZapHandler();
  ZapHandler(const ZapHandler&) = delete;
  ZapHandler& operator=(const ZapHandler&) = delete;

  [[nodiscard]] const std::string& Failure() const { return failure_; }
  void SetAdmitted(std::vector<TransportKey> keys);
  [[nodiscard]] std::vector<ServerSocket::Denied> TakeDenied();

 private:
  struct Attempts {
    std::uint64_t count = 0;
    std::chrono::steady_clock::time_point quiet_until{};  // told of lately
  };
  void Run(void* replier);
  void AnswerOne(void* replier);
  bool Decide(BytesView domain, BytesView mechanism, BytesView credentials, BytesView address);

  std::string failure_;
  Waker stop_;
  std::mutex mutex_;  // guards the two below
  std::unordered_set<TransportKey> admitted_;
  std::unordered_map<std::string, Attempts> denied_;
  std::jthread thread_;  // last: it uses all above
};

}  // namespace picube
