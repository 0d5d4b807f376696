# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What guest tests share. Sourced; the working directory is the project's.
#
# A test is a list of `check "what is true" COMMAND...`, which print a line each, and ends with `finish`.

set -u
target=/sys/kernel/config/target
core=$target/core
tcmud=${TCMUD_BUILD:-build/release}/bin/tcmud
tcmuctl=${TCMUD_BUILD:-build/release}/bin/tcmuctl
export TCMUD=$PWD/$tcmud
daemon=''
checks=0 failures=0

# A process costs User Mode Linux as much time as a LUN costs tcmud.
for command in mkdir rmdir sleep; do
    [ ! -e "/usr/lib/bash/$command" ] || enable -f "/usr/lib/bash/$command" "$command"
done

passed() { checks=$((checks + 1)); echo "ok    $1"; }
failed() {
    checks=$((checks + 1)) failures=$((failures + 1))
    echo "FAIL  $1"
    [ -z "${2:-}" ] || head -n 20 <<<"$2" | cut -c 1-400 | sed 's/^/          /'
}

# check WHAT COMMAND...: the command succeeds.
check() {
    local what=$1 output
    shift
    if output=$("$@" 2>&1); then passed "$what"; else failed "$what" "$* -> $?: $output"; fi
}
# check_fails WHAT TEXT COMMAND...: it fails, and says TEXT (an extended regular expression).
check_fails() {
    local what=$1 text=$2 output
    shift 2
    if output=$("$@" 2>&1); then
        failed "$what" "$* succeeded: $output"
    elif grep -qE -- "$text" <<<"$output"; then
        passed "$what"
    else
        failed "$what" "$* said '$output', not '$text'"
    fi
}
# check_code WHAT CODE COMMAND...: it ends with this exit code.
check_code() {
    local what=$1 code=$2 output got=0
    shift 2
    output=$("$@" 2>&1) || got=$?
    if [ "$got" = "$code" ]; then passed "$what"; else failed "$what" "$* ended with $got, not $code: $output"; fi
}
# check_equal WHAT EXPECTED GOT
check_equal() { if [ "$2" = "$3" ]; then passed "$1"; else failed "$1" "expected '$2', got '$3'"; fi; }

finish() {
    [ -z "$daemon" ] || stop_tcmud
    if [ "$failures" != 0 ] && [ -e /run/tcmud.log ]; then
        echo "--- the daemon's log:"
        tail -n 40 /run/tcmud.log
    fi
    echo "$checks checks, $failures failed"
    [ "$failures" = 0 ] && [ "$checks" != 0 ]
    exit
}

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
    local until=$((SECONDS + $1))
    shift
    while ! "$@" >/dev/null 2>&1; do
        [ $SECONDS -lt $until ] || return 1
        sleep 0.1
    done
}

# start_tcmud [OPTION...]: waits until it answers. Its log is /run/tcmud.log.
start_tcmud() {
    "$tcmud" "$@" >>/run/tcmud.log 2>&1 &
    daemon=$!
    wait_for "${TCMUD_PATIENCE:-20}" "$tcmuctl" list || {
        failed "tcmud starts" "$(tail /run/tcmud.log)"
        finish
    }
}
# stop_tcmud [SIGNAL]: and waits for its end, ten seconds at most.
stop_tcmud() {
    kill "-${1:-TERM}" "$daemon" 2>/dev/null
    ( sleep 10; kill -KILL "$daemon" 2>/dev/null ) &
    local guard=$!
    wait "$daemon"
    daemon_status=$?  # For those who want to know.
    kill "$guard" 2>/dev/null
    daemon=''
}
daemon_log() { cat /run/tcmud.log; }

# What the daemon itself has, in KiB: VmRSS or VmLck, whichever is more, without the pages of rings and data areas, which are
# the kernel's.
own_memory() {
    local most uio
    most=$(awk '/^(VmRSS|VmLck)/ && $2 > most {most = $2} END {print most}' "/proc/$daemon/status")
    uio=$(awk '/^[0-9a-f]+-/ {uio = $6 ~ /uio/} /^Rss:/ && uio {sum += $2} END {print sum + 0}' "/proc/$daemon/smaps")
    echo $((most - uio))
}
threads() { awk '/^Threads/ {print $2}' "/proc/$daemon/status"; }
# Their names, but for the pool that opens LUNs: it has four at most, each made when there is more to open than before.
lasting_threads() { sort "/proc/$daemon"/task/*/comm | grep -v '^offload$' | tr '\n' ' '; }
# The nanoseconds that each of its threads has been on a CPU, with name and number of times.
cpu_times() {
    local task
    for task in "/proc/$daemon"/task/*; do echo "$(<"$task/comm") ${task##*/} $(<"$task/schedstat")"; done
}

