#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A tape library over iSCSI with open-iscsi and the kernel's st driver: what tape.sh and library.sh do over loopback, where
# residuals, large blocks and logging out go other ways.
. tests/guest/lib.sh
build=$PWD/${TCMUD_BUILD:-build/release}/bin
export PATH=$PWD/configfs-scripts:$build:$PATH
memory_disk /srv 500M
modprobe -a st sg ch iscsi_target_mod iscsi_tcp
start_tcmud
iqn=iqn.2003-01.org.tcmud.test:library

random() { head -c "$1" /dev/urandom; }
sum() { sha1sum | cut -d ' ' -f 1; }
# told: the block at which the tape stands; position: what st counts, "file block".
told() { mt -f "$tape" tell | sed -n 's/^At block \([0-9]*\)\.$/\1/p'; }
position() { mt -f "$tape" status | sed -n 's/^File number=\(-*[0-9]*\), block number=\(-*[0-9]*\),.*/\1 \2/p'; }
rewind() { mt -f "$tape" rewind; }
file() { rewind && { [ "$1" = 0 ] || mt -f "$tape" fsf "$1"; }; }
inventory() { mtx -f "$changer" status | sed 's/^ *//; s/ *$//; s/ *:VolumeTag *= */ /' | tail -n +2; }
# line TEXT COMMAND...: what the command says behind this beginning of a line.
line() {
    local text=$1
    shift
    "$@" 2>/dev/null | awk -v text="$text" '{sub(/^ */, "")} index($0, text) == 1 {
        $0 = substr($0, length(text) + 1); sub(/^ *[:=]? */, ""); sub(/ *$/, ""); print; exit}'
}
# Some have a service action: "a3 c 12 0,0 Report ...", others have not: "a5 12 0,0 Move medium".
opcodes() { sg_opcodes "$1" | awk 'found && NF {print $3 ~ /,/ ? $1 : $1 "/" $2} /^---/ {found = 1}' | tr '\n' ' '; }

