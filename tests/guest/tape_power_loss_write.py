# SPDX-License-Identifier: Apache-2.0
"""usage: tape_power_loss_write.py TAPE GENERIC LOG HISTORY STEPS SEED
The initiator of tape_power_loss.sh: does STEPS things at random to a tape drive (its st and sg devices), each of which ends with
a command that synchronizes. What a step will do stands in the file HISTORY before it begins; when its last command was answered,
a mark of its number goes into the device mapper's log of writes, LOG."""
import ctypes
import errno
import fcntl
import hashlib
import json
import os
import random
import struct
import subprocess
import sys

MTIOCTOP, MTIOCPOS, SG_IO = 0x40086D01, 0x80086D03, 0x2285
MTWEOF, MTEOM, MTERASE, MTSETDRVBUFFER, MTSEEK, MTMKPART, MTWEOFI = 5, 12, 13, 24, 22, 34, 35
CAN_PARTITIONS = 0x30000000 | 0x400  # MT_ST_SETBOOLEANS, MT_ST_CAN_PARTITIONS
FILEMARK = None
# A tape that is longer is overwritten from somewhere near its beginning: each crash is read whole.
LONG = 2 << 20


class Header(ctypes.Structure):
    """sg_io_hdr"""

    _fields_ = (
        [(name, ctypes.c_int) for name in ("interface", "direction")]
        + [("cdb_length", ctypes.c_ubyte), ("most_sense", ctypes.c_ubyte), ("pieces", ctypes.c_ushort)]
        + [("length", ctypes.c_uint)]
        + [(name, ctypes.c_void_p) for name in ("data", "cdb", "sense")]
        + [("timeout", ctypes.c_uint), ("flags", ctypes.c_uint), ("id", ctypes.c_int), ("user", ctypes.c_void_p)]
        + [(name, ctypes.c_ubyte) for name in ("status", "masked_status", "message", "sense_length")]
        + [("host_status", ctypes.c_ushort), ("driver_status", ctypes.c_ushort), ("residue", ctypes.c_int)]
        + [("duration", ctypes.c_uint), ("info", ctypes.c_uint)]
    )


