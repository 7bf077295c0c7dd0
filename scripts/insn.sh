#!/usr/bin/env bash
# Instructions that the kernels take on a Cortex-A53, counted under emulation: they do not depend on
# the machine's mood. One JSON line a kernel; fails if one takes more than 5 % more than the last
# entry of the series in tests/bench/insn/series.csv, or more than a goal of its own.
#   insn.sh [--record] [NAME]   only those with NAME in theirs; --record adds them to the series
#   insn.sh --compare SERIES NAMES MARKS   the comparison alone
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"
series=$root/tests/bench/insn/series.csv
folder=$root/build/insn

# compare SERIES NAMES MARKS: joins the names with the counts at their marks.
compare() {
  awk -F'[ ,]' -v most=1.05 -v chunk_most=800000000 '
    FNR == 1 { file++ }
    file == 1 { if (FNR > 1) last[$2] = $3; next }
    file == 2 { name[++cases] = $2; kind[cases] = $1; elements[cases] = $3; goal[cases] = $4; next }
    $1 == 1 { begin[++at] = $2; before = $2; longest[at] = 0 }
    $1 == 2 { if ($2 - before > longest[at]) longest[at] = $2 - before; before = $2 }
    $1 == 3 { end[at] = $2; if ($2 - before > longest[at]) longest[at] = $2 - before }
    END {
      if (cases == 0 || cases != at) { print "names and marks do not fit" > "/dev/stderr"; exit 2 }
      for (i = 1; i <= cases; i++) {
        if (kind[i] == "chunks") {
          holds = longest[i] <= chunk_most
          printf "{\"longest_chunk\":\"%s\",\"instructions\":%d,\"goal\":%d,\"holds\":%s}\n", \
            name[i], longest[i], chunk_most, holds ? "true" : "false"
        } else {
          count = end[i] - begin[i]
          known = name[i] in last
          holds = (!known || count <= most * last[name[i]]) && (!goal[i] || count <= goal[i])
          printf "{\"kernel\":\"%s\",\"instructions\":%d,\"elements\":%d,\"per_element\":%.2f,\"before\":%s,%s\"holds\":%s}\n", \
            name[i], count, elements[i], count / elements[i], known ? last[name[i]] : "null", \
            goal[i] ? sprintf("\"goal\":%d,", goal[i]) : "", holds ? "true" : "false"
        }
        if (!holds) bad++
      }
      exit bad > 0
    }' "$@"
}

if [ "${1:-}" = --compare ]; then shift; compare "$@"; exit; fi
record=
[ "${1:-}" = --record ] && { record=yes; shift; }
need build arm64 insn
scripts/arm64.sh build insn_bench >&2
mkdir -p "$folder"
gcc -O2 -shared -fPIC -fvisibility=hidden tests/bench/insn/count.c -o "$folder/count.so"
say "counting under qemu-aarch64 -cpu cortex-a53" >&2
export PICUBE_HDF5_READER="qemu-aarch64 -cpu cortex-a53 -L $root/build/arm64-root $root/build/arm64/workunits/hdf5/picube-hdf5-reader"
OMP_NUM_THREADS=1 timeout 600 qemu-aarch64 -cpu cortex-a53 -L build/arm64-root \
  -plugin "$folder/count.so,to=$folder/marks" build/arm64/tests/bench/insn/insn_bench "$@" \
  >"$folder/names" || fail "insn_bench did not end well under qemu"
holds=0
compare "$series" "$folder/names" "$folder/marks" | tee "$folder/lines" || holds=$?
if [ -n "$record" ]; then
  sed -nE 's/^\{"kernel":"([^"]+)","instructions":([0-9]+).*/\1,\2/p' "$folder/lines" |
    sed "s/^/$(date -u +%F),/" >>"$series"
  say "added to tests/bench/insn/series.csv" >&2
  exit 0
fi
[ "$holds" = 0 ] || fail "a kernel takes over 5 % more instructions than before, or more than its goal, or a chunk is too long. If that is meant: ./dev bench insn --record"
