#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Images of a real Ceph cluster as disks: what an initiator writes is in the image, UNMAP gives space back, snapshots, namespaces,
# encryption, sizes, a cluster that stands still, and each thing that can be wrong.
. tests/guest/lib.sh
mib=1048576
ceph=/run/ceph
ip link set lo up
check "a cluster starts" tests/support/ceph-cluster start $ceph
export CEPH_CONF=$ceph/ceph.conf
signal() { kill "-$2" "$(cat "$ceph/$1.pid")"; }
used() { rbd du --format json "$1" 2>/dev/null | python3 -c 'import json, sys; print(json.load(sys.stdin)["images"][-1]["used_size"])'; }
# image_is IMAGE FILE BYTES
image_is() { rbd export --no-progress "$1" - | cmp -n "$3" "$2" -; }
size_of() { blockdev --getsize64 "${disk[$1]}"; }
milliseconds() { date +%s%3N; }

echo "--- a disk"
check "an image" rbd create --size 64M rbd/one
start_tcmud
memory=$(own_memory)
check "Ceph's libraries are not all kept in memory ($memory KiB)" test "$memory" -lt $((64 << 10))
check "is a LUN" make_lun one rbd/rbd/one $((64 * mib))
loopback one
queue=/sys/block/${disk[one]##*/}/queue
check_equal "a good transfer is an object" $((4 * mib)) "$(cat "$queue/optimal_io_size")"
check_equal "there is no volatile cache" 'write through' "$(cat "$queue/write_cache")"
check "it takes a file system" mkfs.ext4 -q -E nodiscard "${disk[one]}"
mkdir -p /mnt/one
check "which can be mounted" mount "${disk[one]}" /mnt/one
check "and is written and verified" fio --name=one --directory=/mnt/one --size=4M --rw=randwrite --bs=4k --ioengine=libaio --direct=1 \
    --iodepth=16 --verify=crc32c --verify_fatal=1 --output=/run/fio.txt
check "unmounted" umount /mnt/one
check "it is clean" fsck.ext4 -fn "${disk[one]}"
dd if="${disk[one]}" of=/run/read bs=1M iflag=direct status=none
check "the image holds what the initiator has" image_is rbd/one /run/read $((64 * mib))

echo "--- space that is given back"
check "the image takes space" test "$(used rbd/one)" -gt 0
check "all blocks are discarded" blkdiscard "${disk[one]}"
check_equal "and take no space any more" 0 "$(used rbd/one)"
check "they read as zeros" cmp -n $((64 * mib)) /dev/zero "${disk[one]}"
head -c $((8 * mib)) /dev/urandom >/run/data
check "new data" dd if=/run/data of="${disk[one]}" bs=1M oflag=direct status=none
check "a part of an object is unmapped" sg_unmap --force --lba=4099 --num=1000 "${generic[one]}"
dd if=/dev/zero of=/run/data bs=512 seek=4099 count=1000 conv=notrunc status=none
check "exactly that reads as zeros" sh -c "dd if=${disk[one]} bs=1M count=8 iflag=direct status=none | cmp - /run/data"
check "and is zeros in the image" image_is rbd/one /run/data $((8 * mib))

echo "--- size"
change_size() { env echo "$1" >"$core/user_0/one/attrib/dev_size"; }
check "the image grows" rbd resize --no-progress --size 96M rbd/one
check "so does the LUN" change_size $((96 * mib))
grown() { echo 1 >"/sys/block/${disk[one]##*/}/device/rescan" && [ "$(size_of one)" = $((96 * mib)) ]; }
check "the initiator sees it" wait_for 10 grown
check "and writes behind the old end" dd if=/run/data of="${disk[one]}" bs=1M seek=88 oflag=direct status=none
check_fails "a LUN cannot be larger than its image" 'error' change_size $((256 * mib))
# shellcheck disable=SC2016 # It has these quotes.
check "and the log says why" grep -q 'the image has 100663296 bytes, the LUN needs 268435456: `rbd resize`' /run/tcmud.log

echo "--- snapshots, namespaces, encryption"
dd if="${disk[one]}" of=/run/monday bs=1M count=8 iflag=direct status=none
check "a snapshot" rbd snap create --no-progress rbd/one@monday
check "of what is overwritten now" dd if=/dev/urandom of="${disk[one]}" bs=1M count=8 oflag=direct status=none
check "is a LUN" make_lun monday rbd/rbd/one@monday $((96 * mib))
check "an image in a namespace" sh -c 'rbd namespace create rbd/ns && rbd create --size 16M rbd/ns/one'
check "is a LUN" make_lun inside rbd/rbd/ns/one $((16 * mib))
printf %s 'correct horse' >/run/passphrase
printf %s 'battery staple' >/run/wrong
truncate -s 64M /run/luks
# As `rbd encryption format`, whose key would take half a minute here.
check "an encrypted image" sh -c 'cryptsetup luksFormat --batch-mode --type luks2 --sector-size 4096 --pbkdf pbkdf2 \
    --pbkdf-force-iterations 1000 /run/luks /run/passphrase && rbd import --no-progress /run/luks rbd/secret'
check "is a LUN" make_lun secret 'rbd/rbd/secret;encryption=luks2;passphrase-file=/run/passphrase' $((32 * mib))
loopback monday inside secret
check "the snapshot is as it was" sh -c "dd if=${disk[monday]} bs=1M count=8 iflag=direct status=none | cmp - /run/monday"
check_equal "and write-protected" 1 "$(cat "/sys/block/${disk[monday]##*/}/ro")"
check_fails "for all commands" 'Data Protect' sg_raw -s 512 -i /dev/zero "${generic[monday]}" 2a 00 00 00 00 00 00 00 01 00
check "the namespace's image is written" dd if=/run/data of="${disk[inside]}" bs=1M oflag=direct status=none
check "and holds it" image_is rbd/ns/one /run/data $((8 * mib))
check "the encrypted one is written" dd if=/run/data of="${disk[secret]}" bs=1M oflag=direct status=none
check "and read" sh -c "dd if=${disk[secret]} bs=1M count=8 iflag=direct status=none | cmp - /run/data"
rbd export --no-progress rbd/secret /run/stored
check_equal "but nobody else can" 0 "$(LC_ALL=C grep -caF "$(dd if=/run/data bs=1 skip=4096 count=32 status=none | tr -d '\0\n')" /run/stored)"

echo "--- one connection"
connections() { find "/proc/$daemon/fd" -lname 'socket:*' | wc -l; }
before="$(connections) $(lasting_threads)"
for number in 1 2 3 4; do rbd create --size 16M "rbd/more$number" && make_lun "more$number" "rbd/rbd/more$number" $((16 * mib)); done
check_equal "four LUNs more are served" 4 "$("$tcmuctl" list | grep -c 'more.*serving')"
check_equal "with the connections and threads of those before" "$before" "$(connections) $(lasting_threads)"
rmdir $core/user_0/more[1-4]

echo "--- tcmu-export"
export PATH=$PWD/configfs-scripts:$PATH
check "an image" rbd create --size 16M rbd/exported
# shellcheck disable=SC2016 # It has these quotes.
check_fails "its size must be given" 'SIZE .`rbd info rbd/exported` tells' tcmu-export --once -t rbd rbd/exported
check "then it becomes a disk" tcmu-export --once -t rbd -s 16M rbd/exported
check "and is taken back" tcmu-unexport exported

echo "--- a cluster that stands still"
check "a LUN that is not to wait" make_lun hurried 'rbd/rbd/ns/one;osd_op_timeout=2' $((16 * mib))
loopback hurried
signal osd STOP
began=$(milliseconds)
dd if=/run/data of="${disk[one]}" bs=1M oflag=direct status=none &
writer=$!
check_fails "an operation that waited for osd_op_timeout ends NOT READY" 'Not Ready' \
    timeout 30 sg_raw -r 512 "${generic[hurried]}" 28 00 00 00 00 00 00 00 01 00
took=$(($(milliseconds) - began))
check "after those two seconds ($took ms)" test $took -ge 1500 -a $took -lt 12000
check_fails "an image cannot be checked meanwhile, and this is said" "OSDs do not answer" timeout 10 "$tcmud" --check rbd/rbd/one
began=$(milliseconds)
check_fails "nor can a size be changed" 'error|timed out' change_size $((80 * mib))
check "which does not wait for it" test $(($(milliseconds) - began)) -lt 8000
check "what waits for the cluster is listed" sh -c "$tcmuctl hung --older 1 2>&1 | grep -q 'waits for the cluster'"
check "the write of the other LUN waits" kill -0 $writer
signal osd CONT
wait $writer
check_equal "and ends well when the cluster goes on" 0 $?
check "with the data" sh -c "dd if=${disk[one]} bs=1M count=8 iflag=direct status=none | cmp - /run/data"
check "the other is served again" dd if="${disk[hurried]}" of=/dev/null bs=1M count=8 iflag=direct status=none

echo "--- what is no LUN"
no_lun() {  # WHAT TEXT CONFIG [SIZE]: in one line, within five seconds.
    local began lines
    began=$(milliseconds)
    lines=$("$tcmud" --check "$3" --size "${4:-$mib}" 2>&1) && return "$(failed "$1" "it is one")"
    check_equal "$1" 1 "$(grep -cE -- "$2" <<<"$lines")"
    [ "$(wc -l <<<"$lines")" = 1 ] || failed "$1: in one line" "$lines"
    [ $(($(milliseconds) - began)) -lt 6000 ] || failed "$1: within five seconds" "$(($(milliseconds) - began)) ms"
}
no_lun "no pool" "POOL" rbd/one
no_lun "a pool that is not there" "no pool 'none'" rbd/none/one
no_lun "an image that is not there" "no image 'none'" rbd/rbd/none
no_lun "a namespace that is not there" "no namespace 'none'" rbd/rbd/none/one
no_lun "a snapshot that is not there" "no snapshot 'none'" rbd/rbd/one@none
no_lun "an image that is too small" "the LUN needs 1073741824" rbd/rbd/one $((1024 * mib))
no_lun "a configuration that is not there" "conf=/run/none: cannot read: No such file" "rbd/rbd/one;conf=/run/none"
no_lun "a configuration that is none" "/etc/passwd is no configuration of Ceph" "rbd/rbd/one;conf=/etc/passwd"
no_lun "a wrong passphrase" "not its passphrase" "rbd/rbd/secret;encryption=luks2;passphrase-file=/run/wrong"
no_lun "another format" "no header of that format" "rbd/rbd/secret;encryption=luks1;passphrase-file=/run/passphrase"
no_lun "no passphrase" "needs passphrase-file" "rbd/rbd/secret;encryption=luks2"
no_lun "an option that is not known" "unknown option 'colour'; known: conf, id" "rbd/rbd/one;colour=red"
no_lun "a number that is none" "osd_op_timeout=NUMBER" "rbd/rbd/one;osd_op_timeout=soon"
check_fails "enable refuses them too" 'No such file' make_lun none rbd/rbd/none $mib
check "and the log says why" grep -q "no image 'none'" /run/tcmud.log
sed 's/^mon host.*/mon host = v1:127.0.0.1:1/' $CEPH_CONF >/run/away.conf
no_lun "a cluster that is not there" "no monitor of the cluster in /run/away.conf answers within 3 s" "rbd/rbd/one;conf=/run/away.conf"

echo "--- a restart"
stop_tcmud
check_equal "tcmud ends" 0 "$daemon_status"
start_tcmud
check "and serves the image again" sh -c "dd if=${disk[one]} bs=1M count=8 iflag=direct status=none | cmp - /run/data"
check "also for writing" timeout 10 dd if=/run/data of="${disk[one]}" bs=1M oflag=direct status=none
no_loopback
check "LUNs can be removed" rmdir $core/user_0/one $core/user_0/monday $core/user_0/inside $core/user_0/secret $core/user_0/hurried
check_equal "and leave no connection" 0 "$(find "/proc/$daemon/fd" -lname 'socket:*' -printf '%l\n' | grep -cwFf <(awk '$10 > 0 {print $10}' /proc/net/tcp))"
check_equal "and no watcher" 0 "$(rbd status rbd/one | grep -c watcher=)"
check "an image can then be removed" rbd rm --no-progress rbd/ns/one
finish
