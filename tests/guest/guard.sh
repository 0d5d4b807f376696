#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# tcmud-guard: when tcmud does not come back, the commands on its LUNs end with errors; when it does, all is as before.
# shellcheck disable=SC2086 # CDBs are words.
. tests/guest/lib.sh
guard_program=${TCMUD_BUILD:-build/release}/bin/tcmud-guard
after=6  # Longer than the five seconds after which a tcmud counts as back.
guard=''
memory_disk /srv 300M
truncate -s 64M /srv/one.img /srv/two.img /srv/other.img

# A loaded machine is late itself: by so many milliseconds at most, since it was last asked, somebody who wanted to wake up.
python3 - >/run/late <<'PYTHON' &
import os, signal, time
late = 0
def tell(*_):
    global late
    os.pwrite(1, b"%7d\n" % (late * 1000), 0)
    late = 0
signal.signal(signal.SIGUSR1, tell)
while True:
    began = time.monotonic()
    time.sleep(0.05)
    late = max(late, time.monotonic() - began - 0.05)
PYTHON
sleeper=$!
# Sets `late`: that, for two who must wake up one after the other, and the start of a program.
how_late() {
    kill -USR1 $sleeper
    sleep 0.2
    late=$((3 * $(</run/late)))
}

start_guard() {
    "$guard_program" --after $after "$@" 2>>/run/guard.log &
    guard=$!
}
stop_guard() {
    kill -TERM "$guard"
    wait "$guard"
    guard=''
} 2>/dev/null
kill_tcmud() {
    going=$(now)
    kill -KILL "$daemon"
    wait "$daemon"
    daemon=''
} 2>/dev/null
serve() {
    start_tcmud "$@"
    served=$(now)
    check "$served_luns are served" wait_for 10 all_serve
}
all_serve() { [ "$("$tcmuctl" list | grep -c serving)" = "${served_luns%% *}" ]; }
now() { date +%s%3N; }
# steady: until tcmud has served for so long that it counts as back.
steady() {
    local left=$(((served + 7000 - $(now)) / 100))
    [ $left -le 0 ] || sleep "$((left / 10)).$((left % 10))"
}
state() { tr -d '\n\0' <"$core/user_0/$1"; }
# All that the guard may change of the LUNs.
states() {
    grep -s . $core/user_0/*/alua/*/{alua_access_state,alua_access_type,alua_support_unavailable,alua_write_metadata,trans_delay_msecs} \
        $core/user_0/*/action/block_dev
}
records() { find /run/tcmud/guard -type f -printf "%f\n" 2>/dev/null | sort | tr "\n" " "; }
no_records() { [ -z "$(records)" ]; }
guarded() { [ "$(records)" = "user_0-one user_0-two " ]; }
leave_tcmud() {
    going=$(now)
    stop_tcmud
}
# ended_in_time PID WHAT: this job of ours ends with an error, when tcmud was gone for the guard's time, within a second.
ended_in_time() {
    local code after_going after_gone
    wait "$1"
    code=$?
    after_going=$(($(now) - going)) after_gone=$(($(now) - gone))
    how_late
    check "$2 ended with an error ($code)" test $code -ne 0
    check "within a second after $after s ($after_gone ms; the machine: $late ms)" test $after_gone -le $((after * 1000 + 1000 + late))
    # tcmud may have gone just after it was last seen.
    check "and not before" test $after_going -ge $((after * 1000 - 600))
}
ticks() { awk '{print $14 + $15 + $16 + $17}' "/proc/$guard/stat"; }
# answer OPTION...: what sg_raw got, in words: the sense or the status; and how long it took, in answer_ms.
answer() {
    local said began
    began=$(now)
    said=$(timeout 20 sg_raw -t 2 "$@" 2>&1 >/dev/null)
    answer_ms=$(($(now) - began))
    answer=$(grep -oiE 'target port in unavailable state|Logical unit communication failure|SCSI Status: (Busy|Good)|Asymmetric access state changed|waited' \
        <<<"$said" | head -n 1)
    case $answer in *changed) answer "$@" ;; esac
}
# expect WHAT ANSWER OPTION...: within a second.
expect() {
    local what=$1 expected=$2
    shift 2
    how_late
    answer "$@"
    check_equal "$what" "$expected" "$answer"
    how_late
    check "at once ($answer_ms ms; the machine: $late ms)" test "$answer_ms" -lt $((1000 + late))
}
read_10="28 00 00 00 00 00 00 00 01 00" turs="00 00 00 00 00 00" inquiry="12 00 00 00 24 00" rtpg="a3 0a 00 00 00 00 00 00 00 40 00 00"
unavailable="target port in unavailable state" failure="Logical unit communication failure"
works() { dd if="${disk[$1]}" of=/dev/null bs=64k count=16 iflag=direct status=none && dd if=/dev/zero of="${disk[$1]}" bs=64k count=16 oflag=direct conv=fsync status=none; }
# A configfs writer that would wait for a daemon, were one expected.
make_and_remove() {
    make_lun passing file//srv/other.img $((16 << 20)) || return
    rmdir "$core/user_0/passing"
}

served_luns="2 LUNs"
start_tcmud
served=$(now)
check "a LUN with ALUA" make_lun one file//srv/one.img $((64 << 20))
check "one without" make_lun two file//srv/two.img $((64 << 20))
echo 0 >$core/user_0/two/attrib/alua_support
group=$core/user_0/one/alua/more
mkdir "$group"
echo 7 >"$group/tg_pt_gp_id"
# Without implicit transitions, with delays, and stored for the next boot.
echo 2 >"$group/alua_access_type"
echo 4000 >"$group/trans_delay_msecs"
echo 1 >"$group/alua_write_metadata"
loopback one
loopback two
one=${generic[one]} two=${generic[two]}
as_before=$(states)
start_guard

echo "--- while tcmud serves"
steady
check_equal "nothing is recorded" '' "$(records)"
check_equal "nothing is changed" "$as_before" "$(states)"
check_equal "nothing is said" '' "$(cat /run/guard.log)"
check "I/O works" works one

echo "--- a restart within the time"
kill_tcmud
gone=$(now)
dd if="${disk[one]}" of=/run/read bs=4k count=1 iflag=direct status=none &
reader=$!
sleep $((after / 2))
serve
wait $reader
check_equal "a command that waited is answered" 0 $?
check_equal "nothing is said" '' "$(cat /run/guard.log)"
check_equal "nothing is changed" "$as_before" "$(states)"

echo "--- a LUN of another tcmud"
mkdir -p $core/user_1/foreign
truncate -s 16M /srv/foreign.img
"$tcmud" --run-dir /run/other --hba user_1 >/run/other.log 2>&1 &
other=$!
wait_for 10 grep -q 'tcmud .* serves' /run/other.log
check "is served by that" env HBA=1 bash -c '. tests/guest/lib.sh; make_lun foreign file//srv/foreign.img 16777216'
# As if it had been ours once.
touch /run/tcmud/journal/user_1-foreign
foreign_before=$(cat $core/user_1/foreign/alua/*/alua_access_state)

