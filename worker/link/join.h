// Joining a project: one Enrol over the connection that a join code opens; or, for keys that the
// server may know already, one Hello over their own.
#pragma once

#include <string>
#include <vector>

#include "protocol/base/error.h"
#include "protocol/base/time.h"
#include "protocol/crypto/join_code.h"
#include "protocol/crypto/keys.h"
#include "protocol/messages.h"
#include "protocol/transport/context.h"
#include "worker/core/agent.h"

namespace picube {

struct JoinFailure {
  WorkerExit code = WorkerExit::kFailed;
  Error error;
};

// Reads a code for a worker. kBadCode, kCodeExpired.
[[nodiscard]] std::expected<JoinCode, JoinFailure> ReadJoinCode(const std::string& text,
                                                                WallTime now);

struct EnrolRequest {
  std::string name;  // wished for
  Duration patience = std::chrono::seconds(20);
};
struct GreetRequest {
  HostFacts facts;
  std::vector<LeaseId> leases;  // held for this server: those not named would be lost
  Duration patience = std::chrono::seconds(10);
};
// Blocks until the server has answered or `patience` is over. kCodeUsed, kCodeExpired, kRefused,
// kUnreachable.
[[nodiscard]] std::expected<Enrolled, JoinFailure> EnrolHost(Context& context, const JoinCode& code,
                                                             const Keys& keys,
                                                             const EnrolRequest& request);

// Whether the server knows these keys: their Welcome. kRefused: it does not. kUnreachable.
[[nodiscard]] std::expected<Welcome, JoinFailure> GreetHost(Context& context, const JoinCode& code,
                                                            const Keys& keys,
                                                            const GreetRequest& request);

}  // namespace picube
