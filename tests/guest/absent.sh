#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A LUN whose backing store is not there when tcmud starts: its commands wait for a while, then they are answered NOT READY, until
# it is there. Its neighbour does not notice.
. tests/guest/lib.sh
mib=1048576
memory_disk /srv 100M
printf 'not_ready_after = 3\n' >/run/tcmud.toml
start_tcmud --config /run/tcmud.toml
truncate -s 8M /srv/here /srv/away
check "two LUNs" make_lun here file//srv/here $((8 * mib))
check "are enabled" make_lun away file//srv/away $((8 * mib))
loopback here away
check "both are written" sh -c "head -c $((8 * mib)) /dev/urandom >/run/data && for disk in ${disk[here]} ${disk[away]}; do
    dd if=/run/data of=\$disk bs=1M oflag=direct conv=fsync status=none; done"

read_away() { dd if="${disk[away]}" bs=1M iflag=direct status=none | cmp - /run/data; }
read_here() { dd if="${disk[here]}" bs=1M iflag=direct status=none | cmp - /run/data; }
state_of() { "$tcmuctl" status -j "$1" | sed -n 's/^ *"state": "\(.*\)",*/\1/p'; }
milliseconds() { date +%s%3N; }

# --- It comes back before the limit
stop_tcmud
mv /srv/away /srv/elsewhere
start_tcmud --config /run/tcmud.toml
check_equal "without its file a LUN is not served" waiting "$(state_of away)"
check "its neighbour is" read_here
read_away >/run/read 2>&1 &
reader=$!
sleep 1
check "a command to it waits" kill -0 $reader
mv /srv/elsewhere /srv/away
wait $reader
check_equal "and is answered when the file is back" 0 $?
check_equal "then it is served" serving "$(state_of away)"

# --- It does not
stop_tcmud
mv /srv/away /srv/elsewhere
start_tcmud --config /run/tcmud.toml
began=$(milliseconds)
check_fails "a command that waits longer than not_ready_after fails" 'error' timeout 60 dd if="${disk[away]}" of=/dev/null \
    bs=1M iflag=direct count=1
took=$(($(milliseconds) - began))
check "after those three seconds ($took ms)" test $took -gt 1500 -a $took -lt 8000
check_fails "TEST UNIT READY is answered NOT READY" 'not ready' timeout 20 sg_turs -v "${disk[away]}"
check "at once" sh -c "timeout 2 sg_turs ${disk[away]}; [ \$? = 2 ]"
check_fails "so are writes" 'error' timeout 5 dd if=/run/data of="${disk[away]}" bs=1M oflag=direct count=1
check "INQUIRY is answered as before" timeout 5 sg_inq "${disk[away]}"
change_size() { env echo "$1" >"$core/user_0/away/attrib/dev_size"; }
check_fails "the size cannot be changed" 'No such device' change_size $((4 * mib))
check "tcmuctl says what it answers" sh -c "$tcmuctl status away | grep -q 'NOT READY'"
check "and why" sh -c "$tcmuctl status away | grep -q 'No such file'"
check "its neighbour is still served" read_here
"$tcmud" --config /run/tcmud.toml --takeover >>/run/tcmud.log 2>&1 &
new=$!
wait "$daemon"
check_equal "the old tcmud has given both up" 0 $?
daemon=$new
check "the neighbour is served" wait_for 10 read_here
mv /srv/elsewhere /srv/away
serves_again() { [ "$(state_of away)" = serving ]; }
check "when the file is back it is served again, without help" wait_for 20 serves_again
check "with its data" read_away
check "the kernel still knows the disk" sh -c "dd if=/run/data of=${disk[away]} bs=1M oflag=direct conv=fsync status=none"

# --- Removed while it is absent
stop_tcmud
rm /srv/away
start_tcmud --config /run/tcmud.toml
sleep 4
check_fails "absent again" 'not ready' timeout 20 sg_turs -v "${disk[away]}"
no_loopback
check "it can be removed" timeout 10 rmdir $core/user_0/away
check_equal "and is not listed any more" 0 "$("$tcmuctl" list | grep -c away)"
finish
