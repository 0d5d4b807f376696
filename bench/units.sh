# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Daemons of a benchmark as units of systemd, each in a control group with a CPU weight: what counts between them then is the
# group's weight, not the threads' nice values. Sourced; each function's process goes to `started`.

start_unit() {  # NAME COMMAND...
    systemd-run --quiet --unit="bench-$1" --property=CPUWeight=100 "${@:2}"
    started=$(systemctl show --property=MainPID --value "bench-$1")
}

# tcmud.service as it would be installed, but for what it executes.
start_service() {  # COMMAND...
    local units=/run/systemd/system
    sed 's,@[A-Z_]*@,/usr/sbin,' packaging/tcmud.service.in >$units/tcmud.service
    mkdir -p $units/tcmud.service.d
    printf '[Service]\nExecStart=\nExecStart=%s\nCPUWeight=100\n' "$*" >$units/tcmud.service.d/bench.conf
    systemctl daemon-reload
    systemctl start tcmud.service
    started=$(systemctl show --property=MainPID --value tcmud.service)
    local group
    group=$(systemctl show --property=ControlGroup --value tcmud.service)
    grep -qw cpu "$(dirname "/sys/fs/cgroup$group")/cgroup.subtree_control" || {
        echo "bench: systemd did not enable the cpu controller" >&2
        return 1
    }
}
