#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Storms: shells that make, enable, resize and remove LUNs at the same time, in no order, while tcmud is killed and begun again.
# Every LUN ends up served or removed, no shell stays blocked, nothing leaks. The full form has 1,000 LUNs:
#   sysctl vm.max_map_count=1048576  # User Mode Linux maps each page of a ring by itself.
#   TCMUD_FULL=1 tests/guest/run --memory 6G --timeout 3600 tests/guest/storms.sh
. tests/guest/lib.sh
luns=${TCMUD_LUNS:-$(in_full 96 1000)}
shells=8
kills=$(in_full 2 12)  # In each storm.
each=$((2 << 20))
# A tcmud is back when it answers; so long after that a shell that was blocked may take to go on.
patience_ms=5000
ulimit -n 65536  # As tcmud.service has it.
memory_disk /srv 64M
(cd /srv && seq -f lun%g 0 $((luns - 1)) | xargs truncate -s $((2 * each)))
# A trace that is nobody's fault, see the end.
dmesg -n 1
state=/run/shells
mkdir -p $state "$core"/user_{0,1,2,3}
mkfifo $state/never
nap() { read -rt "$1" <>$state/never; }

# --- What a shell does. Each step is noted: one that is blocked makes no more of them.
step() { steps=$((steps + 1)); echo "$steps $*" >"$state/$shell"; }
name_device() {
    # Below one HBA the kernel does one thing after another.
    device=$core/user_$(($1 % 4))/lun$1
    subtype=${subtypes[$1 % ${#subtypes[@]}]}
}
# repeat VALUE FILE: a write that ended with its daemon is repeated while the device is there. False: it has gone.
repeat() {
    step "$2"
    until echo "$1" >"$2"; do
        [ -d "$device" ] || return
        repeated=$((repeated + 1))
        step "$2"
        nap 0.05
    done
}
create() {
    local control
    step "mkdir $device"
    mkdir "$device" || return
    for control in "dev_config=$subtype//srv/lun$1" dev_size=$each cmd_ring_size_mb=1 max_data_area_mb=8 ${reply:-}; do
        echo "$control" >"$device/control" || return
    done
    repeat 1 "$device/enable"
}
resize() {
    repeat $((2 * each)) "$device/attrib/dev_size"
}
create_and_resize() { create "$1" && resize; }
remove() {
    step "rmdir $device"
    while ! rmdir "$device"; do
        step "rmdir $device again"
        [ -d "$device" ] || return
        nap 0.05
    done
}
# work COMMAND SHELL FIRST: for every eighth LUN, from FIRST on.
work() {
    local number steps=0 repeated=0 shell=$1-$2 device subtype
    for ((number = $2; number < luns; number += shells)); do
        name_device $(((number + $3) % luns))
        "$1" $(((number + $3) % luns))
    done
    echo "$repeated" >"$state/$shell.repeated"
    rm "$state/$shell"
} 2>/dev/null

# --- The storm
workers=() subtypes=(file)
# begin COMMAND [FIRST]: eight shells.
begin() {
    local number
    for ((number = 0; number < shells; number++)); do
        echo 0 >"$state/$1-$number"
        work "$1" $number "${2:-0}" &
        workers+=($!)
    done
}
# waiting: by the file of each shell that works, the step that it is at. Those that made one since are taken out of it.
declare -A waiting
note() {
    local file text
    waiting=()
    for file in "$state"/*-[0-9]; do
        if read -r text 2>/dev/null <"$file"; then waiting[$file]=$text; fi
    done
}
nobody_waits() {
    local file text
    for file in "${!waiting[@]}"; do
        if ! read -r text 2>/dev/null <"$file" || [ "$text" != "${waiting[$file]}" ]; then unset "waiting[$file]"; fi
    done
    [ ${#waiting[@]} = 0 ]
}
tell_late() {
    local step lun
    for step in "${waiting[@]}"; do
        echo "waits: $step"
        lun=${step#*user_}
        lun=${lun#*/}
        tail -n 4000 /run/tcmud.log | grep -E "/${lun%%[/ ]*}:" | tail -n 5
    done
    tail -n 1 /run/tcmud.log
}
all_ended() { ! compgen -G "$state/*-[0-9]" >/dev/null; }
# storm WHAT [RESTART]: kills while the shells work, then waits for them.
storm() {
    local began took worst=0 killed=0 late=''
    while [ $killed -lt "$kills" ]; do
        # The first one comes before the shells can have ended.
        nap "0.$((killed > 0 ? RANDOM % 4 : 0))$((RANDOM % 10))"
        ! all_ended || break
        ${2:-restart}
        killed=$((killed + 1))
        note
        began=${EPOCHREALTIME/./} took=0
        until nobody_waits || [ $took -gt 60000 ]; do
            nap 0.05
            took=$(((${EPOCHREALTIME/./} - began) / 1000))
            [ $took -le $patience_ms ] || late=${late:-$(tell_late)}
        done
        [ ${#waiting[@]} = 0 ] || failed "$1: a shell stays blocked" "${waiting[*]}"
        [ $took -le $worst ] || worst=$took
    done
    wait_for 600 all_ended || failed "$1: the shells end" "$(head $state/*-[0-9])"
    wait "${workers[@]}"
    workers=()
    check "$1: tcmud was killed $killed times, $(awk '{n += $1} END {print n + 0}' $state/*.repeated) writes were repeated" test $killed -ge 1
    [ -z "$late" ] || echo "$late"
    check "$1: a shell goes on after $worst ms at most" test $worst -le $patience_ms
    rm -f $state/*.repeated
}
# A thread that waits in the kernel for an answer of ours keeps its process from ending, for ever.
has_ended() {
    local tasks=("/proc/$daemon/task"/*)
    [ ${#tasks[@]} -le 1 ]
}
restart() {
    kill -KILL "$daemon"
    wait_for 20 has_ended || {
        failed "a killed tcmud ends" "$(cat "/proc/$daemon/task"/*/wchan)"
        finish
    }
    wait "$daemon" 2>/dev/null
    start_tcmud
}
# What there should be and what there is: LUN and size, a line each.
enabled() {
    local directory on size
    for directory in "$core"/user_*/lun*; do
        [ -e "$directory/enable" ] || continue
        read -r on <"$directory/enable"
        read -r size <"$directory/attrib/dev_size"
        [ "$on" != 1 ] || echo "${directory#"$core"/} $size"
    done | sort
}
served() {
    local directory
    for directory in "${run_directories[@]}"; do "$tcmuctl" --run-dir "$directory" list -j; done |
        python3 -c '
import json, sys
decoder, text = json.JSONDecoder(), sys.stdin.read().strip()
while text:
    luns, end = decoder.raw_decode(text)
    text = text[end:].strip()
    for lun in luns:
        print(lun["hba"] + "/" + lun["name"], lun["size_bytes"] if lun["state"] == "serving" else lun["state"])' | sort
}
run_directories=(/run/tcmud)
all_served() { [ "$(enabled)" = "$(served)" ]; }
count_files() { find "$@" -mindepth 1 -maxdepth 1 | wc -l; }
check_all_served() {
    check "$1: what is enabled is served, in its size" wait_for 20 all_served
    check_equal "$1: nothing else" '' "$(diff <(enabled) <(served))"
    check_equal "$1: there are as many UIO devices" "$(enabled | wc -l)" "$(count_files /sys/class/uio)"
    check_equal "$1: and journals" "$(enabled | wc -l)" "$(count_files "${run_directories[@]/%//journal}")"
}
check_none_left() {
    check_equal "$1: no LUN is left" '' "$(served)"
    check_equal "$1: no device of the kernel's" 0 "$(count_files /sys/class/uio)"
    check_equal "$1: no journal" 0 "$(count_files "${run_directories[@]/%//journal}")"
}

# check_answering: their disks appear, so each answers commands.
check_answering() {
    local names first
    mapfile -t names < <(enabled | cut -d ' ' -f 1)
    for ((first = 0; first < ${#names[@]}; first += 100)); do loopback "${names[@]:first:100}"; done
    check_equal "$1: each LUN is a disk" ${#names[@]} ${#disk[@]}
    no_loopback
}

echo "--- one tcmud, which is killed"
start_tcmud
begin create_and_resize
storm "made"
check_equal "made: all are enabled" "$luns" "$(enabled | wc -l)"
check_all_served "made"
check_answering "made"
begin remove 3
begin create_and_resize
storm "removed and made"
check_all_served "removed and made"
check_answering "removed and made"
begin remove
storm "removed"
check_none_left "removed"

echo "--- who waits for an enable when tcmud is killed"
# at_kill COMMAND...: which writes to an `enable` that waits for an answer; its output goes to /run/told.
at_kill() {
    kill -STOP "$daemon"
    "$@" >/run/told 2>&1 &
    local waiter=$!
    wait_for 20 test -e /sys/class/uio/uio0
    restart
    wait $waiter
}
export PATH=$PWD/configfs-scripts:$PATH
at_kill tcmu-export -n exported -s $each /srv/lun0
check_equal "tcmu-export repeats it" 0 $?
check_equal "and the LUN is served" 1 "$("$tcmuctl" list | grep -c 'user_0/exported.*serving')"
check "and taken back" tcmu-unexport exported
at_kill make_lun direct file//srv/lun0 $each
check_equal "another writer sees the error" 1 "$(grep -c 'Interrupted system call' /run/told)"
check "and can repeat it himself" sh -c "echo 1 >$core/user_0/direct/enable"
check "the LUN goes" rmdir "$core/user_0/direct"
check_none_left "waiters"
check_equal "it complains of nothing" '' "$(daemon_log | grep -E 'warning|error')"

echo "--- one that lives: what it has afterwards"
# held: of the machine and of the daemon.
held() {
    echo "descriptors: $(count_files "/proc/$daemon/fd")"
    echo "threads: $(lasting_threads)"
    echo "locks: $(grep -c . /proc/locks)"
    echo "UIO devices: $(count_files /sys/class/uio)"
    echo "mappings of them: $(grep -c uio "/proc/$daemon/maps")"
}
in_turn() {
    begin "$@"
    wait "${workers[@]}"
    workers=()
}
make_and_remove() {
    in_turn create_and_resize
    begin remove 3
    in_turn create_and_resize
    in_turn remove
}
make_and_remove
before=$(held) memory_before=$(own_memory)
make_and_remove
check_none_left "once more"
check_equal "it holds what it held before" "$before" "$(held)"
grown=$(($(own_memory) - memory_before))
check "it has grown by $grown KiB of $memory_before, 1 MiB at most" test $grown -le 1024
check_equal "it complains of nothing" '' "$(daemon_log | grep -E 'warning|error')"
stop_tcmud

echo "--- two, each with subtypes of its own; one of the two is killed"
[ "$luns" -le 100 ] || luns=100  # More would show nothing else.
subtypes=(file ram) run_directories=(/run/tcmud-file /run/tcmud-ram) pids=(0 0)
start_one() {
    "$tcmud" --subtypes "${subtypes[$1]}" --run-dir "${run_directories[$1]}" >>"/run/tcmud-${subtypes[$1]}.log" 2>&1 &
    pids[$1]=$!
    wait_for 20 "$tcmuctl" --run-dir "${run_directories[$1]}" list || failed "tcmud for ${subtypes[$1]} starts"
}
restart_one() {
    local victim=$((RANDOM % 2))
    kill -KILL "${pids[victim]}"
    wait "${pids[victim]}" 2>/dev/null
    start_one "$victim"
    # It was not its own end.
    kill -0 "${pids[1 - victim]}" || failed "${subtypes[1 - victim]} lives on when ${subtypes[victim]} is killed"
}
start_one 0
start_one 1
begin create_and_resize
storm "two made" restart_one
check_equal "two made: all are enabled" "$luns" "$(enabled | wc -l)"
check_all_served "two made"
begin remove 3
begin create_and_resize
storm "two removed and made" restart_one
check_all_served "two removed and made"
begin remove
storm "two removed" restart_one
check_none_left "two removed"
check_equal "neither complains" '' "$(grep -hE 'warning|error' /run/tcmud-*.log | grep -v 'another TCMU daemon works here')"
kill "${pids[@]}"
wait "${pids[@]}"

echo "--- beside tcmu-runner"
subtypes=(file) run_directories=(/run/tcmud) luns=$((luns / 3))
# It answers events of everybody's devices, with an error.
reply=nl_reply_supported=-1
mkdir -p /run/dbus
dbus-daemon --system --fork
tcmu-runner >/run/runner.log 2>&1 &
runner=$!
wait_for 10 dbus-send --system --print-reply --dest=org.kernel.TCMUService1 /org/kernel/TCMUService1 \
    org.freedesktop.DBus.Introspectable.Introspect
truncate -s 16M /srv/theirs
HBA=9
check "a LUN of its" make_lun theirs qcow//srv/theirs $((16 << 20))
loopback theirs
head -c 1M /dev/urandom >/run/data
use_theirs() {
    dd if=/run/data of="${disk[theirs]}" bs=64k oflag=direct status=none &&
        dd if="${disk[theirs]}" bs=64k count=16 iflag=direct status=none | cmp - /run/data
}
theirs=${disk[theirs]}
start_tcmud
begin create_and_resize
storm "beside it made"
check "beside it made: what is enabled is served" wait_for 20 all_served
check "its LUN works" use_theirs
begin remove
storm "beside it removed"
check_equal "beside it removed: no LUN is left" '' "$(served)"
check "its LUN works" use_theirs
if kill -0 $runner; then passed "it is still the same process"; else
    wait $runner
    failed "it is still the same process" "it ended with $?: $(tail -n 5 /run/runner.log)"
fi
check_equal "which noticed nothing" '' "$(grep -iE 'crit|emerg|panic' /run/runner.log)"
no_loopback
rmdir "$core/user_9/theirs"
kill $runner 2>/dev/null
# By the kernel there is nothing wrong, but for a race of its own: a UIO device that is made while another one goes may get the
# number of that one too early, which fails the `enable` (which is repeated), with a trace.
check_equal "the kernel has nothing to complain of" '' "$(dmesg | grep -E 'BUG:|Oops|general protection|WARNING')"
finish
