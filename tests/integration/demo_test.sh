#!/usr/bin/env bash
# The demonstration as a test, on built programs and in a folder of its own: demo_test.sh CASE BUILD.
#   whole    ends well: every tone found, the cheat caught, no unit lost
#   missing  a tone in the list that the recording does not have: it must be missed, exit code 1
set -euo pipefail
case_=$1
export PICUBE_BUILD=$2
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
export PICUBE_DEMO_PLACE=$folder/demo

arguments=()
expected_code=0
expected=('found 6 of 6 tones, missing 0, invented 0' 'caught    pi4 (' 'lost      0 of 48 units'
          'model ±20%' '° · pi' 'pi2 killed (SIGKILL)' 'the server killed (SIGKILL) and started again')
if [ "$case_" = missing ]; then
  "$PICUBE_BUILD/examples/seti/picube-recording" make "$folder/two.sah" --seed 1 --tones 2 \
    --max-drift 0.5 --truth "$folder/truth.csv"
  echo '3,1420009900.5,0.1,0.02,25,9765.625' >>"$folder/truth.csv"
  export PICUBE_DEMO_TRUTH=$folder/truth.csv
  arguments=("$folder/two.sah" --chirp=-0.6:0.6 --fft-length 131072 --threshold 24 --units 40)
  expected_code=1
  expected=('found 2 of 3 tones, missing 1' 'MISSING' 'lost      0 of 40 units')
fi

code=0
# TERM goes to the whole group, and the demonstration ends its own processes.
output=$(timeout --kill-after=20 500 "$root/scripts/demo.sh" "${arguments[@]}" 2>&1) || code=$?
echo "$output"
[ "$code" = "$expected_code" ] || { echo "exit code $code, not $expected_code"; exit 1; }
for words in "${expected[@]}"; do
  [[ "$output" == *"$words"* ]] || { echo "it did not say: $words"; exit 1; }
done
