// The program `picube`: the real world for RunPicube.
#include <sys/ioctl.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <memory>

#include "cli/program.h"
#include "cli/zmq_link.h"
#include "protocol/crypto/keys.h"
#include "protocol/transport/context.h"
#include "workunits/applications.h"

namespace picube {
namespace {

std::string Variable(const std::string& name) {
  const char* value = std::getenv(name.c_str());
  if (value != nullptr) return value;
  if (name != "HOSTNAME") return {};
  std::array<char, 256> machine{};  // shells know HOSTNAME but do not export it
  if (gethostname(machine.data(), machine.size() - 1) != 0) return {};
  return machine.data();
}

std::size_t TerminalWidth() {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) return size.ws_col;
  return 80;
}

Instant Now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Duration>(since).count()};
}

WallTime Wall() {
  const auto since = std::chrono::system_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<std::chrono::milliseconds>(since).count()};
}

int Main(const std::vector<std::string>& words) {
  if (Status ready = InitCrypto(); !ready) {
    std::cerr << "error: " << ready.error().Text() << '\n';
    return static_cast<int>(Exit::kGridError);
  }
  ApplicationRegistry applications;
  AddBuiltInApplications(applications);
  std::unique_ptr<Context> context;  // no threads of libzmq for --help
  World world{.out = std::cout,
              .err = std::cerr,
              .out_is_terminal = isatty(STDOUT_FILENO) == 1,
              .err_is_terminal = isatty(STDERR_FILENO) == 1,
              .width = TerminalWidth(),
              .environment = Variable,
              .now = Now,
              .wall = Wall,
              // A public key is 32 bytes that nobody else has.
              .make_request_key = [] { return ToHex(MakeTransportKeys().key).substr(0, 32); },
              .connect =
                  [&](const ServerAddress& server, const TransportKeys& keys) {
                    if (context == nullptr) context = std::make_unique<Context>();
                    return ConnectZmq(*context, server, keys);
                  },
              .applications = applications};
  return static_cast<int>(RunPicube(words, world));
}

}  // namespace
}  // namespace picube

int main(int argc, char** argv) {
  return picube::Main(std::vector<std::string>(argv + 1, argv + argc));
}
