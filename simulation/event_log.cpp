#include "simulation/event_log.h"

#include <charconv>

#include "protocol/base/rng.h"

namespace picube::sim {

std::uint64_t HashBytes(std::string_view bytes, std::uint64_t seed) {
  std::uint64_t hash = 0xcbf29ce484222325U ^ seed;
  for (const char c : bytes) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
  }
  return Mix64(hash);
}

void EventLog::Add(Instant when, std::string_view who, std::string_view what) {
  char digits[24];
  const auto end = std::to_chars(digits, digits + sizeof digits, when.us).ptr;
  line_.assign(digits, end);
  line_ += ' ';
  line_ += who;
  line_ += ' ';
  line_ += what;
  line_ += '\n';
  hash_ = HashBytes(line_, hash_);
  ++lines_;
  if (file_ != nullptr) std::fwrite(line_.data(), 1, line_.size(), file_);
}

}  // namespace picube::sim
