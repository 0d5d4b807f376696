#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# libiscsi's suite, over iSCSI, on a LUN of tcmud and on one of the kernel's own file backstore in the same boot. What
# may fail or be skipped, and why, stands in libiscsi.expected; anything else must pass.
. tests/guest/lib.sh
expected=tests/guest/libiscsi.expected
results=/run/results
mkdir -p $results
memory_disk /srv 300M
truncate -s 100M /srv/one /srv/two
modprobe -a iscsi_target_mod target_core_file
start_tcmud
check "a LUN of tcmud is enabled" make_lun one file//srv/one $((100 << 20)) hw_max_sectors=16384
iscsi "$core/user_0/one" iqn.2003-01.org.tcmud.test:tcmud
fileio=$core/fileio_0/two
mkdir -p "$fileio"
echo "fd_dev_name=/srv/two,fd_dev_size=$((100 << 20)),fd_buffered_io=1" >"$fileio/control"
echo 1 >"$fileio/enable"
echo 1 >"$fileio/attrib/emulate_tpu"
echo 1 >"$fileio/attrib/emulate_tpws"
iscsi "$fileio" iqn.2003-01.org.tcmud.test:fileio

# verdicts SUITE: of the suite's output, a line "VERDICT SUITE.TEST" for each test. Text before the first line
# "Suite:" is the suite's own setting up, which skips nothing. What a test's cleaning up says may follow its "passed".
verdicts() {
    sed -n '/^Suite:/,/^Run Summary/p' | awk -v suite="$1" '
        function close_test() { if (name != "") print verdict, suite "." name; name = "" }
        /^  Test: / { close_test(); name = $2; verdict = "HANG" }
        /\[SKIPPED\]|\[SKIPPING\]/ { if (verdict == "HANG") verdict = "SKIP" }
        /(^|\.\.\.)passed/ { if (verdict == "HANG") verdict = "PASS" }
        /(^|\.\.\.)FAILED/ { verdict = "FAIL" }
        END { close_test() }'
}
# suite TARGET PART NAME: one process for PART of the suite; a hang counts as one.
suite() {
    timeout -k 1 60 iscsi-test-cu --dataloss -v -t "ALL.$2" "iscsi://127.0.0.1/iqn.2003-01.org.tcmud.test:$1/0" 2>&1 |
        verdicts "$3" >>"$results/$1"
}
tests=$(iscsi-test-cu -l | grep -oE '^ALL\.[^. ]+\.[^ ]+' | sed 's/^ALL\.//' | sort -u)
for family in $(sed 's/\..*//' <<<"$tests" | sort -u); do
    for one in tcmud fileio; do
        if [ "$family" = iSCSIdatasn ]; then
            # Its iSCSIDataSnInvalid hangs with every target of this kernel.
            for part in $(grep "^$family\." <<<"$tests" | grep -v iSCSIDataSnInvalid); do suite $one "$part" "$family"; done
        else
            suite $one "$family" "$family"
        fi
    done
done
sort -u -o $results/tcmud $results/tcmud
sort -u -o $results/fileio $results/fileio

count() { grep -c "^$2 " "$results/$1"; }
for one in tcmud fileio; do
    echo "--- $one: $(count $one PASS) passed, $(count $one SKIP) skipped, $(count $one FAIL) failed, $(count $one HANG) hung"
done
check_equal "every test of the suite has a verdict" "$(grep -vc iSCSIDataSnInvalid <<<"$tests")" "$(wc -l <$results/tcmud)"
check "at least 150 passed" test "$(count tcmud PASS)" -ge 150
check_equal "none hung" 0 "$(count tcmud HANG)"
for verdict in FAIL SKIP; do
    check_equal "the list of those with verdict $verdict is $expected's" \
        "$(sed -n "s/^$verdict \([^ ]*\) .*/\1/p" $expected | sort)" "$(sed -n "s/^$verdict //p" $results/tcmud | sort)"
done
for name in $(sed -n 's/^FAIL \([^ ]*\) fileio:.*/\1/p' $expected); do
    check_equal "fileio fails $name too" "FAIL $name" "$(grep " $name\$" $results/fileio)"
done
check_equal "the daemon has nothing to complain of" '' "$(daemon_log | grep -E 'warning|error')"
finish
