#include "worker/display/tcp_stream.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdint>
#include <cstring>
#include <optional>
#include <utility>

namespace picube {
namespace {

constexpr std::size_t kMostAtOnce = 64 * 1024;  // read by one call: whoever floods us waits

struct Address {
  sockaddr_storage storage{};
  socklen_t size = 0;
};

std::optional<Address> Parse(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || port == 0)
    return std::nullopt;
  std::string host(text.substr(0, colon));
  if (host == "localhost") host = "127.0.0.1";
  Address address;
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    auto& six = reinterpret_cast<sockaddr_in6&>(address.storage);
    six.sin6_family = AF_INET6;
    six.sin6_port = htons(port);
    address.size = sizeof six;
    host = host.substr(1, host.size() - 2);
    return ::inet_pton(AF_INET6, host.c_str(), &six.sin6_addr) == 1 ? std::optional(address)
                                                                    : std::nullopt;
  }
  auto& four = reinterpret_cast<sockaddr_in&>(address.storage);
  four.sin_family = AF_INET;
  four.sin_port = htons(port);
  address.size = sizeof four;
  if (::inet_pton(AF_INET, host.c_str(), &four.sin_addr) != 1) return std::nullopt;
  return address;
}

}  // namespace

bool IsTcpAddress(std::string_view text) { return Parse(text).has_value(); }

TcpStream::TcpStream(std::string address) : address_(std::move(address)) {}
TcpStream::~TcpStream() { Close(); }

void TcpStream::Close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  connected_ = false;
}

std::unexpected<Error> TcpStream::Failed(int why) const {
  return Fail(ErrorKind::kHost, "no connection to LCDd at " + address_ + ": " +
                                    (why == 0 ? "it ended" : std::strerror(why)) + ".");
}

Status TcpStream::Open() {
  Close();
  const auto address = Parse(address_);
  if (!address) return Failed(EINVAL);
  socket_ = ::socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_ < 0) return Failed(errno);
  const auto* where = reinterpret_cast<const sockaddr*>(&address->storage);
  connected_ = ::connect(socket_, where, address->size) == 0;
  const int why = connected_ ? EINPROGRESS : errno;
  if (why == EINPROGRESS) return {};
  Close();
  return Failed(why);
}

Result<bool> TcpStream::Connected() {
  if (socket_ < 0) return Failed(ENOTCONN);
  if (connected_) return true;
  pollfd way{.fd = socket_, .events = POLLOUT, .revents = 0};
  if (::poll(&way, 1, 0) <= 0) return false;
  int why = 0;
  socklen_t size = sizeof why;
  if (::getsockopt(socket_, SOL_SOCKET, SO_ERROR, &why, &size) != 0) why = errno;
  if (why != 0) return Failed(why);
  connected_ = true;
  return true;
}

Result<std::size_t> TcpStream::Write(std::string_view bytes) {
  const auto connected = Connected();
  if (!connected) return std::unexpected(connected.error());
  if (!*connected) return std::size_t{0};
  const ssize_t taken = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (taken >= 0) return static_cast<std::size_t>(taken);
  if (errno == EAGAIN || errno == EINTR) return std::size_t{0};
  return Failed(errno);
}

Status TcpStream::Read(std::string& into) {
  const auto connected = Connected();
  if (!connected) return std::unexpected(connected.error());
  if (!*connected) return {};
  char block[4096];
  for (std::size_t all = 0; all < kMostAtOnce;) {
    const ssize_t come = ::recv(socket_, block, sizeof block, 0);
    if (come < 0 && (errno == EAGAIN || errno == EINTR)) return {};
    if (come <= 0) return Failed(come == 0 ? 0 : errno);
    into.append(block, static_cast<std::size_t>(come));
    all += static_cast<std::size_t>(come);
  }
  return {};
}

}  // namespace picube
