#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A tape drive over loopback with the kernel's st driver: mt, tar and dd, as on any other drive.
. tests/guest/lib.sh
tcmu_tape=${TCMUD_BUILD:-build/release}/bin/tcmu-tape
memory_disk /srv 700M
modprobe -a st sg
start_tcmud

# position: what mt says of where the tape is, "file block".
position() { mt -f "$tape" status | sed -n 's/^File number=\(-*[0-9]*\), block number=\(-*[0-9]*\),.*/\1 \2/p'; }
told() { mt -f "$tape" tell | sed -n 's/^At block \([0-9]*\)\.$/\1/p'; }
blocks() { mt -f "$tape" setblk "$1"; }
rewind() { mt -f "$tape" rewind; }
random() { head -c "$1" /dev/urandom; }
sum() { sha1sum | cut -d ' ' -f 1; }

# What TEST UNIT READY is answered.
ready() {
    local said sense
    said=$(sg_raw -v "$sg" 00 00 00 00 00 00 2>&1)
    [[ $said == *'Raw sense data'* ]] || { echo good; return; }
    read -ra sense <<<"${said#*Raw sense data*$'\n'}"
    echo "${sense[2]}/${sense[12]}/${sense[13]}"
}

check "a cartridge is made" "$tcmu_tape" create /srv/cart --capacity 600M --barcode TCM001L8
check "a LUN of a cartridge is enabled" make_lun drive tape//srv/cart 512
loopback drive
tape=${disk[drive]} sg=${generic[drive]}

echo "--- who it is"
check_equal "it is a tape drive whose medium can be removed" 1 "$(sg_inq "$sg" | grep -cE 'PQual=0 +PDT=1 +RMB=1')"
check "sg_turs: ready, after what a new drive has to tell" sh -c "sg_turs $sg; sg_turs $sg; sg_turs $sg"
rewind
check_equal "mt status: ready, at its beginning" 1 "$(mt -f "$tape" status | grep -c 'BOT ONLINE')"

echo "--- mt"
check "mt setblk 0: blocks of any length" blocks 0
random 3000000 >/run/data
check "dd writes blocks of 64 KiB" dd if=/run/data of="$tape" bs=64k status=none
check_equal "st wrote a filemark behind them" "1 0" "$(position)"
check "tcmuctl status tells how long the drive took to write them" \
    grep -qE '^Backend, write +mean [0-9.]+[um]?s of 46$' <<<"$("$tcmuctl" status drive)"
check_equal "the last block was a short one: 46 blocks and a filemark" 47 "$(told)"
check "mt weof: two more filemarks" mt -f "$tape" weof 2
check_equal "mt status counts them" "3 0" "$(position)"
check "mt rewind" rewind
check_equal "to the beginning" "0 0" "$(position)"
check_equal "what is read is what was written" "$(sum </run/data)" "$(dd if="$tape" bs=64k status=none | sum)"
check "mt fsf" mt -f "$tape" rewind
check "mt fsf 1" mt -f "$tape" fsf 1
check_equal "behind the first filemark" 47 "$(told)"
check "mt bsf 1" mt -f "$tape" bsf 1
check_equal "before it" 46 "$(told)"
check "mt fsf 2" mt -f "$tape" fsf 2
check "mt bsfm 1" mt -f "$tape" bsfm 1
check_equal "behind the second again" 48 "$(told)"
check "mt eod" mt -f "$tape" eod
check_equal "at the end of data" 49 "$(told)"
check_code "mt fsf 1 at the end fails" 2 mt -f "$tape" fsf 1
check "mt seek 10" mt -f "$tape" seek 10
check_equal "at block 10" 10 "$(told)"
check "mt fsr 5" mt -f "$tape" fsr 5
check_equal "at block 15" 15 "$(told)"
check "mt bsr 3" mt -f "$tape" bsr 3
check_equal "at block 12" 12 "$(told)"
check "mt asf 2" mt -f "$tape" asf 2
check_equal "file 2" "2 0" "$(position)"
check "mt rewind" rewind
check_code "mt bsr 1 at the beginning fails" 2 mt -f "$tape" bsr 1

echo "--- blocks of odd sizes"
rewind
for size in 1 511 513 4097 65537 262143 1048576; do
    random "$size" >"/run/odd.$size"
    check "a block of $size bytes is written" dd if="/run/odd.$size" of="$tape" bs="$size" count=1 status=none
done
rewind
for size in 1 511 513 4097 65537 262143 1048576; do
    check_equal "a block of $size bytes is read, with room for 1 MiB" "$(sum <"/run/odd.$size")" \
        "$(dd if="$tape" bs=1M count=1 status=none | sum)"
    mt -f "$tape" fsf 1
done
rewind
mt -f "$tape" fsf 4
check_code "a block that is longer than the room is an error" 1 dd if="$tape" of=/dev/null bs=512 count=1 status=none
rewind
check "mt setblk 512" blocks 512
check "dd writes 2048 blocks of 512 bytes at a time" dd if=/run/odd.1048576 of="$tape" bs=1M count=1 status=none
rewind
check_equal "they are read by tens" "$(sum </run/odd.1048576)" "$(dd if="$tape" bs=5120 status=none | sum)"
rewind
mt -f "$tape" fsr 7
check_equal "each is a block" 7 "$(told)"
blocks 0