class Generic:
    """The drive by its sg device: st puts a filemark before it moves away from what it wrote, so that motion alone could not show
    that it synchronizes."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR)

    def send(self, cdb, data=b""):
        sense = ctypes.create_string_buffer(32)
        command = ctypes.create_string_buffer(bytes(cdb), len(cdb))
        content = ctypes.create_string_buffer(data, len(data)) if data else None
        header = Header(interface=ord("S"), direction=-2 if data else -1, cdb_length=len(cdb), most_sense=32, timeout=60000)
        header.length = len(data)
        header.data = ctypes.addressof(content) if content else None
        header.cdb, header.sense = ctypes.addressof(command), ctypes.addressof(sense)
        fcntl.ioctl(self.fd, SG_IO, header)
        if header.status or header.host_status or header.driver_status & ~8:
            return sense.raw[2], sense.raw[12], sense.raw[13], header.host_status
        return None

    def ask(self, cdb, data=b""):
        """Once more if it had something to tell."""
        answer = self.send(cdb, data)
        if answer and answer[0] & 15 == 6:
            answer = self.send(cdb, data)
        if answer:
            sys.exit(f"{bytes(cdb).hex()}: sense {answer}")

    def locate(self, partition, number):
        self.ask(struct.pack(">BBBIBBB", 0x2B, 2, 0, number, 0, partition, 0))

    def write(self, block):
        self.ask(b"\x0a\x00" + len(block).to_bytes(3, "big") + b"\x00", block)

    def filemarks(self, count):
        self.ask(b"\x10\x00" + count.to_bytes(3, "big") + b"\x00")

    def rewind(self):
        self.ask(b"\x01\x00\x00\x00\x00\x00")

    def unload(self):
        self.ask(b"\x1b\x00\x00\x00\x00\x00")
        return lambda: self.ask(b"\x1b\x00\x00\x00\x01\x00")


class Tape:
    """The drive by its st device, open for a step."""

    def __init__(self, path):
        self.fd = os.open(path, os.O_RDWR)

    def __enter__(self):
        return self

    def __exit__(self, *what):
        os.close(self.fd)

    def do(self, operation, count=1):
        fcntl.ioctl(self.fd, MTIOCTOP, struct.pack("hxxi", operation, count))

    def position(self):
        return struct.unpack("l", fcntl.ioctl(self.fd, MTIOCPOS, bytes(8)))[0]

    def write(self, block):
        if os.write(self.fd, block) != len(block):
            raise OSError(errno.EIO, "a block was not written whole")


class Initiator:
    def __init__(self, tape, generic, log, history, seed):
        self.tape, self.log = tape, log
        self.generic = Generic(generic)
        self.history = open(history, "w", encoding="ascii")
        self.seed = seed
        self.random = random.Random(seed)
        # What is on the tape: of each partition the lengths of its blocks, or FILEMARK.
        self.partitions = [[]]
        self.number = 0

    def blocks(self, count, longest):
        return [self.random.randbytes(self.random.randint(1, longest)) for _ in range(count)]

    def some_blocks(self):
        return self.blocks(self.random.randint(1, 6), self.random.choice((100, 5000, 65536)))

    def tell(self, what, partition, keep, objects):
        """REQUIRES: partition has keep objects and more; what is behind them will be objects."""
        named = [each and [len(each), hashlib.sha1(each).hexdigest()] for each in objects]
        step = {"what": what, "partition": partition, "keep": keep, "objects": named}
        self.write_history(step)
        self.partitions[partition][keep:] = [each and len(each) for each in objects]

    def write_history(self, step):
        self.history.write(json.dumps(step) + "\n")
        self.history.flush()

    def acknowledged(self):
        subprocess.run(["dmsetup", "message", self.log, "0", "mark", str(self.number)], check=True)
        self.number += 1

    def keep(self, partition):
        """Where to write: mostly behind all that is there."""
        objects = self.partitions[partition]
        if sum(each or 64 for each in objects) > LONG:
            return self.random.randint(0, len(objects) // 4)
        return len(objects) if self.random.random() < 0.75 else self.random.randint(0, len(objects))

    def by_st(self, what):
        """Blocks and the end of the step as tar and mt make them."""
        partition, keep = 0, self.keep(0)
        blocks = self.some_blocks()
        marks = self.random.randint(1, 3)
        immediate = self.blocks(2, 3000) if what == "immediate filemarks" else []
        objects = list(blocks)
        if immediate:
            objects += [FILEMARK] + immediate
        objects += {"space": [], "close": [FILEMARK]}.get(what, [FILEMARK] * marks)
        self.tell(what, partition, keep, objects)
        with Tape(self.tape) as tape:
            tape.do(MTSEEK, keep)
            for block in blocks:
                tape.write(block)
            if immediate:
                tape.do(MTWEOFI, 1)
                for block in immediate:
                    tape.write(block)
            if what == "space":
                tape.do(MTEOM)
            elif what != "close":
                tape.do(MTWEOF, marks)
            if what != "close" and tape.position() != keep + len(objects):
                sys.exit(f"step {self.number}, {what}: the tape is at {tape.position()}, not {keep + len(objects)}")
        self.acknowledged()

    def many(self, what):
        """So many objects, or bytes, that the index is written, and that blocks are on their way before they are asked for."""
        keep = len(self.partitions[0])
        objects = [FILEMARK] * 4100 if what == "many filemarks" else self.blocks(290, 131072) + [FILEMARK]
        self.tell(what, 0, keep, objects)
        with Tape(self.tape) as tape:
            tape.do(MTSEEK, keep)
            for block in filter(None, objects):
                tape.write(block)
            tape.do(MTWEOF, objects.count(FILEMARK))
        self.acknowledged()

    def erase(self, what):
        keep = self.random.randint(len(self.partitions[0]) // 2, len(self.partitions[0]))
        self.tell(what, 0, keep, [])
        with Tape(self.tape) as tape:
            tape.do(MTSEEK, keep)
            tape.do(MTERASE)
        self.acknowledged()

    def by_sg(self, what):
        partition = self.random.randrange(len(self.partitions))
        keep = self.keep(partition)
        blocks = self.some_blocks()
        self.tell(what, partition, keep, blocks + ([FILEMARK] if what == "filemark" else []))
        self.generic.locate(partition, keep)
        for block in blocks:
            self.generic.write(block)
        then = None
        if what == "rewind":
            self.generic.rewind()
        elif what == "locate":
            self.generic.locate(partition, self.random.randint(0, keep))
        elif what == "unload":
            then = self.generic.unload()
        else:
            self.generic.filemarks(1 if what == "filemark" else 0)
        self.acknowledged()
        if then:
            then()

    def format(self, what):
        two = len(self.partitions) == 1
        self.write_history({"what": what, "partitions": 2 if two else 1})
        self.generic.locate(0, 0)
        with Tape(self.tape) as tape:
            tape.do(MTSETDRVBUFFER, CAN_PARTITIONS)
            tape.do(MTMKPART, 60 if two else 0)
        self.acknowledged()
        self.partitions = [[], []] if two else [[]]

    def run(self, steps):
        st = [(self.by_st, what) for what in ("filemarks",) * 5 + ("close", "space", "immediate filemarks")]
        sg = [(self.by_sg, what) for what in ("rewind", "locate", "unload", "filemark", "no filemark")]
        others = [(self.erase, "erase"), (self.erase, "erase"), (self.format, "format")]
        while self.number < steps:
            # st keeps to the partition where it was, and so do its steps; a long tape is not for many steps.
            choices = (st * 2 if len(self.partitions) == 1 else []) + sg * 2 + others
            step, what = self.random.choice(choices)
            place = (self.number + self.seed) % 25
            if place in (4, 14) and len(self.partitions) == 1:
                step, what = self.many, "many filemarks" if place == 4 else "many blocks"
            if step == self.erase and len(self.partitions) > 1:
                continue
            step(what)


def main():
    tape, generic, log, history, steps, seed = sys.argv[1:]
    initiator = Initiator(tape, generic, log, history, int(seed))
    initiator.run(int(steps))


main()
