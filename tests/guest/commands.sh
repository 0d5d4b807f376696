#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The disk's commands, sent by sg3-utils over loopback: exit code, sense data and the bytes of the files.
. tests/guest/lib.sh
memory_disk /srv 300M
start_tcmud

# Exit codes of sg3-utils: the sense key, or what is common enough to have its own.
illegal_request=5 invalid_opcode=9 miscompare=14 lba_out_of_range=22
mib=1048576

# bytes FILE OFFSET LENGTH: a checksum.
bytes() { tail -c +$(($2 + 1)) "$1" | head -c "$3" | sha1sum; }
zeros() { head -c "$1" /dev/zero | sha1sum; }
# sense CDB-BYTE...: what the command's sense data says, in one line.
sense() { sg_raw -C 1 -v "$sd" "$@" 2>&1 | tr '\n' ' '; }
allocated() { echo $(($(stat -c '%b * %B' /srv/one))); }

head -c $((64 * mib)) /dev/urandom >/srv/one
truncate -s 64M /srv/two /srv/three
check "a LUN of a file is enabled" make_lun one file//srv/one $((64 * mib))
check "and another" make_lun two file//srv/two $((64 * mib))
check "and a third, read-only" make_lun three "file//srv/three;readonly=on" $((64 * mib))
echo 0123456789abcdef >"$core/user_0/one/wwn/vpd_unit_serial"
loopback one two three
sd=${generic[one]} other=${generic[two]} readonly=${generic[three]}

echo "--- who it is"
check_code "sg_turs: a new LUN tells it once" 6 sg_turs "$sd"
check "sg_turs: then it is ready" sg_turs "$sd"
check_equal "sg_inq: vendor, product and revision are tcmu-runner's" "LIO-ORG TCMU device 0002" \
    "$(sg_inq "$sd" | sed -n 's/.*\(identification\|level\): *//p' | sed 's/ *$//' | tr '\n' ' ' | sed 's/ $//')"
check_equal "sg_inq: it claims SPC-4" 1 "$(sg_inq "$sd" | grep -c 'version=0x06')"
check_code "sg_inq: a page that does not exist is refused" $illegal_request sg_inq --force --page=0xc5 "$sd"
pages=$(sg_vpd -p sv "$sd" | sed -n 's/^ *\(0x[0-9a-f]*\|[0-9a-f][0-9a-f]\) .*/\1/p; s/.*\[\([a-z0-9]*\)\]$/\1/p')
check_equal "sg_vpd -p sv: seven pages" 7 "$(sg_vpd -p sv "$sd" | grep -c '\[')"
for page in $pages; do check "sg_vpd -p $page: is decoded" sg_vpd -p "$page" "$sd"; done
check_equal "sg_vpd -p sn: the serial of configfs" "0123456789abcdef" "$(sg_vpd -p sn "$sd" | sed -n 's/.*serial number: *//p')"
check_equal "sg_vpd -p di: a NAA designator made of it" 0x60014050123456789abcdef000000000 \
    "$(sg_vpd -p di "$sd" | grep -oE '0x6001405[0-9a-f]*')"
check_equal "sg_vpd -p bl: UNMAP's limits" 1 "$(sg_vpd -p bl "$sd" | grep -c 'Maximum unmap block descriptor count: 256')"
check_equal "sg_vpd -p lbpv: thin, and zeros after UNMAP" 2 "$(sg_vpd -p lbpv "$sd" | grep -cE '\(LBPU\): 1|\(LBPRZ\): 1')"
check_code "sg_vpd: a page that is not on the list is refused" $illegal_request sg_vpd --force -p 0xb6 "$sd"
check_equal "the serial of a LUN that got none is its own" 32 "$(sg_vpd -p sn "$other" | sed -n 's/.*serial number: *//p' | tr -d '\n' | wc -c)"

