#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# An unmodified targetcli makes LUNs of tcmud, exports them, saves and restores them, and the bus comes and goes meanwhile.
. tests/guest/lib.sh
mib=1048576
export TARGETCLI_HOME=/run/targetcli
iqn=iqn.2026-11.example.tcmud:net
saved=/etc/rtslib-fb-target/saveconfig.json
memory_disk /srv 300M
truncate -s 64M /srv/disk.img /srv/net.img
head -c $mib /dev/urandom >/run/data

# The packages' own files: tcmu-runner would be begun by the bus where no tcmud runs, and lets everybody ask.
rm -f /usr/share/dbus-1/system-services/org.kernel.TCMUService1.service /etc/dbus-1/system.d/tcmu-runner.conf
install -D -m 644 packaging/org.kernel.TCMUService1.conf /usr/share/dbus-1/system.d/org.kernel.TCMUService1.conf
printf 'unserved_timeout = 1\n' >/run/tcmud.toml

start_bus() { mkdir -p /run/dbus && dbus-daemon --system --fork --print-pid >/run/bus.pid; }
stop_bus() { kill -KILL "$(cat /run/bus.pid)"; rm -f /run/dbus/pid /run/dbus/system_bus_socket; }
call() {  # PATH METHOD [ARGUMENT...]
    dbus-send --system --print-reply --reply-timeout=10000 --dest=org.kernel.TCMUService1 \
        "/org/kernel/TCMUService1$1" "${@:2}"
}
handlers() { call '' org.freedesktop.DBus.ObjectManager.GetManagedObjects; }
check_config() { call "/$1" org.kernel.TCMUService1.CheckConfig string:"$2"; }
backstores() { targetcli ls /backstores 1 | grep -oE 'user:[^ ]+' | tr '\n' ' '; }
# disk_at ADDRESS: of the initiator's SCSI device there.
disk_at() {
    local block=/sys/bus/scsi/devices/$1/block names
    wait_for 10 test -d "$block" || return
    names=("$block"/*)
    echo "/dev/${names[0]##*/}"
}
loopback_disk() { disk_at "$(cat $target/loopback/naa.5001405000000001/tpgt_1/address):0"; }
iscsi_login() {
    iscsiadm -m discovery -t sendtargets -p 127.0.0.1 >/dev/null && iscsiadm -m node -T "$iqn" -p 127.0.0.1 --login >/dev/null
}
iscsi_disk() {
    local session
    session=$(basename "$(readlink -f /sys/class/iscsi_session/session*/device)")
    disk_at "$(basename /sys/class/iscsi_session/"$session"/device/target*/*:*:*:0)"
}
write() { dd if=/run/data of="$1" bs=64k oflag=direct conv=fsync status=none; }
holds_data() { head -c "$mib" "$1" | cmp - /run/data; }
reads_data() { dd if="$1" bs=64k count=16 iflag=direct status=none | cmp - /run/data; }
serial() { sg_vpd -p sn "$1" | sed -n 's/.*Unit serial number: *//p'; }
attribute() { cat "$core/$1/attrib/$2"; }
# backstore NAME: user_N/NAME
backstore() {
    local device
    device=$(echo "$core"/user_*/"$1")
    echo "${device#"$core"/}"
}
uio_devices() { ls /sys/class/uio; }

echo "--- without a bus"
start_tcmud --config /run/tcmud.toml
check_equal "is said in one line" 1 "$(daemon_log | grep -c 'there is no system bus')"
check "LUNs are served all the same" make_lun early file//srv/disk.img $((64 * mib))
rmdir $core/user_0/early
check "the bus comes" start_bus
check "and tcmud with it" wait_for 10 handlers
stop_tcmud
mkdir -p /run/targetcli
targetcli set global color_mode=false auto_add_default_portal=false auto_save_on_exit=false >/dev/null

echo "--- without a daemon"
check "targetcli lists what there is" targetcli ls
check_equal "and no backstore of ours" '' "$(backstores)"

echo "--- with --no-dbus"
start_tcmud --no-dbus
check_equal "nobody is on the bus" '' "$(backstores)"
stop_tcmud

