#!/usr/bin/env bash
# The rules that a program can check: layers, sizes, words, formatting. Prints every breach.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
breaches=$root/build/lint.txt
mkdir -p "$root/build"; : >"$breaches"
mapfile -t sources < <(git ls-files -co --exclude-standard '*.h' '*.cpp')

scripts/layers.sh >>"$breaches"

# Sizes: lines of at most 100 characters, functions of at most 70 lines, files of at most 500 lines.
LC_ALL=C.UTF-8 grep -HnE '^.{101,}' "${sources[@]}" | grep -vE 'R"|https?:' |
  sed -E 's/^([^:]+:[0-9]+):.*/\1: line of more than 100 characters/' >>"$breaches" || true
for file in "${sources[@]}"; do
  lines=$(wc -l <"$file")
  case "$file" in tests/*) most=700 ;; *) most=500 ;; esac
  [ "$lines" -le "$most" ] || echo "$file: $lines lines, at most $most" >>"$breaches"
done
awk -v most=70 -f scripts/functions.awk "${sources[@]}" >>"$breaches"

# Words that say something is unfinished, and randomness or clocks where time is an argument.
grep -HnE '\b(TODO|FIXME|XXX|HACK)\b' "${sources[@]}" >>"$breaches" || true
cores=$(printf '%s\n' "${sources[@]}" | grep -E '^(server/core|worker/core|protocol/base)/' || true)
# shellcheck disable=SC2086
[ -z "$cores" ] || grep -HnE 'steady_clock|system_clock|std::random_device|std::thread|std::mutex|<fstream>|<iostream>|std::(exp|log|pow|sin|cos)\(' \
  $cores | sed 's/$/   (the cores are pure)/' >>"$breaches" || true

for header in "${sources[@]}"; do
  # Those compiled once for each instruction set end in -inl.h and have a guard that toggles.
  case "$header" in *-inl.h) continue ;; *.h) ;; *) continue ;; esac
  grep -q '^#pragma once' "$header" || echo "$header: no #pragma once" >>"$breaches"
done

if [ -s "$breaches" ]; then cat "$breaches"; fail "$(wc -l <"$breaches") breaches of the rules"; fi
scripts/format.sh --check
say "lint: ${#sources[@]} files, no breach"
