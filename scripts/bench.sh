#!/usr/bin/env bash
# Benchmarks; one JSON line a case on standard output.
#   bench.sh dispatch [SECONDS]   the whole server under load, and the raw ceiling if it is at hand
#   bench.sh memory [UNITS]       a million live units: memory and restart
#   bench.sh kernels              the computing kernels
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
what=${1:-dispatch}
[ $# -gt 0 ] && shift
case "$what" in
  dispatch | memory)
    configure_and_build release picube-bench >&2
    exec build/release/tests/bench/picube-bench "$what" "$@" ;;
  kernels)
    configure_and_build release kernel_bench >&2
    exec build/release/tests/bench/kernel_bench "$@" ;;
  *) fail "usage: ./dev bench dispatch|memory|kernels" ;;
esac
