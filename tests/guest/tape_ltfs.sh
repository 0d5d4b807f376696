#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What LTFS sends to a drive while it formats, mounts and unmounts a cartridge, in its order and with its parameters: Debian has
# no LTFS. Each command of it is here.
. tests/guest/lib.sh
. tests/guest/tape_lib.sh
memory_disk /srv 200M
start_tcmud
check "a cartridge is made" "$tcmu_tape" create /srv/cart --capacity 100G --barcode LTF001L8
drive drive '/srv/cart;maker=ibm;serial=1013000099'

# text LENGTH TEXT: in hexadecimal, padded with spaces.
text() { printf "%-$1s" "$2" | od -An -v -tx1 | tr -d ' \n'; }
# From byte FIRST to LAST of what is received, counted from 0.
bytes() {
    local all
    all=$(received "$1" "$2")
    echo "${all:$((2 * $3)):$((2 * ($4 - $3 + 1)))}"
}

echo "--- which drive is it"
check_equal "INQUIRY: it is one of IBM's that LTFS knows" "$(text 8 IBM)$(text 16 ULT3580-TD8)" \
    "$(bytes "12 00 00 00 60 00" 96 8 31)"
check_equal "of a revision that it takes" "$(text 4 P381)" "$(bytes "12 00 00 00 60 00" 96 32 35)"
check_equal "page 80h: the serial number" "0180000a$(text 10 1013000099)" "$(received "12 01 80 00 60 00" 96)"
check_answer "page 83h" good "12 01 83 00 ff 00" -r 255
received "a3 0c 80 00 00 00 00 00 20 00 00 00" 8192 >/run/opcodes
cat >/run/timeouts <<'PYTHON'
# Operation codes in the order of the arguments that are not supported with a recommended timeout.
import sys
data = bytes.fromhex(open("/run/opcodes").read())
assert len(data) == 4 + int.from_bytes(data[:4], "big")
known = set()
for at in range(4, len(data), 20):
    assert data[at + 5] & 2 and data[at + 8 : at + 10] == b"\0\x0a", "a descriptor without timeouts"
    if int.from_bytes(data[at + 16 : at + 20], "big") >= 60:
        known.add("%02x" % data[at])
print(*[code for code in sys.argv[1:] if code not in known])
PYTHON
# PERSISTENT RESERVE IN and OUT (5E and 5F) are the kernel's.
check_equal "REPORT SUPPORTED OPERATION CODES: a timeout for each that LTFS uses" '' \
    "$(python3 /run/timeouts 00 04 05 08 0a 0b 10 12 1b 1d 1e 34 3c 4d 55 5a 8c 8d 91 92 a3)"
check_equal "and not for what there is not" "c0" "$(python3 /run/timeouts 00 c0)"
check_answer "SEND DIAGNOSTIC: the self-test is passed" good "1d 04 00 00 00 00"
to_file /run/dump 8000000401600000
check_equal "there is no page that makes a dump" 05/24/00 "$(sent "1d 10 00 00 08 00" /run/dump)"
check_answer "nor is there one in READ BUFFER" good "3c 03 01 00 00 00 00 00 04 00" -r 4
check_equal "of no bytes" 00000000 "$(received "3c 03 01 00 00 00 00 00 04 00" 4)"

echo "--- it is reserved"
key=104c544653000001
# pr_out ACTION TYPE KEY NEW-KEY APTPL
pr_out() {
    to_file /run/pr "$3" "$4" "00000000 0$5 000000"
    sent "5f 0$1 0$2 00 00 00 00 00 18 00" /run/pr
}
check_equal "PERSISTENT RESERVE OUT: registered, for longer than power lasts" good "$(pr_out 6 0 0000000000000000 $key 1)"
check_equal "PERSISTENT RESERVE IN: the key" "00000008$key" "$(bytes "5e 00 00 00 00 00 00 00 40 00" 64 4 15)"
check_equal "reserved, exclusive access" good "$(pr_out 1 3 $key 0000000000000000 0)"
check_equal "the reservation" "00000010${key}0000000000030000" "$(bytes "5e 01 00 00 00 00 00 00 40 00" 64 4 23)"
check_equal "full status: the holder" "${key}0000000001" "$(bytes "5e 03 00 00 00 00 00 00 ff 00" 255 8 20)"
check_answer "TEST UNIT READY" good "00 00 00 00 00 00"

echo "--- it is loaded and looked at"
check_answer "LOAD, of what is loaded" good "1b 00 00 00 01 00"
check_answer "which has nothing to tell" good "00 00 00 00 00 00"
check_answer "PREVENT" good "1e 00 00 00 01 00"
check_answer "UNLOAD while that is so" 05/53/02 "1b 00 00 00 00 00"
check_equal "READ BLOCK LIMITS: 1 byte to 8 MiB" 008000000001 "$(received "05 00 00 00 00 00" 6)"
# page CODE SUBPAGE LENGTH: MODE SENSE(10) of it, behind header and block descriptor.
page() { bytes "5a 00 $1 $2 00 00 00 02 00 00" 512 16 $((15 + $3)); }
check_equal "MODE SENSE: medium type and density of LTO-8" "88 5e" \
    "$(bytes "5a 00 3f 00 00 00 00 02 00 00" 512 2 2) $(bytes "5a 00 3f 00 00 00 00 02 00 00" 512 8 8)"