echo "--- killed, and no return"
steady
fio --name=load --filename="${disk[one]}" --direct=1 --rw=randrw --bs=4k --iodepth=16 --ioengine=libaio --time_based --runtime=60 \
    --size=$((64 << 20)) >/run/fio 2>&1 &
load=$!
sleep 1
kill_tcmud
gone=$(now)
dd if="${disk[two]}" of=/run/read bs=4k count=1 iflag=direct status=none 2>/dev/null &
reader=$!
ended_in_time $load "fio, with 16 commands under way,"
ended_in_time $reader "a command on the LUN without ALUA"
check "both are recorded" wait_for 1 guarded
check_equal "target port groups are unavailable" "3 3" "$(state one/alua/default_tg_pt_gp/alua_access_state) $(state one/alua/more/alua_access_state)"
check_equal "the LUN without ALUA is blocked" blocked "$(state two/action/block_dev)"
before=$(ticks)
sleep 2
echo "      (the guard takes $(($(ticks) - before)) ticks in two seconds)"
expect "READ(10)" "$unavailable" -r 512 "$one" $read_10
expect "TEST UNIT READY" "$unavailable" "$one" $turs
expect "INQUIRY, which the kernel lets through" "$failure" -r 36 "$one" $inquiry
expect "REPORT TARGET PORT GROUPS, too" "$failure" -r 64 "$one" $rtpg
for ((i = 0; i < 5; i++)); do expect "INQUIRY again" "$failure" -r 36 "$one" $inquiry; done
answer -r 512 "$two" $read_10
check_equal "READ(10) without ALUA" "SCSI Status: Busy" "$answer"
check_equal "the other tcmud's LUN is as it was" "$foreign_before" "$(cat $core/user_1/foreign/alua/*/alua_access_state)"
check_equal "and has no record" '' "$(records | grep foreign)"
check "of which the guard says" grep -q 'user_1/foreign: another process serves it' /run/guard.log
kill -TERM $other
wait $other
check "it leaves" rmdir "$core/user_1/foreign"
check_equal "and is forgotten" '' "$(records | grep foreign)"
sleep 1
check "configfs writers don't wait" timeout 20 bash -c "$(declare -f make_lun make_and_remove); core=$core; make_and_remove"
check_equal "each LUN is told of once" 1 "$(grep -c 'user_0/one: its commands end with errors' /run/guard.log)"

