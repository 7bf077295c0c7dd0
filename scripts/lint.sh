#!/usr/bin/env bash
# The rules that a program can check: layers, sizes, words, formatting. Prints every breach.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
breaches=$root/build/lint.txt
mkdir -p "$root/build"; : >"$breaches"
mapfile -t sources < <(git ls-files -co --exclude-standard '*.h' '*.cpp')

scripts/layers.sh >>"$breaches"

# Sizes: lines of at most 100 characters, functions of at most 70 lines, files of at most 500 lines.
LC_ALL=C.UTF-8 grep -nE '^.{101,}' "${sources[@]}" | grep -vE 'R"|https?:' |
  sed -E 's/^([^:]+:[0-9]+):.*/\1: line of more than 100 characters/' >>"$breaches" || true
for file in "${sources[@]}"; do
  lines=$(wc -l <"$file")
  case "$file" in tests/*) most=700 ;; *) most=500 ;; esac
  [ "$lines" -le "$most" ] || echo "$file: $lines lines, at most $most" >>"$breaches"
done
# A function is taken to run from a line at most 4 columns in that ends in ") … {" to its brace.
awk '
  FNR == 1 {start = 0}
  !start && /^ {0,4}[A-Za-z_~\[].*\).*\{$/ && !/^ *(if|for|while|switch|else|do|namespace|class|struct|enum)\>/ {
    match($0, /^ */); indent = RLENGTH; start = FNR; next }
  start && /^ *\}/ { match($0, /^ */)
    if (RLENGTH == indent) { if (FNR - start + 1 > 70) printf "%s:%d: function of %d lines, at most 70\n", FILENAME, start, FNR - start + 1; start = 0 } }
' "${sources[@]}" >>"$breaches"

# Words that say something is unfinished, and randomness or clocks where time is an argument.
grep -nE '\b(TODO|FIXME|XXX|HACK)\b' "${sources[@]}" >>"$breaches" || true
cores=$(printf '%s\n' "${sources[@]}" | grep -E '^(server/core|worker/core|protocol/base)/' || true)
# shellcheck disable=SC2086
grep -nE 'steady_clock|system_clock|std::random_device|std::thread|std::mutex|<fstream>|<iostream>|std::(exp|log|pow|sin|cos)\(' \
  $cores | sed 's/$/   (the cores are pure)/' >>"$breaches" || true

for header in $(printf '%s\n' "${sources[@]}" | grep '\.h$'); do
  grep -q '^#pragma once' "$header" || echo "$header: no #pragma once" >>"$breaches"
done

if [ -s "$breaches" ]; then cat "$breaches"; fail "$(wc -l <"$breaches") breaches of the rules"; fi
scripts/format.sh --check
say "lint: ${#sources[@]} files, no breach"
