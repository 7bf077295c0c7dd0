#!/usr/bin/env bash
# Plants one breach in a small tree of its own and runs the lint there: lint_test.sh CASE.
# The case `corpus` looks at the fuzzers of this tree instead. Exit code 77 (skipped) where git, or clang-format-19 for what needs it, is not installed.
set -euo pipefail
case_=$1
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
command -v git >/dev/null || exit 77
if [ "$case_" = corpus ]; then  # every fuzzer has inputs to begin with
  for target in $(sed -n 's/^picube_fuzzer(\([a-z0-9_]*\)_fuzz.*/\1/p' "$root/tests/fuzz/targets.cmake"); do
    [ -n "$(ls "$root/tests/fuzz/corpus/$target" 2>/dev/null)" ] ||
      { echo "tests/fuzz/corpus/$target is empty"; exit 1; }
  done
  exit 0
fi
tree=$(mktemp -d)
trap 'rm -rf "$tree"' EXIT
cp -r "$root/scripts" "$root/.clang-format" "$tree/"
mkdir -p "$tree/protocol/base" "$tree/server/core" "$tree/worker"
git -C "$tree" init -q

lines() { local i; for i in $(seq "$1"); do echo "${2-}"; done; }
plain() { printf '#pragma once\n\nnamespace picube {\n\nint One();\n\n}  // namespace picube\n'; }
plain >"$tree/server/core/plain.h"
# Long, and no breach: short functions and one-line templates after each other, a long table.
{
  printf '#include "server/core/plain.h"\n\nnamespace picube {\n\n'
  for i in $(seq 60); do
    printf 'template <class T>\nT Same%d(T value) {\n  return value;\n}\n\n' "$i"
    printf 'inline int Number%d() { return %d; }\n' "$i" "$i"
  done
  printf '\nconst int kTable[] = {\n'; lines 80 '    1,  //'
  printf '};\n\n}  // namespace picube\n'
} >"$tree/server/core/long.cpp"

expected=
case "$case_" in
  clean) ;;
  layer)
    plain | sed 's/^namespace picube {/#include "worker\/agent.h"\n\n&/' >"$tree/server/core/breach.h"
    expected='server/core/breach.h:3: may not include worker/agent.h' ;;
  function)
    { printf 'namespace picube {\n\nint Long(int first,\n         int second) {\n'
      lines 70 '  first += second;'
      printf '  return first;\n}\n\n}  // namespace picube\n'; } >"$tree/worker/breach.cpp"
    expected='worker/breach.cpp:3: function of 74 lines' ;;
  line)
    echo "// $(lines 1 "$(printf 'x%.0s' $(seq 98))")" >"$tree/worker/breach.cpp"
    expected='worker/breach.cpp:1: line of more than 100 characters' ;;
  file)
    lines 501 '// A line.' >"$tree/worker/breach.cpp"
    expected='worker/breach.cpp: 501 lines, at most 500' ;;
  word)
    # In two parts, so that a search for the word does not find this file.
    printf '// %s: later.\n' TO''DO >"$tree/worker/breach.cpp"
    expected='worker/breach.cpp:1:' ;;
  pure)
    printf '#include <thread>\n\nstd::thread thread;\n' >"$tree/server/core/breach.cpp"
    expected='(the cores are pure)' ;;
  format)
    printf 'int   badly( ) {\n      return 1; }\n' >"$tree/worker/breach.cpp"
    expected='not formatted' ;;
esac
case "$case_" in clean | format) command -v clang-format-19 >/dev/null || exit 77 ;; esac

code=0
output=$("$tree/scripts/lint.sh" 2>&1) || code=$?
echo "$output"
if [ "$case_" = clean ]; then
  [ $code = 0 ] || { echo "lint finds a breach where there is none"; exit 1; }
  exit 0
fi
[ $code != 0 ] || { echo "lint did not fail"; exit 1; }
[[ "$output" == *"$expected"* ]] || { echo "lint did not say: $expected"; exit 1; }
