#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
# Bacula with a tape library over loopback: its device tests, a backup that the autochanger continues on a second cartridge, one
# that is appended, and all of it restored.
. tests/guest/lib.sh
build=$PWD/${TCMUD_BUILD:-build/release}/bin
export PATH=$PWD/configfs-scripts:$build:$PATH
for program in btape bacula-sd bacula-fd bacula-dir bconsole; do
    command -v $program >/dev/null || { echo "$program is missing: packaging/install-packages test"; exit 77; }
done
memory_disk /srv "$(in_full 400M 2600M)"
# 2 GiB twice are more than a guest's memory has room for: there they are files of the machine, as long as the test runs.
work=$(in_full /run /guest-exchange)
bacula=/run/bacula
catalog=$bacula/bacula.db
modprobe -a st sg ch
start_tcmud

used() { df -m --output=used /srv | tail -1; }
# in_drive NUMBER: what mtx says of it.
in_drive() { mtx -f "$changer" status | sed -n "s/^Data Transfer Element $1:\(.*\)/\1/p" | sed 's/ *$//'; }
query() { sqlite3 "$catalog" "$1" | tr '\n' ' ' | sed 's/ $//'; }
# cartridges_of JOB: and in which order.
cartridges_of() {
    query "SELECT VolumeName FROM JobMedia JOIN Media USING (MediaId) WHERE JobId = $1
        GROUP BY VolumeName ORDER BY min(JobMediaId)"
}
# console COMMAND...: to the director; what it answered.
console() { printf '%s\n' "$@" | timeout 500 bconsole -c $bacula/console.conf 2>&1; }
# times TEXT FILE: in how many lines of it.
times() { grep -cE -- "$1" "$2"; }

echo "--- a library"
check "tcmu-library makes a library of 6 slots and 2 drives" \
    tcmu-library create --slots 6 --import-export 0 --drives 2 --serial LIBRARY01 /srv/vtl
check "two cartridges for tests" \
    tcmu-library add --prefix T --suffix L8 --count 2 --capacity "$(in_full 128M 1500M)" /srv/vtl
check "and two for backups" \
    tcmu-library add --prefix B --suffix L8 --count 2 --capacity "$(in_full 64M 1500M)" /srv/vtl
