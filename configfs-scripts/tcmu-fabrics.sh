# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154 # The arguments are tcmu-export's.
# What tcmu-export does for each fabric: export_FABRIC exports $device and leaves the directories of its target's group and its
# LUN in $group and $lun. Sourced after tcmu-steps.sh.

# Arguments

# port_name TEXT: of Fibre Channel, as configfs wants it: 21:00:00:24:ff:3b:d6:a1.
port_name() {
    digits=$(echo "${1#0x}" | tr 'A-F' 'a-f' | tr -d :)
    case $digits in *[!0-9a-f]*) return 1 ;; ????????????????) ;; *) return 1 ;; esac
    echo "$digits" | sed 's/../&:/g; s/:$//'
}

# portal_address TEXT: with a port, and IPv6 in brackets.
portal_address() {
    case $1 in
    \[*]:*[!0-9]*) return 1 ;;
    \[*]:?*) echo "$1" ;;
    \[*]) echo "$1:3260" ;;
    *:*:*) echo "[$1]:3260" ;;
    *:*[!0-9]* | *:) return 1 ;;
    *:*) echo "$1" ;;
    *) echo "$1:3260" ;;
    esac
}

check_target_name() {
    case $fabric in
    iscsi) case $1 in iqn.*.*:* | eui.* | naa.*) ;; *) wrong_usage "-i $1: write iqn.YYYY-MM.domain:name" ;; esac ;;
    loopback | vhost) case $1 in naa.[125]???????????????) ;; *) wrong_usage "-i $1: write naa.5 and 15 hexadecimal digits" ;; esac ;;
    srpt)
        case $1 in
        ????:????:????:????) ;;
        0x*) [ ${#1} = 34 ] || wrong_usage "-i $1: a GID has 32 hexadecimal digits" ;;
        *) wrong_usage "-i $1: write a GUID, 0002:c903:000e:8acd, or a GID, 0x and 32 hexadecimal digits" ;;
        esac
        ;;
    *) port_name "$1" >/dev/null || wrong_usage "-i $1: write a port name, 21:00:00:24:ff:3b:d6:a1" ;;
    esac
}

# check_initiator NAME: in the form of the fabric.
check_initiator() {
    case $fabric in
    srpt) case $1 in 0x????????????????????????????????) ;; *) wrong_usage "-a $1: write 0x and 32 hexadecimal digits" ;; esac ;;
    fc | qla2xxx) port_name "$1" >/dev/null || wrong_usage "-a $1: write a port name, 21:00:00:24:ff:3b:d6:a1" ;;
    esac
}

# refuse WHAT ARGUMENT...: of which none may be given.
refuse() {
    what=$1
    shift
    [ -z "$(printf %s "$@")" ] || wrong_usage "$what for -f $fabric_given"
}

# together WHICH A B: both or none of them.
together() {
    case ${2:+1}${3:+1} in 1) wrong_usage "$1 need each other" ;; esac
}

check_credentials() {
    together "-u and -w" "$user" "$password_file"
    together "-U and -W" "$target_user" "$target_password_file"
    together "-d and -x" "$discovery_user" "$discovery_password_file"
    together "-D and -X" "$discovery_target_user" "$discovery_target_password_file"
    # Who asks the target for a password gives one first.
    [ -z "$target_user" ] || [ -n "$user" ] || wrong_usage "-U needs -u"
    [ -z "$discovery_target_user" ] || [ -n "$discovery_user" ] || wrong_usage "-D needs -d"
}

