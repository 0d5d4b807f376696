# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The candidates of a benchmark: their daemons, each in a session of its own as under systemd, and a LUN for each. Sourced.
# A function make_CANDIDATE exports its LUN; daemon_of[CANDIDATE] is the process that serves it, empty for the kernel.
target=/sys/kernel/config/target
files=/mnt/files
size=$((64 << 20))
declare -A daemon_of

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

start_daemons() {
    if wants runner; then
        mkdir -p /run/dbus
        dbus-daemon --system --fork
        setsid tcmu-runner >/run/tcmu-runner.out 2>&1 &
        daemon_of[runner]=$!
        wait_until on_bus
    fi
    # shellcheck disable=SC2086 # A list of options.
    setsid build/release/bin/tcmud --subtypes file,null,ram --hba user_7 ${BENCH_TCMUD_OPTIONS:-} >/run/tcmud.out 2>&1 &
    tcmud=$!
    wait_until test -S /run/tcmud/control.sock
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
    make_file runner
    export_lun runner "$(make_user_lun 0 runner "qcow/$files/runner")"
}
make_tcmud() {  # CANDIDATE CONFIG
    daemon_of[$1]=$tcmud
    export_lun "$1" "$(make_user_lun 7 "$1" "$2" nl_reply_supported=-1)"
}
make_tcmud_file() { make_file tcmud_file; make_tcmud tcmud_file "file/$files/tcmud_file"; }
make_tcmud_direct() { make_file tcmud_direct; make_tcmud tcmud_direct "file/$files/tcmud_direct;direct=on"; }
make_tcmud_null() { make_tcmud tcmud_null null/; }
make_tcmud_ram() { make_tcmud tcmud_ram ram/; }

# The two reference handlers: what a bare handler of one command at a time reaches.
make_reference() {  # CANDIDATE KIND
    local device
    device=$(make_user_lun 8 "$1" "reference/$files/$1" nl_reply_supported=-1)
    setsid build/release/bin/tcmu-reference "$2" "8/$1" >/run/"$1".out 2>&1 &
    daemon_of[$1]=$!
    export_lun "$1" "$device"
}
make_reference_null() { make_reference reference_null null; }
make_reference_inline() { make_file reference_inline; make_reference reference_inline inline; }

make_fileio() {
    make_file fileio
    local device=$target/core/fileio_0/fileio
    mkdir -p "$device"
    echo "fd_dev_name=$files/fileio,fd_dev_size=$size" >"$device/control"
    echo 1 >"$device/enable"
    export_lun fileio "$device"
}
