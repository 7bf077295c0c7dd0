// picube-bench dispatch [SECONDS [PER_EXCHANGE QUORUM [RATE]]] | memory [UNITS]
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "protocol/crypto/keys.h"
#include "tests/bench/dispatch.h"

int main(int argc, char** argv) {
  using picube::bench::Dispatch;
  const std::string_view what = argc > 1 ? argv[1] : "";
  const auto number = [&](int i, double otherwise) {
    return argc > i ? std::strtod(argv[i], nullptr) : otherwise;
  };
  if (!picube::InitCrypto()) return 1;
  if (what == "memory") {
    picube::bench::Memory(static_cast<std::uint64_t>(number(2, 1e6)));
    return 0;
  }
  if (what != "dispatch") {
    std::fprintf(stderr,
                 "usage: picube-bench dispatch [SECONDS [PER_EXCHANGE QUORUM [RATE]]] | "
                 "memory [UNITS]\n");
    return 2;
  }
  const double seconds = number(2, 60);
  if (argc > 4) {
    Dispatch({.per_exchange = static_cast<std::uint32_t>(number(3, 16)),
              .quorum = static_cast<std::uint32_t>(number(4, 1)),
              .seconds = seconds,
              .rate = number(5, 0)});
    return 0;
  }
  // At full load, then at half of what was reached, where the delay is judged.
  const double sixteen = Dispatch({.per_exchange = 16, .quorum = 1, .seconds = seconds});
  Dispatch({.per_exchange = 16, .quorum = 1, .seconds = seconds, .rate = sixteen / 2});
  const double one = Dispatch({.per_exchange = 1, .quorum = 1, .seconds = seconds});
  Dispatch({.per_exchange = 1, .quorum = 1, .seconds = seconds, .rate = one / 2});
  const double two = Dispatch({.per_exchange = 16, .quorum = 2, .seconds = seconds});
  Dispatch({.per_exchange = 16, .quorum = 2, .seconds = seconds, .rate = two / 2});
  return 0;
}
