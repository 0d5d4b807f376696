#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Two LUNs on one serving thread: a greedy one leaves a polite one its latency, equals get equal shares. The bars hold where the
# clock counts instructions; elsewhere other work of the machine is in every latency, and they are only printed:
#   tests/guest/run --kernel icount tests/guest/fairness.sh
. tests/guest/lib.sh
size=$((64 << 20))
seconds=$(in_full 1 4)
memory_disk /srv 400M
echo 'serving_threads = 1' >/run/tcmud.toml
start_tcmud --config /run/tcmud.toml

# job NAME DISK RW DEPTH: a job of fio's for `run`.
job() {
    printf '[%s]\nfilename=%s\nrw=%s\niodepth=%s\n' "$@"
}
# run: the jobs of standard input, side by side.
run() {
    {
        printf '[global]\nioengine=libaio\ndirect=1\nbs=4k\nnorandommap\ntime_based\nramp_time=0.4\nruntime=%s\n' "$seconds"
        printf 'lat_percentiles=1\nclat_percentiles=0\npercentile_list=50:99\n'
        cat
    } >/run/jobs
    fio --output-format=json --output=/run/fio.json /run/jobs
}
# p99 JOB DIRECTION: of its latency, in nanoseconds.
p99() { fio_figure /run/fio.json "$1" "$2/lat_ns/percentile/99.000000"; }
done_by() { fio_figure /run/fio.json "$1" "$2/total_ios"; }
# check_bar WHAT COMMAND...
check_bar() { if [ "$GUEST_KERNEL" = icount ]; then check "$@"; else echo "      not judged by this clock: $1"; fi; }

# make_fileio NAME: a LUN that the kernel serves, without a daemon; what it has, nobody in user space can better.
make_fileio() {
    modprobe target_core_file
    mkdir -p "$core/fileio_0/$1"
    echo "fd_dev_name=/srv/$1,fd_dev_size=$size" >"$core/fileio_0/$1/control"
    echo 1 >"$core/fileio_0/$1/enable"
}
for name in one other; do
    dd if=/dev/zero of=/srv/$name bs=$size count=1 status=none
    check "a LUN" make_lun $name file//srv/$name $size
    dd if=/dev/zero of=/srv/kernel_$name bs=$size count=1 status=none
    check "one of the kernel's, to compare with" make_fileio kernel_$name
    for lun in $name fileio_0/kernel_$name; do
        # A host for each: what the LUNs share is the daemon's.
        loopback "$lun"
        echo none >"/sys/block/${disk[$lun]#/dev/}/queue/scheduler"
    done
done
check_equal "one thread serves both" 1 "$(cat "/proc/$daemon"/task/*/comm | grep -c '^serving')"

# greedy_and_polite POLITE GREEDY RW RW: the polite LUN's p99 goes to `alone` and `beside`.
greedy_and_polite() {
    check "the polite one alone" run < <(job polite "${disk[$1]}" "rand$3" 1)
    alone=$(p99 polite "$3")
    check "and beside the greedy one" run < <(
        job polite "${disk[$1]}" "rand$3" 1
        job greedy "${disk[$2]}" "rand$4" 128
    )
    beside=$(p99 polite "$3")
    echo "      p99 of the polite one: $((alone / 1000)) us alone, $((beside / 1000)) us beside;" \
        "$(done_by polite "$3") commands against $(done_by greedy "$4")"
}

# check_every_turn NAME: whenever a turn found commands of the LUN, it took some.
check_every_turn() {
    local found took
    read -r found took < <("$tcmuctl" status -j "$1" |
        python3 -c 'import json, sys; c = json.load(sys.stdin)["counters"]; print(c["turns_that_found"], c["turns_that_took"])')
    check_equal "each of $found turns that found commands of $1 took some" "$found" "$took"
    check "there were such turns" test "$found" -gt 0
}

# two_equals DIRECTION
two_equals() {
    local one other
    check "both" run < <(job one "${disk[one]}" "rand$1" 32; job other "${disk[other]}" "rand$1" 32)
    one=$(done_by one "$1") other=$(done_by other "$1")
    echo "      $one and $other commands: $((one * 100 / (one + other))) % and $((other * 100 / (one + other))) %"
    check_bar "neither gets less than 45 %" test $((one * 100)) -ge $(((one + other) * 45)) -a \
        $((other * 100)) -ge $(((one + other) * 45))
}

for greedy in read write; do
    for polite in read write; do
        echo "--- queue depth 1, $polite, beside queue depth 128, $greedy; the kernel's own LUNs, then ours"
        greedy_and_polite fileio_0/kernel_one fileio_0/kernel_other $polite $greedy
        greedy_and_polite one other $polite $greedy
        check_bar "its p99 is tenfold at most" test "$beside" -le $((10 * alone))
        check_every_turn one
        check_every_turn other
    done
done
for direction in read write; do
    echo "--- two at queue depth 32, $direction"
    two_equals $direction
done
check_equal "the daemon has nothing to complain of" '' "$(daemon_log | grep -E 'warning|error')"
finish
