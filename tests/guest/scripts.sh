#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tcmu-export, tcmu-unexport and tcmu-list, as an administrator uses them.
. tests/guest/lib.sh
export PATH=$PWD/configfs-scripts:$PATH
memory_disk /srv 400M
truncate -s 64M /srv/disk.img
echo secretpassword >/run/password

# What was made in configfs; directories of the fabrics stay.
tree() { find "$target" -mindepth 3 -maxdepth 3 -type d -not -path '*/alua/*' -not -path '*/discovery_auth*'; }

check_fails "without a daemon it is said who is missing" "no tcmud is running" tcmu-export /srv/disk.img
start_tcmud
modprobe -a tcm_loop iscsi_target_mod
mkdir -p "$target/loopback" "$target/iscsi"
before=$(tree)

echo "--- what cannot be exported"
check_code "without PATH it is wrong usage" 2 tcmu-export
check_fails "an unknown fabric is named" "smoke: only loopback, iscsi" tcmu-export -f smoke /srv/disk.img
check_fails "a missing file is named, with the mend" "does not exist.*-s SIZE" tcmu-export /srv/none.img
check_fails "a missing file needs create=on" "create=on makes a missing file" tcmu-export -s 1M /srv/none.img
check_fails "a directory is refused" "is a directory" tcmu-export -s 1M /srv
check_fails "an unknown backend is refused" "unknown subtype 'paper'" tcmu-export -t paper -s 1M /srv/disk.img
check_fails "an unknown option of the backend lists the known ones" "unknown option 'colour'; known: direct" \
    tcmu-export -o colour=red /srv/disk.img
check_fails "a file smaller than the LUN is refused" "has 67108864 bytes, the LUN needs 134217728" \
    tcmu-export -s 128M /srv/disk.img
check_fails "a size that is no multiple of the blocks is refused" "no multiple of the block size 4096" \
    tcmu-export -b 4096 -s 1000000 /srv/disk.img
check_fails "a comma in the path is refused" "commas and colons" tcmu-export "/srv/a,b"
check_fails "nonsense for a size is refused" "a number of bytes" tcmu-export -s 1X /srv/disk.img
check_fails "an option that the kernel does not take is named" "max_data_area_mb=abc: the kernel refuses" \
    tcmu-export -k max_data_area_mb=abc /srv/disk.img
check_fails "one that it does not have is named" "colour: the kernel has no such option" tcmu-export -k colour=red /srv/disk.img
busybox nc -l -p 3261 </dev/null >/dev/null &
check_fails "a portal that somebody else has is refused" "portal 127.0.0.1:3261: cannot be opened" \
    tcmu-export -f iscsi -p 127.0.0.1:3261 /srv/disk.img
kill $!
check_code "a name that is no IQN is refused" 2 tcmu-export -f iscsi -i nonsense /srv/disk.img
check_fails "a password file that is missing is named" "cannot read the password file" \
    tcmu-export -f iscsi -a iqn.2003-01.org.a:b -u alice -w /run/none /srv/disk.img
check_equal "nothing of all that is left behind" "$before" "$(tree)"

echo "--- loopback"
output=$(tcmu-export -n one /srv/disk.img 2>&1)
check_equal "an export tells its disk" 1 "$(grep -c '^disk: *\(/dev/sd[a-z]*\)$' <<<"$output")"
sd=$(sed -n 's/^disk: *//p' <<<"$output")
dd if=/dev/urandom of=/run/data bs=1M count=8 status=none
check "the disk can be written" dd if=/run/data of="$sd" bs=1M oflag=direct status=none
check "what was written is in the file" cmp -n 8388608 /run/data /srv/disk.img
check_equal "initiators may send 8 MiB at once" 16384 "$(cat "$core/user_0/one/attrib/hw_max_sectors")"
once=$(find "$target" -type l)
check_equal "the same command again gives the same answer" "$output" "$(tcmu-export -n one /srv/disk.img 2>&1)"
check_equal "and changes nothing" "$once" "$(find "$target" -type l)"
check_fails "another cfgstring under the same name is refused, with both" \
    "exists with another cfgstring: 'file//srv/disk.img', not 'file//srv/disk.img;wce=0'" \
    tcmu-export -n one -o wce=0 /srv/disk.img
