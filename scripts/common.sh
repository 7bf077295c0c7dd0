# Shared by ./dev and the scripts it calls. Sourced, not run.
set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cd "$root"
export CTEST_OUTPUT_ON_FAILURE=1

say() { printf '\n== %s\n' "$*"; }
fail() { printf 'dev: %s\n' "$*" >&2; exit 1; }

jobs=$(nproc)
# A compiler of C++23 with these libraries needs about 1 GB a job: spare a small board.
memory_gb=$(awk '/MemTotal/ {print int($2 / 1048576) + 1}' /proc/meminfo)
[ "$jobs" -le "$memory_gb" ] || jobs=$memory_gb

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; elif command -v sudo >/dev/null; then sudo "$@"
  else fail "these packages must be installed by root, and there is no sudo: $*"; fi
}

# Installs the packages of the groups named that are not there yet.
need() {
  local group package missing=()
  while read -r group package; do
    case " $* " in *" $group "*) ;; *) continue ;; esac
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q 'ok installed' ||
      missing+=("$package")
  done < <(grep -v '^#' "$root/scripts/packages.txt")
  [ ${#missing[@]} = 0 ] && return 0
  say "installing ${missing[*]}"
  command -v apt-get >/dev/null || fail "needs apt-get (Debian 12, Raspberry Pi OS) to install: ${missing[*]}"
  as_root apt-get -qq update
  as_root env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends \
    "${missing[@]}" >/dev/null || fail "apt-get could not install: ${missing[*]}"
}

# configure_and_build PRESET [target…]
configure_and_build() {
  local preset=$1; shift
  say "building ($preset)"
  cmake --preset "$preset" >"build.$preset.log" 2>&1 ||
    { cat "build.$preset.log"; rm -f "build.$preset.log"; fail "configuring $preset failed"; }
  rm -f "build.$preset.log"
  cmake --build --preset "$preset" -j "$jobs" ${1:+--target "$@"}
}
