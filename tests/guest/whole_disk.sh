#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# The whole disk in one boot: a file system, load and space given back, then every command, on a kernel that has seen the others.
failed=0
for script in disk commands; do
    tests/guest/$script.sh || failed=1
done
exit $failed
