# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What tcmu-export, tcmu-unexport and tcmu-list share. Sourced.

# shellcheck disable=SC2034 # Used by those who source this.
version=0.1.0
target=${TCMU_TARGET:-/sys/kernel/config/target}
core=$target/core
program=$(basename "$0")
# LUNs that are made again at boot. Where it does not exist, nothing makes them.
luns_directory=${TCMU_LUNS:-/etc/tcmud/luns.d}

# fail MESSAGE: one line that says what is wrong and how to mend it.
fail() {
    echo "$program: $*" >&2
    exit 1
}
wrong_usage() {
    echo "$program: $*" >&2
    echo "$program -h shows how it is used" >&2
    exit 2
}

# The daemon: given by TCMUD, built beside these scripts, or installed.
find_tcmud() {
    if [ -n "${TCMUD:-}" ]; then
        echo "$TCMUD"
    elif [ -x "$(dirname "$0")/../build/release/bin/tcmud" ]; then
        echo "$(dirname "$0")/../build/release/bin/tcmud"
    else
        command -v tcmud || fail "tcmud is not installed; TCMUD=/path/of/tcmud names it"
    fi
}

need_root() {
    [ "$(id -u)" = 0 ] || fail "only root can write configfs"
}

load_module() {
    [ -d "/sys/module/$1" ] || modprobe "$1" 2>/dev/null || [ -d "/sys/module/$1" ] ||
        fail "cannot load the kernel module $1: the kernel may lack it (modprobe $1 says more)"
}

mount_configfs() {
    [ -d /sys/kernel/config ] || load_module configfs
    grep -q ' /sys/kernel/config configfs ' /proc/mounts || mount -t configfs configfs /sys/kernel/config ||
        fail "cannot mount configfs on /sys/kernel/config"
}

# read_line FILE: its first line, or nothing.
read_line() {
    if [ -r "$1" ]; then head -n 1 "$1" 2>/dev/null || true; fi
}

# config_of DEVICE-DIRECTORY: the cfgstring of a TCMU backstore.
config_of() {
    read_line "$1/attrib/dev_config"
}

serial_of() {
    read_line "$1/wwn/vpd_unit_serial" | sed 's/^T10 VPD Unit Serial Number: *//'
}

# tcmu_devices: the directories of all TCMU backstores, a line each.
tcmu_devices() {
    for directory in "$core"/user_*/*/; do
        if [ -d "$directory/attrib" ]; then echo "${directory%/}"; fi
    done
}

# exports_of DEVICE-DIRECTORY: the LUN directories that link to it, a line each.
exports_of() {
    for link in "$target"/*/*/tpgt_*/lun/lun_*/*; do
        [ -L "$link" ] || continue
        if [ "$(readlink -f "$link")" = "$(readlink -f "$1")" ]; then dirname "$link"; fi
    done
}

# The parts of a LUN directory target/FABRIC/WWN/GROUP/lun/LUN.
group_of_lun() { dirname "$(dirname "$1")"; }
wwn_of_lun() { basename "$(dirname "$(group_of_lun "$1")")"; }
fabric_of_lun() { basename "$(dirname "$(dirname "$(group_of_lun "$1")")")"; }

# loopback_disk LUN-DIRECTORY: sdX, once it is there; waits two seconds at most.
loopback_disk() {
    address=$(read_line "$(group_of_lun "$1")/address")
    number=${1##*lun_}
    tries=0
    while [ $tries -lt 20 ]; do
        for block in /sys/bus/scsi/devices/"$address:$number"/block/*; do
            if [ -d "$block" ]; then
                basename "$block"
                return
            fi
        done
        tries=$((tries + 1))
        sleep 0.1
    done
}

# sessions_of GROUP-DIRECTORY: initiators that are logged in, a line each.
sessions_of() {
    {
        read_line "$1/dynamic_sessions" | tr '\0' '\n'
        for acl in "$1"/acls/*/; do
            [ -d "$acl" ] || continue
            if grep -q 'LIO Session ID' "$acl/info" 2>/dev/null; then basename "$acl"; fi
        done
    } | sed '/^$/d'
}

# shell_quoted TEXT
shell_quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# lun_file DEVICE-DIRECTORY: what makes the LUN again at boot. The HBA has no dots, so that no two LUNs share one.
lun_file() { echo "$luns_directory/$(basename "$(dirname "$1")").${1##*/}"; }

# replace_lun_file FILE: by standard input, whole or not at all.
replace_lun_file() {
    (umask 077 && cat >"$luns_directory/.new") && mv "$luns_directory/.new" "$1"
}

# forget DEVICE-DIRECTORY [FABRIC]: it is not made again at boot, over this fabric or at all.
forget() {
    file=$(lun_file "$1")
    [ -f "$file" ] || return 0
    if [ -n "${2:-}" ] && grep -v "^-f $2 " "$file" | grep -q '^-'; then
        grep -v "^-f $2 " "$file" | replace_lun_file "$file"
    else
        rm -f "$file"
    fi
}
