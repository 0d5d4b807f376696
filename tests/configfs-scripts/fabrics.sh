#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What tcmu-export and tcmu-unexport do to configfs for each fabric, most of which need hardware: their dry runs are compared
# with the sequence that the kernel wants, and carried out in a directory of files that looks like configfs.
cd "$(dirname "$0")/../.." || exit
. tests/guest/lib.sh
export PATH=$PWD/configfs-scripts:$PATH
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
export TCMU_SYS=$work/sys
target=$TCMU_SYS/kernel/config/target
mkdir -p "$target" "$TCMU_SYS/module/target_core_user"
truncate -s 1M "$work/disk1"
echo alicespassword >"$work/alice"
echo targetspassword >"$work/target"

# As in the recipes: T for the target directory, D for the backstore, and what is made of the host's name.
short() {
    sed -E "s|$target/core/user_0/disk1|D|g; s|$target|T|g; s|$work|W|g; s/naa\.5[0-9a-f]{15}/NAA/g; s/serial\$/serial/
        s|^echo [0-9a-f]{32} >D|echo SERIAL >D|"
}
# recipe WHAT ARGUMENT... <EXPECTED: what tcmu-export does after it has made the backstore.
recipe() {
    local what=$1 printed
    shift
    printed=$(tcmu-export -N "$@" "$work/disk1" 2>&1)
    check_equal "$what" "$(cat)" "$(short <<<"$printed" | sed '1,/vpd_unit_serial/d')"
    carry_out "$printed"
}
# carry_out COMMANDS: in a tree in which, unlike in configfs, no directory has attributes by itself.
carry_out() {
    # shellcheck disable=SC2016 # The shell that carries it out expands it.
    sed -E '/^modprobe/d; s/^mkdir /mkdir -p /; s/^(.*>)(.*)$/mkdir -p "$(dirname \2)"; \1\2/' <<<"$1" | sh -e
    mkdir -p "$target/core/user_0/disk1/attrib"
    printf 'file/%s\n' "$work/disk1" >"$target/core/user_0/disk1/attrib/dev_config"
    echo 1048576 >"$target/core/user_0/disk1/attrib/dev_size"
    echo 512 >"$target/core/user_0/disk1/attrib/hw_block_size"
}
# teardown WHAT <EXPECTED: of what recipe has made; the tree is empty then.
teardown() {
    check_equal "$1" "$(cat)" "$(tcmu-unexport -N disk1 2>&1 | short)"
    rm -rf "${target:?}"/*
}

echo "--- the backstore"
check_equal "is made step by step" "modprobe target_core_user
mkdir T/core/user_0
mkdir D
echo dev_config=file/W/disk1 >D/control
echo dev_size=1048576 >D/control
echo hw_block_size=512 >D/control
echo hw_max_sectors=16384 >D/control
echo max_data_area_mb=16 >D/control
echo 1 >D/enable
echo SERIAL >D/wwn/vpd_unit_serial" \
    "$(rmdir "$TCMU_SYS/module/target_core_user"; tcmu-export -N -k max_data_area_mb=16 "$work/disk1" | short | sed '/loop/,$d')"
mkdir "$TCMU_SYS/module/target_core_user"
check_equal "and nothing is changed by a dry run" "" "$(ls "$target")"

echo "--- loopback"
recipe "the nexus is before the LUN" <<'RECIPE'
modprobe tcm_loop
mkdir T/loopback
mkdir T/loopback/NAA
mkdir T/loopback/NAA/tpgt_1
echo NAA >T/loopback/NAA/tpgt_1/nexus
mkdir T/loopback/NAA/tpgt_1/lun/lun_0
ln -s D T/loopback/NAA/tpgt_1/lun/lun_0/disk1
RECIPE
teardown "and goes last" <<'RECIPE'
rm T/loopback/NAA/tpgt_1/lun/lun_0/disk1
rmdir T/loopback/NAA/tpgt_1/lun/lun_0
rmdir T/loopback/NAA/tpgt_1
rmdir T/loopback/NAA
rmdir D
rmdir T/core/user_0
RECIPE

echo "--- vhost-scsi"
recipe "a disk of a virtual machine" -f vhost-scsi -i naa.5000000000000001 <<'RECIPE'
modprobe vhost_scsi
mkdir T/vhost
mkdir T/vhost/NAA
mkdir T/vhost/NAA/tpgt_1
echo NAA >T/vhost/NAA/tpgt_1/nexus
mkdir T/vhost/NAA/tpgt_1/lun/lun_0
ln -s D T/vhost/NAA/tpgt_1/lun/lun_0/disk1
RECIPE
teardown "is taken back" <<'RECIPE'
rm T/vhost/NAA/tpgt_1/lun/lun_0/disk1
rmdir T/vhost/NAA/tpgt_1/lun/lun_0
rmdir T/vhost/NAA/tpgt_1
rmdir T/vhost/NAA
rmdir D
rmdir T/core/user_0
RECIPE

echo "--- iSCSI"
iqn=iqn.2003-01.org.tcmud:d
recipe "for everybody, at several portals" -f iscsi -i $iqn -p 192.0.2.1 -p 192.0.2.2:3261 -p '[2001:db8::1]:3260' -p 2001:db8::2 <<'RECIPE'
modprobe iscsi_target_mod
mkdir T/iscsi
mkdir T/iscsi/iqn.2003-01.org.tcmud:d
mkdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1
mkdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/lun/lun_0
ln -s D T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/lun/lun_0/disk1
mkdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/np/192.0.2.1:3260
mkdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/np/192.0.2.2:3261
mkdir 'T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/np/[2001:db8::1]:3260'
mkdir 'T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/np/[2001:db8::2]:3260'
echo 0 >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/attrib/authentication
echo 1 >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/attrib/generate_node_acls
echo 1 >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/attrib/cache_dynamic_acls
echo 0 >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/attrib/demo_mode_write_protect
echo 1 >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/enable
RECIPE
rm -rf "${target:?}"/*

recipe "iSER, for one initiator, both sides and discovery by password" -f iser -i $iqn -p 192.0.2.1 -a iqn.2003-01.org.tcmud:i \
    -u alice -w "$work/alice" -U me -W "$work/target" -d alice -x "$work/alice" -D me -X "$work/target" <<'RECIPE'
modprobe iscsi_target_mod
modprobe ib_isert
mkdir T/iscsi
mkdir T/iscsi/iqn.2003-01.org.tcmud:d
mkdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1
mkdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/lun/lun_0
ln -s D T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/lun/lun_0/disk1
mkdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/np/192.0.2.1:3260
echo 1 >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/np/192.0.2.1:3260/iser
echo 1 >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/attrib/authentication
echo 0 >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/attrib/generate_node_acls
mkdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/acls/iqn.2003-01.org.tcmud:i
mkdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/acls/iqn.2003-01.org.tcmud:i/lun_0
ln -s T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/lun/lun_0 T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/acls/iqn.2003-01.org.tcmud:i/lun_0/disk1
printf %s alice >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/acls/iqn.2003-01.org.tcmud:i/auth/userid
head -n 1 W/alice | tr -d '\n' >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/acls/iqn.2003-01.org.tcmud:i/auth/password
printf %s me >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/acls/iqn.2003-01.org.tcmud:i/auth/userid_mutual
head -n 1 W/target | tr -d '\n' >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/acls/iqn.2003-01.org.tcmud:i/auth/password_mutual
printf %s alice >T/iscsi/discovery_auth/userid
head -n 1 W/alice | tr -d '\n' >T/iscsi/discovery_auth/password
printf %s me >T/iscsi/discovery_auth/userid_mutual
head -n 1 W/target | tr -d '\n' >T/iscsi/discovery_auth/password_mutual
echo 1 >T/iscsi/discovery_auth/enforce_discovery_auth
echo 1 >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/enable
RECIPE
check_equal "the list shows portal and initiator" "    iscsi $iqn LUN 0
        portal 192.0.2.1:3260 with iSER
        lets in iqn.2003-01.org.tcmud:i, who knows the password" "$(tcmu-list | sed 1d)"
check_fails "another user of discovery is refused" "discovery has the user alice already; tcmu-unexport -d" \
    tcmu-export -N -f iscsi -i $iqn -d bob -x "$work/alice" "$work/disk1"
check_equal "discovery is opened again" "echo 0 >T/iscsi/discovery_auth/enforce_discovery_auth
printf %s NULL >T/iscsi/discovery_auth/userid
printf %s NULL >T/iscsi/discovery_auth/password
printf %s NULL >T/iscsi/discovery_auth/userid_mutual
printf %s NULL >T/iscsi/discovery_auth/password_mutual" "$(tcmu-unexport -N -d | short)"
teardown "nobody can log in while it is taken back" <<'RECIPE'
echo 0 >T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/enable
rm T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/acls/iqn.2003-01.org.tcmud:i/lun_0/disk1
rmdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/acls/iqn.2003-01.org.tcmud:i/lun_0
rmdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/acls/iqn.2003-01.org.tcmud:i
rmdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/np/192.0.2.1:3260
rm T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/lun/lun_0/disk1
rmdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1/lun/lun_0
rmdir T/iscsi/iqn.2003-01.org.tcmud:d/tpgt_1
rmdir T/iscsi/iqn.2003-01.org.tcmud:d
rmdir D
rmdir T/core/user_0
RECIPE

echo "--- SRP"
initiator=0x00000000000000000002c903000e8acd
recipe "at a port, for an initiator" -f srp -i 0002:c903:000e:8ace -p 5555 -a $initiator <<'RECIPE'
modprobe ib_srpt
mkdir T/srpt
mkdir T/srpt/0002:c903:000e:8ace
mkdir T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace
mkdir T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/lun/lun_0
ln -s D T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/lun/lun_0/disk1
mkdir T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/acls/0x00000000000000000002c903000e8acd
mkdir T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/acls/0x00000000000000000002c903000e8acd/lun_0
ln -s T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/lun/lun_0 T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/acls/0x00000000000000000002c903000e8acd/lun_0/disk1
echo 5555 >T/srpt/discovery_auth/rdma_cm_port
echo 1 >T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/enable
RECIPE
check_equal "the list has it" "    srpt 0002:c903:000e:8ace LUN 0
        lets in $initiator" "$(tcmu-list | sed 1d)"
check_equal "the JSON, too" "srpt 0002:c903:000e:8ace $initiator none" "$(tcmu-list --json | python3 -c '
import json, sys
export = json.load(sys.stdin)[0]["exports"][0]
acl = export["lets_in"][0]
print(export["fabric"], export["wwn"], acl["initiator"], acl["password"])')"
teardown "is taken back" <<'RECIPE'
echo 0 >T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/enable
rm T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/acls/0x00000000000000000002c903000e8acd/lun_0/disk1
rmdir T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/acls/0x00000000000000000002c903000e8acd/lun_0
rmdir T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/acls/0x00000000000000000002c903000e8acd
rm T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/lun/lun_0/disk1
rmdir T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace/lun/lun_0
rmdir T/srpt/0002:c903:000e:8ace/0002:c903:000e:8ace
rmdir T/srpt/0002:c903:000e:8ace
rmdir D
rmdir T/core/user_0
RECIPE

echo "--- Fibre Channel"
recipe "qla2xxx for everybody" -f qla2xxx -i 0x21000024FF3BD6A1 <<'RECIPE'
modprobe qla2xxx qlini_mode=disabled
modprobe tcm_qla2xxx
mkdir T/qla2xxx
mkdir T/qla2xxx/21:00:00:24:ff:3b:d6:a1
mkdir T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1
mkdir T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/lun/lun_0
ln -s D T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/lun/lun_0/disk1
echo 0 >T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/attrib/demo_mode_login_only
echo 0 >T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/attrib/demo_mode_write_protect
echo 1 >T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/enable
RECIPE
rm -rf "${target:?}"/*
mkdir -p "$TCMU_SYS/class/fc_host/host3"
echo 0x21000024ff3bd6a1 >"$TCMU_SYS/class/fc_host/host3/port_name"
recipe "qla2xxx for one initiator, at the machine's only port" -f qla2xxx -a 21:00:00:24:FF:3B:D6:A2 <<'RECIPE'
modprobe qla2xxx qlini_mode=disabled
modprobe tcm_qla2xxx
mkdir T/qla2xxx
mkdir T/qla2xxx/21:00:00:24:ff:3b:d6:a1
mkdir T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1
mkdir T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/lun/lun_0
ln -s D T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/lun/lun_0/disk1
echo 0 >T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/attrib/generate_node_acls
mkdir T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/acls/21:00:00:24:ff:3b:d6:a2
mkdir T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/acls/21:00:00:24:ff:3b:d6:a2/lun_0
ln -s T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/lun/lun_0 T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/acls/21:00:00:24:ff:3b:d6:a2/lun_0/disk1
echo 1 >T/qla2xxx/21:00:00:24:ff:3b:d6:a1/tpgt_1/enable
RECIPE
rm -rf "${target:?}"/*
recipe "tcm_fc has no switch" -f tcm_fc -a 21:00:00:24:ff:3b:d6:a2 <<'RECIPE'
modprobe tcm_fc
mkdir T/fc
mkdir T/fc/21:00:00:24:ff:3b:d6:a1
mkdir T/fc/21:00:00:24:ff:3b:d6:a1/tpgt_1
mkdir T/fc/21:00:00:24:ff:3b:d6:a1/tpgt_1/lun/lun_0
ln -s D T/fc/21:00:00:24:ff:3b:d6:a1/tpgt_1/lun/lun_0/disk1
mkdir T/fc/21:00:00:24:ff:3b:d6:a1/tpgt_1/acls/21:00:00:24:ff:3b:d6:a2
mkdir T/fc/21:00:00:24:ff:3b:d6:a1/tpgt_1/acls/21:00:00:24:ff:3b:d6:a2/lun_0
ln -s T/fc/21:00:00:24:ff:3b:d6:a1/tpgt_1/lun/lun_0 T/fc/21:00:00:24:ff:3b:d6:a1/tpgt_1/acls/21:00:00:24:ff:3b:d6:a2/lun_0/disk1
RECIPE
truncate -s 1M "$work/disk2"
printed=$(tcmu-export -N -f fc -a 21:00:00:24:ff:3b:d6:a2 "$work/disk2")
check_equal "a second LUN of the port is LUN 1" 1 "$(grep -c 'ln -s.*/disk2 .*/lun_1/disk2$' <<<"$printed")"
carry_out "$printed"
mkdir -p "$target/core/user_0/disk2/attrib"
check_equal "the first keeps what the second needs" "rm T/fc/PORT/tpgt_1/acls/21:00:00:24:ff:3b:d6:a2/lun_0/disk1
rmdir T/fc/PORT/tpgt_1/acls/21:00:00:24:ff:3b:d6:a2/lun_0
rm T/fc/PORT/tpgt_1/lun/lun_0/disk1
rmdir T/fc/PORT/tpgt_1/lun/lun_0
rmdir D" "$(tcmu-unexport -N disk1 | short | sed 's/21:00:00:24:ff:3b:d6:a1/PORT/')"
check_equal "the port goes with its last LUN" "rmdir T/fc/PORT/tpgt_1/lun/lun_1
rmdir T/fc/PORT/tpgt_1
rmdir T/fc/PORT
rmdir T/core/user_0/disk2
rmdir T/core/user_0" "$(tcmu-unexport -N disk1 disk2 | short | sed 's/21:00:00:24:ff:3b:d6:a1/PORT/' | tail -n 5)"
rm -rf "${target:?}"/*

echo "--- what is refused"
export_fails() {
    local what=$1 text=$2
    shift 2
    check_fails "$what" "$text" tcmu-export -N "$@" "$work/disk1"
}
export_fails "SRP without an initiator" "srp needs -a" -f srp -i 0002:c903:000e:8ace
export_fails "a GID that is too short" "32 hexadecimal digits" -f srp -i 0xfe80 -a $initiator
export_fails "a machine without InfiniBand" "no InfiniBand port" -f srp -a $initiator
export_fails "a port name that is none" "write a port name" -f qla2xxx -i 21:00:00
export_fails "FCoE without an initiator" "fc needs -a" -f fc
mkdir "$TCMU_SYS/class/fc_host/host4"
echo 0x21000024ff3bd6a3 >"$TCMU_SYS/class/fc_host/host4/port_name"
export_fails "one of two ports must be named" "which Fibre Channel port\? -i with one of: 0x21000024ff3bd6a1 0x21000024ff3bd6a3" -f qla2xxx
mkdir -p "$TCMU_SYS/module/qla2xxx/parameters"
echo enabled >"$TCMU_SYS/module/qla2xxx/parameters/qlini_mode"
export_fails "a driver for initiators only" "options qla2xxx qlini_mode=disabled" -f qla2xxx -i 21:00:00:24:ff:3b:d6:a1
export_fails "a password for Fibre Channel" "passwords are not for -f fc" -f fc -a 21:00:00:24:ff:3b:d6:a2 -u alice -w "$work/alice"
export_fails "an initiator for loopback" "are not for -f loopback" -a iqn.2003-01.org.tcmud:i
export_fails "a portal that is no number" "write ADDRESS:PORT" -f iscsi -p 192.0.2.1:iscsi
export_fails "a mutual password alone" "-U needs -u" -f iscsi -U me -W "$work/target"
export_fails "a user without a password" "-u and -w need each other" -f iscsi -u alice
export_fails "the same password for both sides" "both sides have the same password" \
    -f iscsi -u alice -w "$work/alice" -U me -W "$work/alice"
: >"$work/empty"
export_fails "an empty password file" "is empty" -f iscsi -u alice -w "$work/empty"
export_fails "standard input for a dry run" "give a file" -f iscsi -u alice -w -
check_equal "all of it without a change" "" "$(ls "$target")"

echo "--- names that JSON must quote"
mkdir -p "$target/core/user_0/odd/attrib"
printf 'file//srv/a"b\\c\td\xff\303\244\n' >"$target/core/user_0/odd/attrib/dev_config"
echo 512 | tee "$target/core/user_0/odd/attrib/dev_size" >"$target/core/user_0/odd/attrib/hw_block_size"
check_equal "are read back" 'file//srv/a"b\c?dä' \
    "$(tcmu-list -j | python3 -c 'import json, sys; print(json.load(sys.stdin)[0]["config"])')"
check_code "an argument is wrong usage" 2 tcmu-list disk1
finish
