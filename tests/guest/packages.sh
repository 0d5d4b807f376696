#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The Debian packages as an administrator meets them: tcmu-runner is replaced while an initiator writes, the installation refuses
# where LUNs would be lost, an upgrade, LUNs after a boot, the way back to tcmu-runner, purge.
. tests/guest/lib.sh
mib=1048576
# shellcheck source=tests/guest/packages_lib.sh
. tests/guest/packages_lib.sh
debs=$PWD/${TCMUD_BUILD:-build/release}/packages
deb=$(echo "$debs"/tcmud_*.deb)
rbd_deb=$(echo "$debs"/tcmud-rbd_*.deb)
[ -e "$deb" ] || { echo "no $deb: cmake --build --preset PRESET --target packages"; exit 1; }
tcmuctl=/usr/sbin/tcmuctl
memory_disk /srv 200M
ready_for_packages
echo 'log_level = 4' >>/etc/tcmu/tcmu.conf
system_files >/run/files.before

echo "--- tcmu-runner, as it was used until now"
check "tcmu-runner runs" systemctl enable --now tcmu-runner
truncate -s 32M /srv/one.img
check "it serves a raw image" make_lun one qcow//srv/one.img $((32 * mib))
echo 0f3c6f52-28a8-4d3e-9d1b-5a4c7b1e0001 >$core/user_0/one/wwn/vpd_unit_serial
loopback one
check "the disk has names" wait_for 20 has_names
disk_names=$(names_of_disk)
dd if=/dev/urandom of="${disk[one]}" bs=1M count=8 seek=16 oflag=direct status=none
data=$(data_of_disk)
runner=$(systemctl show -P MainPID tcmu-runner)

echo "--- LUNs that tcmud cannot serve"
qemu-img create -q -f qcow2 -o compat=0.10 /srv/two.qcow2 16M
check "a real qcow image" make_lun two qcow//srv/two.qcow2 $((16 * mib))
saved_lun zoned zbc//srv/zoned
saved_lun ceph rbd/rbd/image
check_equal "an image of a Ceph cluster needs the package for it" 1 "$(preinst_says "$deb" | grep -c 'saveconfig.json:ceph  rbd/rbd/image$')"
check_equal "and this is said" 1 "$(preinst_says "$deb" | grep -c 'apt install ./tcmud-rbd_\*.deb')"
saved_lun zoned zbc//srv/zoned
refusal=$(one_line apt-get install -y "$deb") && failed "they stop the installation"
named='user_0/two  qcow//srv/two.qcow2.*saveconfig.json:zoned  zbc//srv/zoned.*Nothing was changed.*TCMUD_SWAP_ANYWAY=1'
check "they stop the installation, by name" grep -q "$named" <<<"$refusal"
check_equal "one that it can serve is not named" 0 "$(grep -c user_0/one <<<"$refusal")"
check_equal "tcmu-runner is installed" installed "$(status_of tcmu-runner)"
check_equal "and goes on undisturbed" "$runner" "$(systemctl show -P MainPID tcmu-runner)"
check_equal "nothing is diverted" '' "$(dpkg-divert --list '*tcmu*')"
check_equal "the data is there" "$data" "$(data_of_disk)"
check "what was begun is taken away" dpkg --purge tcmud
check_equal "told to go on, it names them and does" 1 "$(TCMUD_SWAP_ANYWAY=1 preinst_says "$deb" | grep -c 'user_0/two  qcow')"
rmdir $core/user_0/two
saved_lun ceph rbd/rbd/image

echo "--- the swap, while an initiator writes"
start_writer
check "apt installs the module for the image" apt-get install -y "$rbd_deb"
check_equal "tcmu-runner goes on" "$runner" "$(systemctl show -P MainPID tcmu-runner)"
check "apt installs the package, which finds that all can be served" apt-get install -y "$deb"
rm -r /etc/rtslib-fb-target
check "the service is active" systemctl is-active tcmud
check_fails "tcmu-runner is not" inactive systemctl is-active tcmu-runner
check "the LUN is served" wait_for 10 serves_all 1
end_writer "the swap"
check_equal "the disk has the same names" "$disk_names" "$(names_of_disk)"
check_equal "and the same data" "$data" "$(data_of_disk)"
check "tcmud has tcmu-runner's name on the bus" wait_for 20 sh -c "busctl status org.kernel.TCMUService1 | grep -qx Comm=tcmud"
for unit in tcmud tcmud-guard tcmud-luns; do check "$unit starts at boot" systemctl is-enabled $unit; done
check "the guard runs" systemctl is-active tcmud-guard
check_equal "the log tells what tcmu.conf has set" 1 \
    "$(journalctl -q -u tcmud | grep -c 'log_level = "debug" is taken from /etc/tcmu/tcmu.conf')"
