#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The fault backend: what an initiator sees of each kind of fault, sense data to the byte; a LUN that hangs beside one that
# does not.
. tests/guest/lib.sh
memory_disk /srv 300M
start_tcmud

mib=1048576
none=00/00/00 read_error=03/11/00 write_error=03/0c/00 no_space=07/27/07 write_protected=07/27/00 not_ready=02/04/00

bytes() { tail -c +$(($2 + 1)) "$1" | head -c "$3" | sha1sum; }
fault() { "$tcmuctl" fault "$@"; }

# sense CDB-OR-OPTION...: key/asc/ascq of the command that sg_raw sends to $sd, and "at LBA" where INFORMATION is valid.
sense() {
    local raw
    raw=$(sg_raw -vv "$@" 2>&1 >/dev/null | sed -n '/Raw sense data/,/^[^ ]/p' |
        grep -oE '^ *([0-9a-f]{2} +){7,}.*|^ *[0-9a-f]{2}( +[0-9a-f]{2})* *$' | tr -s ' \n' '  ')
    # shellcheck disable=SC2086 # Words.
    set -- $raw
    [ $# -ge 14 ] || { echo 00/00/00; return; }
    printf '%02x/%s/%s' $((0x$3 & 0x0f)) "${13}" "${14}"
    [ $((0x$1 & 0x80)) = 0 ] || printf ' at %d' $((0x$4$5$6$7))
    echo
}
hex() { printf '%02x %02x %02x %02x' $(($1 >> 24 & 255)) $(($1 >> 16 & 255)) $(($1 >> 8 & 255)) $(($1 & 255)); }
# read_blocks LBA COUNT, write_blocks LBA COUNT [DATA], synchronize: their sense. READ(10), WRITE(10), SYNCHRONIZE CACHE(10)
# shellcheck disable=SC2046 # Words.
read_blocks() { sense -r $(($2 * 512)) -o /run/read "$sd" 28 00 $(hex "$1") 00 00 "$(printf %02x "$2")" 00; }
# shellcheck disable=SC2046
write_blocks() {
    sense -s $(($2 * 512)) -i "${3:-/run/data}" "$sd" 2a 00 $(hex "$1") 00 00 "$(printf %02x "$2")" 00
}
synchronize() { sense "$sd" 35 00 00 00 00 00 00 00 00 00; }
# milliseconds COMMAND...: how long it took.
milliseconds() {
    local began
    began=$(date +%s%3N)
    "$@" >/dev/null 2>&1
    echo $(($(date +%s%3N) - began))
}
# How many sectors of the 64 KiB behind block 8192 are those of /run/new, and how many those of /run/before.
sectors() {
    python3 - <<'PYTHON'
with open("/srv/one", "rb") as file:
    file.seek(8192 * 512)
    now = file.read(65536)
for name in "/run/new", "/run/before":
    other = open(name, "rb").read(65536)
    print(sum(now[at:at + 512] == other[at:at + 512] for at in range(0, 65536, 512)), end=" ")
PYTHON
}
# ends_well PID: a job of this shell. (wait inside of check is in another shell, which cannot.)
ends_well() {
    wait "$1"
    check_equal "it ends well" 0 $?
}
# pattern COUNT: so many reads, 'x' for each that failed.
pattern() {
    local i
    for ((i = 0; i < $1; i++)); do
        if [ "$(read_blocks 0 8)" = $none ]; then echo -n .; else echo -n x; fi
    done
}

head -c $((64 * mib)) /dev/urandom >/srv/one
head -c $((64 * mib)) /dev/urandom >/srv/two
head -c $mib /dev/urandom >/run/data
check "a LUN that can fail" make_lun one fault//srv/one $((64 * mib))
check "and one that cannot" make_lun two file//srv/two $((64 * mib))
loopback one two
sd=${generic[one]}
sg_turs "$sd" 2>/dev/null
sg_turs "${generic[two]}" 2>/dev/null

echo "--- without rules"
check_equal "it has no faults" "no faults" "$(fault one)"
check_equal "a read is GOOD" $none "$(read_blocks 100 8)"
check_equal "and has the file's bytes" "$(bytes /srv/one 51200 4096)" "$(bytes /run/read 0 4096)"
check_equal "a write is GOOD" $none "$(write_blocks 0 128)"
check_equal "and in the file" "$(bytes /run/data 0 65536)" "$(bytes /srv/one 0 65536)"
check_equal "a flush is GOOD" $none "$(synchronize)"

echo "--- errors, in sense data"
check "blocks 100 to 109 cannot be read" fault one read:error=EIO,lba=100-109
check_equal "a read of 100: UNRECOVERED READ ERROR, there" "$read_error at 100" "$(read_blocks 100 8)"
check_equal "a read from 96: the first block that is bad" "$read_error at 100" "$(read_blocks 96 8)"
check_equal "a read from 109" "$read_error at 109" "$(read_blocks 109 8)"
check_equal "neighbours are GOOD: before" $none "$(read_blocks 92 8)"
check_equal "and behind" $none "$(read_blocks 110 8)"
check_fails "dd ends with an error" "error reading" dd if="${disk[one]}" of=/dev/null bs=4k skip=12 count=2 iflag=direct
check_equal "a write to them is GOOD" $none "$(write_blocks 100 8)"
check_equal "the rule tells of its hits" 1 "$(fault one | grep -cE '^read:error=EIO,lba=100-109  hit [4-9] of [4-9]$')"
check "block 205 cannot be written" fault one write:error=EIO,lba=205
before=$(bytes /srv/one $((200 * 512)) 4096)
check_equal "a write over it: WRITE ERROR, there" "$write_error at 205" "$(write_blocks 200 8)"
check_equal "and nothing is in the file" "$before" "$(bytes /srv/one $((200 * 512)) 4096)"
check "no space" fault one write:error=ENOSPC,count=1
check_equal "is SPACE ALLOCATION FAILED WRITE PROTECT" $no_space "$(write_blocks 0 8)"
check_equal "once" $none "$(write_blocks 0 8)"
check "a store that refuses changes" fault one write:error=EROFS
check_equal "is WRITE PROTECTED" $write_protected "$(write_blocks 0 8)"
check "a store that is away" fault one read:error=ENODEV
check_equal "is NOT READY" $not_ready "$(read_blocks 0 8)"
check "unmapping and zeroing fail" fault one unmap:error=EIO write_zeroes:error=EIO
check_code "sg_unmap: a medium error" 3 sg_unmap --force --lba=32768 --num=64 "$sd"
check_code "sg_write_same: a medium error" 3 sg_write_same --16 --ndob --lba=6144 --num=64 "$sd"
check "no more" fault one off
check_code "sg_unmap: works" 0 sg_unmap --force --lba=32768 --num=64 "$sd"

echo "--- a flush that fails"
check_equal "what was written before is safe" $none "$(synchronize)"
check_equal "64 KiB are written" $none "$(write_blocks 1024 128)"
check "the next flush fails" fault one flush:error=EIO,count=1
check_equal "SYNCHRONIZE CACHE: WRITE ERROR" 03/0c/00 "$(synchronize | cut -c 1-8)"
check_equal "its rule has hit" "flush:error=EIO,count=1  hit 1 of 1" "$(fault one)"
check_equal "the next fails too, of itself: the data may be lost" 03/0c/00 "$(synchronize | cut -c 1-8)"
check_equal "half of it is written again" $none "$(write_blocks 1024 64)"
check_equal "SYNCHRONIZE CACHE fails still" 03/0c/00 "$(synchronize | cut -c 1-8)"
check_equal "all of it is" $none "$(write_blocks 1024 128)"
check_equal "SYNCHRONIZE CACHE is GOOD" $none "$(synchronize)"
check_equal "and stays so" $none "$(synchronize)"

echo "--- short and torn writes"
before=$(bytes /srv/one $((4096 * 512 + 3072)) 62464)
head -c $mib /dev/urandom >/run/new
check "a short write" fault one write:short=3072
check_equal "fails behind its first six blocks" "$write_error at 4102" "$(write_blocks 4096 128 /run/new)"
check_equal "which are in the file" "$(bytes /run/new 0 3072)" "$(bytes /srv/one $((4096 * 512)) 3072)"
check_equal "and no others" "$before" "$(bytes /srv/one $((4096 * 512 + 3072)) 62464)"
tail -c +$((8192 * 512 + 1)) /srv/one | head -c 65536 >/run/before
check "a torn write" fault one write:torn,seed=5
check_equal "fails" 03/0c/00 "$(write_blocks 8192 128 /run/new | cut -c 1-8)"
read -r new old <<<"$(sectors)"
check "some sectors are written ($new), others not ($old)" test "$new" -gt 32 -a "$old" -gt 32
check_equal "none is in between" 128 $((new + old))
rm /run/before

echo "--- which operations"
check "every third read" fault one read:error=EIO,every=3
check_equal "fails" ..x..x..x "$(pattern 9)"
check "some of them, by a seed" fault one read:error=EIO,rate=0.3,seed=7
some=$(pattern 12)
check "the same seed" fault one read:error=EIO,rate=0.3,seed=7
check_equal "hits the same ($some)" "$some" "$(pattern 12)"
check "which are some" grep -q 'x.*\..*x' <<<"$some"

echo "--- delays"
check "reads take 400 ms" fault one read:delay=400
took=$(milliseconds read_blocks 0 8)
check "they do ($took ms)" test "$took" -ge 400
check_equal "writes are GOOD" $none "$(write_blocks 0 8)"
check_equal "and none of its hits" "read:delay=400  hit 1 of 1" "$(fault one)"
check "no more" fault one off

echo "--- a hang"
check "the next read hangs" fault one read:hang,count=1
dd if="${disk[one]}" of=/run/hung bs=64k count=1 iflag=direct status=none &
reader=$!
hangs() { fault "$1" | grep -q 'hanging: 1'; }
check "it does" wait_for 5 hangs one
sleep 1
check "and goes on to" kill -0 $reader
check "other reads of the LUN don't" timeout 5 dd if="${disk[one]}" of=/dev/null bs=64k skip=1 count=16 iflag=direct status=none
check "another LUN serves" timeout 10 dd if="${disk[two]}" of=/run/read bs=64k count=160 iflag=direct status=none
check_equal "its file's bytes" "$(bytes /srv/two 0 $((10 * mib)))" "$(bytes /run/read 0 $((10 * mib)))"
check "and writes" timeout 10 dd if=/run/new of="${disk[two]}" bs=64k oflag=direct conv=fsync status=none
check "it is released" fault one release
ends_well $reader
check_equal "with the file's bytes" "$(bytes /srv/one 0 65536)" "$(bytes /run/hung 0 65536)"
check "the next write hangs, to fail" fault one write:hang,error=EIO,count=1
write_blocks 300 8 >/run/sense &
writer=$!
check "it does" wait_for 5 hangs one
check "it is released, with all rules" fault one off
wait $writer
check_equal "it has failed" "$write_error at 300" "$(cat /run/sense)"
check "a hang" fault one read:hang,count=1
dd if="${disk[one]}" of=/run/hung bs=64k count=1 iflag=direct status=none &
reader=$!
check "does not keep" wait_for 5 hangs one
check "the LUN from being changed" timeout 4 sh -c "env echo 'fault//srv/one;wce=1' >$core/user_0/one/attrib/dev_config"
ends_well $reader

echo "--- rules of the cfgstring"
check "a LUN that begins with a rule" make_lun three "fault//srv/three;create=on;rules=read+error=EIO+lba=1000/flush+error=EIO" $((64 * mib))
check_equal "has it" "read:error=EIO,lba=1000 flush:error=EIO" "$(fault three | sed 's/  hit.*//' | tr '\n' ' ' | sed 's/ $//')"
check_equal "with the range in its blocks" 1 "$(fault user_0/three | grep -c lba=1000)"
check_fails "a rule that is none keeps a LUN from being opened" "" make_lun four "fault//srv/four;create=on;rules=reed+error=EIO" $((64 * mib))
check_fails "and --check says why" "'reed' is no operation; known: read, write" \
    "$tcmud" --check "fault//srv/three;rules=reed+error=EIO"

check "tcmu-export makes such a LUN" \
    configfs-scripts/tcmu-export -t fault -n five -s 1M -o create=on -o rules=write+error=EIO+lba=9 /srv/five
check_equal "with its rule" "write:error=EIO,lba=9  hit 0 of 0" "$(fault five)"
check "tcmu-unexport takes it back" configfs-scripts/tcmu-unexport five

echo "--- who asks wrongly is told"
check_fails "a rule that is none" "tcmuctl: user_0/one: rule 'read:eror=EIO': 'eror' is no setting; known: error, " fault one read:eror=EIO
check_fails "a LUN without faults" "user_0/two: its backend takes no commands" fault two
check_fails "a LUN that is not there" "there is no LUN 'user_0/nobody'" fault nobody read:hang
check_code "no LUN at all" 2 "$tcmuctl" fault

echo "--- the end"
check "a hang" fault one read:hang,count=1
dd if="${disk[one]}" of=/run/hung bs=64k count=1 iflag=direct status=none &
reader=$!
check "does not keep" wait_for 5 hangs one
stop_tcmud
check_equal "the daemon from stopping" 0 "$daemon_status"
ends_well $reader
check_equal "without a line of trouble" '' "$(daemon_log | grep -E ' (warning|error): ' | grep -v "cannot be served: rule 'reed")"
start_tcmud
no_loopback
finish
