# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# How LUNs of a benchmark reach their initiator, by loopback or by the kernel's own iSCSI. Sourced.
# export_lun CANDIDATE NAME BACKSTORE: its disk's name below /dev is added to disks_of[CANDIDATE].
: "${target:?}"
declare -A disks_of
exported=0

export_lun() {
    exported=$((exported + 1))
    "export_by_$BENCH_FABRIC" "$2" "$3"
    wait_until test -b "/dev/$disk"
    echo none >"/sys/block/$disk/queue/scheduler"
    disks_of[$1]+="${disks_of[$1]:+ }$disk"
}

export_by_loopback() {  # NAME BACKSTORE -> disk
    modprobe tcm_loop
    local group block
    group=$target/loopback/naa.$(printf '60014050%08x' $exported)/tpgt_1
    mkdir -p "$group/lun/lun_0"
    printf 'naa.60014051%08x' $exported >"$group/nexus"
    ln -s "$2" "$group/lun/lun_0/lun"
    block=/sys/bus/scsi/devices/$(cat "$group/address"):0/block
    wait_until test -d "$block"
    disk=$(ls "$block")
}

# Target and initiator on the same machine, over its loopback interface.
export_by_iscsi() {  # NAME BACKSTORE -> disk
    modprobe -a iscsi_target_mod iscsi_tcp
    # An iSCSI name has no underscores.
    local name=iqn.2026-01.bench:${1//_/-} group session
    group=$target/iscsi/$name/tpgt_1
    mkdir -p "$group/lun/lun_0" "$group/np/127.0.0.1:3260"
    echo 0 >"$group/attrib/authentication"
    echo 1 >"$group/attrib/generate_node_acls"
    echo 0 >"$group/attrib/demo_mode_write_protect"
    ln -s "$2" "$group/lun/lun_0/lun"
    echo 1 >"$group/enable"
    start_initiator
    iscsiadm -m node -o new -T "$name" -p 127.0.0.1 >/dev/null
    iscsiadm -m node -T "$name" -p 127.0.0.1 --login >/dev/null
    session=$(grep -lx "$name" /sys/class/iscsi_session/session*/targetname | head -1)
    session=$(readlink -f "$(dirname "$session")/device")
    wait_until compgen -G "$session/target*/*:0/block/*"
    disk=$(basename "$session"/target*/*:0/block/*)
}

start_initiator() {
    [ ! -e /run/initiator ] || return 0
    mkdir -p /run/lock/iscsi /etc/iscsi /var/lib/iscsi
    echo InitiatorName=iqn.2026-01.bench:initiator >/etc/iscsi/initiatorname.iscsi
    setsid iscsid
    touch /run/initiator
}
