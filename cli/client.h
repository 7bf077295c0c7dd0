// Questions and answers over a link that loses, doubles and delays. One thread; waits in its calls.
//
// - A question is sent again when no answer comes: so every question must be safe to ask twice
//   (`Submit` carries a request key; the others only read, or set what is set already).
// - Answers to earlier questions that come late are dropped by their request id.
// - `Refused` comes out as its Error; silence as an Error of kind kLink.
#pragma once

#include <cstdint>
#include <functional>
#include <iterator>
#include <utility>
#include <vector>

#include "cli/link.h"
#include "protocol/base/time.h"
#include "protocol/messages.h"

namespace picube {

using Clock = std::function<Instant()>;

struct Patience {
  Duration answer = 5s;      // then a question is sent again
  int attempts = 3;          // so often in all
  Duration silence = 10min;  // a watched batch or a transfer outlasts a server that is away so long
};

[[nodiscard]] inline Query QueryFor(QueryKind kind, std::uint64_t id = 0) {
  return {.kind = kind, .id = id, .name = {}};
}

class Client {
 public:
  // `link` must outlive the client.
  Client(Link& link, Clock now, Patience patience = {});

  [[nodiscard]] Result<Message> Ask(const Message& question);

  // `Ask` for an answer of one type; another type is an error of the server's.
  template <class T>
  [[nodiscard]] Result<T> AskFor(const Message& question) {
    Result<Message> answer = Ask(question);
    if (!answer) return std::unexpected(answer.error());
    if (T* right = std::get_if<T>(&*answer)) return std::move(*right);
    return std::unexpected(Unexpected());
  }

  // Sends all, then gathers one answer each, in the order of the questions. Not sent again: a
  // missing answer is an error of kind kLink after `Patience::answer` without any.
  [[nodiscard]] Result<std::vector<Message>> AskAll(const std::vector<Message>& questions);

  // One question with several answers: `take` gets each until it returns false. Fails like AskAll.
  [[nodiscard]] Status AskMany(const Message& question,
                               const std::function<bool(const Message&)>& take);

  // Follows a batch until it has ended; outlasts a restart of the server by asking anew.
  struct Watcher {
    std::function<void(const BatchProgress&)> progress;
    std::function<void(Duration)> silence;  // nothing heard for so long; called now and then
  };
  [[nodiscard]] Status Follow(BatchId batch, const Watcher& watcher);

  [[nodiscard]] const Patience& patience() const { return patience_; }
  [[nodiscard]] Instant Now() const { return now_(); }
  [[nodiscard]] std::string Endpoint() const { return link_.Endpoint(); }

 private:
  [[nodiscard]] Error NoAnswer(Duration waited) const;
  [[nodiscard]] Error Unexpected() const;
  // The next envelope before `until`, or nothing.
  [[nodiscard]] Result<std::optional<Envelope>> Next(Instant until);

  Link& link_;
  Clock now_;
  Patience patience_;
  std::uint64_t last_request_ = 0;
};

// All rows of a paged question; `rows` names the list of the answer.
template <class Row>
[[nodiscard]] Result<std::vector<Row>> AskPages(Client& client, QueryKind kind,
                                                std::vector<Row> Answer::* rows) {
  std::vector<Row> all;
  Query query = QueryFor(kind);
  while (true) {
    Result<Answer> answer = client.AskFor<Answer>(query);
    if (!answer) return std::unexpected(answer.error());
    std::vector<Row>& page = (*answer).*rows;
    const bool more = answer->more && !page.empty() && page.back().id.value != query.id;
    all.insert(all.end(), std::make_move_iterator(page.begin()),
               std::make_move_iterator(page.end()));
    if (!more) return all;
    query.id = all.back().id.value;
  }
}

}  // namespace picube
