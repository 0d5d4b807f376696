# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# What tcmu-export, tcmu-unexport and tcmu-list share. Sourced.

# shellcheck disable=SC2034 # Used by those who source this.
version=0.1.0
# Tests give another directory than sysfs.
sys=${TCMU_SYS:-/sys}
target=${TCMU_TARGET:-$sys/kernel/config/target}
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

# all_exports: each link from a LUN directory to a backstore: HBA/NAME, a tabulator, the LUN directory.
all_exports() {
    # Groups are called tpgt_N, but with SRP like their port.
    find "$target"/*/*/*/lun -mindepth 2 -maxdepth 2 -type l -printf '%l\t%h\n' 2>/dev/null | sed 's|^.*/core/||' | sort -V
}

# exports_of DEVICE-DIRECTORY: the LUN directories that link to it, a line each.
exports_of() {
    all_exports | while IFS='	' read -r backstore directory; do
        if [ "$core/$backstore" = "$1" ]; then echo "$directory"; fi
    done
}

# fabric_named NAME: its directory in configfs; people call some of them otherwise. iSER is a property of iSCSI's portals.
fabric_named() {
    case $1 in
    iser) echo iscsi ;;
    srp) echo srpt ;;
    tcm_fc) echo fc ;;
    vhost-scsi) echo vhost ;;
    *) echo "$1" ;;
    esac
}

# The parts of a LUN directory target/FABRIC/WWN/GROUP/lun/LUN.
group_of_lun() { dirname "$(dirname "$1")"; }
wwn_of_lun() { basename "$(dirname "$(group_of_lun "$1")")"; }
fabric_of_lun() { basename "$(dirname "$(dirname "$(group_of_lun "$1")")")"; }

# loopback_device LUN-DIRECTORY: sdX, nstX or schX, once it is there; waits two seconds at most. A drive or changer whose
# driver is not loaded has its sgX alone.
loopback_device() {
    address=$(read_line "$(group_of_lun "$1")/address")
    number=${1##*lun_}
    tries=0
    while [ $tries -lt 20 ]; do
        for node in "$sys/bus/scsi/devices/$address:$number"/block/* \
            "$sys/bus/scsi/devices/$address:$number"/scsi_tape/nst*[0-9] "$sys/bus/scsi/devices/$address:$number"/scsi_changer/*; do
            if [ -d "$node" ]; then
                basename "$node"
                return
            fi
        done
        tries=$((tries + 1))
        sleep 0.1
    done
    for node in "$sys/bus/scsi/devices/$address:$number/scsi_generic"/*; do
        if [ -d "$node" ]; then basename "$node"; fi
    done
}

# kind_of_device NAME: what it is, in a word.
kind_of_device() {
    case $1 in
    nst*) echo tape ;;
    sch*) echo changer ;;
    sg*) echo generic ;;
    *) echo disk ;;
    esac
}

# logged_in ACL-DIRECTORY: whether this initiator is.
logged_in() {
    # iSCSI tells by itself; of all fabrics the statistics of what is mapped can be read while there is a session.
    grep -qs 'LIO Session ID' "$1/info" || cat "$1"/lun_*/statistics/scsi_att_intr_port/inst >/dev/null 2>&1
}

# sessions_of GROUP-DIRECTORY: initiators that are logged in, a line each.
sessions_of() {
    {
        read_line "$1/dynamic_sessions" | tr '\0' '\n'
        for acl in "$1"/acls/*/; do
            acl=${acl%/}
            if [ -d "$acl" ] && logged_in "$acl"; then basename "$acl"; fi
        done
    } | sed '/^$/d' | sort -u
}

# hexadecimal TEXT DIGITS: digits that depend on this machine and the text alone.
hexadecimal() {
    printf '%s %s' "$(uname -n)" "$1" | sha256sum | cut -c "1-$2"
}

# default_target FABRIC HBA NAME: the name of a LUN's target, made of the LUN's; nothing where the target is a port.
default_target() {
    case $1 in
    # NAA type 5 addresses.
    loopback) echo "naa.5$(hexadecimal "target user_$2/$3" 15)" ;;
    vhost) echo "naa.5$(hexadecimal "target vhost user_$2/$3" 15)" ;;
    iscsi | iser) echo "iqn.2003-01.org.tcmud.$(uname -n | tr 'A-Z_' 'a-z-'):$(echo "$3" | tr 'A-Z_' 'a-z-')" ;;
    esac
}

# shell_quoted TEXT
shell_quoted() { printf "'%s'" "$(printf '%s' "$1" | sed "s/'/'\\\\''/g")"; }

# lun_file DEVICE-DIRECTORY: what makes the LUN again at boot. The HBA has no dots, so that no two LUNs share one.
lun_file() { echo "$luns_directory/$(basename "$(dirname "$1")").${1##*/}"; }

# replace_lun_file FILE: by standard input, whole or not at all.
replace_lun_file() {
    (umask 077 && cat >"$luns_directory/.new.$$") && mv "$luns_directory/.new.$$" "$1"
}

# forget DEVICE-DIRECTORY [FABRIC]: it is not made again at boot, over this fabric or at all.
forget() {
    file=$(lun_file "$1")
    [ -f "$file" ] || return 0
    kinds=${2:-}
    [ "$kinds" != iscsi ] || kinds='iscsi|iser'
    if [ -n "$kinds" ] && grep -vE "^-f ($kinds) " "$file" | grep -q '^-'; then
        grep -vE "^-f ($kinds) " "$file" | replace_lun_file "$file"
    else
        rm -f "$file"
    fi
}
