#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Which thread serves a LUN and where that thread runs, where the administrator says so.
. tests/guest/lib.sh
mib=1048576
memory_disk /srv 100M
truncate -s 16M /srv/first /srv/second /srv/third
last=$(($(nproc) - 1))
printf 'serving_threads = 2\nserving_cpus = ["%s", "0"]\n' $last >/run/tcmud.toml

# of NAME KEY: of a LUN's status.
of() { "$tcmuctl" status -j "$1" | python3 -c 'import json, sys; print(json.load(sys.stdin)[sys.argv[1]])' "$2"; }
# cpus THREAD: that the kernel lets it run on.
cpus() {
    local task
    for task in "/proc/$daemon"/task/*; do
        [ "$(<"$task/comm")" != "$1" ] || awk '/^Cpus_allowed_list/ {print $2}' "$task/status"
    done
}

printf 'serving_cpus = ["0,%s"]\n' $((last + 1)) >/run/bad.toml
check_fails "a CPU that the machine does not have is no place for a thread" \
    "/run/bad.toml:1: serving_cpus must be CPUs that are online .*, and $((last + 1)) is not" \
    timeout 10 "$tcmud" --config /run/bad.toml
check_fails "a thread that there cannot be cannot serve a LUN" \
    "option thread cannot be 2: the serving threads are 0 to 1" \
    "$tcmud" --config /run/tcmud.toml --check "file//srv/first;thread=2"

start_tcmud --config /run/tcmud.toml
check "a LUN of the second thread" make_lun first "file//srv/first;thread=1" $((16 * mib))
check "another one" make_lun second "file//srv/second;thread=1" $((16 * mib))
check_equal "the first is where it was asked for" 1 "$(of first serving_thread)"
check_equal "so is the other" 1 "$(of second serving_thread)"
check_equal "whose CPUs are known" 0 "$(of second serving_cpus)"
check_equal "and the kernel's" 0 "$(cpus serving/1)"
check "a LUN that does not ask" make_lun third file//srv/third $((16 * mib))
check_equal "goes to a thread without LUNs" 0 "$(of third serving_thread)"
check_equal "which runs where it is to" $last "$(cpus serving/0)"
check "LUNs move to another thread" sh -c "env echo 'file//srv/first;thread=0' >$core/user_0/first/attrib/dev_config"
check_equal "while they are served" 0 "$(of first serving_thread)"
check_fails "but not to one that there cannot be" "Invalid argument" \
    sh -c "env echo 'file//srv/first;thread=7' >$core/user_0/first/attrib/dev_config"
check_equal "they stay where they were then" 0 "$(of first serving_thread)"
check_fails "nor can a LUN begin there" "Invalid argument" make_lun bad "ram/;thread=2" $((16 * mib))
check_equal "the threads are listed with their LUNs" 2 \
    "$("$tcmuctl" status | grep -cE "serving/0, LUNs: 2, CPUs: $last|serving/1, LUNs: 1, CPUs: 0")"
loopback first second third
for name in first second third; do
    check "$name can be written" dd if=/dev/zero of="${disk[$name]}" bs=1M count=4 oflag=direct status=none
done
no_loopback
finish