# check_fabric_arguments: also brings them into the form that configfs wants.
check_fabric_arguments() {
    fabric_given=$fabric iser=''
    [ "$fabric" != iser ] || iser=1
    fabric=$(fabric_named "$fabric")
    credentials=$user$password_file$target_user$target_password_file
    credentials=$credentials$discovery_user$discovery_password_file$discovery_target_user$discovery_target_password_file
    case $fabric in
    iscsi) check_credentials ;;
    srpt)
        refuse "there are no passwords" "$credentials"
        [ -n "$initiators" ] || wrong_usage "-f srp needs -a: SRP lets nobody in who is not named"
        case ${portals# } in *[!0-9]*) wrong_usage "-p$portals: the number of one port, for RDMA/CM" ;; esac
        ;;
    fc | qla2xxx)
        refuse "-p and passwords are not" "$portals" "$credentials"
        [ "$fabric" = qla2xxx ] || [ -n "$initiators" ] || wrong_usage "-f fc needs -a: FCoE lets nobody in who is not named"
        ;;
    loopback | vhost) refuse "-p, -a and passwords are not" "$portals" "$initiators" "$credentials" ;;
    *) wrong_usage "-f $fabric: only loopback, iscsi, iser, srp, qla2xxx, fc and vhost are known" ;;
    esac
    [ -z "$iqn" ] || check_target_name "$iqn"
    for initiator in $initiators; do check_initiator "$initiator"; done
    [ "$fabric" = iscsi ] || return 0
    given=$portals portals=''
    for portal in $given; do
        portals="$portals $(portal_address "$portal")" || wrong_usage "-p $portal: write ADDRESS:PORT, IPv6 in brackets"
    done
}

# read_password FILE: its first line, in $password; from standard input the next line.
read_password() {
    password=
    [ -n "$1" ] || return 0
    if [ "$1" = - ]; then
        [ -z "$dry_run" ] || wrong_usage "a dry run says where a password is read from: give a file"
        IFS= read -r password || [ -n "$password" ] || fail "no password on standard input"
    elif [ -r "$1" ]; then
        IFS= read -r password <"$1" || [ -n "$password" ] || fail "$1 is empty"
    else
        fail "cannot read the password file $1"
    fi
    [ -n "$password" ] || fail "the password in $1 is empty"
}

# Before anything is made.
read_passwords() {
    read_password "$discovery_target_password_file" && discovery_target_password=$password
    read_password "$discovery_password_file" && discovery_password=$password
    read_password "$target_password_file" && target_password=$password
    read_password "$password_file"
    # RFC 7143 12.1.3: else an initiator could send the target's own challenge back.
    if [ -n "$target_password" ] && [ "$target_password" = "$password" ]; then
        fail "-W: both sides have the same password, which makes neither prove anything"
    fi
    if [ -n "$discovery_target_password" ] && [ "$discovery_target_password" = "$discovery_password" ]; then
        fail "-X: both sides have the same password, which makes neither prove anything"
    fi
}

# What fabrics share

# open_group WWN GROUP MODULE...: the target's directories, in $group; in $new_group whether that is new.
open_group() {
    group=$target/$fabric/$1/$2
    new_group=$([ -d "$group" ] || echo 1)
    if [ ! -d "$target/$fabric" ] && ! say_only mkdir "$target/$fabric"; then mkdir "$target/$fabric"; fi
    make_directory "$target/$fabric/$1" "-i $1: is no name of a target"
    make_directory "$group"
}

# link_lun: the LUN directory of the device in the group, made if need be; in $lun.
link_lun() {
    for lun in $(exports_of "$device"); do
        if [ "$(group_of_lun "$lun")" = "$group" ]; then return 0; fi
    done
    number=0
    while [ -d "$group/lun/lun_$number" ]; do number=$((number + 1)); done
    lun=$group/lun/lun_$number
    make_directory "$lun"
    # With loopback the kernel asks the disk what it is before this returns.
    make_link "$device" "$lun/$name" "cannot export $name as $lun"
}

# let_in INITIATOR: to this LUN; its directory of the group in $acl.
let_in() {
    acl=$group/acls/$1
    make_directory "$acl" "-a $1: is no name of an initiator"
    mapped=$acl/${lun##*/}
    [ ! -d "$mapped" ] || return 0
    make_directory "$mapped"
    make_link "$lun" "$mapped/$name" "cannot let $1 in"
}

enable_group() {
    if [ "$(read_line "$group/enable")" != 1 ]; then
        # Undoing begins with it.
        made "echo 0 >$(shell_quoted "$group/enable")"
        write_to "$group/enable" 1
    fi
}

# only_port WHAT FILE...: the one port of this machine that $fabric could use, by the files that name them.
only_port() {
    ports='' what=$1
    shift
    for file in "$@"; do
        if [ -r "$file" ]; then ports="$ports $(read_line "$file")"; fi
    done
    case ${ports# } in
    '') fail "-f $fabric_given: this machine has no $what; -i PORT names one" ;;
    *' '*) fail "-f $fabric_given: which $what? -i with one of:$ports" ;;
    esac
    echo "${ports# }"
}

