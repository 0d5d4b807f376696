#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What cannot be served is refused at once, in one line that says how to mend it; other LUNs don't notice.
. tests/guest/lib.sh
mib=1048576
memory_disk /srv 200M
truncate -s 16M /srv/good /srv/other
truncate -s 1000 /srv/odd
install -m 000 /dev/null /srv/secret
printf 'QFI\373\0\0\0\3' >/srv/image.qcow2
truncate -s 16M /srv/image.qcow2

echo "--- options and configuration"
config() {  # WHAT TEXT LINE...: a configuration file with these lines is refused with TEXT.
    printf '%s\n' "${@:3}" >/run/bad.toml
    check_fails "$1" "/run/bad.toml:$2" timeout 10 "$tcmud" --config /run/bad.toml
}
check_code "an unknown option is wrong usage" 2 timeout 10 "$tcmud" --colour
check_code "so is a configuration file that is missing" 2 timeout 10 "$tcmud" --config /run/none.toml
config "an unknown key is named, with its line" "2: unknown key 'colour'" '# ' 'colour = 1'
config "a value of the wrong type is told what it must be" '1: log_level must be' 'log_level = 3'
config "a number out of range too" '1: ' 'serving_threads = -1'
config "text that is no TOML has its line" '3: ' '' '' 'subtypes = ["file"'
config "nor are bytes of nothing" '1: ' "$(head -c 100 /dev/urandom | tr -d '\0\n#')="

echo "--- what cannot be a LUN"
no_lun() {  # WHAT TEXT CONFIG SIZE [BLOCK SIZE]
    check_fails "$1" "$2" "$tcmud" --check "$3" --size "$4" --block-size "${5:-512}"
}
no_lun "a missing file" "/srv/none: cannot open .create=on makes a missing file.: No such file" file//srv/none $mib
no_lun "a directory" "/srv: is a directory" file//srv $mib
no_lun "a file smaller than the LUN" "/srv/good: has 16777216 bytes, the LUN needs 33554432: truncate" file//srv/good $((32 * mib))
no_lun "a size that is no multiple of the block size" "multiple of the block size" file//srv/good 1000000 4096
no_lun "a block size that is no power of two" "block size" file//srv/good $mib 1000
no_lun "an unknown option" "unknown option 'colour'" "file//srv/good;colour=red" $mib
no_lun "an option's wrong value" "direct.*on.*off" "file//srv/good;direct=perhaps" $mib
no_lun "an unknown subtype" "unknown subtype 'paper'" paper/x $mib
no_lun "an image where raw blocks are meant" "qcow" qcow//srv/image.qcow2 $mib
no_lun "no path" "." file/ $mib
check_fails "a file that the daemon may not read" "Permission denied" \
    setpriv --bounding-set -dac_override,-dac_read_search "$tcmud" --check file//srv/secret --size 512
check "a good one is said to be good" "$tcmud" --check file//srv/good --size $((16 * mib))

echo "--- and is refused by enable"
start_tcmud
check "a good LUN is there to notice" make_lun good file//srv/good $((16 * mib))
loopback good
fio --name=good --filename="${disk[good]}" --direct=1 --rw=randwrite --bs=4k --iodepth=4 --ioengine=libaio --verify=crc32c \
    --verify_backlog=64 --verify_fatal=1 --time_based --runtime=600 --size=$((16 * mib)) --output-format=terse >/run/fio 2>&1 &
fio=$!
refused() {  # WHAT LOG CONFIG SIZE: within six seconds, with a line in the log.
    local began=$SECONDS lines code=0
    lines=$(daemon_log | wc -l)
    make_lun bad "$3" "$4" >/dev/null 2>&1 || code=$?
    if [ $code = 0 ]; then
        failed "enable refuses $1" "it did not"
    elif [ $((SECONDS - began)) -gt 7 ]; then
        failed "enable refuses $1" "after $((SECONDS - began)) s"
    else
        check "enable refuses $1, and the log says: $2" grep -qE "$2" <(daemon_log | tail -n +$((lines + 1)))
    fi
    rmdir "$core/user_0/bad"
}
refused "a missing file" "user_0/bad: .*/srv/none: .*No such file" file//srv/none $mib
refused "a file that another LUN serves" "another process holds its lock|served already" file//srv/good $mib
refused "a small file" "the LUN needs" file//srv/odd $mib
refused "an unknown option" "unknown option" "file//srv/other;x=y" $mib
refused "a subtype that nobody serves" "paper" paper/x $mib
longest=file//srv/$(printf 'x%.0s' $(seq 241))
check_equal "a cfgstring of 251 bytes is a file name like others" 251 ${#longest}
refused "a missing file with the longest name" "File name too long|No such file" "$longest" $mib
(cd /srv && truncate -s 1M "$(printf 'y%.0s' $(seq 200))")
check "a LUN with a cfgstring of more than 200 bytes is served" make_lun long "file//srv/$(printf 'y%.0s' $(seq 200))" $mib
check "and removed" rmdir "$core/user_0/long"
truncate -s $mib /srv/odd
check "what was refused is served once it is mended" make_lun bad file//srv/odd $mib
check "and removed" rmdir "$core/user_0/bad"

echo "--- a file that breaks under its LUN"
check "a LUN" make_lun other file//srv/other $((16 * mib))
loopback other
truncate -s 1M /srv/other
check_fails "a file that shrank gives errors, never zeros" "No data available" \
    dd if="${disk[other]}" of=/dev/null bs=4k count=1 skip=1024 iflag=direct
truncate -s 16M /srv/other
check "when it has its size again the LUN serves it" dd if="${disk[other]}" of=/dev/null bs=4k count=1 skip=1024 iflag=direct

echo "--- the control socket"
socket=/run/tcmud/control
[ -S "$socket" ] || socket=$(find /run/tcmud -type s | head -1)
check "there is one" test -S "$socket"
head -c 100000 /dev/urandom | busybox timeout 5 busybox nc "local:$socket" >/dev/null 2>&1
check "survives garbage" "$tcmuctl" list
check_fails "what is not there is said to be not there" "no LUN" "$tcmuctl" status user_0/none

check "all the while the good LUN was served" kill -0 $fio
kill -INT $fio
wait $fio
check_equal "without an error" '' "$(grep -iE 'verify:|err=' /run/fio)"
no_loopback
finish
