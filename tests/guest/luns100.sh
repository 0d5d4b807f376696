#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Many LUNs: created, used, listed, removed; what each costs. 100 of them, 20 in the short form.
. tests/guest/lib.sh
luns=$(in_full 20 100)
mib=1048576
memory_disk /srv "$((luns * 8 + 64))M"
start_tcmud

milliseconds() { date +%s%3N; }

create() {
    local number
    for ((number = 0; number < luns; number++)); do
        truncate -s 8M "/srv/$number"
        make_lun "lun$number" "file//srv/$number" $((8 * mib)) max_data_area_mb=8 || return
    done
}
use() {
    local one
    for one in "${disk[@]}"; do
        dd if=/run/data of="$one" bs=1M count=8 oflag=direct conv=fsync status=none || return
        dd if="$one" bs=1M count=8 iflag=direct status=none | cmp - /run/data || return
    done
}
remove() {
    local number
    for ((number = 0; number < luns; number++)); do rmdir "$core/user_0/lun$number" || return; done
}
# timed WHAT COMMAND: in milliseconds per LUN.
timed() {
    local began
    began=$(milliseconds)
    check "$1" "$2"
    echo "      $((($(milliseconds) - began) / luns)) ms each"
}

memory_before=$(own_memory) threads_before=$(threads)
timed "$luns LUNs are created" create
# shellcheck disable=SC2046 # Words.
loopback $(seq -f lun%g 0 $((luns - 1)))
head -c $((8 * mib)) /dev/urandom >/run/data
timed "each is written in full and read back" use
for ((number = 0; number < luns; number += 7)); do
    check "the file of LUN $number has it" cmp /run/data "/srv/$number"
done
began=$(milliseconds)
check_equal "tcmuctl lists all of them as serving" "$luns" "$("$tcmuctl" list | grep -c serving)"
echo "      $(($(milliseconds) - began)) ms"
sleep 1
memory=$((($(own_memory) - memory_before) / luns))
echo "      memory: $memory_before KiB without LUNs, $memory KiB more for each idle LUN that was used"
check "an idle LUN that was used costs 256 KiB at most" test "$memory" -le 256
check "and no thread ($threads_before before, $(threads) now)" test "$(threads)" -le $((threads_before + 4))
no_loopback
timed "all are removed" remove
check_equal "none is listed" 0 "$("$tcmuctl" list | grep -c serving)"
check_equal "no file is left open" 0 "$(find "/proc/$daemon/fd" -lname '/srv/*' | wc -l)"
echo "      memory: $(own_memory) KiB at the end"
finish
