#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The export scripts: who may log in over iSCSI and who is, dry runs that are then carried out, and every example of their manual
# pages, the quick start and the migration from tgt. What other fabrics do is in tests/configfs-scripts.
. tests/guest/lib.sh
export PATH=$PWD/configfs-scripts:$PATH
memory_disk /srv 200M
truncate -s 16M /srv/disk.img
echo alicespassword >/run/alice
echo targetspassword >/run/target
start_tcmud
modprobe -a tcm_loop iscsi_target_mod
mkdir -p "$target/loopback" "$target/iscsi"
tree() { find "$target" -mindepth 3 -maxdepth 3 -type d -not -path '*/alua/*' -not -path '*/discovery_auth*'; }
before=$(tree)
iqn=iqn.2003-01.org.tcmud.test:disk
initiator=iqn.2003-01.org.tcmud.test:initiator
portal=127.0.0.1:3260
inquiry() { timeout 20 iscsi-inq -i "$1" "iscsi://${2}127.0.0.1/$iqn/${4:-0}${3:-}"; }
# Those who are not let in.
refused() { ! inquiry "$@"; }
mutual='?target_user=me&target_password=targetspassword'

echo "--- a dry run, carried out"
check_equal "changes nothing" "$before" "$(tcmu-export -N -n one /srv/disk.img >/run/steps; tree)"
check "its commands make the disk" sh -e /run/steps
check_equal "which the list has" 1 "$(tcmu-list | grep -c 'loopback.* /dev/sd[a-z]*$')"
check "the same LUN over iSCSI" sh -c "tcmu-export -N -f iscsi -p $portal -i $iqn -n one /srv/disk.img | sh -e"
check "can be logged in to" inquiry $initiator ""
check_equal "taking back: changes nothing" "$(tree)" "$(tcmu-unexport -N one >/run/steps; tree)"
check "its commands take all of it back" sh -e /run/steps
check_equal "and leave nothing" "$before" "$(tree)"

echo "--- both sides have a password"
check "an export" tcmu-export -f iscsi -p $portal -i $iqn -a $initiator -u alice -w /run/alice -U me -W /run/target -n one /srv/disk.img
check "an initiator that asks the target for it gets it" inquiry $initiator alice%alicespassword@ "$mutual"
check "it may be let in without asking" inquiry $initiator alice%alicespassword@
check "it leaves a target with another password" refused $initiator alice%alicespassword@ '?target_user=me&target_password=wrong'
check_equal "the list says so" 1 "$(tcmu-list | grep -c "lets in $initiator, and each proves to the other")"
check "a second LUN for the same initiator, without a password" tcmu-export -f iscsi -i $iqn -a $initiator -t ram -s 1M -n two
check "does not open the target" refused $initiator ""
check "and is there with the password" inquiry $initiator alice%alicespassword@ '' 1
check "a third for nobody in particular" tcmu-export -f iscsi -i $iqn -t ram -s 1M -n three
check "is for whom the target lets in" inquiry $initiator alice%alicespassword@ '' 2
timeout 20 iscsi-perf -i $initiator -t 6 "iscsi://alice%alicespassword@127.0.0.1/$iqn/0" >/run/perf 2>&1 &
check "who is logged in is listed" wait_for 10 sh -c "tcmu-list | grep -q 'logged in: $initiator'"
check_equal "in JSON, too" "$initiator mutual 127.0.0.1:3260" "$(tcmu-list --json | python3 -c '
import json, sys
export = next(lun for lun in json.load(sys.stdin) if lun["name"] == "one")["exports"][0]
print(export["logged_in"][0], export["lets_in"][0]["password"], export["portals"][0]["address"])')"
check "taken back while it reads" tcmu-unexport one two three
wait $!
check_equal "nothing is left" "$before" "$(tree)"

echo "--- a password for everybody, and for discovery"
check "an export" tcmu-export -f iscsi -p $portal -i $iqn -u alice -w /run/alice -d alice -x /run/alice -n one /srv/disk.img
check "anybody who knows it is let in" inquiry $initiator:x alice%alicespassword@
check "nobody else is" refused $initiator:x alice%wrong@
check_equal "discovery works with a password" 1 "$(iscsi-ls iscsi://alice%alicespassword@127.0.0.1 | grep -c $iqn)"
check_equal "and not without" 0 "$(iscsi-ls iscsi://127.0.0.1 2>&1 | grep -c $iqn)"
check "the same again does no harm" tcmu-export -f iscsi -p $portal -i $iqn -u alice -w /run/alice -d alice -x /run/alice -n one /srv/disk.img
check_fails "another user of all is refused" "the target $iqn has no such user" \
    tcmu-export -f iscsi -i $iqn -u bob -w /run/target -t ram -s 1M -n two
check_fails "another user of discovery, too" "discovery has the user alice already" \
    tcmu-export -f iscsi -i $iqn -d bob -x /run/target -t ram -s 1M -n two
check "discovery is opened" tcmu-unexport -d
check_equal "for everybody" 1 "$(iscsi-ls iscsi://127.0.0.1 | grep -c $iqn)"
check "the LUN is taken back" tcmu-unexport one
check_equal "nothing is left of all this" "$before" "$(tree)"

echo "--- the examples of the manuals"
mkdir -p /dev/vg0
truncate -s 1M /srv/{vm,fast,san,fibre,other,web}.img
truncate -s 16M /run/volume
modprobe loop
ln -s "$(losetup -f --show /run/volume)" /dev/vg0/disk
echo alicespassword >/root/chap
echo targetspassword >/root/chap.target
echo discoverspassword >/root/chap.discovery
examples=0
while read -r example; do
    examples=$((examples + 1))
    # What this machine has no adapters for is only said.
    case $example in
    *'-f iser'* | *'-f srp'* | *'-f qla2xxx'* | *'-f fc'* | *'-f vhost'*) example=${example/tcmu-export/tcmu-export -N} ;;
    esac
    check "$example" sh -ec "$example" </dev/null
done < <(sed -n "s/\\\\(aq/'/g; s/^\.Dl //p" docs/man/tcmu-{export,list,unexport}.8
    sed -n 's/^    \(tcmu-\)/\1/p' docs/quick-start.md docs/migration-from-tgt.md)
check_equal "are there" yes "$([ $examples -gt 25 ] && echo yes)"
for device in "$core"/user_*/*/attrib; do
    device=${device%/attrib}
    check "${device##*/} is taken back" tcmu-unexport "${device#"$core"/}"
done
check_equal "nothing is left of them" "$before" "$(tree)"
finish
