# SPDX-License-Identifier: Apache-2.0
"""usage: tape_power_loss_replay.py LOG DISK STORE HISTORY FILE-SYSTEM TCMU-TAPE SEED EXTRA
Replays a log of the device mapper's target log-writes, the file LOG, onto a disk, the loop device DISK, and stops where the
power could have failed: at each flush, at each write that waited for stable storage, and in the middle of some flushes, EXTRA of 1,
when a part of what they flush, chosen at random, has arrived. A snapshot of what the disk held then, with the loop device STORE
for what changes, is mounted, and the cartridge in it compared with what tape_power_loss_write.py had been told to be stable."""
import ctypes
import fcntl
import hashlib
import json
import mmap
import os
import random
import struct
import subprocess
import sys

MAGIC, VERSION = 0x6A736677736872, 1
FLUSH, FUA, DISCARD, MARK = 1, 2, 4, 8
FILEMARK = None
PIECE = 4096  # What a disk writes whole.
PLACE = "/mnt/crash"
libc = ctypes.CDLL(None, use_errno=True)


def entries(path):
    """Of a log: (flags, first byte, length, data); of a mark, the data are its name."""
    with open(path, "rb") as file:
        log = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    magic, version, count, sector = struct.unpack_from("<QQQI", log)
    if (magic, version) != (MAGIC, VERSION):
        sys.exit(f"{path} is no log of writes")
    at = sector
    for _ in range(count):
        first, sectors, flags, inline = struct.unpack_from("<QQQQ", log, at)
        data = at + sector
        length = sectors * sector
        if flags & MARK:
            yield flags, 0, 0, log[at + 32 : at + 32 + inline].rstrip(b"\0")
        elif flags & DISCARD:
            yield flags, first * sector, length, bytes(length)
        else:
            yield flags, first * sector, length, log[data : data + length]
            at += length
        at += sector


def step_states(steps):
    """What is on the tape after each step; first before all of them."""
    partitions = [[]]
    yield partitions
    for step in steps:
        if "partitions" in step:
            partitions = [[]] * step["partitions"]
        else:
            partitions = list(partitions)
            partitions[step["partition"]] = partitions[step["partition"]][: step["keep"]] + step["objects"]
        yield partitions


def is_prefix(short, long):
    return short == long[: len(short)]


def may_be(found, stable, step):
    """Whether a tape that was stable as told can look as found while a step is done to it."""
    if found == stable:
        return True
    if step is None:
        return False
    if "partitions" in step:
        return found == [[]] * step["partitions"]
    at, keep = step["partition"], step["keep"]
    if len(found) != len(stable) or any(found[i] != stable[i] for i in range(len(found)) if i != at):
        return False
    # What is overwritten goes at the first write; of what is new, the first so many are there.
    there, before = found[at], stable[at]
    if len(there) >= keep and is_prefix(there, before):
        return True
    return there[:keep] == before[:keep] and is_prefix(there[keep:], step["objects"])


def difference(found, stable):
    if len(found) != len(stable):
        return f"{len(found)} partitions, not {len(stable)}"
    for number, (there, expected) in enumerate(zip(found, stable)):
        if there != expected:
            same = next((i for i, (a, b) in enumerate(zip(there, expected)) if a != b), min(len(there), len(expected)))
            return (
                f"partition {number}: {len(there)} objects, {len(expected)} were stable; the first {same} are the same, "
                f"then {there[same : same + 2]}, not {expected[same : same + 2]}"
            )
    return "the same"


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)}: {done.stdout}{done.stderr}")
    return done.stdout


def objects_of(path):
    """Of a file of SIMH: [length, SHA-1] of blocks, and filemarks."""
    with open(path, "rb") as file:
        content = memoryview(file.read())
    at, objects = 0, []
    while at < len(content):
        (length,) = struct.unpack_from("<I", content, at)
        at += 4
        if length == 0xFFFFFFFF:
            break
        if length == 0:
            objects.append(FILEMARK)
            continue
        objects.append([length, hashlib.sha1(content[at : at + length]).hexdigest()])
        at += length + length % 2 + 4
    return objects


class Mapper:
    """A device of the device mapper with one target; dmsetup, twice for each crash, would take longer than all else."""

    CREATE, REMOVE, RESUME, LOAD = (0xC138FD00 | number for number in (3, 4, 6, 9))

    def __init__(self, name):
        self.name = name.encode()
        self.control = os.open("/dev/mapper/control", os.O_RDWR)

    def ask(self, command, targets=0, data=b""):
        size = 312 + len(data)
        request = struct.pack("<IIIIIIiIIIQ128s129s7x", 4, 0, 0, size, 312, targets, 0, 0, 0, 0, 0, self.name, b"")
        answer = bytearray(request + data)
        fcntl.ioctl(self.control, command, answer)
        return struct.unpack_from("<Q", answer, 40)[0]

    def create(self, sectors, target, parameters):
        number = self.ask(self.CREATE)
        text = parameters.encode() + b"\0"
        text += bytes(-len(text) % 8)
        self.ask(self.LOAD, 1, struct.pack("<QQiI16s", 0, sectors, 0, 40 + len(text), target.encode()) + text)
        self.ask(self.RESUME)
        return f"/dev/dm-{os.minor(number)}"

    def remove(self):
        self.ask(self.REMOVE)


