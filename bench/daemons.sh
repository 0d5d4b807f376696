# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The candidates of a benchmark: their daemons, each in a session of its own as under systemd, and LUNs for each. Sourced.
# A function make_CANDIDATE NAME exports a LUN; daemons_of[CANDIDATE] are the processes that serve them, none for the kernel.
target=/sys/kernel/config/target
files=/mnt/files
declare -A daemons_of
# Of a LUN. Few large or many small ones.
size=$(((BENCH_LUNS > 8 ? 8 : 64 / BENCH_LUNS) << 20))

wants() { [[ " $BENCH_CANDIDATES " == *" $1 "* ]]; }

wait_until() {  # COMMAND...
    for _ in $(seq 200); do
        if "$@" >/dev/null 2>&1; then return; fi
        sleep 0.1
    done
    echo "bench: waited in vain for: $*" >&2
    return 1
}

on_bus() {
    dbus-send --system --print-reply --dest=org.freedesktop.DBus / org.freedesktop.DBus.NameHasOwner \
        "string:org.kernel.TCMUService1" 2>/dev/null | grep -q true
}

# start NAME COMMAND...: its process goes to `started`.
start() {
    if [ -n "${BENCH_SYSTEMD:-}" ]; then
        start_unit "$@"
    else
        setsid "${@:2}" >/run/"$1".out 2>&1 &
        started=$!
    fi
}

start_daemons() {
    if wants runner; then
        if [ -z "${BENCH_SYSTEMD:-}" ]; then
            mkdir -p /run/dbus
            dbus-daemon --system --fork
        fi
        start runner tcmu-runner
        daemons_of[runner]=$started
        wait_until on_bus
    fi
    # shellcheck disable=SC2206 # A list of options.
    local command=("$PWD/build/release/bin/tcmud" --subtypes "file,null,ram" --hba user_7 ${BENCH_TCMUD_OPTIONS:-})
    if [ -n "${BENCH_SYSTEMD:-}" ]; then start_service "${command[@]}"; else start tcmud "${command[@]}"; fi
    tcmud=$started
    wait_until test -S /run/tcmud/control.sock
}

make_luns() {  # CANDIDATE
    local number
    for number in $(seq "$BENCH_LUNS"); do "make_$1" "$1.$number"; done
}

# make_user_lun HBA NAME CONFIG [CONTROL]: tcmu-runner answers for devices that are not its own, with an error; so `enable` does
# not wait for answers to ours.
make_user_lun() {
    local device=$target/core/user_$1/$2 control
    mkdir -p "$device"
    for control in "dev_config=$3" "dev_size=$size" "${@:4}"; do echo "$control" >"$device/control"; done
    echo 1 >"$device/enable"
    echo "$device"
}

# Written once, so that no candidate measures the allocation of blocks and pages.
make_file() {
    dd if=/dev/zero of="$files/$1" bs=1M count=$((size >> 20)) conv=fsync status=none
}

# The limit that tcmu-runner advertises is the kernel's default, as it is for whoever uses it.
make_runner() {
    make_file "$1"
    export_lun runner "$1" "$(make_user_lun 0 "$1" "qcow/$files/$1")"
}
make_tcmud() {  # NAME CONFIG
    daemons_of[${1%.*}]=$tcmud
    export_lun "${1%.*}" "$1" "$(make_user_lun 7 "$1" "$2" nl_reply_supported=-1)"
}
make_tcmud_file() { make_file "$1"; make_tcmud "$1" "file/$files/$1"; }
make_tcmud_direct() { make_file "$1"; make_tcmud "$1" "file/$files/$1;direct=on"; }
make_tcmud_null() { make_tcmud "$1" null/; }
make_tcmud_ram() { make_tcmud "$1" ram/; }

# The two reference handlers: what a bare handler of one command at a time reaches.
make_reference() {  # NAME KIND
    local device
    device=$(make_user_lun 8 "$1" "reference/$files/$1" nl_reply_supported=-1)
    start "$1" "$PWD/build/release/bin/tcmu-reference" "$2" "8/$1"
    daemons_of[${1%.*}]+=" $started"
    export_lun "${1%.*}" "$1" "$device"
}
make_reference_null() { make_reference "$1" null; }
make_reference_inline() { make_file "$1"; make_reference "$1" inline; }

make_fileio() {
    make_file "$1"
    local device=$target/core/fileio_0/$1
    mkdir -p "$device"
    echo "fd_dev_name=$files/$1,fd_dev_size=$size" >"$device/control"
    echo 1 >"$device/enable"
    export_lun fileio "$1" "$device"
}
