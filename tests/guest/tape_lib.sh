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
    local cdb
    read -ra cdb <<<"$1"
    shift
    sg_raw -v "$@" "$sg" "${cdb[@]}" 2>&1 | awk '
        /^SCSI Status: Good/ {print "good"}
        /Raw sense data/ {getline; print $3 "/" $13 "/" $14 ($1 == "f0" ? " " $4 $5 $6 $7 : "")}'
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
    od -An -v -tx1 /run/received | tr -d ' \n'
}
# to_file FILE HEX...: bytes.
to_file() {
    local file=$1
    shift
    python3 -c 'import sys; sys.stdout.buffer.write(bytes.fromhex("".join(sys.argv[1:])))' "$@" >"$file"
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
in_hex() { printf "%0$((2 * $2))x" "$1" | sed 's/../& /g; s/ $//'; }
# locate PARTITION OBJECT: the answer of LOCATE(16).
locate() { answer "92 02 00 $(in_hex "$1" 1) $(in_hex "$2" 8) 00 00 00 00"; }
# write_block FILE: of any length; the answer.
write_block() { sent "0a 00 $(in_hex "$(stat -c %s "$1")" 3) 00" "$1"; }
# read_block LENGTH: the answer.
read_block() { answer "08 00 $(in_hex "$1" 3) 00" -r "$1"; }
# block LENGTH: what is read, in hexadecimal.
block() { received "08 00 $(in_hex "$1" 3) 00" "$1"; }
hex_of() { od -An -v -tx1 "$1" | tr -d ' \n'; }
sum() { sha1sum | cut -d ' ' -f 1; }
rewind() { mt -f "$tape" rewind; }
# Of a partition, in MiB.
capacity() { sg_read_attr -p "$1" -f 1 "$sg" | sed -n 's/^ *Maximum capacity in partition \[MiB\]: //p'; }
