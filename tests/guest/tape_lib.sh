# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# What tests of tape drives share that send commands of their own. Sourced after lib.sh.

export tcmu_tape=$PWD/${TCMUD_BUILD:-build/release}/bin/tcmu-tape
modprobe -a st sg

# drive NAME CARTRIDGE: a LUN of the cartridge over loopback, which has nothing to tell any more; $tape and $sg are its devices.
drive() {
    check "a LUN of $2 is enabled" make_lun "$1" "tape/$2" 512
    loopback "$1"
    # shellcheck disable=SC2154 # Those of lib.sh.
    tape=${disk[$1]} sg=${generic[$1]}
    wait_for 10 sg_turs "$sg"
}

# answer CDB [OPTION...]: how the drive ends it, with options of sg_raw: good, or sense key (with the bits of FILEMARK, EOM and
# ILI), ASC and ASCQ in hexadecimal, and INFORMATION if it is valid: 07/74/03 00010000.
answer() {
    local cdb said sense
    read -ra cdb <<<"$1"
    shift
    said=$(sg_raw -v "$@" "$sg" "${cdb[@]}" 2>&1)
    if [[ $said == *'SCSI Status: Good'* ]]; then
        echo good
    elif [[ $said == *'Raw sense data'* ]]; then
        read -ra sense <<<"${said#*Raw sense data*$'\n'}"
        echo "${sense[2]}/${sense[12]}/${sense[13]}$([ "${sense[0]}" != f0 ] || printf ' %s%s%s%s' "${sense[@]:3:4}")"
    else
        echo "$said"
    fi
}
# check_answer WHAT EXPECTED CDB [OPTION...]
check_answer() {
    local what=$1 expected=$2
    shift 2
    check_equal "$what" "$expected" "$(answer "$@")"
}
# sent CDB FILE: the answer to a command with the file's content as data; its length is in the CDB.
sent() { answer "$1" -s "$(stat -c %s "$2")" -i "$2"; }
# received CDB LENGTH: what the drive sends, at most so many bytes, in hexadecimal.
received() {
    local cdb
    read -ra cdb <<<"$1"
    rm -f /run/received
    sg_raw -r "$2" -o /run/received "$sg" "${cdb[@]}" >/dev/null 2>&1
    hex_of /run/received
}
# to_file FILE HEX...: bytes.
to_file() {
    local file=$1 hex escaped='' at
    shift
    hex=$(printf %s "$@")
    hex=${hex// /}
    for ((at = 0; at < ${#hex}; at += 2)); do escaped+=\\x${hex:at:2}; done
    printf %b "$escaped" >"$file"
}

# select_page HEX...: MODE SELECT(10) of a page, buffered mode 1; the answer.
select_page() {
    to_file /run/page 0000 0010 00000000 "$@"
    local length
    length=$(stat -c %s /run/page)
    sent "55 10 00 00 00 00 00 $(printf '%02x %02x' $((length >> 8)) $((length & 255))) 00" /run/page
}
zeros() { printf "%0$((2 * $1))d" 0; }

# place: partition and number of the object at the head.
place() {
    local position
    position=$(received "34 06 00 00 00 00 00 00 00 00" 32)
    echo "$((16#${position:8:8})) $((16#${position:16:16}))"
}
# in_hex NUMBER BYTES: of a CDB.
in_hex() {
    local number at spaced=''
    printf -v number "%0$((2 * $2))x" "$1"
    for ((at = 0; at < ${#number}; at += 2)); do spaced+="${number:at:2} "; done
    echo "${spaced% }"
}
# locate PARTITION OBJECT: the answer of LOCATE(16).
locate() { answer "92 02 00 $(in_hex "$1" 1) $(in_hex "$2" 8) 00 00 00 00"; }
# write_block FILE: of any length; the answer.
write_block() { sent "0a 00 $(in_hex "$(stat -c %s "$1")" 3) 00" "$1"; }
# read_block LENGTH: the answer.
read_block() { answer "08 00 $(in_hex "$1" 3) 00" -r "$1"; }
# block LENGTH: what is read, in hexadecimal.
block() { received "08 00 $(in_hex "$1" 3) 00" "$1"; }
hex_of() {
    local hex
    hex=$(od -An -v -tx1 "$1")
    echo "${hex//[[:space:]]/}"
}
sum() { sha1sum | cut -d ' ' -f 1; }
rewind() { mt -f "$tape" rewind; }
# Of a partition, in MiB.
capacity() { sg_read_attr -p "$1" -f 1 "$sg" | sed -n 's/^ *Maximum capacity in partition \[MiB\]: //p'; }