echo "--- handlers"
start_tcmud --config /run/tcmud.toml
check_equal "are the backstores that targetcli shows" 'user:changer user:fault user:file user:null user:qcow user:ram user:rbd user:tape ' "$(backstores)"
targetcli /backstores/user:file help create >/run/help 2>&1
check "each tells what a cfgstring is" grep -q 'A regular file or a block device' /run/help
check "and which options there are" grep -q 'direct=on|off' /run/help

for each in qcow:/srv/net.img ram:any null:any fault:/srv/net.img; do
    subtype=${each%%:*}
    check "user:$subtype: create" targetcli "/backstores/user:$subtype" create some 16M "${each#*:}"
    check "user:$subtype: delete" targetcli "/backstores/user:$subtype" delete some
done
check_equal "no device is left" '' "$(uio_devices)"

echo "--- cfgstrings that cannot be"
truncate -s 0 /srv/empty
refused() {  # WHAT TEXT HANDLER CFGSTRING
    check_fails "$1" "cfgstring invalid: .*$2" targetcli "/backstores/$3" create wrong 64M "$4"
}
refused "a missing file" '/srv/none: cannot open .*No such file' user:file /srv/none
refused "a directory" '/srv: is a directory' user:file /srv
refused "an empty file" '/srv/empty: is empty' user:file /srv/empty
refused "an unknown option" "unknown option 'colour'; known: direct" user:file '/srv/disk.img;colour=red'
refused "a comma, at which the kernel would cut" 'commas' user:file /srv/disk.img,x
refused "more than the kernel keeps" 'from 255 on the kernel' user:file "/srv/$(printf '%0250d' 0)"
check_equal "and nothing is left of them" '' "$(ls -d $core/user_*/wrong 2>/dev/null)"

echo "--- who may ask"
check "root may" check_config file file//srv/disk.img
nobody() { runuser -u nobody -- "$@"; }
export -f call handlers check_config nobody
check "others see which handlers there are" nobody bash -c handlers
check_fails "and learn nothing of files" AccessDenied nobody bash -c 'check_config file file//srv/disk.img'
register() { call /HandlerManager1 org.kernel.TCMUService1.HandlerManager1.RegisterHandler string:x string:; }
export -f register
check_fails "nor register handlers" AccessDenied nobody bash -c register

echo "--- create"
check "with serial, transfer size and control string" targetcli /backstores/user:file create name=disk size=64M \
    cfgstring=/srv/disk.img wwn=11112222-3333-4444-5555-666677778888 hw_max_sectors=4096 control=max_data_area_mb=32
check "and without" targetcli /backstores/user:qcow create net 64M /srv/net.img
disk_store=$(backstore disk) net_store=$(backstore net)
check_equal "the transfer size is set" 4096 "$(attribute "$disk_store" hw_max_sectors)"
check_equal "the control string too" 32 "$(attribute "$disk_store" max_data_area_mb)"
check "they are listed below their handlers" sh -c "targetcli ls /backstores/user:qcow | grep -q net"
check "an attribute is read" sh -c "targetcli /backstores/user:file/disk get attribute dev_size | grep -q $((64 * mib))"
check "and set" targetcli /backstores/user:file/disk set attribute qfull_time_out=7
check_equal "it is" 7 "$(attribute "$disk_store" qfull_time_out)"
check "the write cache is switched off" targetcli /backstores/user:file/disk set attribute emulate_write_cache=0
check "and on" targetcli /backstores/user:file/disk set attribute emulate_write_cache=1
check "an ALUA group of the default type" targetcli /backstores/user:file/disk/alua create name=group tag=10
check_equal "is of type 3" "Implicit and Explicit" "$(cat "$core/$disk_store/alua/group/alua_access_type")"

echo "--- a loopback LUN"
check "a loopback target" targetcli /loopback create naa.5001405000000001
check "a LUN" targetcli /loopback/naa.5001405000000001/luns create /backstores/user:file/disk
sd=$(loopback_disk)
check_equal "the initiator sees its size" $((64 * mib)) "$(blockdev --getsize64 "$sd")"
check_equal "its serial" 11112222-3333-4444-5555-666677778888 "$(serial "$sd")"
check "it writes" write "$sd"
check "it reads" reads_data "$sd"
check "what it wrote is in the file" holds_data /srv/disk.img
check "it flushes" sg_sync "$sd"

