#!/usr/bin/env bash
# The comparison of instruction counts with their series, on made counts.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../.." && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
printf 'date,kernel,instructions\n2026-01-01,fft,900\n2026-02-01,fft,1000\n' >"$work/series"
printf 'kernel fft 10\nkernel new 4\nchunks seti\n' >"$work/names"

# marks FFT CHUNK: counts of both kernels and of the longest of two chunks.
marks() { printf '1 100\n3 %d\n1 5000\n3 5400\n1 6000\n2 6010\n2 %d\n3 %d\n' $((100 + $1)) $((6010 + $2)) $((6011 + $2)) >"$work/marks"; }
compared() { bash "$root/scripts/insn.sh" --compare "$work/series" "$work/names" "$work/marks"; }
fail() { echo "$1" >&2; exit 1; }

marks 1050 1000
out=$(compared) || fail "five percent more are allowed: $out"
[ "$(printf '%s\n' "$out" | sed -n 1p)" = \
  '{"kernel":"fft","instructions":1050,"elements":10,"per_element":105.00,"before":1000,"holds":true}' ] || fail "wrong line: $out"
[ "$(printf '%s\n' "$out" | sed -n 2p)" = \
  '{"kernel":"new","instructions":400,"elements":4,"per_element":100.00,"before":null,"holds":true}' ] || fail "wrong line: $out"
marks 1051 1000
out=$(compared) && fail "a kernel that has grown passes: $out"
marks 1000 800000001
out=$(compared) && fail "a chunk of over a second passes: $out"
printf 'kernel fft 10 0\nkernel new 4 400\nchunks seti\n' >"$work/names"
marks 1000 1000
out=$(compared) || fail "a goal that is just reached: $out"
printf '%s\n' "$out" | grep -q '"kernel":"new".*"before":null,"goal":400,"holds":true' || fail "no goal: $out"
sed -i 's/400/399/' "$work/names"
out=$(compared) && fail "a kernel over its goal passes: $out"
printf 'kernel fft 10\n' >"$work/names"
out=$(compared 2>/dev/null) && fail "counts without a name pass: $out"
exit 0
