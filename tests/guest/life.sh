#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The life of LUNs and daemons: what configfs changes, a crash, daemons side by side, tcmu-runner.
. tests/guest/lib.sh
mib=1048576
memory_disk /srv 300M
truncate -s 64M /srv/disk.img /srv/other.img
head -c $mib /dev/urandom >/run/data

# sectors DISK: its size as the initiator sees it, after it looked again.
sectors() { echo 1 >"/sys/block/${1#/dev/}/device/rescan"; cat "/sys/block/${1#/dev/}/size"; }
write_and_read() {
    dd if=/run/data of="$1" bs=64k oflag=direct conv=fsync status=none &&
        dd if="$1" bs=64k count=16 iflag=direct status=none | cmp - /run/data
}

echo "--- changes from configfs"
start_tcmud
check "a LUN" make_lun disk file//srv/disk.img $((32 * mib))
loopback disk
device=$core/user_0/disk sd=${disk[disk]}
check_equal "has the size of dev_size" 65536 "$(sectors "$sd")"
check "dev_size grows" sh -c "echo $((64 * mib)) >$device/attrib/dev_size"
check_equal "and the initiator sees it" 131072 "$(sectors "$sd")"
check_fails "dev_size does not grow beyond the file" "nvalid argument|o space" \
    env sh -c "env echo $((128 * mib)) >$device/attrib/dev_size"
check_equal "the LUN keeps its size" 131072 "$(sectors "$sd")"
# Restored configurations write the value that is there already; that must not switch anything.
check "the attribute's own value" sh -c "echo 0 >$device/attrib/emulate_write_cache"
check_equal "changes nothing" 1 "$(sg_modes -p 8 "${generic[disk]}" | grep -cE '^ *00 +08 12 04')"
check "the write cache is switched" sh -c "echo 1 >$device/attrib/emulate_write_cache"
check "off" sh -c "echo 0 >$device/attrib/emulate_write_cache"
check_code "which the initiator is told once" 6 sg_turs "${generic[disk]}"
check_equal "and MODE SENSE tells it" 1 "$(sg_modes -p 8 "${generic[disk]}" | grep -cE '^ *00 +08 12 00')"
check "an option changes with dev_config" sh -c "env echo 'file//srv/disk.img;wce=1' >$device/attrib/dev_config"
check "writing still works" write_and_read "$sd"

echo "--- a crash"
check "something is written" write_and_read "$sd"
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
dd if="$sd" of=/run/read bs=64k count=16 iflag=direct status=none &
reader=$!
start_tcmud
wait $reader
check_equal "a read that found nobody is answered by the next daemon" 0 $?
check "with what was written" cmp /run/read /run/data
check_code "a second daemon is told of the first" 3 timeout 10 "$tcmud"
no_loopback
rmdir "$device"
stop_tcmud

echo "--- two daemons, each with an HBA of its own"
"$tcmud" --hba user_7 --run-dir /run/tcmud-7 >/run/tcmud-7.log 2>&1 &
seventh=$!
wait_for 10 "$tcmuctl" --run-dir /run/tcmud-7 list
start_tcmud --not-hba user_7
check "a LUN of the one" make_lun disk file//srv/disk.img $((32 * mib))
HBA=7
check "a LUN of the other" make_lun other file//srv/other.img $((32 * mib))
loopback other
check "works" write_and_read "${disk[other]}"
check_equal "the one serves its own" 1 "$("$tcmuctl" list | grep -c user_0/disk)"
check_equal "and nothing else" 0 "$("$tcmuctl" list | grep -c user_7)"
check_equal "the other too" 1 "$("$tcmuctl" --run-dir /run/tcmud-7 list | grep -c user_7/other)"
stop_tcmud
check "when the one has gone the other still works" write_and_read "${disk[other]}"
no_loopback
rmdir "$core/user_7/other" "$core/user_0/disk"
kill $seventh
wait $seventh
check_equal "and leaves with exit code 0" 0 $?

echo "--- beside tcmu-runner"
mkdir -p /run/dbus
dbus-daemon --system --fork
tcmu-runner >/run/runner.log 2>&1 &
runner=$!
owned() {
    dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
        string:org.kernel.TCMUService1 | grep -q true
}
wait_for 10 owned
HBA=0
check "a LUN of tcmu-runner's" make_lun runner qcow//srv/other.img $((64 * mib))
echo 0123456789abcdef >"$core/user_0/runner/wwn/vpd_unit_serial"
start_tcmud
check_equal "tcmud says that it is there" 1 "$(daemon_log | tail -8 | grep -c 'another TCMU daemon works here')"
check_equal "and who it is" 1 "$(daemon_log | tail -8 | grep -c "is owned by process $runner (tcmu-runner")"
loopback runner
check "the other's LUN works" write_and_read "${disk[runner]}"
theirs=$(sg_vpd -p di_lu "${generic[runner]}"; sg_inq "${generic[runner]}" | grep -E 'Vendor|Product|revision'; sg_vpd -p sn "${generic[runner]}")
check_equal "tcmud leaves it alone" 0 "$("$tcmuctl" list | grep -c user_0/runner)"
check "beside it a LUN of ours" make_lun disk file//srv/disk.img $((32 * mib)) nl_reply_supported=-1
check "is served" wait_for 5 sh -c "$tcmuctl list | grep -q 'user_0/disk.*serving'"
no_loopback
rmdir "$core/user_0/disk"
stop_tcmud
kill $runner
wait $runner 2>/dev/null
check_fails "tcmu-runner has gone" "." kill -0 $runner
start_tcmud
check "its LUN is served by tcmud" wait_for 10 sh -c "$tcmuctl list | grep -q 'user_0/runner.*serving'"
loopback runner
check "with the data it had" sh -c "dd if=${disk[runner]} bs=64k count=16 iflag=direct status=none | cmp - /run/data"
ours=$(sg_vpd -p di_lu "${generic[runner]}"; sg_inq "${generic[runner]}" | grep -E 'Vendor|Product|revision'; sg_vpd -p sn "${generic[runner]}")
check_equal "and to the initiator it is the same disk" "" "$(diff <(echo "$theirs") <(echo "$ours"))"
no_loopback
stop_tcmud

echo "--- in place of a tcmu-runner that has work"
# It keeps no journal: what it had taken and not answered is begun again, by tcmud or, where it ends BUSY, by the initiator.
for end in TERM KILL; do
    tcmu-runner >>/run/runner.log 2>&1 &
    runner=$!
    wait_for 10 owned
    loopback runner
    errors_counted=/sys/block/${disk[runner]#/dev/}/device/ioerr_cnt
    before=$(($(<"$errors_counted")))
    fio --name=verify --filename="${disk[runner]}" --direct=1 --ioengine=libaio --iodepth=8 --bs=4k --rw=randwrite --size=32M \
        --verify=crc32c --verify_backlog=256 --verify_fatal=1 --time_based --runtime=5 --output-format=json \
        --output=/run/fio.json >/run/fio.log 2>&1 &
    fio=$!
    sleep 2
    kill -$end $runner
    wait $runner 2>/dev/null
    start_tcmud
    check "after SIG$end tcmud serves its LUN" wait_for 10 sh -c "$tcmuctl list | grep -q 'user_0/runner.*serving'"
    wait $fio
    check_equal "the initiator has no error" "0 0" "$? $(fio_figure /run/fio.json verify error)"
    echo "      it repeated $(($(<"$errors_counted") - before)) commands that ended BUSY;" \
        "the longest pause: $(($(fio_figure /run/fio.json verify write/clat_ns/max) / 1000000)) ms"
    no_loopback
    stop_tcmud
done
finish