echo "--- how large it is"
check_equal "sg_readcap -16: the last block" 1 "$(sg_readcap -16 "$sd" | grep -c 'LBA=131071 ')"
check_equal "sg_readcap -16: thin, and zeros after UNMAP" 1 "$(sg_readcap -16 "$sd" | grep -c 'lbpme=1, lbprz=1')"
check_equal "sg_readcap: the last block" 1 "$(sg_readcap "$sd" | grep -c 'LBA=131071 ')"

echo "--- mode pages"
check "sg_modes -a: every page" sg_modes -a "$sd"
check "sg_modes -6 -a: in six bytes too" sg_modes -6 -a "$sd"
check_equal "sg_modes: the cache is on" 1 "$(sg_modes -p 8 "$sd" | grep -A1 '^>> Caching' | grep -cE '^ *00 +08 12 04')"
check_equal "sg_modes: a read-only LUN is write protected" 1 "$(sg_modes -p 8 "$readonly" | grep -c 'WP=1')"
check_code "sg_modes: a page that does not exist is refused" $illegal_request sg_modes -p 0x3e "$sd"
check "sg_wr_mode: the cache goes off" sg_wr_mode -p 8 -c 08,12,00,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0 -m 0,0,04,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0 "$sd"
check_equal "and is off" 1 "$(sg_modes -p 8 "$sd" | grep -cE '^ *00 +08 12 00')"
check "and on again" sg_wr_mode -p 8 -c 08,12,04,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0 -m 0,0,04,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0 "$sd"
check_code "sg_wr_mode: what cannot be changed is refused" $illegal_request \
    sg_wr_mode -p 8 -c 08,12,01,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0 -m 0,0,01,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0 "$sd"

echo "--- what it can"
check_equal "sg_opcodes: lists the commands" 1 "$(sg_opcodes "$sd" | grep -c 'Compare and write')"
check_equal "sg_opcodes: READ(16) with its usage map" 1 "$(sg_opcodes -o 0x88 "$sd" | grep -c 'Opcode=0x88')"
check_equal "sg_opcodes: tells that a command is unknown" 1 "$(sg_opcodes -o 0x04 "$sd" | grep -ci 'not supported')"
check_code "sg_opcodes: a service action of a command that has none is refused" $illegal_request sg_opcodes -o 0x88,1 "$sd"
check "sg_opcodes -t: task management" sg_opcodes -t "$sd"
check "sg_rtpg: target port groups" sg_rtpg "$sd"
check "sg_stpg: the path becomes non-optimized" sg_stpg --active --tp=0 "$sd"
check_equal "and the kernel knows" 1 "$(cat "$core/user_0/one/alua/default_tg_pt_gp/alua_access_state")"
check_code "it is told once" 6 sg_turs "$sd"
echo 1 >"$core/user_0/one/alua/default_tg_pt_gp/alua_access_type"
check_equal "sg_stpg: not where configfs has no explicit access" 1 \
    "$(sg_stpg --optimized --tp=0 "$sd" 2>&1 | grep -c 'Invalid opcode')"

echo "--- VERIFY"
check "sg_verify: blocks can be read" sg_verify --lba=0 --count=131072 --bpc=65536 "$sd"
head -c 65536 /srv/one >/run/64k
check "sg_verify: they equal the file's" sg_verify --lba=0 --count=128 --ebytchk=1 --ndo=65536 --in=/run/64k "$sd"
check_code "sg_verify: other blocks miscompare" $miscompare sg_verify --lba=128 --count=128 --ebytchk=1 --ndo=65536 --in=/run/64k "$sd"
check_code "sg_verify: not beyond the end" $lba_out_of_range sg_verify --lba=131071 --count=2 "$sd"
check_equal "VERIFY(10) with data: the sense tells the first byte that differs" 1 \
    "$( (head -c 700 /srv/one; head -c 324 /dev/zero) >/run/1k; sg_raw -v -s 1024 -i /run/1k "$sd" 2f 02 0 0 0 0 0 0 2 0 2>&1 |
        grep -c 'Info fld=0x2bc')"

