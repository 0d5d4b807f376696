#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The power fails under a tape drive: what the device mapper has logged of all writes of the image's file system is replayed up to
# each moment at which something became stable. There the file system mounts, the cartridge opens, and everything that a command
# which synchronizes had acknowledged is in its place. TCMUD_POWER_LOSS=FILE-SYSTEM:STEPS:SEED:SEGMENT-SIZE plays one of them.
. tests/guest/lib.sh
. tests/guest/tape_lib.sh
memory_disk /srv 1500M
modprobe -a loop dm-mod dm-log-writes dm-snapshot 2>/dev/null
dmsetup targets 2>/dev/null | grep -q '^log-writes' || { echo "this kernel has no dm-log-writes"; exit 77; }
export DM_DISABLE_UDEV=1
mkdir -p /mnt/tapes
start_tcmud

make_file_system() {
    case $1 in
    ext4) mkfs.ext4 -q -F -J size=4 -E lazy_itable_init=0,lazy_journal_init=0 "$2" ;;
    xfs) mkfs.xfs -q -f "$2" ;;
    esac
}
loop_of() { losetup --find --show "$1"; }
# set_up FILE-SYSTEM: on a disk whose writes are logged in /srv/log, and which is /srv/base before them.
set_up() {
    local disk_size=320M
    truncate -s "$disk_size" /srv/disk
    truncate -s 1G /srv/log
    truncate -s "$disk_size" /srv/store
    make_file_system "$1" /srv/disk || return
    cp --sparse=always /srv/disk /srv/base
    watched=$(loop_of /srv/disk) log=$(loop_of /srv/log) base=$(loop_of /srv/base) store=$(loop_of /srv/store)
    dmsetup create watched --table "0 $(blockdev --getsz "$watched") log-writes $watched $log" &&
        mount -t "$1" /dev/mapper/watched /mnt/tapes
}
mark() { dmsetup message watched 0 mark "$1"; }
stop_watching() {
    no_loopback
    rmdir "$core/user_0/drive" && umount /mnt/tapes && dmsetup remove watched
}
take_down() {
    losetup -d "$watched" "$log" "$base" "$store"
    rm /srv/{disk,log,base,store}
}

# power_loss FILE-SYSTEM STEPS SEED SEGMENT-SIZE SHARE: the last is how many flushes are also interrupted.
power_loss() {
    local what="$1, $2 steps, seed $3, segments of $4" began=$SECONDS said
    echo "--- $what"
    set_up "$1" || { failed "a file system whose writes are logged" "$(dmesg | tail)"; return; }
    check "a cartridge is made" "$tcmu_tape" create --capacity 10G --segment-size "$4" /mnt/tapes/cart
    mark created
    drive drive //mnt/tapes/cart
    mt -f "$tape" rewind
    mt -f "$tape" setblk 0
    check "the initiator writes, and is answered" \
        python3 tests/guest/tape_power_loss_write.py "$tape" "$sg" watched /run/history "$2" "$3"
    check "the drive is taken away" stop_watching
    echo "      written after $((SECONDS - began)) s, $(du -m /srv/log | cut -f 1) MB of log"
    if said=$(python3 tests/guest/tape_power_loss_replay.py /srv/log "$base" "$store" /run/history "$1" "$tcmu_tape" "$3" "$5" \
        2>&1); then
        passed "no synchronized block is lost, every image opens"
    else
        failed "no synchronized block is lost, every image opens" "$said"
    fi
    echo "      $(tail -n 1 <<<"$said"), $((SECONDS - began)) s"
    take_down
}

if [ -n "${TCMUD_POWER_LOSS:-}" ]; then
    IFS=: read -r file_system steps seed segment_size <<<"$TCMUD_POWER_LOSS"
    power_loss "$file_system" "$steps" "$seed" "$segment_size" 1
elif [ -z "${TCMUD_FULL:-}" ]; then
    # Of the many seeds these do the most kinds of things.
    power_loss ext4 8 5850 1M 0.1
    power_loss xfs 5 60 4G 0.1
else
    for seed in 1 2; do
        power_loss ext4 100 "1$seed" 1M 1
        power_loss xfs 100 "2$seed" 1M 1
        power_loss ext4 100 "3$seed" 4G 1
        power_loss xfs 100 "4$seed" 4G 1
    done
fi
finish
