#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What protects data on a tape, and what divides it: WORM cartridges, append-only mode, checksums on the way (logical block
# protection), partitions.
. tests/guest/lib.sh
. tests/guest/tape_lib.sh
memory_disk /srv 400M
start_tcmud
overwritten=07/30/0c  # Data protect, WORM medium - overwrite attempted.
for number in 1 2 3 4; do head -c $((number * 1000)) /dev/urandom >"/run/block.$number"; done
head -c 1000000 /dev/urandom >/run/one
head -c 2000000 /dev/urandom >/run/two

# partitions: how many; select_block_length BYTES; status_says TEXT: mt.
partitions() { echo $((16#$(received "8c 03 00 00 00 00 00 00 00 00 00 00 00 04 00 00" 4 | cut -c 7-8))); }
select_block_length() {
    to_file /run/page 00001008 00000000 00 "$(printf %06x "$1")"
    sent "15 10 00 00 0c 00" /run/page
}
status_says() { mt -f "$tape" status | grep -q "^$1"; }

echo "--- a cartridge that is written once"
check "it is made" "$tcmu_tape" create /srv/worm --worm --capacity 50M --barcode WORM01LV
drive worm /srv/worm
check_equal "its medium type is that of WORM" 8c "$(received "5a 00 1d 00 00 00 00 00 30 00" 48 | cut -c 5-6)"
check_equal "the medium configuration page: WORM, of which only filemarks at the end, but the first, are overwritten" 1d1e010000020000 \
    "$(received "5a 00 1d 00 00 00 00 00 30 00" 48 | cut -c 33-48)"
check_equal "its memory says so: medium type 80h" 0408800001800000 \
    "$(received "8c 00 00 00 00 00 00 00 04 08 00 00 00 0a 00 00" 10 | cut -c 9-20)0000"
check "it is written" dd if=/run/one of="$tape" bs=64k status=none
rewind
check_equal "WRITE over the first block is refused" $overwritten "$(write_block /run/block.1)"
check_answer "so is WRITE FILEMARKS" $overwritten "10 00 00 00 01 00"
check_answer "ERASE" $overwritten "19 00 00 00 00 00"
check_answer "ERASE, long" $overwritten "19 01 00 00 00 00"
check_answer "FORMAT MEDIUM" $overwritten "04 00 00 00 00 00"
check_answer "SET CAPACITY" $overwritten "0b 00 00 80 00 00"
check_code "what mt erase says" 2 mt -f "$tape" erase
check_code "and dd" 1 dd if=/run/two of="$tape" bs=64k count=1 status=none
rewind
check "all that was written is there" cmp /run/one <(dd if="$tape" bs=64k status=none)
mt -f "$tape" eod
check "a second filemark is written behind the first" mt -f "$tape" weof
mt -f "$tape" bsf 1
check_equal "between the two" "0 17" "$(place)"
check "there is room for more" dd if=/run/two of="$tape" bs=64k status=none
check_equal "which came in the place of the second" "0 49" "$(place)"
check_equal "in that of the first is none" "good $overwritten" "$(locate 0 16) $(write_block /run/block.1)"
rewind
check "the one is there" cmp /run/one <(dd if="$tape" bs=64k status=none)
mt -f "$tape" asf 1
check "and the other" cmp /run/two <(dd if="$tape" bs=64k status=none)
check_equal "between them WRITE is refused" "good $overwritten" "$(locate 0 5) $(write_block /run/block.1)"
check_answer "and ERASE, at the end too" $overwritten "19 00 00 00 00 00"

echo "--- append-only mode"
check "a cartridge is made" "$tcmu_tape" create /srv/cart --capacity 200M --barcode TCM001L8
drive cart /srv/cart
write_mode() { select_page "5001001c00$1" "$(zeros 26)"; }
for number in 1 2 3; do check_equal "block $number is written" good "$(write_block /run/block.$number)"; done
check_equal "the mode can be selected" good "$(write_mode 10)"
check_equal "and is" 10 "$(received "5a 08 10 01 00 00 00 00 28 00" 40 | cut -c 27-28)"
check_equal "a mode that there is not: invalid field in parameter list" 05/26/00 "$(write_mode 20)"
check_equal "at the end of data a block is written" good "$(write_block /run/block.4)"
rewind
check_equal "elsewhere none" $overwritten "$(write_block /run/block.4)"
check_answer "WRITE FILEMARKS is refused" $overwritten "10 00 00 00 01 00"
check_answer "so is ERASE" $overwritten "19 00 00 00 00 00"
check_answer "FORMAT MEDIUM" $overwritten "04 00 00 00 00 00"
check_answer "SET CAPACITY" $overwritten "0b 00 00 80 00 00"
check_equal "nothing has moved" "0 0" "$(place)"
# allow WHAT OBJECT: ALLOW OVERWRITE in partition 0.
allow() { answer "82 00 0$1 00 $(in_hex "$2" 8) 00 00 00 00"; }
check_equal "ALLOW OVERWRITE of a place where the head is not" 05/24/00 "$(allow 1 2)"
check_equal "of what there is not" 05/24/00 "$(allow 3 0)"
check_equal "block 2" "good good" "$(locate 0 2) $(allow 1 2)"
rewind
check_equal "opens no other place" $overwritten "$(write_block /run/block.4)"
check_equal "but that one" "good good" "$(locate 0 2) $(write_block /run/block.2)"
check_equal "once" "good $overwritten" "$(locate 0 2) $(write_block /run/block.2)"
check_equal "nothing is what it allows at last" "good good $overwritten" \
    "$(allow 1 2) $(allow 0 0) $(write_block /run/block.2)"
rewind
check_equal "the first blocks are what they were" "$(hex_of /run/block.1) $(hex_of /run/block.2)" "$(block 1000) $(block 2000)"
check_equal "the third is the new one" "$(hex_of /run/block.2)" "$(block 2000)"
check_answer "and the last" "08/00/05 000003e8" "08 00 00 03 e8 00" -r 1000
rewind
check_equal "FORMAT MEDIUM can be allowed" "good good" "$(allow 2 0) $(answer "04 00 00 00 00 00")"
check_answer "once" $overwritten "04 00 00 00 00 00"
check_answer "and has left nothing" "08/00/05 000003e8" "08 00 00 03 e8 00" -r 1000
check_equal "in the other mode all can be overwritten" "good good good good" \
    "$(write_mode 00) $(write_block /run/block.1) $(answer "01 00 00 00 00 00") $(write_block /run/block.2)"

echo "--- checksums on the way"
rewind
cat >/run/protect <<'PYTHON'
# protect WRONG LENGTH: blocks of so many bytes, each with its CRC-32C, least significant byte first; that of block WRONG is wrong.
import sys
wrong, length = int(sys.argv[1]), int(sys.argv[2])
data = sys.stdin.buffer.read()
for number, at in enumerate(range(0, len(data), length)):
    block = data[at : at + length]
    crc = 0xFFFFFFFF
    for byte in block:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF ^ (1 if number == wrong else 0)
    sys.stdout.buffer.write(block + crc.to_bytes(4, "little"))
PYTHON
protect() { python3 /run/protect "$@"; }
# RFC 3720 B.4: 32 bytes of zeros.
check_equal "the CRC is that of iSCSI" aa36918a "$(head -c 32 /dev/zero | protect -1 32 | tail -c 4 | od -An -tx1 | tr -d ' \n')"
protection() { select_page 4af0001c "$1" "$(zeros 25)"; }
protect -1 3000 </run/block.3 >/run/right
protect 0 3000 </run/block.3 >/run/bad
check_equal "Reed-Solomon there is not" 05/26/00 "$(protection 0104c0)"
check_equal "CRC-32C of 4 bytes, of writes and of reads" good "$(protection 0204c0)"
check_equal "is selected" 4af0001c0204c0 "$(received "5a 08 0a f0 00 00 00 00 28 00" 40 | cut -c 17-30)"
check_equal "a block with its CRC is written" good "$(write_block /run/right)"
check_equal "one with a wrong CRC is not: logical block guard check failed" "0b/10/01 00000bbc" "$(write_block /run/bad)"
check_equal "nor one without" "0b/10/01 00000bb8" "$(write_block /run/block.3)"
check_equal "nothing has moved" "0 1" "$(place)"
check_answer "a block that would be nothing but its CRC" 05/24/00 "0a 00 00 00 04 00" -s 4 -i /run/right
rewind
check_equal "the block is read with its CRC" "$(hex_of /run/right)" "$(block 3004)"
check_answer "and nothing is behind it" "08/00/05 00000bbc" "08 00 00 0b bc 00" -r 3004
check_equal "of writes alone" good "$(protection 020480)"
rewind
check_equal "it is read without" "$(hex_of /run/block.3)" "$(block 3000)"
check_equal "of reads alone" good "$(protection 020440)"
check_equal "a block without is written" good "$(write_block /run/block.3)"
check_equal "and read with" "good $(hex_of /run/right)" "$(locate 0 1) $(block 3004)"
check_equal "of both, in blocks of 504 bytes with their CRC" "good good" \
    "$(protection 0204c0) $(select_block_length 508)"
rewind
head -c 2016 /run/block.3 | protect -1 504 >/run/right
head -c 2016 /run/block.3 | protect 2 504 >/run/bad
check_equal "of four blocks whose third is wrong, two are missing" "0b/10/01 00000002" \
    "$(sent "0a 01 00 00 04 00" /run/bad)"
check_equal "two are written" "0 2" "$(place)"
rewind
check_equal "four right ones are" "good" "$(sent "0a 01 00 00 04 00" /run/right)"
rewind
check_equal "and come back with their CRCs" "$(hex_of /run/right)" "$(received "08 01 00 00 04 00" 2032)"
check_equal "off again, and blocks of any length" "good good" "$(protection 000000) $(select_block_length 0)"
rewind
check_equal "four blocks of 504 bytes, nothing else" "$(head -c 2016 /run/block.3 | sha1sum)" \
    "$(for number in 1 2 3 4; do dd if="$tape" bs=4096 count=1 status=none; done | sha1sum)"
check_answer "and the end" "08/00/05 00001000" "08 00 00 10 00 00" -r 4096

echo "--- partitions"
rewind
check_equal "a cartridge has one" "1 200" "$(partitions) $(capacity 0)"
mt -f "$tape" stsetoptions can-partitions
check "mt mkpartition: one of 60 MB behind the first" mt -f "$tape" mkpartition 60
check_equal "there are two" "2 142 57" "$(partitions) $(capacity 0) $(capacity 1)"
check "the first is written" dd if=/run/one of="$tape" bs=64k status=none
check "mt setpartition" mt -f "$tape" setpartition 1
check "the second is written" dd if=/run/two of="$tape" bs=32k status=none
check_equal "behind 62 blocks and a filemark" "1 63" "$(place)"
check "mt status: there" status_says 'File number=1, block number=0, partition=1'
check "mt setpartition back" mt -f "$tape" setpartition 0
rewind
check "the first has what was written to it" cmp /run/one <(dd if="$tape" bs=64k status=none)
check_answer "and ends there" "08/00/05 00010000" "08 00 01 00 00 00" -r 65536
# mt-st 1.6 takes the partition first, whatever its manual says.
check "mt partseek" mt -f "$tape" partseek 1 61
check_equal "to the last block of the second" "1 61" "$(place)"
check_equal "which is that" "$(tail -c +1998849 /run/two | sum)" "$(dd if="$tape" bs=64k count=1 status=none | sum)"
check "mt partseek to the first" mt -f "$tape" partseek 0 3
check_equal "there" "0 3" "$(place)"
check "what is written there then" dd if=/run/two of="$tape" bs=64k count=1 status=none
check "leaves the second alone" mt -f "$tape" partseek 1 0
check "byte by byte" cmp /run/two <(dd if="$tape" bs=32k status=none)
check_equal "the first ends behind it" "good 08/00/05 00010000" "$(locate 0 5) $(read_block 65536)"
check_equal "LOCATE to a third: invalid field in CDB" 05/24/00 "$(locate 2 0)"
check_answer "FORMAT MEDIUM elsewhere than at the beginning: position not at beginning" 05/3b/0c "04 00 00 00 00 00"
check_equal "or of another partition" "good 05/3b/0c" "$(locate 1 0) $(answer "04 00 00 00 00 00")"
check "mt rewind" rewind
check_equal "is to the beginning of the partition" "1 0" "$(place)"
check_answer "LOAD, of partition 0" good "1b 00 00 00 01 00"
check_equal "there" "0 0" "$(place)"

echo "--- as many as a drive makes"
# The medium partition page, sizes of partitions in 10^6 bytes; ffff is what is left.
check_equal "five: invalid field in parameter list" 05/26/00 "$(select_page 110e0304340300000005000500050005)"
check_equal "more than there is" 05/26/00 "$(select_page 110e030134030000ea60ffff00000000)"
check_equal "four" good "$(select_page 110e030334030000000affff00140005)"
check_equal "nothing has happened yet" 2 "$(partitions)"
check_answer "FORMAT MEDIUM" good "04 00 01 00 00 00"
check_equal "there are four" "4 9 166 19 4" "$(partitions) $(capacity 0) $(capacity 1) $(capacity 2) $(capacity 3)"
for number in 0 1 2 3; do
    check_equal "partition $number is written" "good good" "$(locate $number 0) $(write_block /run/block.$((number + 1)))"
done
for number in 3 1 0 2; do
    check_equal "partition $number has its own" "good $(hex_of /run/block.$((number + 1)))" \
        "$(locate $number 0) $(block $((1000 * number + 1000)))"
done
locate 3 0 >/dev/null
ends=$(for ((number = 0; number < 8; number++)); do write_block /run/one; done | uniq -c | sed 's/^ *//' | paste -sd ,)
check_equal "the smallest warns of its end, then is full: volume overflow" \
    "3 good,1 40/00/02 00000000,4 4d/00/02 000f4240" "$ends"
check_equal "LOAD and FORMAT MEDIUM: one again" "good good 1 200" \
    "$(answer "1b 00 00 00 01 00") $(answer "04 00 00 00 00 00") $(partitions) $(capacity 0)"

no_loopback
check "the LUNs are removed" rmdir "$core/user_0/worm" "$core/user_0/cart"
check "the cartridge that is written once is in order" "$tcmu_tape" verify /srv/worm
check "and the other" "$tcmu_tape" verify /srv/cart
finish
