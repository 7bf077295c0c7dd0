#!/usr/bin/env bash
# Runs the fuzzers from their kept corpora: fuzz.sh [TARGET [SECONDS]]. New inputs stay in
# build/fuzz-corpus; a finding is written to the current folder and ends the run with its error.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
seconds=${2:-60}
mapfile -t targets < <(sed -n 's/^picube_fuzzer(\([a-z0-9_]*\).*/\1/p' tests/fuzz/targets.cmake)
if [ -n "${1:-}" ]; then
  case " ${targets[*]} " in *" $1 "*) targets=("$1") ;; *) fail "no fuzz target '$1'; there are: ${targets[*]}" ;; esac
fi
configure_and_build fuzz "${targets[@]}"
for target in "${targets[@]}"; do
  say "$target for $seconds s"
  mkdir -p "build/fuzz-corpus/$target" "tests/fuzz/corpus/${target%_fuzz}"
  "build/fuzz/tests/fuzz/$target" "build/fuzz-corpus/$target" "tests/fuzz/corpus/${target%_fuzz}" \
    -max_total_time="$seconds" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 2>&1 |
    tail -n 12
done