echo "--- tar"
mkdir -p /run/tree
cp -a /usr/share/doc/[a-c]* /run/tree
rewind
check "tar writes a first archive" tar -b 128 -cf "$tape" -C /run tree
check "and a second behind it" tar -b 20 -cf "$tape" -C /usr/share perl5
rewind
check "tar compares the first" tar -b 128 -df "$tape" -C /run
mt -f "$tape" rewind
mt -f "$tape" fsf 1
check "and the second" tar -b 20 -df "$tape" -C /usr/share
rewind
mkdir -p /run/more
random 100000 >/run/more/one
mt -f "$tape" fsf 1
check "tar appends to the second" tar -b 20 -rf "$tape" -C /run more
rewind
mt -f "$tape" fsf 1
check_equal "and finds what it appended" more/one "$(tar -b 20 -tf "$tape" | grep '^more/one$')"

echo "--- the end of the tape"
rewind
check_code "dd meets the end of a cartridge" 1 dd if=/dev/zero of="$tape" bs=1M count=700 status=none
# The block that met the zone is in it.
check_equal "its log says that 24 of the 25 MiB behind early warning remain" 24 "$(sg_logs -p 0x31 "$sg" | sed -n 's/.*[Mm]ain partition remaining capacity[^:]*: *//p')"
rewind
check "mt erase" mt -f "$tape" erase
check_code "then nothing can be read" 1 dd if="$tape" of=/run/nothing bs=64k count=1 status=none
check_equal "not a byte" 0 "$(stat -c %s /run/nothing)"

echo "--- offline and back"
check "mt offline" mt -f "$tape" offline
check_equal "there is no tape" 0 "$(mt -f "$tape" status 2>&1 | grep -c ONLINE)"
check "mt load" mt -f "$tape" load
check_equal "there is again" 1 "$(mt -f "$tape" status | grep -c ONLINE)"

echo "--- an operator at the drive"
dd if=/run/data of="$tape" bs=64k status=none
check "he unloads the cartridge" "$tcmuctl" medium unload drive
check_equal "there is no tape" 0 "$(mt -f "$tape" status 2>&1 | grep -c ONLINE)"
check_equal "MEDIUM NOT PRESENT" "02/3a/00" "$(ready)"
check_fails "a second time there is nothing to unload" "user_0/drive: its cartridge is not loaded" "$tcmuctl" medium unload drive
check "he loads it again" "$tcmuctl" medium load user_0/drive
check_equal "NOT READY TO READY CHANGE, once" "06/28/00 good" "$(ready) $(ready)"
check_fails "a second time it is loaded already" "its cartridge is loaded already" "$tcmuctl" medium load drive
check_equal "the tape stands at its beginning" 0 "$(told)"
check_equal "and has what was written before" "$(sum </run/data)" "$(dd if="$tape" bs=64k status=none | sum)"
check "while an initiator has locked the door" mt -f "$tape" lock
check_fails "he cannot unload" "an initiator prevents the removal" "$tcmuctl" medium unload drive
check_equal "and nothing has changed" 1 "$(mt -f "$tape" status | grep -c ONLINE)"
check "until it is unlocked" mt -f "$tape" unlock
check "then he can" "$tcmuctl" medium unload drive
stop_tcmud KILL
start_tcmud
check_equal "a daemon that is killed finds it unloaded" "02/3a/00" "$(ready)"
check "and loads it" "$tcmuctl" medium load drive
check_fails "a drive without a library has nothing to import to" "a drive without a library" "$tcmuctl" medium import drive A00001L8
check_fails "a LUN that is not there is said not to be" "there is no LUN 'user_0/none'" "$tcmuctl" medium load none
ready >/dev/null

echo "--- what it alerts to"
alerts() { sg_logs --page=0x2e --raw "$sg" 2>/dev/null | tail -c +5 | od -An -v -tu1 -w5 | awk '$5 { print $2 }' | tr '\n' ' '; }
mt -f "$tape" lock
check_fails "an operator is refused once more" "prevents the removal" "$tcmuctl" medium unload drive
mt -f "$tape" unlock
check_equal "sg_logs reads TapeAlert 10, no removal" "10 " "$(alerts)"
check_equal "once" "" "$(alerts)"

echo "--- killed and restarted"
rewind
dd if=/run/data of="$tape" bs=64k status=none
before=$(told)
stop_tcmud KILL
start_tcmud
check_equal "the tape stands where it stood" "$before" "$(told)"
check "what is written then comes behind" dd if=/run/data of="$tape" bs=64k status=none
rewind
check_equal "both are there" "$(cat /run/data /run/data | sum)" \
    "$( (dd if="$tape" bs=64k status=none; dd if="$tape" bs=64k status=none) | sum)"

echo "--- a torn end"
rewind
mt -f "$tape" eod
before=$(told)
stop_tcmud
random 1000 >>"$(find /srv/cart -name '*.seg' | sort | tail -n 1)"
start_tcmud
check_equal "is told of in the log" 1 \
    "$(daemon_log | grep -c 'user_0/drive: TCM001L8 in /srv/cart: 1000 torn bytes behind the end of partition 0 are not read')"
check_equal "the tape stands where it stood" "$before" "$(told)"
check "and is written from there" mt -f "$tape" weof 1

no_loopback
check "the LUN is removed" rmdir "$core/user_0/drive"
check "its cartridge is in order" "$tcmu_tape" verify /srv/cart
finish
