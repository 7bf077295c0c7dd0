#!/usr/bin/env bash
# Cross-builds for 64-bit Raspberry Pis and runs the tests under qemu.
#   arm64.sh [test] [CTEST OPTIONS] | build [TARGET…]
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
what=${1:-test}
[ $# -gt 0 ] && shift
case "$what" in build | test) ;; *) fail "usage: ./dev arm64 [build|test]" ;; esac

sysroot=$root/build/arm64-root
libraries=$(awk '$1 == "build" && $2 ~ /-dev$/ {print $2}' scripts/packages.txt | paste -sd,)
if [ "$(cat "$sysroot/.complete" 2>/dev/null)" != "$libraries" ]; then
  say "unpacking Debian's arm64 libraries into build/arm64-root"
  as_root rm -rf "$sysroot"; mkdir -p "$root/build"
  log=$root/build/arm64-root.log
  as_root mmdebstrap --quiet --mode=root --architectures=arm64 --variant=extract \
    --include="$libraries,libc6-dev,libstdc++-12-dev,libgomp1" bookworm "$sysroot" >"$log" 2>&1 ||
    { tail -n 20 "$log"; fail "could not unpack the arm64 packages (whole log: $log)"; }
  # Absolute links would lead out of the folder.
  as_root find "$sysroot/usr/lib/aarch64-linux-gnu" -maxdepth 1 -type l -lname '/*' \
    -printf '%p %l\n' | while read -r link target; do as_root ln -sfn "$sysroot$target" "$link"; done
  printf '%s\n' "$libraries" | as_root tee "$sysroot/.complete" >/dev/null
fi
if [ "$what" = build ]; then configure_and_build arm64 "$@"; exit 0; fi
configure_and_build arm64
say "tests under qemu-aarch64 -cpu cortex-a53"
exec ctest --preset arm64 -j "$jobs" "$@"