# make_lun NAME CONFIG SIZE [CONTROL...]: a backstore below core/user_0, enabled; the code is that of `enable`.
make_lun() {
    local device=$core/user_${HBA:-0}/$1 config=$2 size=$3 control
    shift 3
    mkdir -p "$device" || return
    echo "dev_config=$config" >"$device/control"
    echo "dev_size=$size" >"$device/control"
    for control; do echo "$control" >"$device/control" || return; done
    env echo 1 >"$device/enable"
}

# loopback NAME...: LUNs of core/user_0, or of another HBA if the name has it (fileio_0/one), as devices of one loopback host; their
# names below /dev go to disk[NAME] (of a tape its nstX, of a changer its schX) and, those of sg, to generic[NAME].
declare -A disk generic
# wait_for_node SCSI-DEVICE: the directory of its block device, of its tape that does not rewind, or of its changer.
wait_for_node() {
    local tries node
    for ((tries = 0; tries < 100; tries++)); do
        for node in "$1"/block/* "$1"/scsi_tape/nst*[0-9] "$1"/scsi_changer/*; do
            [ ! -d "$node" ] || { echo "$node"; return; }
        done
        sleep 0.1
    done
    return 1
}
loopback_hosts=0
loopback() {
    modprobe tcm_loop
    loopback_hosts=$((loopback_hosts + 1))
    local group=$target/loopback/naa.600140500000000$loopback_hosts/tpgt_1 number=0 name backstore address found node names
    # Few processes for each LUN: there may be hundreds.
    eval "mkdir -p '$group/lun/lun_'{0..$(($# - 1))}"
    echo "naa.600140510000000$loopback_hosts" >"$group/nexus"
    address=$(cat "$group/address")
    for name; do
        [[ $name == */* ]] && backstore=$core/$name || backstore=$core/user_${HBA:-0}/$name
        ln -s "$backstore" "$group/lun/lun_$number/lun"
        found=/sys/bus/scsi/devices/$address:$number
        node=$(wait_for_node "$found") || { failed "the device of $name appears" "$(dmesg | tail)"; finish; }
        names=("$node" "$found/scsi_generic"/*)
        disk[$name]=/dev/${names[0]##*/}
        generic[$name]=/dev/${names[1]##*/}
        wait_for 10 test -e "${disk[$name]}" -a -c "${generic[$name]}"
        number=$((number + 1))
    done
}
# no_loopback: takes all of them back; the LUNs stay.
no_loopback() {
    local link group
    for link in "$target"/loopback/*/tpgt_1/lun/lun_*/lun; do
        [ -L "$link" ] || continue
        rm "$link" && rmdir "$(dirname "$link")"
    done
    for group in "$target"/loopback/*/tpgt_1; do
        [ -d "$group" ] || continue
        rmdir "$group" "$(dirname "$group")"
    done
    disk=()
}

# iscsi NAME IQN: a LUN as LUN 0 of a target that lets everybody in, on 127.0.0.1.
iscsi() {
    modprobe iscsi_target_mod
    local group=$target/iscsi/$2/tpgt_1
    mkdir -p "$group/lun/lun_0" "$group/np/127.0.0.1:3260"
    echo 0 >"$group/attrib/authentication"
    echo 1 >"$group/attrib/generate_node_acls"
    echo 0 >"$group/attrib/demo_mode_write_protect"
    ln -s "$1" "$group/lun/lun_0/lun"
    echo 1 >"$group/enable"
}

# memory_disk DIRECTORY SIZE: a tmpfs for backing files.
memory_disk() {
    mkdir -p "$1"
    mount -t tmpfs -o "size=$2" files "$1"
}

# fio_figure FILE JOB PATH: a number of fio's JSON, rounded, for example: fio_figure /run/fio.json polite read/iops
fio_figure() {
    python3 - "$@" <<'PYTHON'
import json, sys
name, job, path = sys.argv[1:]
value = next(each for each in json.load(open(name))["jobs"] if each["jobname"] == job)
for key in path.split("/"):
    value = value[key]
print(round(value))
PYTHON
}

# in_full N M: N in the short form of the tests, M with ./check --full.
in_full() { if [ -n "${TCMUD_FULL:-}" ]; then echo "$2"; else echo "$1"; fi; }
