#include "cli/client.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace picube {
namespace {

Error FromRefused(const Refused& refused) { return {refused.kind, refused.what, refused.next}; }

// A watched batch that says nothing for so long is asked for again: the server may have restarted
// and forgotten who watches.
constexpr Duration kAskWatchAgain = 3s;

}  // namespace

Client::Client(Link& link, Clock now, Patience patience)
    : link_(link), now_(std::move(now)), patience_(patience) {}

Error Client::NoAnswer(Duration waited) const {
  return {ErrorKind::kLink,
          fmt::format("no answer from the server at {} within {:.0f} s.", link_.Endpoint(),
                      Seconds(waited)),
          "Check that picube-server runs there and that the network reaches it; if it does, this "
          "key may have been retired: ask for a new invitation."};
}

Error Client::Unexpected() const {
  return {ErrorKind::kProject,
          fmt::format("the server at {} gave an answer of the wrong type.", link_.Endpoint()),
          "Install the same version of picube and picube-server."};
}

Result<std::optional<Envelope>> Client::Next(Instant until) {
  const Instant now = now_();
  if (now >= until) return std::nullopt;
  return link_.Receive(until - now);
}

Result<Message> Client::Ask(const Message& question) {
  const Envelope envelope{.request = ++last_request_, .message = question};
  for (int attempt = 0; attempt < patience_.attempts; ++attempt) {
    if (Status sent = link_.Send(envelope); !sent) return std::unexpected(sent.error());
    const Instant until = now_() + patience_.answer;
    while (true) {
      Result<std::optional<Envelope>> next = Next(until);
      if (!next) return std::unexpected(next.error());
      if (!*next) break;
      if ((*next)->request != envelope.request) continue;  // late answer, or a push
      Message& answer = (*next)->message;
      if (const auto* no = std::get_if<Refused>(&answer)) return std::unexpected(FromRefused(*no));
      return std::move(answer);
    }
  }
  return std::unexpected(NoAnswer(patience_.answer * patience_.attempts));
}

Result<std::vector<Message>> Client::AskAll(const std::vector<Message>& questions) {
  const std::uint64_t first = last_request_ + 1;
  for (const Message& question : questions) {
    const Status sent = link_.Send({.request = ++last_request_, .message = question});
    if (!sent) return std::unexpected(sent.error());
  }
  std::vector<std::optional<Message>> answers(questions.size());
  std::size_t missing = questions.size();
  Instant until = now_() + patience_.answer;
  while (missing > 0) {
    Result<std::optional<Envelope>> next = Next(until);
    if (!next) return std::unexpected(next.error());
    if (!*next) return std::unexpected(NoAnswer(patience_.answer));
    Envelope& envelope = **next;
    if (envelope.request < first || envelope.request > last_request_) continue;
    if (const auto* no = std::get_if<Refused>(&envelope.message)) {
      return std::unexpected(FromRefused(*no));
    }
    std::optional<Message>& place = answers[envelope.request - first];
    if (place) continue;  // came twice
    place = std::move(envelope.message);
    --missing;
    until = now_() + patience_.answer;
  }
  std::vector<Message> ordered;
  for (auto& answer : answers) ordered.push_back(std::move(*answer));
  return ordered;
}

Status Client::AskMany(const Message& question, const std::function<bool(const Message&)>& take) {
  const std::uint64_t request = ++last_request_;
  if (Status sent = link_.Send({.request = request, .message = question}); !sent) return sent;
  Instant until = now_() + patience_.answer;
  while (true) {
    Result<std::optional<Envelope>> next = Next(until);
    if (!next) return std::unexpected(next.error());
    if (!*next) return std::unexpected(NoAnswer(patience_.answer));
    const Envelope& envelope = **next;
    if (envelope.request != request) continue;
    if (const auto* no = std::get_if<Refused>(&envelope.message)) {
      return std::unexpected(FromRefused(*no));
    }
    if (!take(envelope.message)) return {};
    until = now_() + patience_.answer;
  }
}

Status Client::Follow(BatchId batch, const Watcher& watcher) {
  const Envelope watch{.request = ++last_request_, .message = Watch{.batch = batch}};
  const Instant started = now_();
  std::optional<Instant> heard;
  while (true) {
    if (Status sent = link_.Send(watch); !sent) return sent;
    Instant until = now_() + kAskWatchAgain;
    while (true) {
      Result<std::optional<Envelope>> next = Next(until);
      if (!next) return std::unexpected(next.error());
      if (!*next) break;
      const Envelope& envelope = **next;
      const bool mine = envelope.request == watch.request;
      if (const auto* no = std::get_if<Refused>(&envelope.message); no != nullptr && mine) {
        return std::unexpected(FromRefused(*no));
      }
      const auto* progress = std::get_if<BatchProgress>(&envelope.message);
      if (progress == nullptr || progress->batch.id != batch) continue;
      if (!mine && envelope.request != 0) continue;
      heard = now_();
      until = *heard + kAskWatchAgain;
      watcher.progress(*progress);
      if (progress->last) return {};
    }
    const Duration silent = now_() - heard.value_or(started);
    const Duration most = heard ? patience_.silence : patience_.answer * patience_.attempts;
    if (silent >= most) return std::unexpected(NoAnswer(silent));
    if (silent >= 2 * kAskWatchAgain) watcher.silence(silent);
  }
}

}  // namespace picube
