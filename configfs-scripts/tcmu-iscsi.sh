# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154 # The arguments are tcmu-export's.
# iSCSI, with iSER as a property of its portals: portals, passwords, who may log in. Sourced after tcmu-fabrics.sh.

set_up_portals() {
    # A target that listens already is left where it does.
    if [ -z "$portals" ]; then
        for portal in "$group"/np/*; do
            if [ -d "$portal" ]; then portals="$portals ${portal##*/}"; fi
        done
    fi
    for portal in ${portals:-0.0.0.0:3260}; do
        make_directory "$group/np/$portal" \
            "portal $portal: cannot be opened: is it an address of this machine, and is the port free?"
        if [ -n "$iser" ] && [ "$(read_line "$group/np/$portal/iser")" != 1 ]; then
            write_to "$group/np/$portal/iser" 1 "portal $portal: no adapter with RDMA has this address"
        fi
    done
}

# set_credentials DIRECTORY: what has to be proven there, by -u and -w, and by the target itself, by -U and -W.
set_credentials() {
    write_to "$1/userid" "$user" "-u: the kernel refuses this user"
    write_secret "$1/password" "$password" "$password_file" "-w: the kernel refuses this password"
    [ -n "$target_user" ] || return 0
    write_to "$1/userid_mutual" "$target_user" "-U: the kernel refuses this user"
    write_secret "$1/password_mutual" "$target_password" "$target_password_file" "-W: the kernel refuses this password"
}

# Of the target, whoever it lets in: never less safe than it was for the LUNs that it has.
let_initiators_in() {
    if [ -n "$user" ]; then
        change_to "$group/attrib/authentication" 1
    elif [ -n "$new_group" ]; then
        write_to "$group/attrib/authentication" 0
    fi
    change_to "$group/attrib/generate_node_acls" 0
    for initiator in $initiators; do
        let_in "$initiator"
        [ -z "$user" ] || set_credentials "$acl/auth"
    done
}

# A new target; with -u whoever knows the password is let in.
let_everybody_in() {
    if [ -n "$user" ]; then
        write_to "$group/attrib/authentication" 1
        set_credentials "$group/auth"
    else
        write_to "$group/attrib/authentication" 0
    fi
    write_to "$group/attrib/generate_node_acls" 1
    write_to "$group/attrib/cache_dynamic_acls" 1
    write_to "$group/attrib/demo_mode_write_protect" 0
}

# The target exists, and nobody is named: the LUN is for those whom the target lets in already.
let_the_same_in() {
    if [ "$(read_line "$group/attrib/generate_node_acls")" = 1 ]; then
        [ -n "$user" ] || return 0
        [ "$user" = "$(read_line "$group/auth/userid")" ] || fail "-u: the target $iqn has no such user; take another -i IQN"
        set_credentials "$group/auth"
        return
    fi
    [ -z "$user" ] || fail "-u: the target $iqn lets in whom it names; name them by -a INITIATOR"
    for acl in "$group"/acls/*/; do
        acl=${acl%/}
        if [ -d "$acl" ]; then let_in "${acl##*/}"; fi
    done
}

# Discovery is the machine's, not a target's: another user than the one it has would lock out who discovers by that.
set_up_discovery() {
    discovery=$target/iscsi/discovery_auth
    has=$(read_line "$discovery/userid")
    if [ "$(read_line "$discovery/enforce_discovery_auth")" = 1 ] && [ "$has" != "$discovery_user" ]; then
        fail "-d $discovery_user: discovery has the user $has already; tcmu-unexport -d takes that back"
    fi
    write_to "$discovery/userid" "$discovery_user" "-d: the kernel refuses this user"
    write_secret "$discovery/password" "$discovery_password" "$discovery_password_file" "-x: the kernel refuses this password"
    if [ -n "$discovery_target_user" ]; then
        write_to "$discovery/userid_mutual" "$discovery_target_user" "-D: the kernel refuses this user"
        write_secret "$discovery/password_mutual" "$discovery_target_password" "$discovery_target_password_file" \
            "-X: the kernel refuses this password"
    fi
    change_to "$discovery/enforce_discovery_auth" 1
}

export_iscsi() {
    load_module iscsi_target_mod
    [ -z "$iser" ] || load_module ib_isert
    [ -n "$iqn" ] || iqn=$(default_target iscsi "$hba" "$name")
    open_group "$iqn" tpgt_1
    link_lun
    set_up_portals
    if [ -n "$initiators" ]; then
        let_initiators_in
    elif [ -n "$new_group" ]; then
        let_everybody_in
    else
        let_the_same_in
    fi
    [ -z "$discovery_user" ] || set_up_discovery
    enable_group
}

tell_iscsi() {
    echo "target:  $iqn, LUN ${lun##*lun_}"
    for portal in "$group"/np/*; do echo "portal:  ${portal##*/}"; done
    echo "log in:  iscsiadm -m discovery -t st -p HOST && iscsiadm -m node -T $iqn -l"
}