# use_nexus: tcm_loop and vhost-scsi play the initiator, too; it must be there before the LUN.
use_nexus() {
    if ! read_line "$group/nexus" | grep -q naa; then
        write_to "$group/nexus" "naa.5$(hexadecimal "initiator user_$hba/$name" 15)"
    fi
}

# The fabrics

export_loopback() {
    load_module tcm_loop
    case $subtype in
    tape) load_module st ;;
    changer) load_module ch ;;
    esac
    wwn=${iqn:-$(default_target loopback "$hba" "$name")}
    open_group "$wwn" tpgt_1
    use_nexus
    link_lun
}

export_vhost() {
    load_module vhost_scsi
    wwn=${iqn:-$(default_target vhost "$hba" "$name")}
    open_group "$wwn" tpgt_1
    use_nexus
    link_lun
}

export_srpt() {
    load_module ib_srpt
    wwn=$iqn
    if [ -z "$wwn" ]; then
        wwn=$(only_port "InfiniBand port" "$sys"/class/infiniband/*/ports/*/gids/0)
        wwn=0x$(echo "$wwn" | tr -d :)
    fi
    # The group's name is of no importance; it is the port's by custom.
    open_group "$wwn" "$wwn"
    link_lun
    for initiator in $initiators; do let_in "$initiator"; done
    if [ -n "$portals" ]; then change_to "$target/srpt/discovery_auth/rdma_cm_port" "${portals# }"; fi
    enable_group
}

# fibre_channel_port: of -i, or the only one.
fibre_channel_port() {
    port=$iqn
    [ -n "$port" ] || port=$(only_port "Fibre Channel port" "$sys"/class/fc_host/*/port_name) || exit 1
    port_name "$port"
}

export_qla2xxx() {
    # Loaded as initiator alone, the driver serves nobody.
    if [ "$(read_line "$sys/module/qla2xxx/parameters/qlini_mode")" = enabled ]; then
        fail "qla2xxx is loaded for initiators only: write 'options qla2xxx qlini_mode=disabled' to a file in /etc/modprobe.d, and load it again"
    fi
    load_module qla2xxx qlini_mode=disabled
    load_module tcm_qla2xxx
    wwn=$(fibre_channel_port) || exit 1
    open_group "$wwn" tpgt_1
    link_lun
    if [ -n "$initiators" ]; then
        change_to "$group/attrib/generate_node_acls" 0
        for initiator in $initiators; do let_in "$(port_name "$initiator")"; done
    elif [ -n "$new_group" ]; then
        write_to "$group/attrib/demo_mode_login_only" 0
        write_to "$group/attrib/demo_mode_write_protect" 0
    fi
    enable_group
}

export_fc() {
    load_module tcm_fc
    wwn=$(fibre_channel_port) || exit 1
    open_group "$wwn" tpgt_1
    link_lun
    for initiator in $initiators; do let_in "$(port_name "$initiator")"; done
}

# tell_export: what an initiator needs to know.
tell_export() {
    case $fabric in
    loopback)
        node=$(loopback_device "$lun")
        [ -n "$node" ] || fail "the device does not appear: dmesg says why"
        printf '%-8s /dev/%s\n' "$(kind_of_device "$node"):" "$node"
        return
        ;;
    iscsi) tell_iscsi ;;
    vhost)
        echo "target:  $wwn, LUN ${lun##*lun_}"
        echo "qemu:    -device vhost-scsi-pci,wwpn=$wwn"
        ;;
    *) echo "target:  $wwn, LUN ${lun##*lun_}" ;;
    esac
    if [ "$(read_line "$group/attrib/generate_node_acls")" = 1 ] && [ "$(read_line "$group/attrib/authentication")" != 1 ]; then
        echo "$program: any initiator may log in and write: -a INITIATOR lets only some" >&2
    fi
}
