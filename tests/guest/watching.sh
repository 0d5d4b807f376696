#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# What the administrator sees: tcmuctl and its manual page's examples, metrics, and doctor, which finds what is planted, prints
# what mends it, and is silent after that.
. tests/guest/lib.sh
mib=1048576
export PATH=$PWD/${tcmuctl%/*}:$PATH
memory_disk /srv 200M
mkdir -p /etc/tcmud
echo 'metrics_address = "9660"' >/etc/tcmud/tcmud.toml

# The unit as it is installed, with the program of the build tree.
sed "s|@CMAKE_INSTALL_FULL_SBINDIR@/tcmud|$TCMUD|; /^Wants\|^After\|^Before\|^Conflicts/d" packaging/tcmud.service.in \
    >/run/systemd/system/tcmud.service
systemctl daemon-reload
main_pid() { systemctl show -P MainPID tcmud; }

# field NAME: of the JSON on standard input; Python after "value".
field() { python3 -c "import json, sys; value = json.load(sys.stdin); print(value$1)"; }

# finds WHAT PATTERN [COUNT]: doctor finds it, among so many that are wrong (1); what it says mends it is run, and it is silent.
finds() {
    local what=$1 pattern=$2 count=${3:-1} findings commands command
    findings=$(tcmuctl doctor)
    check_equal "$what: doctor's exit status says so" 1 $?
    check "$what: it is named" grep -qE "^wrong: .*$pattern" <<<"$findings"
    check_equal "$what: and nothing else" "$count" "$(grep -c ^wrong <<<"$findings")"
    grep -E -A1 "$pattern" <<<"$findings" | head -n 2 | cut -c 1-300 | sed 's/^/      /'
    mapfile -t commands < <(sed -n 's/^    mend it: //p' <<<"$findings")
    for command in "${commands[@]}"; do check "$what: the command that mends it works" timeout 60 sh -c "$command"; done
    silent "$what"
}
# silent WHAT
silent() {
    wait_for 10 tcmuctl list
    wait_for 10 tcmuctl doctor  # What has just been mended may need another try to be served.
    local findings code=0
    findings=$(tcmuctl doctor) || code=$?
    check_equal "$1: doctor is silent" '' "$findings"
    check_equal "$1: and content" 0 $code
}

echo "--- doctor: a machine that was just started"
check_fails "without a daemon it is said what to do" 'no tcmud answers on .*: is it running\? \(systemctl status tcmud\)' tcmuctl list
check_fails "top says so too" 'no tcmud answers' tcmuctl top
rmmod target_core_user
finds "a module that is missing" 'module target_core_user is not loaded' 2
check "the daemon runs" systemctl is-active tcmud
systemctl -q is-active tcmud || finish
rmdir /etc/target/pr
finds "a directory that the kernel needs" '/etc/target/pr is missing'
prlimit --pid "$(main_pid)" --nofile=100:65536
finds "a limit that is too low" 'may open 100 files only'

echo "--- doctor: LUNs"
truncate -s 16M /srv/disk1 /srv/disk2 /srv/disk3
make_lun disk1 fault//srv/disk1 $((16 * mib)) hw_max_sectors=16384 || failed "a LUN"
make_lun disk2 file//srv/disk2 $((16 * mib)) || failed "another one"
check_equal "the kernel's default of transfers is harmless, and why" \
    "harmless: user_0/disk2: hw_max_sectors is 128, the kernel's default; initiators are told 8 MiB all the same (VPD page B0)" \
    "$(tcmuctl doctor)"
check_code "it has nothing to mend" 0 tcmuctl doctor
rmdir $core/user_0/disk2
make_lun disk2 file//srv/disk2 $((16 * mib)) hw_max_sectors=16384 || failed "another one"
silent "LUNs that are well"
echo 1 >$core/user_0/disk1/action/block_dev
finds "a LUN that was left blocked" 'user_0/disk1: is blocked'
echo 30 >$core/user_0/disk1/attrib/cmd_time_out
loopback disk1 disk2
check_fails "a time-out cannot be changed while the LUN is used" . sh -c "env echo 0 >$core/user_0/disk1/attrib/cmd_time_out"
finds "a LUN with the kernel's time-out" 'user_0/disk1: .* cmd_time_out is 30'
check_equal "which is gone then" 0 "$(<$core/user_0/disk1/attrib/cmd_time_out)"
block=("$(dirname "$(readlink -f "/sys/block/${disk[disk2]#/dev/}/device")")"/*:0/block/*)
disk[disk1]=/dev/${block[0]##*/}
check "and the disk is back" wait_for 10 test -b "${disk[disk1]}"

