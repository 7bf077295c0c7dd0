#include "hardware/cap/cap_client.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace picube {
namespace {

constexpr std::size_t kLongestAnswer = 200;

}  // namespace

void CapClient::Cap(std::uint32_t mhz, Instant now) {
  if (mhz == 0) {
    Close();
    return;
  }
  if (!socket_) {
    if (now < not_before_) return;
    if (!Connect()) return Failed(now);
  }
  const bool changed = mhz != asked_mhz_;
  if ((changed || now - asked_ >= kRepeat) && !Send(mhz, now)) return Failed(now);
  if (!ReadAnswers(now)) return Failed(now);
  late_ = pending_ > 0 && now - unanswered_ >= kPatience;
  if (late_ && now - unanswered_ >= 5 * kPatience) Failed(now);
}

bool CapClient::Connect() {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = path_.string();
  if (path.size() >= sizeof address.sun_path) return false;
  std::ranges::copy(path, address.sun_path);
  socket_ = std::make_unique<Descriptor>(
      ::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  return socket_->Get() >= 0 &&
         ::connect(socket_->Get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0;
}

bool CapClient::Send(std::uint32_t mhz, Instant now) {
  const std::string line = "cap " + std::to_string(mhz) + "\n";
  const ssize_t sent =
      ::send(socket_->Get(), line.data(), line.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(line.size())) return false;
  asked_mhz_ = mhz;
  asked_ = now;
  if (pending_++ == 0) unanswered_ = now;
  return true;
}

bool CapClient::ReadAnswers(Instant now) {
  std::array<char, 256> bytes{};
  const ssize_t got = ::recv(socket_->Get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got == 0) return false;
  if (got < 0) return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR;
  unread_.append(bytes.data(), static_cast<std::size_t>(got));
  for (std::size_t end = 0; (end = unread_.find('\n')) != std::string::npos;) {
    const std::string answer = unread_.substr(0, end);
    unread_.erase(0, end + 1);
    obeyed_ = answer.starts_with("ok ");
    if (!obeyed_ && !answer.starts_with("no ")) return false;
    refusal_ = obeyed_ ? std::string() : answer.substr(3);
    if (obeyed_) back_off_ = kFirstBackOff;
    if (--pending_ < 0) return false;  // an answer that nobody asked for
    unanswered_ = now;
  }
  return unread_.size() <= kLongestAnswer;
}

void CapClient::Close() {
  socket_.reset();
  unread_.clear();
  pending_ = 0;
  asked_mhz_ = 0;
  obeyed_ = false;
  late_ = false;
}

void CapClient::Failed(Instant now) {
  Close();
  not_before_ = now + back_off_;
  back_off_ = std::min(2 * back_off_, kMostBackOff);
}

}  // namespace picube