check "tcmu-export-library exports it" tcmu-export-library /srv/vtl
address=$(cat "$target"/loopback/*/tpgt_1/address)
node() { echo "/dev/$(basename "$(wait_for_node "/sys/bus/scsi/devices/$address:$1")")"; }
changer=/dev/$(basename /sys/bus/scsi/devices/"$address:0"/scsi_generic/*)
first=$(node 1) second=$(node 2)
mt -f "$first" status >/dev/null 2>&1  # Whoever comes first is told that the drive is new.
mt -f "$second" status >/dev/null 2>&1

mkdir -p $bacula
# storage_daemon BYTES: how it is configured, for blocks of that size.
storage_daemon() {
    cat <<CONF
Storage { Name = sd; WorkingDirectory = $bacula; PidDirectory = $bacula; SDAddress = 127.0.0.1 }
Director { Name = dir; Password = secret }
Messages { Name = Standard; director = dir = all }
Autochanger {
    Name = Library; Device = Drive-0, Drive-1; Changer Device = $changer
    Changer Command = "/etc/bacula/scripts/mtx-changer %c %o %S %a %d"
}
CONF
    local number=0 device
    for device in "$first" "$second"; do
        cat <<CONF
Device {
    Name = Drive-$number; Media Type = LTO-8; Archive Device = $device; Drive Index = $number; Autochanger = yes
    Automatic Mount = yes; Always Open = yes; Removable Media = yes; Random Access = no; Maximum Block Size = $1
}
CONF
        number=$((number + 1))
    done
}

echo "--- Bacula's device tests"
# 20,000 blocks are written; Bacula's own size for them makes that 1.2 GiB.
storage_daemon "$(in_full 4096 64512)" >$bacula/test.conf
size=$(in_full 4096 64512)
btape() { printf '%s\n' "$@" quit | timeout 500 btape -c $bacula/test.conf "$first" 2>&1 | grep -v Orphaned >/run/btape; }
mtx -f "$changer" load 1 0 >/dev/null
btape test y ''
check_equal "20,000 blocks are written, and read back" "2 2" \
    "$(times "Wrote 10000 blocks of $((size - 100)) bytes" /run/btape) $(times '10000 blocks re-read correctly' /run/btape)"
check_equal "it finds six blocks by their places" 6 "$(times 'Block [0-9]+ re-read correctly' /run/btape)"
check_equal "both tests succeeded, it says" 2 "$(times '=== Test Succeeded' /run/btape)"
check_equal "what is appended comes behind what was there" \
    "Total files=4, blocks=7, bytes = $(in_full 28,224 451,136)" "$(grep 'Total files' /run/btape | head -1)"
check_equal "the last record is read back over its filemark" 1 "$(times 'Block re-read correct. Test succeeded!' /run/btape)"
check_equal "it is in the files that it expects" 6 "$(times 'This is correct!' /run/btape)"
check_equal "and in no others" 0 "$(times 'NOT correct|ERR=' /run/btape)"
check_equal "the autochanger test worked" 1 "$(times 'The test autochanger worked!!' /run/btape)"
if [ -n "${TCMUD_FULL:-}" ]; then
    btape fill m
    check_equal "a cartridge is filled, and the next one loaded" 1 "$(times 'End of medium on Volume "TestVolume1"' /run/btape)"
    check_equal "the last block of the one is read back, the first and the last one of the other" 3 \
        "$(times 'The (last block of the first|first block on the second|last block on the second) tape matches' /run/btape)"
fi
mtx -f "$changer" unload >/dev/null
for slot in $(in_full 1 "1 2"); do
    mtx -f "$changer" load "$slot" 0 >/dev/null
    check "mt erases cartridge $slot" mt -f "$first" erase
    check "which goes back" mtx -f "$changer" unload
    check "and out of the library" tcmu-library remove /srv/vtl "T0000${slot}L8"
done
check "what was written on it has gone from the file system" test "$(used)" -le 1

echo "--- Bacula's daemons"
storage_daemon 262144 >$bacula/sd.conf
cat >$bacula/fd.conf <<CONF
FileDaemon { Name = fd; WorkingDirectory = $bacula; PidDirectory = $bacula; FDAddress = 127.0.0.1 }
Director { Name = dir; Password = secret }
Messages { Name = Standard; director = dir = all }
CONF
cat >$bacula/console.conf <<CONF
Director { Name = dir; DIRport = 9101; address = 127.0.0.1; Password = secret }
CONF
cat >$bacula/dir.conf <<CONF
Director {
    Name = dir; QueryFile = /dev/null; WorkingDirectory = $bacula; PidDirectory = $bacula; Password = secret
    Messages = Standard; DirAddress = 127.0.0.1
}
Catalog { Name = Catalog; dbname = bacula; dbuser = ""; dbpassword = "" }
Messages { Name = Standard; append = "$bacula/log" = all; console = all }
Client { Name = fd; Address = 127.0.0.1; Catalog = Catalog; Password = secret }
Storage { Name = Library; Address = 127.0.0.1; Password = secret; Device = Library; Media Type = LTO-8; Autochanger = yes }
Pool { Name = Default; Pool Type = Backup }
FileSet { Name = Tree; Include { Options { signature = SHA1; hardlinks = yes }; File = $work/tree } }
JobDefs {
    Name = Defaults; Client = fd; FileSet = Tree; Storage = Library; Pool = Default; Messages = Standard
}
Job { Name = Backup; JobDefs = Defaults; Type = Backup; Level = Full }
Job { Name = Restore; JobDefs = Defaults; Type = Restore }
CONF
sed "s|^cd .*|cd $bacula|; s/XXX_DBNAME_XXX/bacula/" /usr/share/bacula-director/make_sqlite3_tables >/run/make_tables
check "a catalogue" sh /run/make_tables
for part in sd fd dir; do
    bacula-$part -f -c $bacula/$part.conf >$bacula/$part.log 2>&1 &
done
answers() { console 'status dir' | grep -q 'dir Version'; }
check "the director answers" wait_for 20 answers
console 'label barcodes storage=Library pool=Default drive=0 slots=3-4' yes >/run/console
check_equal "two cartridges are labelled by their barcodes" "B00001L8|3|0 B00002L8|4|0" \
    "$(query 'SELECT VolumeName, Slot, VolErrors FROM Media ORDER BY VolumeName')"

echo "--- a backup over two cartridges"
tree=$work/tree
mkdir -p "$tree/a name with spaces" "$tree/empty"
cp -a /usr/share/common-licenses "$tree"
touch "$tree/a name with spaces/nothing"
printf x >"$tree/one"
ln "$tree/one" "$tree/the same"
chmod 4711 "$tree/one"
for ((file = 0; file < 4; file++)); do
    head -c "$(in_full 16000001 600000001)" /dev/urandom >"$tree/large$file"
done
entries() { find "$1" | wc -l; }
# attributes DIRECTORY: of all that is below. The long form's file system keeps no times of symbolic links.
attributes() { (cd "$1" && find . -type l -printf '%p %l\n' -o -printf '%p %y %M %n %U %G %Ts\n' | sort); }
files=$(entries "$tree")
console 'run job=Backup yes' wait >/run/console &
console=$!
# The first cartridge has more room than that.
written() { [ "$(used)" -ge 20 ]; }
check "it writes" wait_for 60 written
kill -KILL "$daemon"
wait "$daemon" 2>/dev/null
start_tcmud
check_equal "it is at work still, with a tcmud that was killed and came back" R "$(query 'SELECT JobStatus FROM Job WHERE JobId = 1')"
wait $console
# The cartridge that was labelled last was in the drive.
check_equal "a full backup ends well" "B|F|T|0|$files" \
    "$(query 'SELECT Type, Level, JobStatus, JobErrors, JobFiles FROM Job WHERE JobId = 1')"
check_equal "with more than what was random" 1 "$(query "SELECT JobBytes > $(in_full 64000004 2400000004) FROM Job WHERE JobId = 1")"
check_equal "it has filled a cartridge, and gone on with the next one" "B00001L8|Append B00002L8|Full" \
    "$(query 'SELECT VolumeName, VolStatus FROM Media ORDER BY VolumeName')"
check_equal "it is on these two" "B00002L8 B00001L8" "$(cartridges_of 1)"
check_equal "the second is in the drive" "Full (Storage Element 3 Loaded):VolumeTag = B00001L8" "$(in_drive 0)"

echo "--- more of it, behind"
printf more >"$tree/more"
console 'run job=Backup level=Incremental yes' wait >/run/console
check_equal "an incremental backup ends well" "B|I|T|0|2" \
    "$(query 'SELECT Type, Level, JobStatus, JobErrors, JobFiles FROM Job WHERE JobId = 2')"
check_equal "it is behind the first, on the second cartridge" B00001L8 "$(cartridges_of 2)"

echo "--- restored"
console "restore where=$work/back client=fd current select all done yes" wait >/run/console
check_equal "a restore ends well" "R|T|0|$(entries "$tree")" \
    "$(query 'SELECT Type, JobStatus, JobErrors, JobFiles FROM Job WHERE JobId = 3')"
check "all is there, byte by byte" diff -r --no-dereference "$tree" "$work/back$tree"
check "and as it was" diff <(attributes "$tree") <(attributes "$work/back$tree")
[ "$failures" = 0 ] || grep -v "fd JobId" /run/console $bacula/log $bacula/*.log
finish