echo "--- WRITE and WRITE AND VERIFY"
head -c 65536 /dev/urandom >/run/new
check "sg_dd: FUA writes arrive" sg_dd if=/run/new of="$sd" bs=512 count=128 oflag=fua,sgio iflag=null
check_equal "in the file" "$(bytes /run/new 0 65536)" "$(bytes /srv/one 0 65536)"
check "sg_write_verify: written and compared" sg_write_verify --lba=256 --num=128 --ilen=65536 --in=/run/new --bytchk=1 "$sd"
check_equal "in the file" "$(bytes /run/new 0 65536)" "$(bytes /srv/one 131072 65536)"
check_code "sg_write_verify: not beyond the end" $lba_out_of_range \
    sg_write_verify --lba=131000 --num=128 --ilen=65536 --in=/run/new --bytchk=1 "$sd"
check_code "sg_write_verify: not on a read-only LUN" 7 sg_write_verify --lba=0 --num=128 --ilen=65536 --in=/run/new --bytchk=1 "$readonly"
check_equal "whose file stays as it was" "$(zeros $((64 * mib)))" "$(bytes /srv/three 0 $((64 * mib)))"

echo "--- UNMAP"
before=$(allocated)
check "sg_unmap: gives blocks back" sg_unmap --force --lba=32768 --num=32768 "$sd"
check_equal "which are zeros in the file" "$(zeros $((16 * mib)))" "$(bytes /srv/one $((16 * mib)) $((16 * mib)))"
check_equal "and take no space" $((16 * mib)) $((before - $(allocated)))
check_code "sg_unmap: not beyond the end" $lba_out_of_range sg_unmap --force --lba=131071 --num=2 "$sd"
check_code "sg_unmap: ANCHOR is refused" $illegal_request sg_unmap --force --anchor --lba=0 --num=1 "$sd"
check_code "sg_unmap: a read-only LUN has none" $invalid_opcode sg_unmap --force --lba=0 --num=8 "$readonly"

echo "--- WRITE SAME"
head -c 512 /dev/urandom >/run/block
check "sg_write_same: a block many times" sg_write_same --16 --lba=2048 --num=2048 --xferlen=512 --in=/run/block "$sd"
cp /run/block /run/blocks
while [ "$(stat -c %s /run/blocks)" -lt $mib ]; do cat /run/blocks /run/blocks >/run/double && mv /run/double /run/blocks; done
check_equal "in the file" "$(bytes /run/blocks 0 $mib)" "$(bytes /srv/one $mib $mib)"
check "sg_write_same --unmap: zeros give space back" sg_write_same --16 --unmap --lba=4096 --num=2048 --xferlen=512 --in=/dev/zero "$sd"
check_equal "and are zeros" "$(zeros $mib)" "$(bytes /srv/one $((2 * mib)) $mib)"
check "sg_write_same --ndob: zeros without data" sg_write_same --16 --ndob --lba=6144 --num=2048 "$sd"
check_equal "are zeros" "$(zeros $mib)" "$(bytes /srv/one $((3 * mib)) $mib)"
check_code "sg_write_same: zero blocks are refused" $illegal_request sg_write_same --16 --lba=0 --num=0 --xferlen=512 --in=/run/block "$sd"
check_code "sg_write_same: not beyond the end" $lba_out_of_range \
    sg_write_same --16 --lba=131071 --num=2 --xferlen=512 --in=/run/block "$sd"

echo "--- COMPARE AND WRITE"
(tail -c +8388609 /srv/one | head -c 8192; head -c 8192 /run/new) >/run/caw
check "sg_compare_and_write: equal blocks are replaced" sg_compare_and_write --lba=16384 --num=16 --in=/run/caw --xferlen=16384 "$sd"
check_equal "in the file" "$(bytes /run/new 0 8192)" "$(bytes /srv/one 8388608 8192)"
check_code "sg_compare_and_write: the second time they differ" $miscompare \
    sg_compare_and_write --quiet --lba=16384 --num=16 --in=/run/caw --xferlen=16384 "$sd"
