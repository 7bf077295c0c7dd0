#!/usr/bin/env bash
# Benchmarks; one JSON line a case on standard output.
#   bench.sh dispatch [SECONDS]   the whole server under load
#   bench.sh memory [UNITS]       a million live units: memory and restart
#   bench.sh kernels [OPTIONS]    the computing kernels beside FFTW and primesieve (--help)
#   bench.sh governor              what the governor reaches on virtual boards; fails if a figure does not hold
#   bench.sh insn [--record] [NAME]   instructions a kernel takes on a Cortex-A53 (scripts/insn.sh)
#   bench.sh ceiling [SECONDS]    CURVE and SQLite without any rules, for comparison with dispatch:
#                                 ../shared/bench/ceiling.cpp, if it lies there
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
what=${1:-dispatch}
[ $# -gt 0 ] && shift

ceiling() { # [SECONDS]
  local seconds=${1:-10} source=$root/../shared/bench/ceiling.cpp program=$root/build/ceiling each place
  [[ "$seconds" =~ ^[0-9]+$ ]] || fail "usage: ./dev bench ceiling [SECONDS]"
  if [ ! -f "$source" ]; then
    say "there is no ../shared/bench/ceiling.cpp: no ceiling is measured" >&2
    return 0
  fi
  mkdir -p "$root/build"
  g++ -O2 -std=c++17 "$source" -o "$program" -lzmq -lsodium -lsqlite3 -lpthread ||
    fail "$source does not build"
  for each in 16 1; do
    place=$(mktemp -d "$root/build/ceiling-state.XXXXXX")
    timeout $((seconds + 60)) "$program" "$place" "$seconds" "$each" blob drain ||
      { rm -rf "$place"; fail "the ceiling did not end well"; }
    rm -rf "$place"
  done
}

case "$what" in
  dispatch | memory)
    configure_and_build release picube-bench >&2
    exec build/release/tests/bench/picube-bench "$what" "$@" ;;
  kernels)
    configure_and_build release kernel_bench >&2
    exec build/release/tests/bench/kernel_bench "$@" ;;
  governor)
    configure_and_build release governor_bench >&2
    exec build/release/tests/bench/governor_bench ;;
  insn) exec scripts/insn.sh "$@" ;;
  ceiling) ceiling "$@" ;;
  *) fail "usage: ./dev bench dispatch|memory|kernels|governor|insn|ceiling" ;;
esac
