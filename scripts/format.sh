#!/usr/bin/env bash
# Formats every C++ file, or with --check names those that are not formatted.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
command -v clang-format-19 >/dev/null || fail "clang-format-19 is not installed (./dev format installs it)"
mapfile -t files < <(git ls-files -co --exclude-standard '*.h' '*.cpp')
case "${1:-}" in
  "") clang-format-19 -i "${files[@]}" ;;
  --check)
    if ! found=$(clang-format-19 --dry-run --Werror "${files[@]}" 2>&1); then
      awk '/error:/ && shown++ < 20' <<<"$found"
      fail "not formatted; run ./dev format"
    fi ;;
  *) fail "usage: ./dev format [--check]" ;;
esac