echo "--- an iSCSI LUN"
modprobe iscsi_tcp
check "a target" targetcli /iscsi create $iqn
check "a portal" targetcli /iscsi/$iqn/tpg1/portals create 127.0.0.1
check "a LUN" targetcli /iscsi/$iqn/tpg1/luns create /backstores/user:qcow/net
check "for everybody" targetcli /iscsi/$iqn/tpg1 set attribute authentication=0 generate_node_acls=1 \
    demo_mode_write_protect=0
iscsid
check "open-iscsi logs in" iscsi_login
net=$(iscsi_disk)
check "it writes" write "$net"
check "it reads" reads_data "$net"
check "what it wrote is in the file" holds_data /srv/net.img
net_serial=$(serial "$net")

echo "--- restarts under I/O"
{
    printf '%s\n' '[global]' direct=1 rw=randwrite bsrange=4k-64k ioengine=libaio iodepth=4 offset=16M size=32M \
        verify=crc32c verify_backlog=64 verify_fatal=1 time_based runtime=600
    printf '[%s]\nfilename=%s\n' disk "$sd" net "$net"
} >/run/load.fio
fio --output-format=json --output=/run/load.json /run/load.fio >/run/load.txt 2>&1 &
load=$!
sleep 1
for signal in TERM KILL; do
    stop_tcmud $signal
    sleep 0.3
    start_tcmud --config /run/tcmud.toml
    check "$signal: targetcli shows the LUNs again" sh -c "targetcli ls /backstores | grep -q 'disk .*activated'"
done
old=$daemon
"$tcmud" --config /run/tcmud.toml --takeover >>/run/tcmud.log 2>&1 &
daemon=$!
check "a successor takes over" wait_for 10 sh -c "! kill -0 $old"
check "and has the name" wait_for 5 handlers
check "targetcli shows the LUNs again" sh -c "targetcli ls /backstores | grep -q 'disk .*activated'"
kill -STOP "$(cat /run/bus.pid)"
check "a bus that hangs holds up nothing" timeout 2 "$tcmuctl" list
kill -CONT "$(cat /run/bus.pid)"
check "the bus goes and comes" eval 'stop_bus; sleep 0.3; start_bus'
check "and tcmud comes again" wait_for 10 handlers
check "targetcli shows the LUNs again" sh -c "targetcli ls /backstores | grep -q 'disk .*activated'"
check "fio is still at work" kill -INT $load
wait $load
check_equal "and had no error" '' "$(grep -iE 'verify:|err=|error=' /run/load.txt)"
check_equal "says fio" '0 0 ' "$(sed '/^{/,$!d' /run/load.json |
    python3 -c 'import json, sys; [print(job["error"], end=" ") for job in json.load(sys.stdin)["jobs"]]')"
check_equal "nor does the kernel know of one" '' "$(dmesg | grep -iE 'i/o error|timed out|abort')"
check "what was written before is there" reads_data "$sd"

echo "--- save, clear, restore"
check "saved" targetcli saveconfig
iscsiadm -m node -T $iqn -p 127.0.0.1 --logout >/dev/null
check "cleared" targetcli clearconfig confirm=True
check_equal "no device is left" '' "$(uio_devices)"
check "no LUN either" sh -c "! $tcmuctl list | grep -q user_"
targetcli restoreconfig >/run/restore 2>&1
check_equal "restored, with exit code 0" 0 $?
check_equal "and without any error" '' "$(grep -iE 'error|warning|fail' /run/restore)"
check_equal "tcmud has none to tell of" '' "$(daemon_log | grep -E ' (warning|error): ' | grep -v 'system bus has gone')"
disk_store=$(backstore disk) net_store=$(backstore net)
check_equal "an attribute is as it was set" 7 "$(attribute "$disk_store" qfull_time_out)"
check_equal "the write cache too" 1 "$(attribute "$disk_store" emulate_write_cache)"
check_equal "and the transfer size" 4096 "$(attribute "$disk_store" hw_max_sectors)"
check_equal "and the control string" 32 "$(attribute "$disk_store" max_data_area_mb)"
check "and the ALUA group" test -d "$core/$disk_store/alua/group"
sd=$(loopback_disk)
check_equal "the disk has its serial" 11112222-3333-4444-5555-666677778888 "$(serial "$sd")"
check "and its data" reads_data "$sd"
check "open-iscsi logs in" iscsi_login
net=$(iscsi_disk)
check_equal "that disk has its serial" "$net_serial" "$(serial "$net")"
check "and its data" reads_data "$net"

