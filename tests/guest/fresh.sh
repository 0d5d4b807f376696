#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A Debian on which nothing was installed but the package: run --root, see fresh-root. Its services have begun by themselves.
. tests/guest/lib.sh
tcmuctl=/usr/sbin/tcmuctl
check "the daemon runs after the boot" systemctl is-active tcmud
check "so does the guard" systemctl is-active tcmud-guard
check_equal "no unit has failed" '' "$(systemctl list-units --failed --plain --no-legend)"
check "the daemon answers" wait_for 10 "$tcmuctl" list
check "and has its name on the bus" wait_for 20 sh -c "busctl status org.kernel.TCMUService1 | grep -qx Comm=tcmud"
check "a file becomes a disk" tcmu-export -s 32M -o create=on -n one /srv/disk.img
sd=$(tcmu-list | sed -n 's,.*\(/dev/sd[a-z]*\)$,\1,p')
check "which has a name" test -b "$sd"
dd if=/dev/urandom of=/run/data bs=1M count=16 status=none
check "it is written" dd if=/run/data of="$sd" bs=64k oflag=direct conv=fsync status=none
check "and read" sh -c "dd if=$sd bs=64k count=256 iflag=direct status=none | cmp - /run/data"
check "the file has it" cmp -n $((16 << 20)) /run/data /srv/disk.img
check "it is kept for the next boot" test -f /etc/tcmud/luns.d/user_0.one
check "a restart of the service costs nothing" systemctl restart tcmud
check "it can be read again" sh -c "dd if=$sd bs=64k count=256 iflag=direct status=none | cmp - /run/data"
check "the disk is taken back" tcmu-unexport one
check_equal "the journal has no errors" '' "$(journalctl -q -u tcmud -u tcmud-guard -u tcmud-luns -p warning)"
[ "$failures" = 0 ] || journalctl -q -b | tail -n 60
finish
