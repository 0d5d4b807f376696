#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# usage: bench/guest.sh ROUNDS SECONDS, in a guest: see bench/run.
set -euo pipefail
rounds=$1 seconds=$2
target=/sys/kernel/config/target
size=$((128 << 20))
candidates="runner fileio file null"
# name, fio's rw, block size, depth
workloads="read4kQD1:randread:4k:1 write4kQD1:randwrite:4k:1 read4kQD32:randread:4k:32 write4kQD32:randwrite:4k:32
    read128kQD8:read:128k:8 write128kQD8:write:128k:8"

start_daemons() {
    mkdir -p /run/dbus
    dbus-daemon --system --fork
    tcmu-runner >/run/tcmu-runner.out 2>&1 &
    for _ in $(seq 100); do
        dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
            string:org.kernel.TCMUService1 2>/dev/null | grep -q true && break
        sleep 0.1
    done
    build/release/bin/tcmud --subtypes file,null --hba user_7 >/run/tcmud.out 2>&1 &
    for _ in $(seq 100); do [ -S /run/tcmud/control.sock ] && break; sleep 0.1; done
}

# make_user_lun HBA NAME CONFIG [CONTROL]: tcmu-runner answers for devices that are not its own, with an error; so
# `enable` does not wait for answers to ours.
make_user_lun() {
    local device=$target/core/user_$1/$2
    mkdir -p "$device"
    echo "dev_config=$3" >"$device/control"
    echo "dev_size=$size" >"$device/control"
    [ $# -lt 4 ] || echo "$4" >"$device/control"
    echo 1 >"$device/enable"
    echo "$device"
}

number=0
# export_lun NAME DEVICE: as a loopback disk of its own host; its /dev name goes to disk_of[NAME].
declare -A disk_of
export_lun() {
    number=$((number + 1))
    local group=$target/loopback/naa.600140500000000$number/tpgt_1
    mkdir -p "$group/lun/lun_0"
    echo "naa.600140510000000$number" >"$group/nexus"
    ln -s "$2" "$group/lun/lun_0/lun"
    local address
    address=$(cat "$group/address")
    local block=/sys/bus/scsi/devices/$address:0/block
    for _ in $(seq 100); do [ -d "$block" ] && break; sleep 0.1; done
    disk_of[$1]=$(ls "$block")
    echo none >"/sys/block/${disk_of[$1]}/queue/scheduler"
}

measure() {  # candidate workload -> IOPS
    local name rw block depth
    IFS=: read -r name rw block depth <<<"$2"
    fio --name="$name" --filename="/dev/${disk_of[$1]}" --rw="$rw" --bs="$block" --iodepth="$depth" --ioengine=libaio \
        --direct=1 --runtime="$seconds" --time_based --norandommap --output-format=terse --terse-version=3 2>/dev/null |
        awk -F';' '{ print ($8 > $49 ? $8 : $49) }'
}

median() { sort -n | awk '{ v[NR] = $1 } END { print NR % 2 ? v[(NR + 1) / 2] : (v[NR / 2] + v[NR / 2 + 1]) / 2 }'; }

modprobe -a tcm_loop target_core_file
mkdir -p /mnt/files
mount -t tmpfs -o size=700M files /mnt/files
for file in runner fileio file; do
    # Written once, so that no candidate measures the allocation of pages.
    dd if=/dev/zero of="/mnt/files/$file" bs=1M count=$((size >> 20)) status=none
done
start_daemons
export_lun runner "$(make_user_lun 0 runner qcow//mnt/files/runner)"
export_lun file "$(make_user_lun 7 file file//mnt/files/file nl_reply_supported=-1)"
export_lun null "$(make_user_lun 7 null null/ nl_reply_supported=-1)"
fileio=$target/core/fileio_0/fileio
mkdir -p "$fileio"
echo "fd_dev_name=/mnt/files/fileio,fd_dev_size=$size" >"$fileio/control"
echo 1 >"$fileio/enable"
export_lun fileio "$fileio"

declare -A samples
for round in $(seq "$rounds"); do
    for workload in $workloads; do
        for candidate in $candidates; do
            samples[$workload,$candidate]+="$(measure "$candidate" "$workload")"$'\n'
        done
    done
    echo "round $round of $rounds done" >&2
done

printf '%-14s' 'IOPS / runner'
for candidate in $candidates; do printf '%10s' "$candidate"; done
echo
for workload in $workloads; do
    base=$(printf '%s' "${samples[$workload,runner]}" | median)
    printf '%-14s' "${workload%%:*}"
    for candidate in $candidates; do
        printf '%s' "${samples[$workload,$candidate]}" | median | awk -v base="$base" '{ printf "%10.2f", $1 / base }'
    done
    echo
done
