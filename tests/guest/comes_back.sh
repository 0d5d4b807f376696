#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# LUNs that tcmu-export has made are made again after a boot. The boot is played: everything in configfs goes, and
# `tcmu-export --restore` runs, as tcmud-luns.service does; packages.sh has the unit.
. tests/guest/lib.sh
export PATH=$PWD/configfs-scripts:$PATH TCMU_LUNS=/run/luns.d
memory_disk /srv 200M
truncate -s 16M /srv/disk.img "/srv/it's; a file.img" /srv/third.img
echo secretpassword >/run/password
initiator=iqn.2003-01.org.example:initiator
start_tcmud
modprobe -a tcm_loop iscsi_target_mod
mkdir -p "$target/loopback" "$target/iscsi"

# What an initiator could see: exports, strings, serials.
state() { tcmu-list -j | sed 's/"disk": "[^"]*"//'; }
# As after a boot.
forget_all() {
    local link group
    for link in "$target"/iscsi/*/tpgt_1/acls/*/lun_*/* "$target"/{loopback,iscsi}/*/tpgt_1/lun/lun_*/*; do
        [ ! -L "$link" ] || { rm "$link" && rmdir "$(dirname "$link")"; }
    done
    for group in "$target"/{loopback,iscsi}/*/tpgt_1; do
        [ -d "$group" ] || continue
        [ ! -e "$group/enable" ] || echo 0 >"$group/enable"
        rmdir "$group"/acls/* "$group"/np/* 2>/dev/null
        rmdir "$group" "$(dirname "$group")"
    done
    rmdir "$core"/user_*/*/ && rmdir "$core"/user_*
}

check "where there is no luns.d" tcmu-export -n one /srv/disk.img
check "a LUN is made, and taken back" tcmu-unexport one
check "and no luns.d is made" test ! -e $TCMU_LUNS

mkdir -m 700 $TCMU_LUNS
check_equal "an export says that it comes back" 1 "$(tcmu-export -n one /srv/disk.img 2>&1 | grep -c '^at boot: made again')"
echo targetspassword >/run/target.password
check "it can be exported twice, with passwords of files that are named from here" sh -c "cd /run && exec tcmu-export -f iscsi \
    -p 127.0.0.1:3260 -a $initiator -u alice -w password -U me -W target.password -d me -x password -n one /srv/disk.img"
check "quotes, blanks and semicolons in a path" tcmu-export -H 3 -n "two's.name" -o direct=off -k max_data_area_mb=8 -S serial-2 \
    "/srv/it's; a file.img"
check_equal "its serial is the chosen one" serial-2 "$(sed 's/.*: //' "$core/user_3/two's.name/wwn/vpd_unit_serial")"
check "one that is not to come back" tcmu-export --once -n three /srv/third.img
check_code "a password that cannot be read again is wrong usage" 2 \
    sh -c "tcmu-export -f iscsi -a $initiator -u alice -w - -n four /srv/third.img </run/password"
check_equal "a file for each LUN" "user_0.one user_3.two's.name" "$(cd $TCMU_LUNS && echo *)"
check_equal "for root alone" 600 "$(stat -c %a $TCMU_LUNS/user_0.one)"
kept=$(cat $TCMU_LUNS/*)
check "the same again" tcmu-export -n one /srv/disk.img
check_equal "changes nothing" "$kept" "$(cat $TCMU_LUNS/*)"

truncate -s 24M /srv/disk.img
echo $((24 << 20)) >$core/user_0/one/attrib/dev_size
check "after a resize once more" tcmu-export -n one /srv/disk.img
check_equal "the new size is kept, for both exports" 2 "$(grep -c -- " -s $((24 << 20)) " $TCMU_LUNS/user_0.one)"
check_equal "and no other" 2 "$(grep -c -- ' -s ' $TCMU_LUNS/user_0.one)"

check "without the one that was for once" tcmu-unexport three
before=$(state)
forget_all
check_equal "all are gone" '[]' "$(state | tr -d '\n')"
check "and made again" tcmu-export --restore
check_equal "they are what they were" "$before" "$(state)"
check "with both passwords" iscsi-inq -i $initiator \
    "iscsi://alice%secretpassword@127.0.0.1/$(basename "$target"/iscsi/iqn*)/0?target_user=me&target_password=targetspassword"
check "a second time nothing is done" tcmu-export --restore
check_equal "nor changed" "$before" "$(state)"

forget_all
mv /run/password /run/away
check_fails "one of two exports that cannot be made yet is told of" 'cannot read' tcmu-export --restore
mv /run/away /run/password
check "the next try makes it" tcmu-export --restore
check_equal "and all is as it was" "$before" "$(state)"

forget_all
sed -i 's/max_data_area_mb=8/max_data_area_mb=nonsense/' "$TCMU_LUNS/user_3.two's.name"
make_lun one file//srv/third.img $((16 << 20))
loopback one
check_fails "one that exists with another string is an error that names both, and so is one that cannot be made" \
    "user_0/one exists with another cfgstring: 'file//srv/third.img', not 'file//srv/disk.img'" tcmu-export --restore
check_fails "which is told too" "max_data_area_mb=nonsense: the kernel refuses" tcmu-export --restore
check_equal "the other LUN is left alone" file//srv/third.img "$(cat $core/user_0/one/attrib/dev_config)"
no_loopback
rmdir $core/user_0/one
check_fails "a LUN that fails" nonsense tcmu-export --restore
check "keeps no other" test -d $core/user_0/one

check "exports over one fabric are taken back" tcmu-unexport -f iscsi one
check_equal "the other comes back" 1 "$(grep -c '^-f loopback' $TCMU_LUNS/user_0.one)"
check_equal "alone" 0 "$(grep -c '^-f iscsi' $TCMU_LUNS/user_0.one)"
check "the LUN is taken back" tcmu-unexport one
check_equal "and does not come back" "user_3.two's.name" "$(cd $TCMU_LUNS && echo *)"
finish
