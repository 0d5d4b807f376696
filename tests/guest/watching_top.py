# SPDX-License-Identifier: Apache-2.0
"""usage: watching_top.py FILE
Runs tcmuctl top on a terminal of 80 columns, as a person would, and writes the screen that he sees into FILE."""
import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time


class Screen:
    """As much of a terminal as tcmuctl uses: what it is sent becomes lines."""

    def __init__(self, output):
        self.lines = [""]
        self.row = self.column = 0
        for part in re.findall(r"\x1b\[[?0-9;]*[A-Za-z]|\r|\n|[^\x1b\r\n]+", output):
            self.take(part)

    def take(self, part):
        line = self.lines[self.row]
        if part == "\x1b[H":
            self.row = self.column = 0
        elif part == "\x1b[K":
            self.lines[self.row] = line[: self.column]
        elif part == "\x1b[J":
            self.lines[self.row] = line[: self.column]
            del self.lines[self.row + 1 :]
        elif part == "\r":
            self.column = 0
        elif part == "\n":
            self.row += 1
            if self.row == len(self.lines):
                self.lines.append("")
        elif not part.startswith("\x1b"):
            self.lines[self.row] = line[: self.column].ljust(self.column) + part + line[self.column + len(part) :]
            self.column += len(part)


def resize(terminal, lines, columns):
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


def read_for(terminal, seconds):
    output, until = b"", time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        if select.select([terminal], [], [], left)[0]:
            try:
                output += os.read(terminal, 65536)
            except OSError:
                break
    return output.decode()


def expect(true, what, screen):
    if not true:
        sys.exit(f"{what}: " + "\n".join(screen.lines))


child, terminal = pty.fork()
if child == 0:
    time.sleep(0.5)  # Until the terminal has its size.
    os.execvp("tcmuctl", ["tcmuctl", "top"])
resize(terminal, 24, 80)
output = read_for(terminal, 6)
screen = Screen(output)
expect("\x1b[?1049h" in output, "it does not leave the shell's screen alone", screen)
expect(output.count("\x1b[H") > 3, "it does not refresh", screen)
expect(max(map(len, screen.lines)) <= 80, "it is too wide", screen)
expect(screen.lines[3].startswith("user_0/disk2"), "the busiest LUN is not the first", screen)
with open(sys.argv[1], "w") as file:
    file.write("\n".join(line.rstrip() for line in screen.lines) + "\n")

os.write(terminal, b"n")
screen = Screen(read_for(terminal, 3))
expect(screen.lines[3].startswith("user_0/disk1"), "it does not sort by name", screen)

resize(terminal, 4, 60)
screen = Screen(read_for(terminal, 3))
expect(max(map(len, screen.lines)) <= 60, "it does not become narrower", screen)
expect(len(screen.lines) == 4 and "more" in screen.lines[3], "it does not say what is left out", screen)

os.write(terminal, b"q")
rest = read_for(terminal, 3)
expect("\x1b[?1049l" in rest, "it does not give the shell's screen back", Screen(rest))
_, status = os.waitpid(child, 0)
sys.exit(os.waitstatus_to_exitcode(status))
