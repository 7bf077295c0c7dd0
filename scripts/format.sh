#!/usr/bin/env bash
# Formats every C++ file, or with --check names those that are not formatted.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
mapfile -t files < <(git ls-files -co --exclude-standard '*.h' '*.cpp')
case "${1:-}" in
  "") clang-format-19 -i "${files[@]}" ;;
  --check) clang-format-19 --dry-run --Werror "${files[@]}" 2>&1 | grep -E 'error:' | head -20 &&
             fail "not formatted; run ./dev format" || true ;;
  *) fail "usage: ./dev format [--check]" ;;
esac