check_equal "and nothing is written" "$(bytes /run/new 0 8192)" "$(bytes /srv/one 8388608 8192)"
check_code "sg_compare_and_write: not beyond the end" $lba_out_of_range \
    sg_compare_and_write --lba=131071 --num=16 --in=/run/caw --xferlen=16384 "$sd"

echo "--- EXTENDED COPY"
check "sg_xcopy: between two LUNs" sg_xcopy if="$sd" of="$other" bs=512 count=65536
check_equal "the files are equal there" "$(bytes /srv/one 0 $((32 * mib)))" "$(bytes /srv/two 0 $((32 * mib)))"
check_equal "and nowhere else" "$(zeros $((32 * mib)))" "$(bytes /srv/two $((32 * mib)) $((32 * mib)))"
check "sg_xcopy: within one, elsewhere" sg_xcopy if="$other" of="$other" bs=512 count=2048 skip=0 seek=100000
check_equal "the bytes are there" "$(bytes /srv/two 0 $mib)" "$(bytes /srv/two 51200000 $mib)"
check_fails "sg_xcopy: not beyond the destination's end" "." sg_xcopy if="$sd" of="$other" bs=512 count=2048 seek=131000
check "sg_copy_results: the limits" sg_copy_results --params "$sd"
check_code "sg_copy_results: the status of copies that are over is not kept" $invalid_opcode sg_copy_results --status --xfer_len=520 --list_id=9 "$sd"

echo "--- SYNCHRONIZE CACHE, START STOP UNIT"
check "sg_sync: flushes" sg_sync "$sd"
check_code "sg_sync: not beyond the end" $lba_out_of_range sg_sync --lba=131071 --count=2 "$sd"
check "sg_start: the unit stops" sg_start --stop "$sd"
check_code "and is not ready" 2 sg_turs "$sd"
check_code "nor tells its capacity" 2 sg_readcap "$sd"
check_code "nor takes a flush" 2 sg_sync "$sd"
check "sg_start: it starts again" sg_start --start "$sd"
check "and is ready" sg_turs "$sd"
check "sg_prevent" sg_prevent --prevent=1 "$sd"
check "sg_requests: no sense" sg_requests "$sd"

echo "--- every other operation code"
# Those that the kernel answers itself, and those whose data the tools above have sent.
served=" 00 03 08 0a 12 15 16 17 1a 1b 1e 25 28 2a 2e 2f 34 35 41 42 55 56 57 5a 5e 5f 7f 83 84 88 89 8a 8e 8f 90 91 93 9e a0 a3 a4 a8 aa ae af "
wrong=''
for ((opcode = 0; opcode < 256; opcode++)); do
    code=$(printf %02x $opcode)
    case $served in *" $code "*) continue ;; esac
    # The length of the CDB goes with the code's group.
    rest="0 0 0 0 0"
    [ $opcode -lt 32 ] || rest="$rest 0 0 0 0"
    [ $opcode -lt 128 ] || rest="$rest 0 0"
    [ $opcode -lt 128 ] || [ $opcode -ge 160 ] || rest="$rest 0 0 0 0"
    # shellcheck disable=SC2086 # Words.
    sg_raw -C 1 "$sd" $code $rest >/run/raw 2>&1
    [ $? = $invalid_opcode ] || wrong="$wrong $code: $(tr '\n' ' ' </run/raw)"
done
check_equal "is refused as unknown" '' "$wrong"
check_equal "7Fh with any service action too" $invalid_opcode \
    "$(sg_raw -C 1 "$sd" 7f 0 0 0 0 0 0 18 0 9 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 >/dev/null 2>&1; echo $?)"
check_equal "a field pointer tells the bit that is wrong" 1 "$(sense 28 20 0 0 0 0 0 0 1 0 | grep -ci 'Field pointer.*\|byte 1')"
check_equal "the daemon has nothing to complain of" 0 "$(daemon_log | grep -cE 'warning|error')"
no_loopback
finish
