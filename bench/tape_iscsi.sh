#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Called by bench/tape --iscsi, in a guest: a drive of tcmud's over LIO's iSCSI and one of tgt's (its ssc backing store), each with
# its initiator on the same machine. Prints MB/s of each, the median of the rounds, and the ratio.
. tests/guest/lib.sh
. bench/nanoseconds.sh
rounds=$1 mib=256 kib=256
build=$PWD/${TCMUD_BUILD:-build/release}/bin
export PATH=$PWD/configfs-scripts:$build:$PATH
command -v tgtd >/dev/null || { echo "tgt is missing: apt-get install tgt"; exit 1; }
memory_disk /srv 1500M
modprobe -a st sg iscsi_target_mod iscsi_tcp
must() { "$@" >/run/must 2>&1 || { echo "failed: $*"; cat /run/must; exit 1; }; }

start_tcmud --subtypes tape
must tcmu-tape create /srv/cart --capacity 2G
must tcmu-export -t tape -n tape -f iscsi -p 127.0.0.1:3260 -i iqn.2003-01.org.tcmud.bench:tcmud /srv/cart
tgtd --iscsi portal=127.0.0.1:3261
wait_for 10 tgtadm --lld iscsi --op show --mode sys
must tgtimg --op new --device-type tape --barcode A00001L8 --size 2000 --type data --file /srv/tgt.img
must tgtadm --lld iscsi --op new --mode target --tid 1 -T iqn.2003-01.org.tcmud.bench:tgt
must tgtadm --lld iscsi --op new --mode logicalunit --tid 1 --lun 1 -b /srv/tgt.img --device-type tape --bstype ssc
must tgtadm --lld iscsi --op bind --mode target --tid 1 -I ALL

mkdir -p /run/lock/iscsi /etc/iscsi
echo InitiatorName=iqn.2003-01.org.tcmud.bench:initiator >/etc/iscsi/initiatorname.iscsi
iscsid
declare -A tape
# log_in NAME PORT
log_in() {
    local session
    must iscsiadm -m node -o new -T "iqn.2003-01.org.tcmud.bench:$1" -p "127.0.0.1:$2"
    must iscsiadm -m node -T "iqn.2003-01.org.tcmud.bench:$1" -p "127.0.0.1:$2" --login
    session=$(readlink -f "$(dirname "$(grep -lx "iqn.2003-01.org.tcmud.bench:$1" /sys/class/iscsi_session/session*/targetname)")/device")
    must wait_for 20 compgen -G "$session/target*/*/scsi_tape/st*"
    tape[$1]=/dev/$(basename "$(compgen -G "$session/target*/*/scsi_tape/st?" | head -n 1)")
    must wait_for 10 test -c "${tape[$1]}"
}
log_in tcmud 3260
log_in tgt 3261

for name in tcmud tgt; do
    mt -f "${tape[$name]}" rewind || mt -f "${tape[$name]}" rewind  # The first one may be told that the drive is new.
    mt -f "${tape[$name]}" setblk 0
done 2>/dev/null
for ((round = 0; round < rounds; round++)); do
    for name in tcmud tgt; do
        mt -f "${tape[$name]}" rewind
        echo "$name write $(nanoseconds dd if=/dev/zero of="${tape[$name]}" bs=${kib}k count=$((mib * 1024 / kib)) status=none)"
        mt -f "${tape[$name]}" rewind
        echo "$name read $(nanoseconds dd if="${tape[$name]}" of=/dev/null bs=${kib}k count=$((mib * 1024 / kib)) status=none)"
    done
done | tee /run/points >&2
python3 - $mib /run/points <<'PYTHON'
import collections, statistics, sys
mib = int(sys.argv[1])
points = collections.defaultdict(list)
for line in open(sys.argv[2]):
    name, what, nanoseconds = line.split()
    points[what, name].append(mib * 1048576 / int(nanoseconds) * 1000)
print(f"{'256 KiB':10} {'tcmud':>9} {'tgt':>9}  MB/s   tcmud/tgt")
for what in ("write", "read"):
    tcmud, tgt = (statistics.median(points[what, name]) for name in ("tcmud", "tgt"))
    print(f"{what:10} {tcmud:9.0f} {tgt:9.0f}        {tcmud / tgt:5.2f}")
PYTHON
exit 0
