# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Sourced. nanoseconds COMMAND...: how long it takes; its failure ends the script.
nanoseconds() {
    local began ended
    began=$(date +%s%N)
    "$@" || exit 1
    ended=$(date +%s%N)
    echo $((ended - began))
}
