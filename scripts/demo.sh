#!/usr/bin/env bash
# A whole grid on this machine: one server and four workers as separate processes on loopback,
# joined by code. One worker is killed, one forges results, the server is killed and started again.
#   demo.sh                          makes a recording with hidden tones, finds them again
#   demo.sh FILE.sah [SUBMIT OPTIONS] searches a recording of yours
# PICUBE_DEMO_PLACE: an empty folder, or one to be made, instead of build/demo.
# PICUBE_DEMO_TRUTH: the tones of FILE.sah (picube-recording make --truth), to be compared with.
# Exit code 1 if a hidden tone is missing, a signal is invented, or a unit is lost.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
bin=${PICUBE_BUILD:-$root/build/release}
server=$bin/server/picube-server worker=$bin/worker/picube-worker picube=$bin/cli/picube
forger=$bin/examples/demo/picube-demo-forger recording=$bin/examples/seti/picube-recording

place=${PICUBE_DEMO_PLACE:-}
if [ -z "$place" ]; then
  place=$root/build/demo
  rm -rf "$place"
elif [ -n "$(ls -A "$place" 2>/dev/null)" ]; then
  fail "PICUBE_DEMO_PLACE: $place is not empty"
fi
mkdir -p "$place"
product=$place/product
truth=${PICUBE_DEMO_TRUTH:-}
declare -A pid=()
finish() {
  local code=$? name
  trap - EXIT INT TERM
  for name in "${!pid[@]}"; do kill "${pid[$name]}" 2>/dev/null || true; done
  for name in "${!pid[@]}"; do wait "${pid[$name]}" 2>/dev/null || true; done
  [ $code = 0 ] || printf '\nlogs of every process: %s\n' "$place/*.log"
  exit $code
}
trap finish EXIT
trap 'exit 130' INT TERM

tell() { printf '\r\033[K   %s\n' "$*"; }
field() { sed -n "s/^ *\"$1\": *\"\{0,1\}\([^\",]*\)\"\{0,1\},\{0,1\}$/\1/p" | head -n 1; }

start_server() {
  rm -f "$place/ready"; mkfifo "$place/ready"
  "$server" run --state "$place/server" --listen 'tcp://127.0.0.1:*' --ready "$place/ready" \
    2>>"$place/server.log" &
  pid[server]=$!
  # Opened for both ways, so that the read below can time out instead of blocking in open.
  exec 9<>"$place/ready"
  read -r -t 30 endpoint <&9 || fail "the server did not start; see $place/server.log"
  exec 9>&-
}
start_worker() { # name program…
  local name=$1; shift
  "$@" run --state "$place/$name" --threads 1 --reconnect-spread 1 ${board[$name]} 2>>"$place/$name.log" &
  pid[$name]=$!
}

# Four boards that are not there heat up as real ones do: see docs/BOARD.md.
declare -A board=(
  [pi1]='--virtual-board 3b --ambient 35' [pi2]='--virtual-board 4b --ambient 35'
  [pi3]='--virtual-board 5 --ambient 35' [pi4]='--virtual-board 3b --ambient 25 --fan')
# "pi1 62.4° · pi2 …"; nothing while the server is away.
temperatures() {
  "$picube" hosts --json 2>/dev/null | awk -F'[:,]' '
    /"name": "pi[0-9]/ {gsub(/[ "]/, "", $2); name = $2}
    /"temperature_millicelsius"/ && $2 + 0 > 0 {t[name] = sprintf("%.1f°", $2 / 1000)}
    /"slowed_why"/ && !/null/ {gsub(/^ *"|"$/, "", $2); t[name] = t[name] " (" $2 ")"}
    END {for (i = 1; i <= 4; ++i) if ("pi" i in t) printf "%spi%d %s", n++ ? " · " : "", i, t["pi" i]}'
}
tell_heat() { local now; now=$(temperatures); [ -z "$now" ] || tell "$now"; }