class Crash:
    """A snapshot of the disk, mounted."""

    def __init__(self, origin, store, file_system):
        self.origin, self.store, self.file_system = origin, store, file_system
        self.sectors = os.stat(origin_file(origin)).st_size // 512
        self.snapshot = Mapper("crash")

    def __enter__(self):
        device = self.snapshot.create(self.sectors, "snapshot", f"{self.origin} {self.store} N 8")
        if libc.mount(device.encode(), PLACE.encode(), self.file_system.encode(), 0, None):
            number = ctypes.get_errno()
            self.snapshot.remove()
            raise RuntimeError(f"the file system cannot be mounted: {os.strerror(number)}")
        return PLACE + "/cart"

    def __exit__(self, *what):
        if libc.umount2(PLACE.encode(), 0):
            sys.exit(f"{PLACE}: {os.strerror(ctypes.get_errno())}")
        self.snapshot.remove()


def origin_file(device):
    with open(f"/sys/block/{os.path.basename(device)}/loop/backing_file", encoding="ascii") as file:
        return file.read().rstrip("\n")


class Replay:
    def __init__(self, disk, store, history, file_system, tool, seed, extra):
        with open(history, encoding="ascii") as file:
            self.steps = [json.loads(line) for line in file]
        self.states = list(step_states(self.steps))
        with open(origin_file(disk), "r+b") as file:
            self.image = mmap.mmap(file.fileno(), 0)
        self.crash = Crash(disk, store, file_system)
        self.tool = tool
        self.random = random.Random(seed)
        self.extra = extra
        self.stable = None  # How many steps were acknowledged; none before there was a cartridge.
        self.found = None  # What the last crash left, while the disk is as it was then.
        self.pending = []
        self.points = self.comparisons = self.appended = self.failures = 0

    def put(self, at, data):
        self.image[at : at + len(data)] = data
        self.found = None

    def put_some(self):
        """Of what was not flushed yet some may have arrived, in any order."""
        share = self.random.random()
        for at, data in self.pending:
            for piece in range(0, len(data), PIECE):
                if self.random.random() < share:
                    self.put(at + piece, data[piece : piece + PIECE])

    def take(self, flags, at, length, data):
        if flags & MARK:
            self.acknowledged(data.decode())
        elif flags & FLUSH:
            if self.pending and self.random.random() < self.extra:
                self.put_some()
                self.compare("in the middle of a flush")
            for entry in self.pending:
                self.put(*entry)
            self.pending = []
            if length:
                self.put(at, data)
            self.compare("at a flush")
        elif flags & FUA:
            self.put(at, data)
            self.compare("at a write that waited")
        elif length:
            self.pending.append((at, data))

    def acknowledged(self, name):
        if name == "created":
            self.stable = 0
        elif name.isdigit():
            self.stable = int(name) + 1
        # Nothing of the next step has begun.
        self.compare("behind a command that synchronizes", begun=False)

    def compare(self, where, begun=True):
        if self.stable is None:
            return
        step = self.steps[self.stable] if begun and self.stable < len(self.steps) else None
        done = self.steps[self.stable - 1]["what"] if self.stable else "create"
        self.comparisons += 1
        try:
            if self.found is None:
                self.points += 1
                self.found = self.look()
            if may_be(self.found, self.states[self.stable], step):
                return
            complaint = difference(self.found, self.states[self.stable])
        except (RuntimeError, OSError) as error:
            complaint = str(error)
        self.failures += 1
        if self.failures <= 5:
            doing = f"{step['what']}, from object {step.get('keep', 0)}" if step else "nothing"
            print(f"power loss {where}, after step {self.stable - 1} ({done}), before the end of {doing}: {complaint}")

    def look(self):
        with self.crash as cartridge:
            found = self.read(cartridge)
            if self.points % 10 == 0:
                run(self.tool, "verify", cartridge)
                run(self.tool, "list", cartridge)
            # Some go on writing: what was torn must not come back.
            if self.points % 10 == 5:
                self.append(cartridge, found)
        return found

    def read(self, cartridge):
        """Which also compares all checksums."""
        with open(cartridge + "/cart", encoding="ascii") as file:
            partitions = sum(line.startswith("partition ") for line in file)
        if not partitions:
            raise RuntimeError("there is no whole 'cart'")
        found = []
        for number in range(partitions):
            run(self.tool, "export", "--partition", str(number), cartridge, "/run/crash.tap")
            found.append(objects_of("/run/crash.tap"))
            os.unlink("/run/crash.tap")
        return found

    def append(self, cartridge, found):
        content = self.random.randbytes(1000)
        with open("/run/appended", "wb") as file:
            file.write(content)
        run(self.tool, "import", "--block-size", "700", cartridge, "/run/appended")
        blocks = [[len(each), hashlib.sha1(each).hexdigest()] for each in (content[:700], content[700:])]
        now = self.read(cartridge)
        expected = [found[0] + blocks + [FILEMARK]] + found[1:]
        if now != expected:
            raise RuntimeError(f"after a file was appended: {difference(now, expected)}")
        self.appended += 1


def main():
    log, disk, store, history, file_system, tool, seed, extra = sys.argv[1:]
    os.makedirs(PLACE, exist_ok=True)
    replay = Replay(disk, store, history, file_system, tool, int(seed), float(extra))
    for entry in entries(log):
        replay.take(*entry)
    if replay.stable != len(replay.steps):
        sys.exit(f"the log ends after {replay.stable} of {len(replay.steps)} steps")
    print(f"{replay.points} crashes looked at, {replay.appended} of them written to, {replay.comparisons} comparisons")
    if replay.failures:
        sys.exit(f"{replay.failures} of them show a loss")


main()