echo "--- targetctl restores before the daemon is there"
iscsiadm -m node -T $iqn -p 127.0.0.1 --logout >/dev/null
targetcli clearconfig confirm=True >/dev/null
stop_tcmud
targetctl restore $saved >/run/targetctl 2>&1 &
restore=$!
wait_for 5 test -d "$core/$disk_store"
sleep 1
start_tcmud --config /run/tcmud.toml
wait $restore
check_equal "it ends with 0" 0 $?
sd=$(loopback_disk)
check "the disk is there, with its data" reads_data "$sd"
check_equal "and its serial" 11112222-3333-4444-5555-666677778888 "$(serial "$sd")"

echo "--- a handler of another process"
cat >/run/alien.py <<'PYTHON'
import gi, sys
from gi.repository import Gio, GLib
name, path = "org.kernel.TCMUService1", "/org/kernel/TCMUService1"
node = Gio.DBusNodeInfo.new_for_xml("""<node><interface name="org.kernel.TCMUService1">
 <method name="CheckConfig"><arg type="s" direction="in"/><arg type="b" direction="out"/><arg type="s" direction="out"/></method>
</interface></node>""")
def answer(connection, sender, at, interface, method, arguments, call):
    call.return_value(GLib.Variant("(bs)", ("good" in arguments[0], "the alien says so")))
bus = Gio.bus_get_sync(Gio.BusType.SYSTEM, None)
bus.register_object(path + "/HandlerManager1/alien", node.interfaces[0], answer, None, None)
def owned(connection, owned_name):
    said = bus.call_sync(name, path + "/HandlerManager1", name + ".HandlerManager1", "RegisterHandler",
                         GLib.Variant("(ss)", ("alien", "From elsewhere.")), None, 0, -1, None)
    print(said, flush=True)
Gio.bus_own_name_on_connection(bus, name + ".HandlerManager1.alien", 0, owned, None)
GLib.MainLoop().run()
PYTHON
python3 /run/alien.py >/run/alien.txt 2>&1 &
alien=$!
check "registers" wait_for 10 grep -q "(true, " /run/alien.txt
check "which the log tells of" eval "daemon_log | grep -q \"'alien' is served by process $alien (python3)\""
check "and is a backstore" sh -c "targetcli ls /backstores | grep -q user:alien"
check_fails "its cfgstrings are its to check" "cfgstring invalid: the alien says so" \
    targetcli /backstores/user:alien create x 16M bad
make_lun alien alien/good $((16 * mib)) 2>/run/enable &
enable=$!
sleep 2.5
check "what the kernel asks of its LUNs is its to answer" kill -0 $enable
kill $alien
wait $alien 2>/dev/null
wait $enable
check "when it has gone, nobody waits for it" test $? != 0
check_equal "nor is it a backstore" 'user:changer user:fault user:file user:null user:qcow user:ram user:rbd user:tape ' "$(backstores)"
rmdir $core/user_0/alien

echo "--- a bus that lets everybody ask"
# Of a file of policy that somebody else left.
sed 's/\(<policy context="default">\)/\1<allow send_destination="org.kernel.TCMUService1"\/>/' \
    packaging/org.kernel.TCMUService1.conf >/etc/dbus-1/system.d/lax.conf
stop_bus
start_bus
wait_for 10 handlers
check_fails "is not enough to learn of files" "AccessDenied.*only root" nobody bash -c 'check_config file file//srv/disk.img'
check_fails "or to register handlers" "AccessDenied.*only root" nobody bash -c register

echo "--- delete"
check "a LUN" targetcli /backstores/user:file delete disk
check "and one of the other subtype" targetcli /backstores/user:qcow delete net
check_equal "no device is left" '' "$(uio_devices)"
check "the files are" holds_data /srv/disk.img
check_equal "nothing was an error" '' "$(daemon_log | grep -E ' error: ' | grep -v 'alien')"
finish
