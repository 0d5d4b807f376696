#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# A file system is frozen under the writes of one LUN; its neighbours, on the same serving thread, must not notice. Needs a
# kernel with brd and xfs, and a clock in whose latencies there is no other work of the machine:
#   tests/guest/run --kernel icount --memory 2G --timeout 1500 tests/guest/frozen.sh
. tests/guest/lib.sh
size=$((64 << 20))
# Small: freezing writes the file out, and in a kernel that is preempted only where it asks to be, nobody runs meanwhile.
victim_size=$((2 << 20))
frozen_for=$(in_full 2 5)
# In the short form the one case in which a thread of ours is held.
file_systems=$(in_full ext4 'ext4 xfs')
all_options=$(in_full '-' '- ;direct=on')
# How much longer than without the freeze a neighbour's command may take, in microseconds.
bar=10000
memory_disk /srv 128M
# Pages are taken as they are written.
modprobe brd rd_nr=2 rd_size=$((600 << 10)) || exit
mkdir -p /mnt/frozen /mnt/other
modprobe -a ext4 xfs 2>/dev/null
mkfs.ext4 -q -F /dev/ram1 && mount /dev/ram1 /mnt/other || exit
echo 'serving_threads = 1' >/run/tcmud.toml
start_tcmud --config /run/tcmud.toml

# written FILE SIZE: with every block allocated, so that the writes are what is measured.
written() { dd if=/dev/zero of="$1" bs=1M count=$(($2 >> 20)) conv=fsync status=none; }
written /srv/memory $size && written /mnt/other/ext4 $size || exit

make_file_system() {
    mountpoint -q /mnt/frozen && umount /mnt/frozen
    case $1 in
    ext4) mkfs.ext4 -q -F /dev/ram0 ;;
    xfs) mkfs.xfs -q -f /dev/ram0 ;;
    esac && mount /dev/ram0 /mnt/frozen && written /mnt/frozen/disk "$victim_size"
}
# make_luns OPTIONS: each on a host of its own, so that what they share is the daemon's.
make_luns() {
    local name
    check "the LUN whose file system will freeze" make_lun victim "file//mnt/frozen/disk$1" $victim_size
    check "a neighbour on tmpfs" make_lun memory file//srv/memory $size
    check "a neighbour on ext4" make_lun ext4 file//mnt/other/ext4 $size
    for name in victim memory ext4; do
        loopback $name
        echo none >"/sys/block/${disk[$name]#/dev/}/queue/scheduler"
    done
}
remove_luns() {
    no_loopback
    rmdir $core/user_0/{victim,memory,ext4}
}

# load FILE: writes to the one, reads, writes and flushes to its neighbours; fio's figures.
load() {
    cat >/run/jobs <<JOBS
[global]
ioengine=libaio
direct=1
bs=4k
norandommap
time_based
ramp_time=1
runtime=$((frozen_for + 3))
[victim]
filename=${disk[victim]}
rw=randwrite
iodepth=32
[memory]
filename=${disk[memory]}
rw=randrw
fsync=16
[ext4]
filename=${disk[ext4]}
rw=randrw
fsync=16
JOBS
    fio --output-format=json --output="$1" /run/jobs
}
# Where each thread is, e.g. "serving/0 D, system call 426, in percpu_rwsem_wait".
where_threads_are() {
    local task
    for task in "/proc/$daemon"/task/*; do
        echo "$(<"$task/comm") $(awk '/^State/ {print $2}' "$task/status"), system call $(cut -d' ' -f1 "$task/syscall")," \
            "in $(cat "$task/wchan")"
    done 2>/dev/null | sed 's/^iou-wrk-[0-9]*/iou-wrk/' | sort | uniq -c | sed 's/^/        /'
}
# during LOAD-FILE COMMAND...: the command, when the load has run for a while.
during() {
    local fio
    load "$1" &
    fio=$!
    shift
    sleep 1.5
    "$@"
    wait $fio
}
freeze() {
    local began
    began=$(date +%s%3N)
    fsfreeze -f /mnt/frozen || return
    echo "      freezing took $(($(date +%s%3N) - began)) ms; meanwhile, in Linux $(uname -r):"
    sleep 2
    where_threads_are
    sleep $((frozen_for - 2))
    fsfreeze -u /mnt/frozen
}
# microseconds FILE JOB KIND: the longest.
microseconds() {
    case $3 in
    flush) echo $(($(fio_figure "$1" "$2" sync/lat_ns/max) / 1000)) ;;
    *) echo $(($(fio_figure "$1" "$2" "$3/clat_ns/max") / 1000)) ;;
    esac
}
threads_are() { [ "$(lasting_threads | wc -w)" = "$1" ]; }
# Workers of the kernel's io_uring leave after five seconds.
settle() { sleep 6; }

for file_system in $file_systems; do
    for options in $all_options; do
        options=${options#-}
        echo "--- $file_system, $([ -n "$options" ] && echo direct || echo buffered)"
        check "a file system" make_file_system "$file_system"
        make_luns "$options"
        check "the load without a freeze" during /run/free.json true
        settle
        usual=$(lasting_threads | wc -w)
        during /run/frozen.json freeze
        check_equal "with it, fio ends without an error" 0 $?
        check_equal "every command of the frozen LUN ends well" 0 "$(fio_figure /run/frozen.json victim error)"
        held=$(microseconds /run/frozen.json victim write)
        check "some having waited for the thaw ($((held / 1000)) ms)" test "$held" -ge $((frozen_for * 900000))
        for neighbour in memory ext4; do
            for kind in read write flush; do
                free=$(microseconds /run/free.json $neighbour $kind)
                frozen=$(microseconds /run/frozen.json $neighbour $kind)
                check "neighbour on $neighbour: the longest $kind took $frozen us, $free without the freeze" \
                    test $((frozen - free)) -le $bar
            done
        done
        check "there are $usual threads again ($(lasting_threads | wc -w) after the thaw)" wait_for 15 threads_are "$usual"
        check_equal "no error is in the kernel's log" '' "$(dmesg | grep -iE 'i/o error|timed out|abort|hung')"
        remove_luns
    done
done
check_equal "the daemon has nothing to complain of" '' "$(daemon_log | grep -E 'warning|error')"
finish
