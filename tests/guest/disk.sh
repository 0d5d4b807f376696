#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A file as a disk: a file system on it, random verified writes, and space given back. With
# ./check --full all of /usr/share and 20 s of fio.
. tests/guest/lib.sh
tree=${TCMUD_TREE:-$(in_full /usr/share/perl /usr/share)}
size=$(in_full $((256 << 20)) $((3 << 29)))
memory_disk /srv "$((size + (64 << 20)))"
truncate -s "$size" /srv/disk.img
start_tcmud
check "the LUN is enabled" make_lun disk file//srv/disk.img "$size" hw_max_sectors=16384
loopback disk
sd=${disk[disk]}
allocated() { echo $(($(stat -c '%b * %B' /srv/disk.img))); }

# Each file of the machine in the guest's cache is an open file of the machine's.
while sleep 1; do echo 2 >/proc/sys/vm/drop_caches; done &
forget_files=$!

echo "--- a file system with $tree"
check "mkfs.ext4" mkfs.ext4 -q -N 200000 "$sd"
mkdir -p /mnt/disk
# Nothing is written behind our back (noinit_itable): what the file occupies is the tree.
check "mount" mount -o noinit_itable "$sd" /mnt/disk
check "copy" cp -a "$tree" /mnt/disk/tree
check "umount writes everything" umount /mnt/disk
check "fsck finds nothing" fsck.ext4 -f -n "$sd"
check "mount again" mount -o ro "$sd" /mnt/disk
check "every byte is there" diff -r --no-dereference "$tree" /mnt/disk/tree
check "umount" umount /mnt/disk

kill $forget_files
echo "--- space comes back"
tree_size=$(du -s -B1 "$tree" | cut -f1)
full=$(allocated)
check "mount to delete" mount -o noinit_itable "$sd" /mnt/disk
check "the tree goes" sh -c "rm -r /mnt/disk/tree && sync"
check "fstrim" fstrim /mnt/disk
check "umount" umount /mnt/disk
now=$(allocated)
check "the file is smaller by nearly all of the tree ($((full >> 20)) MiB, now $((now >> 20)))" \
    test $((full - now)) -gt $((tree_size * 8 / 10))
check "blkdiscard" blkdiscard "$sd"
check_equal "leaves an empty file" 0 "$(allocated)"
check "of zeros" cmp -n $((64 << 20)) /srv/disk.img /dev/zero

echo "--- random writes of 512 bytes to 1 MiB, verified"
fio_verify() {
    fio --name=verify --filename="$sd" --direct=1 --rw=randwrite --bsrange=512-1M --blockalign=512 --iodepth=16 \
        --ioengine=libaio --verify=crc32c --verify_backlog=256 --verify_fatal=1 --time_based --norandommap=0 \
        --runtime="$1" --size=$((128 << 20)) --fallocate=none --output-format=terse "${@:2}"
}
check "fio finds every block as it wrote it" fio_verify "$(in_full 5 20)"
check_equal "and the daemon has nothing to complain of" 0 "$(daemon_log | grep -cE 'warning|error')"
no_loopback
check "the LUN goes" rmdir "$core/user_0/disk"
check "and its file is free" umount /srv
finish