say "one server, four workers on virtual boards"
mkdir -m 700 "$place/server"
# A site whose master shows its hosts: they tell their temperatures every four seconds.
echo 'sites: {cube: {hosts: [pi1, pi2, pi3, pi4], master: pi1}}' >"$place/server/server.yaml"
start_server
tell "server at $endpoint"
export PICUBE_PROFILE=$place/server/operator
for name in pi1 pi2 pi3 pi4; do
  code=$("$picube" invite --owner "owner-of-$name" --json | field code)
  "$worker" join "$code" --name "$name" --state "$place/$name" >"$place/$name.log" 2>&1 ||
    { cat "$place/$name.log"; fail "$name could not join"; }
done
start_worker pi1 "$worker"; start_worker pi2 "$worker"; start_worker pi3 "$worker"
start_worker pi4 "$forger" 3
tell "pi1, pi2, pi3 and pi4 have joined by code; pi4 forges about a third of its results"

if [ $# = 0 ]; then
  "$recording" make "$place/demo.sah" --seed 1 --tones 6 --truth "$place/truth.csv" >"$place/recording.log"
  set -- "$place/demo.sah" --chirp=-3:3 --fft-length 131072 --threshold 24 --kinds spikes --units 48
  truth=$place/truth.csv
fi
say "picube submit seti $*"
began=$SECONDS
batch=$("$picube" submit seti "$@" --replication quorum:2 --json | tee "$place/submit.json" | field id)
[ -n "$batch" ] || { cat "$place/submit.json"; fail "the batch was not taken"; }

"$picube" watch "$batch" &
pid[watch]=$!
# Done units in percent; empty while the server is away.
progress() {
  "$picube" status "$batch" --json 2>/dev/null | awk -F'[:,]' '
    /"settled"/ {done = $2} /"total"/ {all = $2} END {if (all > 0) print int(100 * done / all)}'
}
await_progress() { # percent
  local now
  while kill -0 "${pid[watch]}" 2>/dev/null; do
    if [ $((SECONDS - told)) -ge 4 ]; then tell_heat; told=$SECONDS; fi
    now=$(progress)
    [ "${now:-0}" -lt "$1" ] || return 0
    read -r -t 0.3 <> <(:) || true
  done
}
told=$SECONDS
await_progress 25
kill -9 "${pid[pi2]}" && wait "${pid[pi2]}" 2>/dev/null || true
tell "pi2 killed (SIGKILL)"
await_progress 45
kill -9 "${pid[server]}" && wait "${pid[server]}" 2>/dev/null || true
start_server
tell "the server killed (SIGKILL) and started again"
await_progress 60
start_worker pi2 "$worker"
tell "pi2 started again: it goes on where it was"

await_progress 101
set +e
wait "${pid[watch]}"; watched=$?
set -e
unset 'pid[watch]'
took=$((SECONDS - began))
[ $watched = 0 ] || fail "the batch did not end well (picube watch: exit code $watched)"

say "result"
"$picube" product "$batch" --output "$product"
echo
"$picube" status "$batch"
echo
"$picube" hosts
echo
"$picube" energy | sed -n '1,/^$/p'
"$picube" status "$batch" --json >"$place/status.json"
failed=$(field failed <"$place/status.json")
settled=$(field settled <"$place/status.json")
total=$(field total <"$place/status.json")
caught=$("$picube" hosts --json | awk -F'[:,]' '/"name"/ {gsub(/[ "]/, "", $2); name = $2} /"results_disagreed"/ {if ($2 > 0) printf "%s (%d forged results) ", name, $2}')
wrong=0
echo
echo "caught    ${caught:-nobody}"
results=$(field results <"$place/status.json")
awk -v n="$results" -v s="$took" 'BEGIN {printf "rate      %d results in %d s, %.1f results a second\n", n, s, n / (s > 0 ? s : 1)}'
echo "lost      $((total - settled)) of $total units"
[ "$settled" = "$total" ] && [ "${failed:-0}" = 0 ] || wrong=1
if [ -n "$truth" ]; then
  case "$caught" in *pi4*) ;; *) echo "the forger was not caught"; wrong=1 ;; esac
  "$recording" compare "$product/signals.csv" "$truth" || wrong=1
fi
echo "picture   $product/signals.svg"
exit $wrong
