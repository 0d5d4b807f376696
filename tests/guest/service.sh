#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tcmud as a service of systemd, while initiators write and verify: restart, crash, upgrade by SIGUSR2; systemd keeps the
# descriptors of the UIO devices meanwhile.
. tests/guest/lib.sh
luns=$(in_full 10 100)
rounds=$(in_full 2 20)
mib=1048576
memory_disk /srv "$((luns * 4 + 64))M"

# The unit as it is installed, with the program of the build tree.
sed "s|@CMAKE_INSTALL_FULL_SBINDIR@/tcmud|$TCMUD|; /^Wants\|^After\|^Before/d; s/^WatchdogSec=.*/WatchdogSec=4s/" \
    packaging/tcmud.service.in \
    >/run/systemd/system/tcmud.service
systemctl daemon-reload
main_pid() { systemctl show -P MainPID tcmud; }
stored() { systemctl show -P NFileDescriptorStore tcmud; }
serving() { "$tcmuctl" list | grep -c serving; }
all_serve() { [ "$(serving)" = "$luns" ]; }

check "the service starts" systemctl start tcmud
for ((number = 0; number < luns; number++)); do
    truncate -s 4M "/srv/$number"
    make_lun "lun$number" "file//srv/$number" $((4 * mib)) max_data_area_mb=8 || failed "LUN $number is made"
done
check_equal "$luns LUNs are served" "$luns" "$(serving)"
check_equal "systemd keeps a descriptor of each" "$luns" "$(stored)"
# shellcheck disable=SC2046 # Words.
loopback $(seq -f lun%g 0 $((luns - 1)))

start_load() {
    {
        printf '%s\n' '[global]' ioengine=psync direct=1 thread rw=randwrite bs=4k size=4M "rate_iops=$(in_full 100 10)" \
            verify=crc32c verify_backlog=64 verify_fatal=1 time_based runtime=600
        for name in "${!disk[@]}"; do printf '[%s]\nfilename=%s\n' "$name" "${disk[$name]}"; done
    } >/run/load.fio
    fio --output-format=json --output=/run/load.json /run/load.fio >/run/load.txt 2>&1 &
    load=$!
}
start_load
sleep 2
for ((round = 1; round <= rounds; round++)); do
    check "round $round: systemctl restart" systemctl restart tcmud
    check "round $round: all LUNs are served" wait_for 10 all_serve
    sleep 0.5
done
check_equal "there is still one descriptor of each" "$luns" "$(stored)"
for ((round = 1; round <= rounds; round++)); do
    old=$(main_pid)
    kill -KILL "$old"
    check "round $round: after a crash all LUNs are served" wait_for 10 all_serve
    all_serve || finish
    sleep 0.5
done
# The file system's error counter would tell of a descriptor that was not used: the device cannot be opened twice.
check_equal "the devices were never busy" '' "$(journalctl -q -u tcmud | grep -iE 'busy|cannot')"
for ((round = 1; round <= rounds; round++)); do
    old=$(main_pid)
    [ "$old" != 0 ] || finish
    check "round $round: an upgrade by SIGUSR2" systemctl kill -s USR2 --kill-who=main tcmud
    check "round $round: another process is the main one" wait_for 20 sh -c "! kill -0 $old"
    check "round $round: the service is active" wait_for 5 systemctl is-active tcmud
    check "round $round: all LUNs are served" wait_for 10 all_serve
    check "round $round: by a process that systemd knows" test "$(main_pid)" = "$(pgrep -x tcmud)"
done
check_equal "there is still one descriptor of each" "$luns" "$(stored)"
check "the writers are still at work" kill -INT $load
wait $load
check_equal "and had no error" '' "$(grep -iE 'verify:|err=|error=' /run/load.txt)"
read -r errors longest < <(sed '/^{/,$!d' /run/load.json | python3 -c '
import json, sys
jobs = json.load(sys.stdin)["jobs"]
print(sum(job["error"] for job in jobs), max(job["write"]["clat_ns"]["max"] for job in jobs) // 1000000)')
check_equal "says fio" 0 "$errors"
echo "      the longest pause: $longest ms"
# In the short form other tests run beside, and theirs is the time.
check "a pause was below 2 s" test "$longest" -lt "$(in_full 5000 2000)"
check_equal "nor does the kernel know of one" '' "$(dmesg | grep -iE 'i/o error|timed out|abort')"
no_loopback
check "a LUN is removed" rmdir $core/user_0/lun0
check "and its descriptor is not kept" wait_for 5 sh -c "[ \"\$(systemctl show -P NFileDescriptorStore tcmud)\" = $((luns - 1)) ]"

luns=$((luns - 1))
kill -STOP "$(main_pid)"
check "one that stands still is replaced" wait_for 20 all_serve
check_equal "by the watchdog" 1 "$(journalctl -q -u tcmud | grep -c "Failed with result 'watchdog'")"
kill -STOP "$(main_pid)"
check "the service stops, though its process does not" systemctl stop tcmud
check_equal "and nothing is kept then" 0 "$(stored)"
# shellcheck disable=SC2016 # The other shell's.
check "nobody waits for the answers that it does not give" timeout 10 bash -c '
    mkdir "$1" && echo dev_config=file//srv/0 >"$1/control" && echo dev_size=4194304 >"$1/control" && echo 1 >"$1/enable"' \
    enable $core/user_0/late

echo "--- the bus"
rm -f /etc/dbus-1/system.d/tcmu-runner.conf
install -D -m 644 packaging/org.kernel.TCMUService1.conf /usr/share/dbus-1/system.d/org.kernel.TCMUService1.conf
install -D -m 644 packaging/org.kernel.TCMUService1.service /usr/share/dbus-1/system-services/org.kernel.TCMUService1.service
busctl call org.freedesktop.DBus /org/freedesktop/DBus org.freedesktop.DBus ReloadConfig
handlers() {
    busctl call org.kernel.TCMUService1 /org/kernel/TCMUService1 org.freedesktop.DBus.ObjectManager GetManagedObjects
}
said() { journalctl -q -u tcmud | grep -q "$1"; }
check "begins the service for who asks for its handlers" handlers
check "it runs" systemctl is-active tcmud
systemctl stop tcmud
check "somebody else owns the name" systemd-run -q --unit=owner python3 -c '
from gi.repository import Gio, GLib
Gio.bus_own_name(Gio.BusType.SYSTEM, "org.kernel.TCMUService1", 0, None, None, None)
GLib.MainLoop().run()'
wait_for 10 busctl status org.kernel.TCMUService1
check "the service starts all the same" systemctl start tcmud
owner=$(systemctl show -P MainPID owner)
check "and tells which process of which unit has it" wait_for 5 said "is owned by process $owner (python3, owner.service)"
systemctl stop owner
check "when that ends the name is ours" wait_for 5 handlers
systemctl stop tcmud
[ "$failures" = 0 ] || journalctl -q -u tcmud | grep -v ' info: ' | tail -n 30
finish