echo "--- tcmud returns"
serve
check "records are gone" wait_for 5 no_records
check_equal "states are as before" "$as_before" "$(states)"
check "I/O works" works one
check "without ALUA too" works two
check_equal "tcmud tells of both" 2 "$(daemon_log | grep -c 'was guarded, and answers again')"

echo "--- an orderly stop, and the guard is killed after it has acted"
steady
leave_tcmud
gone=$(now)
dd if="${disk[one]}" of=/run/read bs=4k count=1 iflag=direct status=none 2>/dev/null &
reader=$!
ended_in_time $reader "a command"
wait_for 1 guarded
kill -KILL $guard
wait $guard 2>/dev/null
echo 1 >$core/user_0/one/alua/default_tg_pt_gp/alua_access_state  # An administrator's.
serve
check "records are gone" wait_for 5 no_records
check_equal "what the administrator changed meanwhile is kept" 1 "$(state one/alua/default_tg_pt_gp/alua_access_state)"
echo 0 >$core/user_0/one/alua/default_tg_pt_gp/alua_access_state
check_equal "the rest is as before" "$as_before" "$(states)"
check "I/O works" works one

echo "--- a crash loop"
start_guard
steady
stop_tcmud
# Each takes the command that waits, and dies of it.
echo >/run/supervised
supervise() {
    while [ -e /run/supervised ]; do
        "$@" >>/run/tcmud.log 2>&1 &
        echo $! >/run/supervised
        wait $!
        sleep 0.3
    done
} 2>/dev/null
gone=$(now)
dd if="${disk[one]}" of=/run/read bs=4k count=1 iflag=direct status=none 2>/dev/null &
reader=$!
TCMUD_CRASH_AT=answer_stored:1 supervise "$tcmud" 2>/dev/null &
supervisor=$!
wait $reader
code=$? took=$(($(now) - gone))
check "a command that kills each tcmud ends with an error ($code)" test $code -ne 0
how_late
check "soon after ${after} s ($took ms)" test $took -ge $((after * 1000 - 600)) -a $took -le $((after * 1000 + 4000 + late))
check "tcmud was started more than once ($(grep -c 'tcmud .* serves' /run/tcmud.log))" test "$(grep -c 'tcmud .* serves' /run/tcmud.log)" -gt 5
end_supervisor() {
    local last
    last=$(</run/supervised)
    rm /run/supervised
    kill -KILL "$last"
    wait $supervisor
} 2>/dev/null
end_supervisor
serve
check "records are gone" wait_for 5 no_records
check_equal "states are as before" "$as_before" "$(states)"
check "I/O works" works one

echo "--- the program is gone"
stop_tcmud
cp "$tcmud" /run/tcmud-copy
echo >/run/supervised
supervise /run/tcmud-copy --modules "${TCMUD_BUILD:-build/release}/lib/tcmud" 2>/dev/null &
supervisor=$!
check "tcmud serves" wait_for 10 all_serve
served=$(now)
steady
rm /run/tcmud-copy
going=$(now)
kill -KILL "$(</run/supervised)"
gone=$(now)
dd if="${disk[one]}" of=/run/read bs=4k count=1 iflag=direct status=none 2>/dev/null &
reader=$!
ended_in_time $reader "a command"
check "both are recorded" wait_for 1 guarded
end_supervisor
how_late
began=$(now)
stop_guard
took=$(($(now) - began))
how_late
check "SIGTERM ends the guard at once ($took ms)" test $took -lt $((300 + late))
check_equal "--undo sets back" 0 "$("$guard_program" --undo 2>/dev/null; echo $?)"
check_equal "all of it" "$as_before" "$(states)"
check_equal "without a record left" '' "$(records)"
serve
check "I/O works" works one

echo "--- what it costs"
start_guard
steady
before=$(ticks)
sleep 4
ticks=$(($(ticks) - before))
check "in four seconds of watching: $ticks ticks of CPU time" test $ticks -le 4
check "and $(awk '/VmRSS/ {print $2, $3}' "/proc/$guard/status")" test "$(awk '/VmRSS/ {print $2}' "/proc/$guard/status")" -lt 8192

echo "--- wrong usage"
check_fails "no number" "--after x: must be a number of seconds" "$guard_program" --after x
check_code "has exit code 2" 2 "$guard_program" --bogus
stop_guard
kill $sleeper
check_equal "the kernel has no complaint" '' "$(dmesg | grep -iE 'BUG:|Oops|hung task|ring is broken')"
no_loopback
finish
