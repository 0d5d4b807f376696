#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Encryption by a tape drive, with Debian's stenc: what is on the tape, what a key shows, what no key shows.
. tests/guest/lib.sh
. tests/guest/tape_lib.sh
memory_disk /srv 200M
mkdir -p /var/log
start_tcmud

# Keys are text here, so that they can be looked for.
random_text() { head -c 256 /dev/urandom | tr -dc 'a-zA-Z0-9' | head -c "$1"; }
new_key() {
    printf '%s\n%s\n' "$(printf %s "$2" | od -An -v -tx1 | tr -d ' \n')" "$3" >"$1"
    chmod 600 "$1"
}
marker=$(random_text 32) key=$(random_text 32) wrong=$(random_text 32)
new_key /run/key "$key" "the right key"
new_key /run/wrong "$wrong" "another key"
check_equal "the texts are as long as they have to be" "32 32 32" "${#marker} ${#key} ${#wrong}"

# told FIELD...: what stenc says of the drive, or of the volume.
told() {
    local field said
    said=$(stenc -f "$tape" --detail)
    for field; do sed -n "s/^$field: *//p" <<<"$said" | sed 's/[ .]*$//'; done | paste -sd ,
}
encryption() { stenc -f "$tape" -e "$@"; }
# files_with TEXT DIRECTORY: how many have it.
files_with() { grep -rlaF -- "$1" "$2" | wc -l; }
for ((line = 0; line < 20000; line++)); do echo "$line $marker"; done >/run/data
all_read() { dd if="$tape" bs=64k status=none | cmp - /run/data; }

echo "--- without a key"
check "a cartridge is made" "$tcmu_tape" create /srv/clear --capacity 50M --barcode CLEAR1L8
check "and another" "$tcmu_tape" create /srv/secret --capacity 50M --barcode SECRETL8
drive clear /srv/clear
check "the one is written without a key" dd if=/run/data of="$tape" bs=64k status=none
check_equal "its text is in a segment" /srv/clear/p0/00000000.seg "$(grep -rlaF "$marker" /srv/clear)"
rewind
check_equal "stenc: it is not encrypted" "Not encrypted" "$(told 'Volume Encryption')"

echo "--- with a key"
drive secret /srv/secret
check_equal "stenc: a drive has no key at first, and there is no block" \
    "off,Not encrypting,Not decrypting,0,Logical block is not a logical block" \
    "$(told 'Drive Encryption' 'Drive Input' 'Drive Output' 'Key Instance Counter' 'Volume Encryption')"
check "stenc sets a key" encryption on -k /run/key -a 1
check_equal "stenc: it encrypts and decrypts" "on,Encrypting,Decrypting" \
    "$(told 'Drive Encryption' 'Drive Input' 'Drive Output')"
check_equal "with the first key, the first algorithm, and its description" "1,1,the right key" \
    "$(told 'Key Instance Counter' 'Encryption Algorithm' 'Drive Key Desc.(uKAD)')"
check "the text is written" dd if=/run/data of="$tape" bs=64k status=none
rewind
check "and read" all_read
rewind
check_equal "stenc: encrypted, by this algorithm and with this key" "Encrypted and able to decrypt,1" \
    "$(told 'Volume Encryption' 'Volume Algorithm')"
check_equal "looking at it has not moved the tape" "0 0" "$(place)"

echo "--- what is in the image"
check "it is as long as the text" test "$(cat /srv/secret/p0/*.seg | wc -c)" -gt "$(stat -c %s /run/data)"
check_equal "the text is nowhere" 0 "$(files_with "$marker" /srv/secret)"
check_equal "nor is the key" 0 "$(files_with "$key" /srv/secret)"
check_equal "nor as it was typed" 0 "$(files_with "$(head -n 1 /run/key)" /srv/secret)"
check_equal "nor is it in the daemon's log" 0 "$(files_with "$key" /run/tcmud.log)"
journal=/run/tcmud/journal/user_0-secret
check_equal "it is in the journal, for the next daemon" 1 "$(files_with "$key" $journal)"
check_equal "which only root can read" "600 root" "$(stat -c '%a %U' $journal)"

echo "--- another key"
check "stenc sets another key" encryption on -k /run/wrong -a 1
check_answer "READ: incorrect data encryption key" "07/74/03 00010000" "08 00 01 00 00 00" -r 65536
check_equal "the tape has not moved" "0 0" "$(place)"
check_equal "stenc: it is the second, not that of this block" \
    "2,Encrypted, but unable to decrypt due to invalid key,the right key" \
    "$(told 'Key Instance Counter' 'Volume Encryption' 'Volume Key Desc.(uKAD)')"