echo "--- doctor: daemons"
systemctl stop tcmud
check "a tcmu-runner is started" systemctl start tcmu-runner
check "a tcmud beside it" systemctl start tcmud
wait_for 20 sh -c 'tcmuctl doctor | grep -q "owns org.kernel"'
finds "another daemon on the bus name" \
    "process $(systemctl show -P MainPID tcmu-runner) \\(tcmu-runner, tcmu-runner.service\\) owns org.kernel.TCMUService1"
systemctl restart tcmud
mkdir -p /run/systemd/system/tcmud.service.d
# One that nobody starts again, and for whom nobody frees the writers.
printf '[Service]\nRestart=no\nExecStopPost=\n' >/run/systemd/system/tcmud.service.d/restart.conf
systemctl daemon-reload
kill -KILL "$(main_pid)"
wait_for 10 sh -c '! systemctl is-active tcmud'
{ make_lun stuck ram/ $mib hw_max_sectors=16384; echo $? >/run/stuck; } 2>/run/stuck.log &
wait_for 10 sh -c 'grep -q ^tcmu_ /proc/[0-9]*/wchan'
finds "an enable that waits for a daemon that was killed" 'waits in the kernel' 2
check "it has ended" wait_for 10 test -s /run/stuck
rm /run/systemd/system/tcmud.service.d/restart.conf
systemctl daemon-reload
rmdir $core/user_0/stuck

echo "--- tcmuctl"
dd if=/dev/urandom of="${disk[disk1]}" bs=64k count=16 oflag=direct status=none
dd if="${disk[disk1]}" of=/dev/null bs=64k count=16 iflag=direct status=none
tcmuctl fault disk1 read:error=EIO,count=1 >/run/fault
dd if="${disk[disk1]}" of=/dev/null bs=4k count=1 iflag=direct status=none 2>/run/dd.log
status=$(tcmuctl status disk1)
check "status has the exports" grep -qE '^Exports +loopback naa\.[0-9]+ tpgt_1 lun_0$' <<<"$status"
check "and the last error" grep -qE '  READ\(10\) \[28 .*\]: MEDIUM ERROR, 11h/00h$' <<<"$status"
check "and latencies" grep -qE '^Latency, write +mean [0-9.]+[um]?s of [0-9]+$' <<<"$status"
sed 's/^/      /' <<<"$status"
check_equal "and of programs" "loopback MEDIUM ERROR" \
    "$(tcmuctl status -j disk1 | field '["exports"][0]["fabric"], value["last_errors"][0]["sense_key"]')"