has_rbd() { "$tcmuctl" modules | grep -q rbd; }
check "images of a Ceph cluster can be served" has_rbd
old=$(systemctl show -P MainPID tcmud)
check "the package for them is removed" dpkg --purge tcmud-rbd
has_not_rbd() { "$tcmuctl" modules && ! has_rbd; }
check "they cannot any more" wait_for 20 has_not_rbd
check_equal "for another process was handed the LUNs" 1 "$(journalctl -q "_PID=$old" | grep -c 'has handed over all LUNs')"
check "which goes on with them" wait_for 10 serves_all 1
check_fails "tcmu-runner cannot be started by mistake" masked systemctl start tcmu-runner
# An attribute that cannot be changed while the LUN is exported is the only thing that it may complain of.
check_equal "nothing was refused" '' "$(journalctl -q -u tcmud | grep -iE 'not permitted|denied|cannot|busy:' | grep -v cmd_time_out)"

echo "--- LUNs that come back after a boot"
check "an export" tcmu-export -s 8M -o create=on -n kept /srv/kept.img
serial=$(cat $core/user_0/kept/wwn/vpd_unit_serial)
check "goes with the machine" forget_lun kept
check "it is made again" systemctl restart tcmud-luns
check_equal "and is what it was" "$serial" "$(cat $core/user_0/kept/wwn/vpd_unit_serial)"
# The sandbox lets it open what it is to serve.
truncate -s 8M /srv/block.img
modprobe loop
check "a block device is served" tcmu-export --once -n block "$(losetup -f --show /srv/block.img)"
check "and taken back" tcmu-unexport block

echo "--- the examples of the manual pages"
# examples PAGE: its lines to be typed; block PAGE: what is to be in a file.
examples() { sed -n '/^\.Sh EXAMPLES/,$s/^\.Dl //p' "docs/man/$1"; }
block() { sed -n '/^\.Sh EXAMPLES/,$p' "docs/man/$1" | sed -n '/^\.Bd/,/^\.Ed/{/^\.\|^#/d; p}'; }
truncate -s 1G /srv/disk.img
mapfile -t typed < <(examples tcmud.8; examples tcmud-guard.8)
check_equal "tcmud(8) and tcmud-guard(8) have four" 4 ${#typed[@]}
for example in "${typed[@]}"; do
    # One of them is a daemon in the foreground.
    check "$example" timeout --preserve-status 5 bash -c "exec $example"
done
rm /srv/disk.img
# What `systemctl edit` makes of it; that asks for a terminal.
mkdir -p /etc/systemd/system/tcmud-guard.service.d
block tcmud-guard.8 >/etc/systemd/system/tcmud-guard.service.d/override.conf
check "systemd takes what tcmud-guard(8) has it edited to" sh -c "systemctl daemon-reload && systemctl start tcmud tcmud-guard"
check "the guard waits ten seconds" grep -qz -- '--after' "/proc/$(systemctl show -P MainPID tcmud-guard)/cmdline"
rm -r /etc/systemd/system/tcmud-guard.service.d
systemctl daemon-reload
check "the LUNs are served again" wait_for 10 serves_all 2
block tcmud.toml.5 >/run/example.toml
check "tcmud.toml(5) has a file without errors" tcmud --config /run/example.toml --check-config

echo "--- an upgrade, while an initiator writes"
newer_deb "$deb" 0.1.1-1 /run/newer.deb
old=$(systemctl show -P MainPID tcmud)
start_writer
# From here on dpkg alone, for apt takes its time here and adds nothing.
check "a newer package is installed" dpkg -i /run/newer.deb
check_equal "it is the newer version" 0.1.1-1 "$(dpkg-query -W -f '${Version}' tcmud)"
check "the LUNs are served" wait_for 10 serves_all 2
end_writer "the upgrade"
check "by another process" test "$(systemctl show -P MainPID tcmud)" != "$old"
check_equal "which was handed them, not restarted" 1 "$(journalctl -q "_PID=$old" | grep -c 'has handed over all LUNs')"
check_equal "systemd has seen no failure" 0 "$(systemctl show -P NRestarts tcmud)"

echo "--- the way back"
check "the LUN that tcmu-runner cannot serve goes" tcmu-unexport kept
check "tcmud is removed" dpkg --remove tcmud
check_equal "its configuration stays" config-files "$(status_of tcmud)"
check "tcmu-runner serves again" systemctl is-active tcmu-runner
check_equal "the same data" "$data" "$(data_of_disk)"
check_equal "under the same names" "$disk_names" "$(names_of_disk)"

echo "--- for good"
check "tcmud again" dpkg -i "$deb"
check "tcmu-runner is removed" dpkg --purge --force-depends tcmu-runner
check "which tcmud does not notice" systemctl is-active tcmud
check_equal "the same data" "$data" "$(data_of_disk)"
no_loopback
rmdir $core/user_0/one
check "tcmud is purged" dpkg --purge tcmud
check_equal "it leaves nothing" '' "$(system_files | comm -13 /run/files.before - | grep -v tcmu-runner)"
check "nor in /run" test ! -e /run/tcmud
check_equal "no process" '' "$(pgrep -l tcmud)"
check_equal "nothing is diverted" '' "$(dpkg-divert --list '*tcmu*')"
[ "$failures" = 0 ] || journalctl -q -u tcmud -u tcmud-guard -u tcmud-luns | grep -v ' debug: ' | tail -n 40
finish