check_equal "page 0F: compression can be, and is on" 0f0ec080 "$(page 0f 00 4)"
check_equal "page 10: of partition 0" 100e0000 "$(page 10 00 4)"
check_equal "page 10/01: overwriting is allowed" 5001001c00000000 "$(page 10 01 8)"
check_equal "page 0A/F0: no checksums" 4af0001c000000 "$(page 0a f0 7)"
check_equal "page 11: one partition of 107 * 10^9 bytes; four are possible" 110e03001c030900006b000000000000 "$(page 11 00 16)"
check_equal "page 25" 251e "$(page 25 00 2)"
# select_changed PAGE SUBPAGE LENGTH [AT VALUE]...: as LTFS does it, what was sensed, with header and block descriptor, with these
# bytes of the page changed.
select_changed() {
    local sensed length
    length=$(in_hex "$3" 1)
    sensed=0000$(received "5a 00 $1 $2 00 00 00 00 $length 00" "$3" | cut -c 5-)
    shift 3
    while [ $# -gt 0 ]; do
        sensed=${sensed:0:$((32 + 2 * $1))}$2${sensed:$((34 + 2 * $1))}
        shift 2
    done
    to_file /run/page "$sensed"
    sent "55 10 00 00 00 00 00 00 $length 00" /run/page
}
check_equal "MODE SELECT: compression off" "good 0f0e4080" "$(select_changed 0f 00 32 2 40) $(page 0f 00 4)"
check_equal "and on" "good 0f0ec080" "$(select_changed 0f 00 32 2 c0) $(page 0f 00 4)"
check_equal "checksums" "good 4af0001c0204c0" "$(select_changed 0a f0 48 4 02 5 04 6 c0) $(page 0a f0 7)"
check_equal "none" "good 4af0001c000000" "$(select_changed 0a f0 48 4 00 5 00 6 00) $(page 0a f0 7)"
check_equal "append-only mode" "good 5001001c00100000" "$(select_changed 10 01 48 5 10) $(page 10 01 8)"
check_equal "the other" "good 5001001c00000000" "$(select_changed 10 01 48 5 00) $(page 10 01 8)"
check_equal "a density, which stays that of the cartridge" "good 5e" \
    "$(select_changed 25 00 48 10 5d) $(bytes "5a 00 3f 00 00 00 00 02 00 00" 512 8 8)"
log() { answer "4d 00 $1 00 00 00 00 04 00 00" -r 1024; }
check_equal "LOG SENSE: cumulative values of 17h, 31h, 2Eh" "good good good" "$(log 57) $(log 71) $(log 6e)"
check_equal "37h, of IBM's, there is not" 05/24/00 "$(log 77)"
# attribute ID LENGTH [PARTITION]: READ ATTRIBUTE, the value of one, of so many bytes.
attribute() { bytes "8c 00 00 00 00 00 00 0${3:-0} ${1:0:2} ${1:2:2} 00 00 04 00 00 00" 1024 9 $((8 + $2)); }
check_answer "READ ATTRIBUTE: an application's that it has not" 05/24/00 \
    "8c 00 00 00 00 00 00 00 08 0c 00 00 04 00 00 00" -r 1024

reference=$((16#$(attribute 0009 4)))

echo "--- it is formatted"
check_answer "SET CAPACITY: all of it" good "0b 00 00 ff ff 00"
check_equal "MODE SELECT: page 11, one of 10^9 bytes and the rest" good \
    "$(select_changed 11 00 32 3 01 4 3c 6 09 8 00 9 01 10 ff 11 ff)"
check_equal "the head is where FORMAT MEDIUM wants it" "0 0" "$(place)"
check_answer "FORMAT MEDIUM" good "04 00 01 00 00 00"
check_equal "two partitions" "953 101446" "$(capacity 0) $(capacity 1)"
check_equal "which page 11 tells" 110e03011c03090000010 "$(page 11 00 16 | cut -c 1-21)"
check_equal "LOG SENSE 17h: their capacities in 10^6 bytes" "0202031007000000000003e80700000100019f86" \
    "$(received "4d 00 57 00 00 00 00 04 00 00" 1024 | grep -o '020203100700.\{28\}')"

printf 'VOL1LTF001L             LTFS%51s4' '' >/run/volume
printf '<ltfslabel version="2.4.0">%400s</ltfslabel>' '' >/run/label
printf '<ltfsindex version="2.4.0">%9000s</ltfsindex>' '' >/run/index
check_equal "the volume label has 80 bytes" 80 "$(stat -c %s /run/volume)"
for partition in 1 0; do
    check_equal "LOCATE to partition $partition" "good $partition 0" "$(locate $partition 0) $(place)"
    check_equal "labels and filemarks are written" "good good good good" \
        "$(write_block /run/volume) $(answer "10 01 00 00 01 00") $(write_block /run/label) $(answer "10 01 00 00 01 00")"
    check_equal "the index, on stable storage" "good good good" \
        "$(answer "10 01 00 00 01 00") $(write_block /run/index) $(answer "10 00 00 00 01 00")"
    check_equal "READ POSITION, long form: the seventh object, the fourth file" \
        "000000000000000${partition}00000000000000070000000000000004$(zeros 8)" "$(received "34 06 00 00 00 00 00 00 00 00" 32)"
done
check_equal "the volume change reference is the next one since the load" $((reference + 1)) $((16#$(attribute 0009 4)))
# write_attribute PARTITION ID FORMAT HEX
write_attribute() {
    local length=$((${#4} / 2))
    to_file /run/attribute "$(printf %08x $((length + 5)))" "$2" "$3" "$(printf %04x $length)" "$4"
    sent "8d 00 00 00 00 00 00 0$1 00 00 00 00 $(in_hex $((length + 9)) 2) 00 00" /run/attribute
}
check_equal "WRITE ATTRIBUTE: who made the format" "good good good good" \
    "$(write_attribute 0 0800 01 "$(text 8 TCMUD)") $(write_attribute 0 0801 01 "$(text 32 LTFS)") $(
        write_attribute 0 0806 01 "$(text 32 LTF001)") $(write_attribute 0 080b 01 "$(text 16 2.4.0)")"
check_equal "READ ATTRIBUTE: who" "$(text 32 LTFS)" "$(attribute 0801 32)"
check_equal "an identifier of vendors" "good 01" "$(write_attribute 0 1623 00 01) $(attribute 1623 1)"
for partition in 0 1; do
    coherency=08$(printf %016x $((reference + 1)))0000000000000001002b$(text 5 LTFS)$(text 38 f4a3c2d1-$partition)
    check_equal "coherency information of partition $partition" "good $coherency" \
        "$(write_attribute $partition 080c 00 "$coherency") $(attribute 080c $((${#coherency} / 2)) $partition)"
done

echo "--- it is read"
check_equal "LOCATE to the label of partition 1" good "$(locate 1 0)"
check_answer "READ of 512 KiB with SILI: what there is" good "08 02 08 00 00 00" -r 524288
check_equal "without SILI: the length is another one" "good 20/00/00 0007ffb0" "$(locate 1 0) $(answer "08 00 08 00 00 00" -r 524288)"
check_answer "and then a filemark" "80/00/01 00080000" "08 02 08 00 00 00" -r 524288
check_equal "SPACE(16): two filemarks on" "good 1 5" "$(answer "91 01 00 00 $(in_hex 2 8) 00 00 00 00") $(place)"
check_equal "and one back" "good 1 4" "$(answer "91 01 00 00 ff ff ff ff ff ff ff ff 00 00 00 00") $(place)"
check_equal "LOCATE(16) behind the third filemark: the index" "good 1 5" "$(answer "92 0a 00 01 $(in_hex 3 8) 00 00 00 00") $(place)"
check_equal "which is read" "$(hex_of /run/index)" "$(block "$(stat -c %s /run/index)")"
check_equal "LOCATE to the end of data" "08/00/05 1 7" \
    "$(answer "92 02 00 01 ff ff ff ff ff ff ff ff 00 00 00 00") $(place)"
check_equal "a file of 1 MiB behind it" "good good good" \
    "$(head -c 524288 /dev/urandom >/run/file; write_block /run/file) $(write_block /run/file) $(answer "10 01 00 00 01 00")"
check_equal "the index again" "good good 1 12" "$(write_block /run/index) $(answer "10 00 00 00 01 00") $(place)"

echo "--- it is given back"
check_answer "ALLOW" good "1e 00 00 00 00 00"
check_answer "UNLOAD" good "1b 00 00 00 00 00"
check_answer "medium not present" 02/3a/00 "00 00 00 00 00 00"
check_answer "nothing is read" 02/3a/00 "08 02 08 00 00 00" -r 524288
check_equal "released" good "$(pr_out 2 3 $key 0000000000000000 0)"
check_equal "and registered no more" good "$(pr_out 0 0 $key 0000000000000000 0)"
check_equal "no key is left" 00000000 "$(bytes "5e 00 00 00 00 00 00 00 40 00" 64 4 7)"
check_answer "LOAD" good "1b 00 00 00 01 00"
check_answer "and what that has to tell" 06/28/00 "00 00 00 00 00 00"
check_equal "the attributes are there" "$(text 32 LTFS) 01" "$(attribute 0801 32) $(attribute 1623 1)"
check_equal "the reference is what it was: nothing was written since" $((reference + 1)) $((16#$(attribute 0009 4)))
check_equal "with the first block it is not" "good good $((reference + 2))" \
    "$(locate 1 12) $(write_block /run/file) $((16#$(attribute 0009 4)))"

no_loopback
check "the LUN is removed" rmdir "$core/user_0/drive"
check "the cartridge is in order" "$tcmu_tape" verify /srv/cart
finish
