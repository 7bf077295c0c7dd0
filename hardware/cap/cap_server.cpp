#include "hardware/cap/cap_server.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>

namespace picube {
namespace {

constexpr int kAcceptedATurn = 16;

Instant Now() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  return {std::chrono::duration_cast<Duration>(now).count()};
}

bool WouldBlock() { return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR; }

}  // namespace

CapServer::CapServer(const CapFiles& files, int listener, int stop, const CapServerOptions& options)
    : files_(files),
      listener_(listener),
      stop_(stop),
      options_(options),
      guard_(files.Kept(), options.silence),
      active_(Now()) {}

bool CapServer::Run() {
  for (;;) {
    Restore(Now());
    std::array<pollfd, 2 + kMostClients> waiting{};
    waiting[0] = {stop_, POLLIN, 0};
    waiting[1] = {Now() < deaf_until_ ? -1 : listener_, POLLIN, 0};
    const std::size_t clients = clients_.size();
    for (std::size_t i = 0; i < clients; ++i) {
      waiting[2 + i] = {clients_[i]->socket.Get(), POLLIN, 0};
    }
    const int ready = ::poll(waiting.data(), static_cast<nfds_t>(2 + clients), Patience(Now()));
    const Instant now = Now();
    if (ready < 0 && errno != EINTR) break;
    if (ready > 0) {
      if (waiting[0].revents != 0) break;
      for (std::size_t i = clients; i-- > 0;) {  // backwards: one may be dropped
        if (waiting[2 + i].revents != 0) Serve(i, now);
      }
      if (waiting[1].revents != 0) Accept(now);
    }
    if (guard_.Holds()) active_ = now;
    if (options_.idle && !guard_.Holds() && now - active_ >= *options_.idle) break;
  }
  clients_.clear();
  guard_.End();
  Restore(Now());
  return !guard_.Holds();
}

int CapServer::Patience(Instant now) const {
  auto due = guard_.Due();
  if (!due && options_.idle) due = active_ + *options_.idle;
  if (now < deaf_until_) due = std::min(due.value_or(deaf_until_), deaf_until_);
  if (!due) return -1;
  const auto wait = std::chrono::ceil<std::chrono::milliseconds>(*due - now).count();
  return static_cast<int>(std::clamp<std::int64_t>(wait, 0, 60'000));
}

void CapServer::Restore(Instant now) {
  const CapStep step = guard_.Turn(now);
  if (step.kind != CapStep::Kind::kRestore) return;
  const Status done = files_.Do(step);
  guard_.Restored(done.has_value(), now);
  if (!done && !failed_) {
    std::fprintf(stderr, "picube-cap-helper: the clock is not restored: %s\n",
                 done.error().Text().c_str());
  }
  failed_ = !done;
}

void CapServer::Accept(Instant now) {
  for (int i = 0; i < kAcceptedATurn; ++i) {
    const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      if (!WouldBlock() && errno != ECONNABORTED) deaf_until_ = now + 1s;
      return;
    }
    if (clients_.size() == kMostClients) Drop(guard_.HeldBy(clients_[0]->number) ? 1 : 0);
    clients_.push_back(std::make_unique<Client>(next_number_++, fd));
    Serve(clients_.size() - 1, now);
  }
}

void CapServer::Serve(std::size_t index, Instant now) {
  if (!Read(*clients_[index], now)) Drop(index);
}

void CapServer::Drop(std::size_t index) {
  guard_.Gone(clients_[index]->number);
  clients_.erase(clients_.begin() + static_cast<std::ptrdiff_t>(index));
}

bool CapServer::Read(Client& client, Instant now) {
  std::array<char, 2 * kLongestLine> bytes{};
  const ssize_t got = ::recv(client.socket.Get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
  if (got < 0) return WouldBlock();
  if (got == 0) return false;
  client.unread.append(bytes.data(), static_cast<std::size_t>(got));
  for (;;) {
    const std::size_t end = client.unread.find('\n');
    if (std::min(end, client.unread.size()) > kLongestLine) return false;
    if (end == std::string::npos) return true;
    const std::string line = client.unread.substr(0, end);
    client.unread.erase(0, end + 1);
    if (!Answer(client, line, now)) return false;
  }
}

bool CapServer::Answer(const Client& client, const std::string& line, Instant now) {
  const CapStep step = guard_.Ask(client.number, line, files_.Find(), now);
  std::string refusal = step.refusal;
  if (step.kind == CapStep::Kind::kCap) {
    const Status done = files_.Do(step);
    guard_.Capped(client.number, done.has_value(), now);
    if (!done) refusal = done.error().what;
  }
  const auto mhz = CapMhzOf(line);
  const std::string answer =
      refusal.empty() ? "ok " + std::to_string(mhz.value_or(0)) + "\n" : "no " + refusal + "\n";
  const ssize_t sent =
      ::send(client.socket.Get(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
  return mhz && sent == static_cast<ssize_t>(answer.size());
}

}  // namespace picube
