# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash disable=SC2154 # Variables of lib.sh.
# What tests of the Debian packages share. Sourced, after lib.sh.

# The guest's machine is a copy of this one, which may forbid services, and is told so by nobody.
ready_for_packages() {
    rm -f /usr/sbin/policy-rc.d
    export DEBIAN_FRONTEND=noninteractive
    # Its database would take longer than all the rest.
    echo path-exclude=/usr/share/man/* >/etc/dpkg/dpkg.cfg.d/guest
    dpkg-divert --quiet --local --rename --add /usr/bin/mandb && ln -s /bin/true /usr/bin/mandb
}
status_of() { dpkg-query -W -f '${db:Status-Status}' "$1"; }
# one_line COMMAND...: its output with blanks for line ends.
one_line() {
    local output code=0
    output=$("$@" 2>&1) || code=$?
    tr '\n' ' ' <<<"$output"
    return $code
}
# All files where the packages put some. Not all of /usr: the guest keeps a descriptor of the machine for each.
system_files() {
    find /etc /usr/sbin /lib/systemd/system /usr/lib/modules-load.d /usr/lib/*/tcmud /usr/share/dbus-1 /usr/share/tcmud \
        /usr/share/doc/tcmud /usr/share/lintian/overrides /usr/share/bash-completion/completions /var/lib/systemd/deb-systemd-helper-* /var/lib/tcmud \
        2>/dev/null | sort
    echo 3 >/proc/sys/vm/drop_caches
}

names_of_disk() { find /dev/disk/by-id -lname "*/${disk[one]##*/}" | sort; }
has_names() { [ -n "$(names_of_disk)" ]; }
data_of_disk() { dd if="${disk[one]}" bs=1M count=8 skip=16 iflag=direct status=none | sha256sum; }
serving() { "$tcmuctl" list | grep -c serving; }
serves_all() { [ "$(serving)" = "$1" ]; }

# A verifying writer on the first half of the disk.
start_writer() {
    fio --name=writer --filename="${disk[one]}" --ioengine=psync --direct=1 --rw=randwrite --bs=4k --size=12M --rate_iops=50 \
        --verify=crc32c --verify_backlog=64 --verify_fatal=1 --time_based --runtime=600 --output-format=json \
        --output=/run/writer.json >/run/writer.txt 2>&1 &
    writer=$!
    sleep 2
}
# end_writer WHAT: it has seen nothing but a pause.
end_writer() {
    sleep 1
    check "$1: the writer is still at work" kill -INT "$writer"
    wait "$writer"
    # Before the JSON stands what fio says of the signal.
    sed -i "/^{/,\$!d" /run/writer.json
    check_equal "$1: without an error" 0 "$(fio_figure /run/writer.json writer error)"
    check_equal "$1: nor does the kernel know of one" '' "$(dmesg | grep -iE 'i/o error|timed out|abort')"
    echo "      $1: the longest pause: $(($(fio_figure /run/writer.json writer write/clat_ns/max) / 1000000)) ms"
}

# saved_lun NAME CONFIG: as targetcli saves it.
saved_lun() {
    mkdir -p /etc/rtslib-fb-target
    cat >/etc/rtslib-fb-target/saveconfig.json <<JSON
{
  "storage_objects": [
    {
      "alua_tpgs": [],
      "config": "$2",
      "hw_max_sectors": 128,
      "name": "$1",
      "plugin": "user"
    },
    {
      "dev": "/srv/kernel.img",
      "name": "kernel",
      "plugin": "fileio"
    }
  ]
}
JSON
}
# preinst_says DEB: its check alone.
preinst_says() {
    rm -rf /run/control
    dpkg-deb -e "$1" /run/control
    sed 's/dpkg-divert/: dpkg-divert/' /run/control/preinst >/run/control/check
    sh /run/control/check install 2>&1
}
# forget_lun NAME: its export and itself, as if the machine had been started anew.
forget_lun() {
    local link
    for link in "$target"/loopback/*/tpgt_1/lun/lun_*/"$1"; do
        rm "$link" && rmdir "$(dirname "$link")"
    done
    rmdir "$core/user_0/$1"
}
# newer_deb DEB VERSION FILE
newer_deb() {
    rm -rf /run/deb
    dpkg-deb -R "$1" /run/deb
    sed -i "s/^Version: .*/Version: $2/" /run/deb/DEBIAN/control
    dpkg-deb -Znone -b /run/deb "$3" >/dev/null
    rm -rf /run/deb
}
