#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A tape library over loopback with the kernel's ch and st drivers, and over iSCSI: mtx, mt and tar, as on any other library.
. tests/guest/lib.sh
build=$PWD/${TCMUD_BUILD:-build/release}/bin
export PATH=$PWD/configfs-scripts:$build:$PATH
memory_disk /srv 600M
modprobe -a st sg ch
start_tcmud

# element NUMBER: what mtx says of a slot; drive NUMBER: of a drive.
element() { mtx -f "$changer" status | sed -n "s/^ *Storage Element $1\( IMPORT\/EXPORT\)\?:\(.*\)/\2/p"; }
drive() { mtx -f "$changer" status | sed -n "s/^Data Transfer Element $1:\(.*\)/\1/p"; }
in_element() { [ "$(element "$1" | sed 's/ *$//')" = "$2" ]; }
ready() { mt -f "$1" status 2>/dev/null | grep -q ONLINE; }
random() { head -c "$1" /dev/urandom; }

echo "--- made and exported"
check "tcmu-library makes a library of 8 slots, 2 mail slots and 2 drives" \
    tcmu-library create --slots 8 --import-export 2 --drives 2 --serial LIBRARY01 /srv/vtl
check "and puts four cartridges into it" tcmu-library add --prefix A --suffix L8 --count 4 --capacity 100M /srv/vtl
check "tcmu-export-library exports it" tcmu-export-library /srv/vtl
check_equal "its three LUNs are served" 3 "$(tcmuctl list | grep -c serving)"
group=$(echo "$target"/loopback/*/tpgt_1)
check_equal "they are LUNs of one target" "lun_0 lun_1 lun_2" "$(cd "$group/lun" && echo lun_*)"
address=$(cat "$group/address")
node() { echo "/dev/$(basename "$(wait_for_node "/sys/bus/scsi/devices/$address:$1")")"; }
generic_of() { echo "/dev/$(basename /sys/bus/scsi/devices/"$address:$1"/scsi_generic/*)"; }
check_equal "the first is the changer" 1 "$(node 0 | grep -c sch)"
changer=$(generic_of 0) first=$(node 1) second=$(node 2)
check_equal "the others are tapes" 2 "$(printf '%s\n' "$first" "$second" | grep -c nst)"
for lun in 0 1 2; do sg_turs "$(generic_of $lun)"; sg_turs "$(generic_of $lun)"; done >/dev/null 2>&1

# page LUN CODE: what follows the header of a VPD page.
page() { sg_vpd --page="$2" --raw "$(generic_of "$1")" 2>/dev/null | tail -c +5; }
check_equal "a drive tells its changer's serial number" LIBRARY01 "$(page 2 0xb3)"
check_equal "and where it is among its elements: the second of the drives, which begin at 256" 0101 "$(page 2 0xb4 | od -An -tx1 | tr -d " ")"

echo "--- mtx"
check "mtx inquiry" sh -c "mtx -f $changer inquiry | grep -q 'Product Type: Medium Changer'"
check "mtx inventory" mtx -f "$changer" inventory
check_equal "mtx status: two drives, ten slots, two of them for import and export" \
    "Storage Changer $changer:2 Drives, 10 Slots ( 2 Import/Export )" "$(mtx -f "$changer" status | sed -n '1s/^ *//p')"
check_equal "the first slot has the first cartridge" "Full :VolumeTag=A00001L8" "$(element 1 | sed 's/ *$//')"
check_equal "the fifth is empty" "Empty" "$(element 5)"
check "mtx load" mtx -f "$changer" load 1 0
check_equal "the drive has it, and knows from where" \
    "Full (Storage Element 1 Loaded):VolumeTag = A00001L8" "$(drive 0 | sed 's/ *$//')"
check "and is ready at once" ready "$first"
check "its cartridge can be written" dd if=/dev/urandom of="$first" bs=64k count=20 status=none
check_fails "a drive that is full takes no other" "Drive 0 Full" mtx -f "$changer" load 2 0
check "mtx unload without a slot puts it back" mtx -f "$changer" unload
check_equal "there it is" "Full :VolumeTag=A00001L8" "$(element 1 | sed 's/ *$//')"
check_fails "and the drive is empty" "" ready "$first"
check "mtx transfer" mtx -f "$changer" transfer 2 8
check_equal "from there" "Empty" "$(element 2)"
check_equal "to there" "Full :VolumeTag=A00002L8" "$(element 8 | sed 's/ *$//')"
check_fails "an empty slot has nothing to transfer" "Empty" mtx -f "$changer" transfer 2 7
check "mtx exchange" mtx -f "$changer" exchange 3 4
check_equal "the two have changed places" "Full :VolumeTag=A00004L8 Full :VolumeTag=A00003L8" \
    "$(printf '%s %s' "$(element 3 | sed 's/ *$//')" "$(element 4 | sed 's/ *$//')")"
check "mtx position" mtx -f "$changer" position 3
check "mtx transfer to a mail slot" mtx -f "$changer" transfer 8 9
check_equal "and there it is" "Full :VolumeTag=A00002L8" "$(element 9 | sed 's/ *$//')"

echo "--- an operator at the library while it is served"
check "he takes the cartridge out of the mail slot" tcmu-library remove /srv/vtl A00002L8
check "initiators see that" wait_for 5 in_element 9 Empty
check "he puts it back" tcmu-library insert /srv/vtl A00002L8
check "initiators see that too" wait_for 5 in_element 9 "Full :VolumeTag=A00002L8"
check "by the changer's LUN, too: he takes it out" tcmuctl medium export vtl A00002L8
check "initiators see that" wait_for 5 in_element 9 Empty
check_fails "what is outside he cannot take out, as tcmu-library says" "tcmu-library: .*A00002L8" tcmuctl medium export vtl A00002L8
check "and puts it back" tcmuctl medium import vtl A00002L8
check "initiators see that too" wait_for 5 in_element 9 "Full :VolumeTag=A00002L8"
check_fails "a drive is no changer" "name the LUN of its changer, changer//srv/vtl" tcmuctl medium import vtl-drive0 A00002L8
check_fails "a changer is no drive" "name the LUN of one of its drives" tcmuctl medium unload vtl
mtx -f "$changer" load 1 0
check "a drive of the library is unloaded by its LUN" tcmuctl medium unload vtl-drive0
check_fails "and is not ready" "" ready "$first"
check "but loaded again" tcmuctl medium load vtl-drive0
check "and ready" ready "$first"
check "unloaded once more" tcmuctl medium unload vtl-drive0
check "the robot takes the cartridge back" mtx -f "$changer" unload 1 0
check_fails "an empty drive has nothing to load" "there is no cartridge" tcmuctl medium load vtl-drive0
check "what is in a drive he cannot take" sh -c "mtx -f $changer load 1 0 && ! tcmu-library remove /srv/vtl A00001L8"
mtx -f "$changer" unload 1 0

completed() {
    bash -c '. "packaging/completions/$1"; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); "_${1//-/_}"; echo "${COMPREPLY[*]}"' - "$@"
}
check_equal "the shell completes drives" "user_0/vtl-drive0 user_0/vtl-drive1" "$(completed tcmuctl medium load user_0/)"
check_equal "and changers" user_0/vtl "$(completed tcmuctl medium export user_0/)"
check_equal "and cartridges" A00003L8 "$(completed tcmuctl medium export vtl A00003)"
check_equal "for tcmu-library, too" A00003L8 "$(completed tcmu-library remove /srv/vtl A00003)"
check_equal "with its options" "--slot" "$(completed tcmu-library insert --sl)"
check_equal "and those of tcmu-tape" "--segment-size" "$(completed tcmu-tape create --seg)"
check_equal "whose cartridges are directories" /srv/vtl "$(completed tcmu-tape info /srv/v)"

echo "--- an archive over two cartridges"
mkdir -p /run/tree
random 150000000 >/run/tree/large
cat >/run/next <<NEXT
#!/bin/sh
mt -f $first offline
mtx -f $changer unload >/dev/null
mtx -f $changer load \$((TAR_VOLUME + 2)) 0 >/dev/null
until mt -f $first status 2>/dev/null | grep -q ONLINE; do sleep 0.1; done
NEXT
chmod +x /run/next
mtx -f "$changer" load 3 0
mt -f "$first" rewind
check "tar fills one and goes on with the next" \
    tar -b 128 --new-volume-script=/run/next --multi-volume -cf "$first" -C /run tree
check_equal "which is in the drive now" "Full (Storage Element 4 Loaded):VolumeTag = A00003L8" "$(drive 0 | sed 's/ *$//')"
mtx -f "$changer" unload
mtx -f "$changer" load 3 0
mkdir -p /run/back
check "it is read back from both" \
    tar -b 128 --new-volume-script=/run/next --multi-volume -xf "$first" -C /run/back
check "byte by byte" cmp /run/tree/large /run/back/tree/large
rm -r /run/back
mtx -f "$changer" unload

echo "--- two drives at once"
mtx -f "$changer" load 1 0
mtx -f "$changer" load 4 1
mt -f "$first" rewind
mt -f "$second" rewind
random 30000000 >/run/one
random 30000000 >/run/two
dd if=/run/one of="$first" bs=256k status=none &
check "one drive is written" dd if=/run/two of="$second" bs=256k status=none
wait %%
mt -f "$first" rewind
mt -f "$second" rewind
check "what is on the one" cmp /run/one <(dd if="$first" bs=256k status=none)
check "and on the other" cmp /run/two <(dd if="$second" bs=256k status=none)

echo "--- killed while cartridges move"
cartridges() { mtx -f "$changer" status | grep -o 'A0000.L8' | sort | tr '\n' ' '; }
mtx -f "$changer" unload 1 0
mtx -f "$changer" unload 4 1
before=$(cartridges)
touch /run/moving
( while [ -e /run/moving ]; do
    mtx -f "$changer" load 1 0; mtx -f "$changer" transfer 3 6; mtx -f "$changer" unload 1 0; mtx -f "$changer" transfer 6 3
done ) >/run/moves 2>&1 &
mover=$!
kills=$(in_full 10 50)
for ((kill = 0; kill < kills; kill++)); do
    sleep "0.$((RANDOM % 4))$((RANDOM % 10))"
    kill -KILL "$daemon"
    wait "$daemon" 2>/dev/null
    start_tcmud
done
rm /run/moving
wait $mover
check "$(grep -c 'done' /run/moves) moves were made meanwhile" test "$(grep -c 'done' /run/moves)" -gt 10
check_equal "each went well, to the initiator" '' "$(grep -v 'done$' /run/moves)"
check_equal "after $kills kills no cartridge is lost or doubled" "$before" "$(cartridges)"
check_equal "the library finds nothing wrong with itself" '' "$(tcmu-library show /srv/vtl | grep -iE 'missing|twice|damaged')"

echo "--- a cartridge goes missing"
alerts() { sg_logs --page=0x2e --raw "$changer" 2>/dev/null | tail -c +5 | od -An -v -tu1 -w5 | awk '$5 { print $2 }' | tr '\n' ' '; }
check_equal "nothing was wrong before" '' "$(alerts)"
gone=$(tcmu-library show /srv/vtl | sed -n 's/.*A00004L8 *\([0-9a-f-]*\).*/\1/p')
mv "/srv/vtl/cartridges/$gone" /srv/
tcmu-library remove /srv/vtl A00002L8
alerted() { alerts >/run/alerts; [ -s /run/alerts ]; }
check "the changer has an alert when the inventory is looked at again" wait_for 5 alerted
check_equal "TapeAlert 24, Library inventory" "24 " "$(cat /run/alerts)"
check_equal "it was told" '' "$(alerts)"
mv "/srv/$gone" /srv/vtl/cartridges/
tcmu-library insert /srv/vtl A00002L8
sg_turs "$changer" >/dev/null 2>&1

echo "--- library.toml is edited"
sed -i 's/^slots = 8/slots = 9/' /srv/vtl/library.toml
printf '\n[[drives]]\nserial = "0003"\n' >>/srv/vtl/library.toml
edited() { grep -q 'user_0/vtl: /srv/vtl/library.toml was changed: that takes effect when all LUNs' /run/tcmud.log; }
check "the log says that it does not take effect yet" wait_for 5 edited
shape() { mtx -f "$changer" status 2>&1 | sed -n 's/^ *Storage Changer [^:]*://p'; }
check_equal "nothing has changed" "2 Drives, 10 Slots ( 2 Import/Export )" "$(shape)"
check_fails "the new drive cannot be exported" "" tcmu-export -n third -t tape -o drive=2 /srv/vtl
check "the log says why" grep -q 'there is no drive 2: the library has 2, counted from 0; .* was changed' /run/tcmud.log
tcmu-unexport third >/dev/null 2>&1
stop_tcmud
start_tcmud
check_fails "the restarted daemon's changer says that its mode parameters have changed" "" sg_turs "$changer"
sg_turs "$changer" >/dev/null 2>&1
check_equal "it has a slot and a drive more" "3 Drives, 11 Slots ( 2 Import/Export )" "$(shape)"
check_equal "with the same cartridges" "$before" "$(cartridges)"
check "the new drive can be exported" tcmu-export -n vtl-drive2 -t tape -o drive=2 -i "$(basename "$(dirname "$group")")" /srv/vtl
check_equal "beside the others" 4 "$(tcmuctl list | grep -c serving)"

echo "--- taken back"
check "tcmu-unexport takes all four back" tcmu-unexport vtl vtl-drive0 vtl-drive1 vtl-drive2
check_equal "nothing is left" 0 "$(tcmuctl list | grep -c vtl)"
for cartridge in /srv/vtl/cartridges/*; do
    check "$(basename "$cartridge") is in order" tcmu-tape verify "$cartridge"
done
finish
