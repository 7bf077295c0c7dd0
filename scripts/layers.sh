#!/usr/bin/env bash
# The dependency rule between folders (ARCHITECTURE.md): prints each include that breaks it.
source "$(dirname "${BASH_SOURCE[0]}")/common.sh"

# folder: the folders it may include, besides itself. The first line that fits a file counts.
rules='
protocol/base:
protocol/wire: protocol/base protocol/messages.h
protocol/crypto: protocol/base protocol/messages.h
protocol/qr: protocol/base
protocol/lan: protocol/base
protocol/transport: protocol/base protocol/messages.h protocol/crypto
protocol: protocol/base
workunits: protocol/base
hardware: protocol/base protocol/messages.h
server/core: protocol/base protocol/messages.h protocol/readings.h
server/store: protocol server/core
server: protocol workunits hardware server
worker/core: protocol/base protocol/messages.h
worker: protocol workunits hardware worker
cli/report: workunits/plot
cli: protocol workunits
simulation: protocol/base protocol/messages.h protocol/wire server/core server/store/record_codec.h worker/core hardware workunits/plot
examples: protocol workunits worker
tests: protocol workunits hardware server worker cli simulation examples
'
# Third-party headers and the only folders that may include them.
corners='
zmq.h: protocol/transport
sodium.h: protocol/crypto
msgpack: protocol/wire server/core server/store
sqlite3.h: server/store
SQLiteCpp: server/store
yaml-cpp: worker server
CLI: cli worker server simulation examples tests
hwy: workunits
hdf5: workunits/hdf5
seccomp: workunits/hdf5
avahi: protocol/lan
'
git ls-files -co --exclude-standard '*.h' '*.cpp' | while read -r file; do
  allowed=$(printf '%s' "$rules" | awk -F': *' -v f="$file" '$1 != "" && index(f, $1 "/") == 1 {print $1 " " $2; exit}')
  { grep -nE '^#include "[a-z_]+/' "$file" || true; } | sed -E 's/^([0-9]+):#include "([^"]+)".*/\1 \2/' |
    while read -r line included; do
      ok=
      for folder in $allowed; do
        case "$included" in "$folder"/* | "$folder") ok=yes ;; esac
      done
      [ -n "$ok" ] || echo "$file:$line: may not include $included (layers, ARCHITECTURE.md)"
    done
  printf '%s' "$corners" | while IFS=': ' read -r header folders; do
    [ -n "$header" ] || continue
    case "$file" in tests/*) continue ;; esac
    { grep -nE "^#include <$header" "$file" || true; } | while IFS=: read -r line _; do
      ok=
      for folder in $folders; do case "$file" in "$folder"/*) ok=yes ;; esac; done
      [ -n "$ok" ] || echo "$file:$line: <$header> belongs in $folders only"
    done
  done
done