log_in() { iscsiadm -m node -T "$iqn" -p 127.0.0.1 --login; }
log_out() { iscsiadm -m node -T "$iqn" -p 127.0.0.1 --logout; }
# find_devices: $changer, $tape and $sg.
find_devices() {
    local session
    session=$(readlink -f "$(dirname "$(grep -lx "$iqn" /sys/class/iscsi_session/session*/targetname)")/device")
    wait_for 10 test -d "$session"/target*/*:1/scsi_generic || return
    tape=$(wait_for_node "$(echo "$session"/target*/*:1)") && wait_for_node "$(echo "$session"/target*/*:0)" >/run/node || return
    tape=/dev/${tape##*/}
    changer=/dev/$(basename "$session"/target*/*:0/scsi_generic/*)
    sg=/dev/$(basename "$session"/target*/*:1/scsi_generic/*)
    wait_for 10 test -c "$changer" -a -c "$sg" -a -c "$tape"
}

echo "--- exported and logged in to"
check "a library of 4 slots, a mail slot and a drive" \
    tcmu-library create --slots 4 --import-export 1 --drives 1 --serial LIBRARY01 /srv/vtl
check "two cartridges" tcmu-library add --prefix A --suffix L8 --count 2 --capacity 200M /srv/vtl
check "tcmu-export-library exports it by iSCSI" tcmu-export-library -f iscsi -p 127.0.0.1:3260 -i $iqn /srv/vtl
mkdir -p /run/lock/iscsi /etc/iscsi
echo InitiatorName=iqn.2003-01.org.tcmud.test:initiator >/etc/iscsi/initiatorname.iscsi
iscsid
check_equal "it is found" "127.0.0.1:3260,1 $iqn" "$(iscsiadm -m discovery -t sendtargets -p 127.0.0.1)"
check "open-iscsi logs in" log_in
if find_devices; then passed "changer and drive are there"; else failed "changer and drive are there" "$(dmesg | tail)"; finish; fi
for device in "$changer" "$sg"; do sg_turs -n 3 "$device" >/run/turs 2>&1; done  # Whoever comes first is told what is new.
check_equal "the one is a changer" "medium changer" "$(line 'length=96 (0x60)   Peripheral device type' sg_inq "$changer")"
check_equal "the other a tape" tape "$(line 'length=96 (0x60)   Peripheral device type' sg_inq "$sg")"
check_equal "the changer's operation codes" \
    "00 03 07 12 15 1a 1b 1e 2b 37 4d 55 5a a3/a a3/c a3/d a4/a a5 a6 b5 b6 b8 e7 " "$(opcodes "$changer")"
check_equal "the drive's" "00 01 03 04 05 08 0a 0b 10 11 12 13 15 19 1a 1b 1c 1d 1e 2b 34 3b 3c 44 4c 4d 55 5a 80 82 88 8a 8c 8d 91 \
92 a2 a3/a a3/c a3/d a3/f a4/a a4/f b5 " "$(opcodes "$sg")"

echo "--- mtx"
check_equal "mtx status" "Data Transfer Element 0:Empty
Storage Element 1:Full A00001L8
Storage Element 2:Full A00002L8
Storage Element 3:Empty
Storage Element 4:Empty
Storage Element 5 IMPORT/EXPORT:Empty" "$(inventory)"
check "mtx transfer" mtx -f "$changer" transfer 2 5
check "mtx load" mtx -f "$changer" load 1 0
check_equal "what is where" "Data Transfer Element 0:Full (Storage Element 1 Loaded) A00001L8
Storage Element 1:Empty
Storage Element 2:Empty
Storage Element 3:Empty
Storage Element 4:Empty
Storage Element 5 IMPORT/EXPORT:Full A00002L8" "$(inventory)"
check_fails "nothing is moved out of a slot that is empty" "Empty" mtx -f "$changer" transfer 1 3
mt -f "$tape" status >/dev/null 2>&1
check_equal "mt status: at the beginning" 1 "$(mt -f "$tape" status | grep -c 'BOT ONLINE')"

echo "--- blocks of any length"
check "mt setblk 0" mt -f "$tape" setblk 0
sizes="1 511 513 4097 65537 262143 1048576 8388608"
for size in $sizes; do
    random "$size" >"/run/odd.$size"
    check "a block of $size bytes is written" dd if="/run/odd.$size" of="$tape" bs="$size" count=1 status=none
done
check_equal "eight blocks and eight filemarks" 16 "$(told)"
rewind
for size in $sizes; do
    check_equal "the block of $size bytes is read" "$(sum <"/run/odd.$size")" "$(dd if="$tape" bs=8M count=1 status=none | sum)"
    mt -f "$tape" fsf 1
done
file 3
check_fails "a block that is longer than the room is an error" "Cannot allocate memory" \
    dd if="$tape" of=/run/nothing bs=512 count=1 status=none
file 2
# READ(6) of 64 KiB; the block has 513.
sg_raw -r 65536 -o /run/short "$sg" 08 00 01 00 00 00 >/run/sense 2>&1
check_equal "a block that is shorter has sense data" "0xfdff [65023]  ILI" "$(line 'Info fld' cat /run/sense)"
check "and arrives with them" cmp /run/odd.513 /run/short

echo "--- blocks of one length"
check "mt setblk 512" mt -f "$tape" setblk 512
check_equal "sg_modes tells that" "5e 00 00 00 00 00 02 00" "$(line 00 sg_modes -a "$sg")"
rewind
check "2048 blocks are written at a time" dd if=/run/odd.1048576 of="$tape" bs=1M count=1 status=none
rewind
check_equal "and read by tens" "$(sum </run/odd.1048576)" "$(dd if="$tape" bs=5120 status=none | sum)"
mt -f "$tape" seek 7
check_equal "each is a block" "$(dd if=/run/odd.1048576 bs=512 skip=7 count=3 status=none | sum)" \
    "$(dd if="$tape" bs=1536 count=1 status=none | sum)"
check "mt setblk 262144" mt -f "$tape" setblk 262144
rewind
check "blocks of 256 KiB" dd if=/run/odd.8388608 of="$tape" bs=1M status=none
check_equal "are 32, and a filemark" 33 "$(told)"
rewind
check_equal "and read by ones" "$(sum </run/odd.8388608)" "$(dd if="$tape" bs=256k status=none | sum)"
mt -f "$tape" setblk 0

echo "--- mt"
rewind
for blocks in 3 2 1; do dd if=/dev/zero of="$tape" bs=1000 count=$blocks status=none; done
motions=''
for motion in rewind "fsf 1" "fsf 1" "bsf 1" "bsfm 1" eod "seek 5" "fsr 1" "asf 2" "bsr 1" "asf 0"; do
    # shellcheck disable=SC2086 # A command and its count.
    mt -f "$tape" $motion 2>/dev/null || motions+="failed "
    motions+="$motion:$(told) "
done
# Files of 3, 2 and 1 blocks: their filemarks are objects 3, 6 and 8. To space back over a filemark by blocks fails, before it.
check_equal "goes where it says" \
    "rewind:0 fsf 1:4 fsf 1:7 bsf 1:6 bsfm 1:4 eod:9 seek 5:5 fsr 1:6 asf 2:7 failed bsr 1:6 asf 0:0 " "$motions"
check_code "mt fsf 4 fails: there are three files" 2 mt -f "$tape" fsf 4
check_equal "at the end of data" 9 "$(told)"

echo "--- a session that ends"
mt -f "$tape" seek 5
check "open-iscsi logs out" log_out
check "and in again" log_in
if find_devices; then passed "the devices are back"; else failed "the devices are back" "$(dmesg | tail)"; finish; fi
check_equal "the tape stands where it stood" 5 "$(told)"

echo "--- tar"
cp -a /usr/share/common-licenses /run/licenses
rewind
check "an archive" tar -b 128 -cf "$tape" -C /run licenses
check "one behind it" tar -b 20 -cf "$tape" -C /run odd.65537 odd.513
check "and another" tar -b 2048 -cf "$tape" -C /run odd.8388608
check_equal "are three files" "3 0" "$(position)"
file 2
check "the last one is appended to" tar -b 2048 -rf "$tape" -C /run odd.262143
file 0
check "the first is as it was" tar -b 128 -df "$tape" -C /run
file 1
check "and so is the second" tar -b 20 -df "$tape" -C /run
file 2
check "and the third" tar -b 2048 -df "$tape" -C /run
file 2
check_equal "with what was appended" "odd.8388608 odd.262143" "$(tar -b 2048 -tf "$tape" | tr '\n' ' ' | sed 's/ $//')"

echo "--- what the drive has counted"
check "mt offline" mt -f "$tape" offline
check_equal "then there is no tape" 0 "$(mt -f "$tape" status 2>&1 | grep -c ONLINE)"
check "mtx unload" mtx -f "$changer" unload 4 0
check "mtx load" mtx -f "$changer" load 4 0
rewind
dd if=/run/odd.8388608 of="$tape" bs=1M status=none
dd if=/run/odd.65537 of="$tape" bs=65537 count=1 status=none
rewind
dd if="$tape" of=/dev/null bs=1M count=2 status=none
check_equal "bytes written since the load: errors" 8454145 "$(line 'Total bytes processed' sg_logs -p 2 "$sg")"
check_equal "and read" 2097152 "$(line 'Total bytes processed' sg_logs -p 3 "$sg")"
check_equal "data compression: MiB and bytes from us" "8 65537" \
    "$(line 'Megabytes transferred from server' sg_logs -p 0x1b "$sg") $(line 'Bytes transferred from server' sg_logs -p 0x1b "$sg")"
check_equal "and to us" "2 0" \
    "$(line 'Megabytes transferred to server' sg_logs -p 0x1b "$sg") $(line 'Bytes transferred to server' sg_logs -p 0x1b "$sg")"
check_equal "sequential access: the end of data, and the head" "8 MB 2 MB" \
    "$(line 'Native capacity from BOP to EOD' sg_logs -p 0xc "$sg") $(line 'Native capacity from BOP to current position' sg_logs -p 0xc "$sg")"
volume() { line "$1" sg_logs -p 0x17 "$sg"; }
check_equal "volume statistics: loads, MB written and read, capacity, what is used and what is left" "2 8 2 209 8 201" \
    "$(volume 'Thread count') $(volume 'Last mount megabytes written') $(volume 'Last mount megabytes read') $(volume \
        'Total native capacity [MB]') $(volume 'Total used native capacity [MB]') $(sg_logs -p 0x17 "$sg" | sed -n '$s/.*: //p')"
check_equal "and the barcode" A00001L8 "$(volume 'Volume barcode')"
check_equal "tape capacity: what is left, in MiB" "191 200" \
    "$(line 'Main partition remaining capacity (in MiB)' sg_logs -p 0x31 "$sg") $(line 'Main partition maximum capacity (in MiB)' \
        sg_logs -p 0x31 "$sg")"
attribute() { line "$1" sg_read_attr "$sg"; }
check_equal "the cartridge's memory says the same" "191 200 2 8 2" \
    "$(attribute 'Remaining capacity in partition [MiB]') $(attribute 'Maximum capacity in partition [MiB]') $(attribute \
        'Load count') $(attribute 'Total MiB written in current/last load') $(attribute 'Total MiB read in current/last load')"
check_equal "and what it is" "TCMUD 0x5e LTO-CVE" \
    "$(attribute 'Medium manufacturer') $(attribute 'Medium density code') $(attribute 'Assigning organization')"
check_equal "sg_modes: the device configuration" "10 0e 00 00 00 00 00 00  40 00 18 00 00 00 01 00" \
    "$(sg_modes -p 0x10 "$sg" | sed -n 's/^ 00     \(10 .*\)/\1/p')"
check_equal "sg_requests: nothing is wrong" "Fixed format, current; Sense key: No Sense" "$(sg_requests "$sg" 2>&1 | sed -n 2p)"

echo "--- taken back"
check "mtx unload" mtx -f "$changer" unload 1 0
check "mtx transfer" mtx -f "$changer" transfer 5 2
check_equal "what was first is first" "Data Transfer Element 0:Empty
Storage Element 1:Full A00001L8
Storage Element 2:Full A00002L8
Storage Element 3:Empty
Storage Element 4:Empty
Storage Element 5 IMPORT/EXPORT:Empty" "$(inventory)"
check "open-iscsi logs out" log_out
check "tcmu-unexport takes both back" tcmu-unexport vtl vtl-drive0
check_equal "nothing is left" 0 "$(tcmuctl list | grep -c vtl)"
for cartridge in /srv/vtl/cartridges/*; do
    check "a cartridge is in order" tcmu-tape verify "$cartridge"
done
finish
