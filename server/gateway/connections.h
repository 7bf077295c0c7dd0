// The connections that the door knows: whose they are, what they speak, when they were last heard
// of. A connection ends silently, so what is kept of it is bounded in number and in time.
// Pure: time is an argument. One thread only.
#pragma once

#include <algorithm>
#include <cstdint>
#include <unordered_map>
#include <utility>
#include <vector>

#include "protocol/base/ids.h"
#include "protocol/base/limits.h"
#include "protocol/base/time.h"
#include "protocol/messages.h"

namespace picube {

class Connections {
 public:
  struct Known {
    TransportKey key;
    HostId host;
    std::uint16_t version = kGreetingVersion;  // of its latest message: pushes go out in it
    Instant last;
  };
  struct Forgotten {
    std::uint64_t connection = 0;
    HostId host;
  };

  // A message has come. The longest quiet connections of the same key beyond
  // limits::kConnectionsPerKey are forgotten, and added to `forgotten`.
  Known& Heard(std::uint64_t connection, const TransportKey& key, HostId host, Instant now,
               std::vector<Forgotten>& forgotten) {
    const auto [at, is_new] = known_.try_emplace(connection);
    if (is_new) {
      at->second.key = key;
      auto& of_key = by_key_[key];
      while (of_key.size() >= limits::kConnectionsPerKey) {
        const std::uint64_t quiet =
            *std::min_element(of_key.begin(), of_key.end(), [&](std::uint64_t a, std::uint64_t b) {
              return known_.at(a).last < known_.at(b).last;
            });
        forgotten.push_back({quiet, known_.at(quiet).host});
        std::erase(of_key, quiet);
        known_.erase(quiet);
      }
      of_key.push_back(connection);
    }
    Known& known = known_.at(connection);
    known.host = host;
    known.last = now;
    return known;
  }

  [[nodiscard]] Known* Find(std::uint64_t connection) {
    const auto at = known_.find(connection);
    return at == known_.end() ? nullptr : &at->second;
  }

  void Forget(std::uint64_t connection) {
    const auto at = known_.find(connection);
    if (at == known_.end()) return;
    const auto of_key = by_key_.find(at->second.key);
    std::erase(of_key->second, connection);
    if (of_key->second.empty()) by_key_.erase(of_key);
    known_.erase(at);
  }

  // Forgets those that have been quiet for limits::kConnectionQuiet.
  [[nodiscard]] std::vector<Forgotten> Sweep(Instant now) {
    std::vector<Forgotten> forgotten;
    for (const auto& [connection, known] : known_) {
      if (now - known.last <= limits::kConnectionQuiet) continue;
      forgotten.push_back({connection, known.host});
    }
    for (const Forgotten& one : forgotten) Forget(one.connection);
    return forgotten;
  }

  [[nodiscard]] std::size_t Size() const { return known_.size(); }

 private:
  std::unordered_map<std::uint64_t, Known> known_;
  std::unordered_map<TransportKey, std::vector<std::uint64_t>> by_key_;
};

}  // namespace picube
