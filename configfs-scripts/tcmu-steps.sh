# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh
# shellcheck disable=SC2154 # $sys and $target are tcmu-lib.sh's.
# Every change of configfs: carried out, and noted so that it can be undone; or, if $dry_run is set, printed as a command of the
# shell and left alone. Sourced after tcmu-lib.sh.

dry_run=

# word TEXT: as one writes it in a shell.
word() { case $1 in '' | *[!A-Za-z0-9_./:=@%+-]*) shell_quoted "$1" ;; *) printf %s "$1" ;; esac; }

# say_only COMMAND...: prints it and is true, if nothing is to be changed.
say_only() {
    [ -n "$dry_run" ] || return 1
    command_line=
    for each in "$@"; do command_line="$command_line $(word "$each")"; done
    printf '%s\n' "${command_line# }"
}

# What was made, newest first: a command per line that unmakes it.
undo=
made() {
    [ -z "$dry_run" ] || return 0
    undo="$*
$undo"
}
take_back() {
    status=$?
    trap - EXIT INT TERM HUP
    printf '%s' "$undo" | while read -r command; do
        eval "$command" 2>/dev/null || true
    done
    exit "$status"
}

# make_directory DIRECTORY [WHAT]: unless it exists; WHAT is said if the kernel refuses it.
make_directory() {
    if [ -d "$1" ] || say_only mkdir "$1"; then return 0; fi
    mkdir "$1" 2>/dev/null || fail "${2:-cannot make $1}"
    made "rmdir $(shell_quoted "$1")"
}

# make_link TO LINK WHAT
make_link() {
    if say_only ln -s "$1" "$2"; then return 0; fi
    ln -s "$1" "$2" || fail "$3"
    made "rm $(shell_quoted "$2")"
}

# write_to FILE TEXT [WHAT]: without a newline, which would become a part of a name. Written by cat, since the shell's printf
# may hide that it failed; the text is nobody's argument, which everybody could see.
write_to() {
    if [ -n "$dry_run" ]; then
        writer='echo'
        # A newline would be a part of a user's name, and some shells' echo reads backslashes.
        case ${1##*/}$2 in userid* | password* | *\\*) writer='printf %s' ;; esac
        printf '%s\n' "$writer $(word "$2") >$(word "$1")"
        return
    fi
    printf %s "$2" | cat >"$1" 2>/dev/null || fail "${3:-$1: the kernel refuses "$2"}"
}

# write_secret FILE TEXT TEXT-FILE WHAT: a dry run names the file whose first line it is, and keeps the secret.
write_secret() {
    if [ -n "$dry_run" ]; then
        printf '%s\n' "head -n 1 $(word "$3") | tr -d '\n' >$(word "$1")"
    else
        write_to "$1" "$2" "$4"
    fi
}

# change_to FILE TEXT: of a target that may be somebody else's; what it was comes back if a later step fails.
change_to() {
    before=$(read_line "$1")
    [ "$before" != "$2" ] || return 0
    write_to "$1" "$2"
    [ -z "$before" ] || made "echo $(shell_quoted "$before") >$(shell_quoted "$1")"
}

# load_module NAME [PARAMETER=VALUE]...
load_module() {
    if [ -d "$sys/module/$1" ] || say_only modprobe "$@"; then return 0; fi
    modprobe "$@" 2>/dev/null || [ -d "$sys/module/$1" ] ||
        fail "cannot load the kernel module $1: the kernel may lack it (modprobe $1 says more)"
}

mount_configfs() {
    [ -d "$sys/kernel/config" ] || load_module configfs
    if [ -d "$target" ] || grep -q ' /sys/kernel/config configfs ' /proc/mounts; then return 0; fi
    if say_only mount -t configfs configfs /sys/kernel/config; then return 0; fi
    mount -t configfs configfs /sys/kernel/config || fail "cannot mount configfs on /sys/kernel/config"
}
