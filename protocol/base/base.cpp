#include <cstdio>
#include <cstdlib>

#include "protocol/base/check.h"
#include "protocol/base/error.h"
#include "protocol/base/ids.h"
#include "protocol/base/rng.h"

namespace picube {

std::string ToHex(BytesView bytes) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string hex;
  hex.reserve(2 * bytes.size());
  for (const char c : bytes) {
    const auto byte = static_cast<unsigned char>(c);
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

namespace {
int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}
}  // namespace

bool FromHex(std::string_view hex, std::uint8_t* out, std::size_t size) {
  if (hex.size() != 2 * size) return false;
  for (const char c : hex) {
    if (HexValue(c) < 0) return false;
  }
  for (std::size_t i = 0; i < size; ++i) {
    out[i] = static_cast<std::uint8_t>(HexValue(hex[2 * i]) * 16 + HexValue(hex[2 * i + 1]));
  }
  return true;
}

std::string_view Name(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kUnit: return "unit";
    case ErrorKind::kHost: return "host";
    case ErrorKind::kLink: return "link";
    case ErrorKind::kProject: return "project";
    case ErrorKind::kUser: return "user";
    case ErrorKind::kStore: return "store";
    case ErrorKind::kRefused: return "refused";
  }
  return "unknown";
}

void CheckFailed(std::string_view condition, std::string_view why, std::source_location where) {
  std::fprintf(stderr, "%s:%u: check failed: %.*s: %.*s\n", where.file_name(), where.line(),
               static_cast<int>(condition.size()), condition.data(), static_cast<int>(why.size()),
               why.data());
  std::abort();
}

Rng::Rng(std::uint64_t seed) {
  for (std::uint64_t& word : state_) {
    word = Mix64(seed);
    seed += 0x9e3779b97f4a7c15U;
  }
}

std::uint64_t Rng::Next() {
  const auto rotate = [](std::uint64_t x, int k) { return (x << k) | (x >> (64 - k)); };
  const std::uint64_t result = rotate(state_[1] * 5, 7) * 9;
  const std::uint64_t t = state_[1] << 17;
  state_[2] ^= state_[0];
  state_[3] ^= state_[1];
  state_[1] ^= state_[2];
  state_[0] ^= state_[3];
  state_[2] ^= t;
  state_[3] = rotate(state_[3], 45);
  return result;
}

std::uint64_t Rng::Below(std::uint64_t bound) {
  if (bound == 0) return 0;
  const std::uint64_t reject = (0 - bound) % bound;  // values below would favour small results
  std::uint64_t x = Next();
  while (x < reject) x = Next();
  return x % bound;
}

}  // namespace picube
