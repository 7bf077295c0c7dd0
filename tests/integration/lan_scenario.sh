#!/bin/sh
# A local network of its own, with a message bus and an Avahi daemon of its own, in which a server
# announces itself. Run inside fresh network, mount and process namespaces:
#   unshare -nmpf --kill-child lan_scenario.sh FOLDER PICUBE_SERVER PICUBE_WORKER
# Leaves what `picube-worker discover --json` heard in FOLDER: heard.json while the server runs,
# again.json after Avahi was started anew, gone.json after the server has ended.
set -eu
folder=$1 server=$2 worker=$3
ip link set lo up
ip link add dev lan0 type veth peer name lan1
ip address add 10.77.0.1/24 dev lan0
ip link set lan0 up
ip link set lan1 up
mount -t tmpfs none /run
mkdir -p /run/avahi-daemon

cat >"$folder/bus.conf" <<XML
<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>custom</type><listen>unix:path=$folder/bus</listen><auth>EXTERNAL</auth>
  <policy context="default">
    <allow own="*"/><allow send_destination="*"/><allow receive_sender="*"/>
  </policy>
</busconfig>
XML
cat >"$folder/avahi.conf" <<CONF
[server]
host-name=cube
allow-interfaces=lan0
use-ipv6=no
CONF
export DBUS_SYSTEM_BUS_ADDRESS="unix:path=$folder/bus"
dbus-daemon --config-file="$folder/bus.conf" --nofork >"$folder/bus.log" 2>&1 &
attempt=0
until [ -S "$folder/bus" ] || [ "$attempt" = 100 ]; do attempt=$((attempt + 1)); sleep 0.1; done
start_avahi() {
  avahi-daemon --file="$folder/avahi.conf" --no-drop-root --no-chroot --no-rlimits \
    >>"$folder/avahi.log" 2>&1 &
  avahi=$!
}
# discover FILE WORD: listens until WORD is there (or, for "", until nothing is), at most 10 times.
discover() {
  for attempt in 1 2 3 4 5 6 7 8 9 10; do
    "$worker" discover --seconds 2 --json >"$1" 2>>"$folder/discover.log" || { sleep 0.2; continue; }
    if [ -n "$2" ]; then grep -q "$2" "$1" && return 0; else grep -q key "$1" || return 0; fi
  done
  return 1
}
mkfifo "$folder/ready"
start_avahi
"$server" run --state "$folder/server" --listen 'tcp://*:*' --ready "$folder/ready" \
  >>"$folder/server.log" 2>&1 &
serving=$!
read -r endpoint <"$folder/ready"
echo "$endpoint"
discover "$folder/heard.json" key
kill "$avahi"
wait "$avahi" || true
start_avahi
discover "$folder/again.json" key
kill "$serving"
wait "$serving"
discover "$folder/gone.json" ""
