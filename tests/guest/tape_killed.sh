#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A tape drive whose daemon is killed while tar writes to it, and while it reads: a pause, and every block once.
. tests/guest/lib.sh
tcmu_tape=${TCMUD_BUILD:-build/release}/bin/tcmu-tape
memory_disk /srv 700M
modprobe -a st sg
start_tcmud
"$tcmu_tape" create /srv/cart --capacity 600M --barcode TCM001L8 >/dev/null
check "a LUN of a cartridge is enabled" make_lun drive tape//srv/cart 512
loopback drive
tape=${disk[drive]}
mt -f "$tape" rewind || mt -f "$tape" rewind  # The first one may be told that the drive is new.
mt -f "$tape" setblk 0

errors_of_device() { cat "/sys/class/scsi_tape/${tape##*/}/device/"{ioerr_cnt,iotmo_cnt} | tr '\n' ' '; }
# kill_while PID KILLS: and starts again, as long as the process runs, so many times at most; how often goes to $killed.
kill_while() {
    killed=0
    while [ $killed -lt "$2" ] && kill -0 "$1" 2>/dev/null; do
        sleep "0.0$((RANDOM % 10))$((RANDOM % 10))"
        kill -KILL "$daemon"
        wait "$daemon" 2>/dev/null
        start_tcmud
        killed=$((killed + 1))
    done
}

kills=$(in_full 10 50) files=$(in_full 120 600)
mkdir -p /run/tree
for ((file = 0; file < files; file++)); do head -c $((100000 + RANDOM * 10)) /dev/urandom >"/run/tree/$file"; done
before=$(errors_of_device)

echo "--- while archives are written"
# Each archive is a file of the tape, with a filemark that waits for stable storage behind it.
( for ((file = 0; file < files; file++)); do tar -b 128 -cf "$tape" -C /run/tree "$file" || exit; done ) >/run/writing 2>&1 &
writer=$!
kill_while $writer "$kills"
wait $writer
check_equal "tar has written all of them, and noticed nothing of $killed kills" 0 $?
check_equal "nor has anything been said" '' "$(cat /run/writing)"
check "there were kills" test $killed -ge 5
check_equal "each archive is a file of the tape" "$files" "$(mt -f "$tape" status | sed -n 's/^File number=\([0-9]*\),.*/\1/p')"

echo "--- while they are read"
mt -f "$tape" rewind
mkdir -p /run/back
( for ((file = 0; file < files; file++)); do
    tar -b 128 -xf "$tape" -C /run/back && mt -f "$tape" asf $((file + 1)) || exit
done ) >/run/reading 2>&1 &
reader=$!
kill_while $reader "$kills"
wait $reader
check_equal "tar has read all of them, and noticed nothing of $killed kills" 0 $?
check_equal "nor has anything been said" '' "$(cat /run/reading)"
check "what was read is what was written" diff -r /run/tree /run/back
check_equal "no command ended with an error or too late" "$before" "$(errors_of_device)"

no_loopback
check "the LUN is removed" rmdir "$core/user_0/drive"
check "the cartridge is in order" "$tcmu_tape" verify /srv/cart
finish