check_fails "there is no other LUN" "there is no LUN 'user_0/none': tcmuctl list shows all" tcmuctl status none
check_fails "a size is refused that the file does not have, with the reason" "user_0/disk2: .* enlarge the file first" tcmuctl resize disk2 32M
truncate -s 32M /srv/disk2
check "a LUN is made larger" tcmuctl resize disk2 32M
check_equal "the daemon knows it" $((32 * mib)) "$(tcmuctl status -j disk2 | field '["size_bytes"]')"
check_equal "and the kernel" $((32 * mib)) "$(<$core/user_0/disk2/attrib/dev_size)"
check_fails "so is one that is no multiple of a block" 'user_0/disk2: .*block' tcmuctl resize disk2 1000
check_code "no size is wrong usage" 2 tcmuctl resize disk2 big
check "the log says more" tcmuctl log-level debug
check_equal "from now on" debug "$(tcmuctl log-level)"
check "and less" tcmuctl log-level info
check "a configuration is checked" tcmuctl check file//srv/disk3 --size 16M
check_fails "one that is none is refused" 'No such file' tcmuctl check file//srv/nothing
check "backends are listed with their options" grep -q '^    ;' <(tcmuctl modules)
check_equal "stats are JSON" "2 True" \
    "$(tcmuctl stats | field '["daemon"]["luns"], value["luns"][0]["latency"]["write"]["count"] > 0')"
completed() {
    bash -c '. packaging/completions/tcmuctl; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _tcmuctl; echo "${COMPREPLY[*]}"' - "$@"
}
check_equal "commands are completed" "stats status" "$(completed tcmuctl sta | tr ' ' '\n' | sort | paste -sd ' ')"
check_equal "and LUNs" "user_0/disk1 user_0/disk2" "$(completed tcmuctl status user)"
check_equal "and backends" "file/" "$(completed tcmuctl check "fi")"

echo "--- tcmuctl top"
fio --name=load --filename="${disk[disk2]}" --ioengine=libaio --direct=1 --rw=randrw --bs=4k --iodepth=8 --size=16M --time_based \
    --runtime=60 --output=/run/fio.txt >/run/fio.log 2>&1 &
load=$!
wait_for 20 sh -c 'tcmuctl top -d 0.5 | grep -qE "^user_0/disk2 +[1-9]"'
once=$(tcmuctl top -d 2)
check "in a pipe it prints once" grep -qE '^user_0/disk2 +[1-9]' <<<"$once"
check_equal "the busiest LUN first" user_0/disk2 "$(awk 'NR == 4 {print $1}' <<<"$once")"
check "on a terminal it refreshes, fits, follows its size, sorts and ends" python3 tests/guest/watching_top.py /run/top
sed 's/^/|/' /run/top
kill -INT $load
wait $load

echo "--- metrics"
python3 -c 'import urllib.request; print(urllib.request.urlopen("http://127.0.0.1:9660/metrics").read().decode(), end="")' >/run/metrics
check "promtool accepts them" promtool check metrics </run/metrics
check "they have the LUNs" grep -qF 'tcmud_lun_up{lun="user_0/disk1"} 1' /run/metrics
check "their errors" grep -qF 'tcmud_lun_errors_total{lun="user_0/disk1",sense_key="MEDIUM ERROR"} 1' /run/metrics
# counted METRIC LABELS: its value.
counted() { grep -F "$1{lun=\"user_0/disk2\"$2}" /run/metrics | awk '{print $NF}'; }
check "commands have latencies" test "$(counted tcmud_lun_command_duration_seconds_count ',direction="read"')" -gt 100
check "so have the backend's operations" test "$(counted tcmud_lun_backend_duration_seconds_count ',direction="write"')" -gt 100
check "no bucket is more than all" test "$(counted tcmud_lun_command_duration_seconds_bucket ',direction="read",le="+Inf"')" = \
    "$(counted tcmud_lun_command_duration_seconds_count ',direction="read"')"

echo "--- the examples of the manual page"
mapfile -t examples < <(sed -n '/^\.Sh EXAMPLES/,/^\.Sh SEE/s/^\.Dl //p' docs/man/tcmuctl.8 | sed 's/\\-/-/g')
check "there are some" test "${#examples[@]}" -ge 8
for example in "${examples[@]}"; do check "$example" timeout 60 bash -c "$example"; done
no_loopback
rmdir $core/user_0/disk1 $core/user_0/disk2
silent "in the end"
finish