check_code "dd reads nothing" 1 dd if="$tape" of=/run/nothing bs=64k count=1 status=none
check_equal "not a byte" 0 "$(stat -c %s /run/nothing)"
check_answer "READ of blocks by number: the same" "07/74/03 00010000" "88 00 00 00 $(in_hex 3 8) 01 00 00 00" -r 65536
check_equal "where it was sent" "0 3" "$(place)"

echo "--- no key"
check "stenc sets none" encryption off
rewind
check_equal "stenc: off, which counts too, and there is no key for the block" \
    "off,3,Encrypted, but unable to decrypt due to invalid key" \
    "$(told 'Drive Encryption' 'Key Instance Counter' 'Volume Encryption')"
check_answer "READ: unable to decrypt data" "07/74/01 00010000" "08 00 01 00 00 00" -r 65536
check_equal "the tape has not moved" "0 0" "$(place)"
check "mt fsf needs no key" mt -f "$tape" fsf 1
check_equal "behind all blocks and the filemark" "0 $(( ($(stat -c %s /run/data) + 65535) / 65536 + 1 ))" "$(place)"
rewind
check_answer "nor does VERIFY" good "13 00 01 00 00 00"

echo "--- the right key again"
check "stenc sets it" encryption on -k /run/key
rewind
check "what is read is what was written" all_read
rewind
stop_tcmud KILL
check_equal "the daemon is killed" 137 "$daemon_status"
start_tcmud
check_equal "the next one has the key" "on,4" "$(told 'Drive Encryption' 'Key Instance Counter')"
check "and reads" all_read

echo "--- encrypted and clear blocks on one tape"
encryption off >/dev/null
mt -f "$tape" eod
end=$(place)
printf 'a clear block' >/run/block
check_equal "a clear block is written behind them" good "$(write_block /run/block)"
check "with the key" encryption on -k /run/key
check_equal "back to it" good "$(locate 0 "${end#* }")"
check_answer "READ: unencrypted data" "07/74/02 0000000d" "08 00 00 00 0d 00" -r 13
check_equal "the tape has not moved" "$end" "$(place)"
check_equal "stenc: it is not encrypted" "Not encrypted" "$(told 'Volume Encryption')"
check "stenc: mixed" encryption mixed -k /run/key
check_equal "stenc says so" "mixed, Unencrypted data outputted" \
    "$(told 'Drive Encryption'), $(stenc -f "$tape" --detail | sed -n 's/^ *\(Unencrypted data .*\)/\1/p')"
check_equal "READ gives it now" "$(hex_of /run/block)" "$(block 13)"
rewind
check "and what is encrypted" all_read

echo "--- what is refused"
check_fails "raw reading" "ASC: +0x26" encryption rawread -k /run/key
check_equal "it changes nothing" "mixed,7" "$(told 'Drive Encryption' 'Key Instance Counter')"
printf '%s\n' 000102030405060708090a0b0c0d0e0f >/run/short
check_fails "a key of 128 bits" "ASC: +0x26" encryption on -k /run/short
check_fails "an algorithm that it has not" "ASC: +0x26" encryption on -k /run/key -a 2
check_answer "another protocol" "05/24/00" "a2 21 00 00 00 00 00 00 00 10 00 00" -r 16
check_equal "the pages that there are" 0000001000000001001000110012002000210030 "$(received "a2 20 00 00 00 00 00 00 00 40 00 00" 64)"

echo "--- a key that goes with its cartridge"
check "stenc --ckod" encryption on -k /run/key --ckod
check_equal "it is set" "on,8" "$(told 'Drive Encryption' 'Key Instance Counter')"
check "mt offline" mt -f "$tape" offline
check "mt load" mt -f "$tape" load
check_equal "it is not there any more" off "$(told 'Drive Encryption')"
check_answer "READ: unable to decrypt data" "07/74/01 00010000" "08 00 01 00 00 00" -r 65536
check_equal "nor is it in the journal" 0 "$(files_with "$key" $journal)"

no_loopback
check "the LUNs are removed" rmdir "$core/user_0/clear" "$core/user_0/secret"
check "without a key the cartridge can be verified" "$tcmu_tape" verify /srv/secret
check_fails "but not read" "encrypted" "$tcmu_tape" cat /srv/secret 0
check_equal "the text is nowhere still" 0 "$(files_with "$marker" /srv/secret)"
finish