check_fails "a file that is served cannot be served twice" "another process holds its lock" tcmu-export -n two /srv/disk.img
mkfs.ext4 -q "$sd" && mkdir -p /mnt/one && mount "$sd" /mnt/one
check_fails "a mounted disk is not taken back" "is mounted: umount it first" tcmu-unexport one
umount /mnt/one
check "an unmounted one is" tcmu-unexport one
check_equal "and nothing is left" "$before" "$(tree)"

echo "--- sizes, blocks, options"
check "a missing file can be made" tcmu-export -s 32M -o create=on -b 4096 -k max_data_area_mb=16 -n new /srv/new.img
check_equal "in the size that was asked for" 33554432 "$(stat -c %s /srv/new.img)"
check_equal "in blocks of 4096" 4096 "$(cat "$core/user_0/new/attrib/hw_block_size")"
check_equal "with the kernel's option" 16 "$(cat "$core/user_0/new/attrib/max_data_area_mb")"
check_equal "and a serial" 32 "$(sed -n 's/.*: //p' "$core/user_0/new/wwn/vpd_unit_serial" | tr -d '\n' | wc -c)"
check "memory can be exported" tcmu-export -t ram -s 16M -n memory
check "a path with a semicolon works" sh -c 'truncate -s 1M "/srv/a;b" && tcmu-export -n semicolon "/srv/a;b"'
check "they are taken back by name, cfgstring and path" tcmu-unexport new ram/ "/srv/a;b"
check_fails "a LUN that does not exist is named" "there is no LUN 'nobody'" tcmu-unexport nobody
check_equal "nothing is left of these" "$before" "$(tree)"

echo "--- iSCSI"
iqn=iqn.2003-01.org.tcmud.test:disk
output=$(tcmu-export -f iscsi -p 127.0.0.1:3260 -p '[::1]:3260' -i $iqn -n one /srv/disk.img 2>&1)
check_equal "everybody may log in, and that is said" 1 "$(grep -c 'any initiator may log in' <<<"$output")"
check "an initiator reads its size" sh -c "iscsi-readcapacity16 iscsi://127.0.0.1/$iqn/0 | grep -q 67108864"
check "over IPv6 too" sh -c "iscsi-inq iscsi://[::1]/$iqn/0 | grep -q 'TCMU device'"
check "a second LUN of the same target" tcmu-export -f iscsi -i $iqn -t ram -s 16M -n two
check "is there beside the first" iscsi-inq "iscsi://127.0.0.1/$iqn/1"
check "the list is JSON that a parser takes" sh -c "tcmu-list -j | python3 -m json.tool"
check "it has the LUN with its target" sh -c "tcmu-list | grep -A9 '^user_0/one' | grep -q '$iqn LUN 0'"
check "both are taken back" tcmu-unexport one two
check_equal "nothing is left of the target" "$before" "$(tree)"

echo "--- iSCSI with a password"
initiator=iqn.2003-01.org.tcmud.test:initiator
url=127.0.0.1/$iqn/0
check "an export for one initiator" tcmu-export -f iscsi -p 127.0.0.1:3260 -i $iqn -a $initiator -u alice -w /run/password \
    -n one /srv/disk.img
check "who knows the password is let in" iscsi-inq -i $initiator "iscsi://alice%secretpassword@$url"
check_code "who does not is not" 10 sh -c "iscsi-inq -i $initiator iscsi://alice%wrongpassword@$url || exit 10"
check_code "nor is another initiator" 10 sh -c "iscsi-inq -i $initiator:x iscsi://alice%secretpassword@$url || exit 10"
check "it is taken back" tcmu-unexport one
check "the password may come from standard input" sh -c \
    "echo secretpassword | tcmu-export -f iscsi -p 127.0.0.1:3260 -i $iqn -a $initiator -u alice -w - -n one /srv/disk.img"
check "and lets in as well" iscsi-inq -i $initiator "iscsi://alice%secretpassword@$url"
check "keeping the LUN" tcmu-unexport -k one
check_equal "leaves it without exports" 0 "$(tcmu-list | grep -c LUN)"
check "and it goes at last" tcmu-unexport one
check_equal "nothing is left of all this" "$before" "$(tree)"
finish
