"""A real X server without a screen (Xvfb), its pixels, keys and mouse, and PNGs, for the tests of the viewer.

    with Screen(1280, 960) as screen:
        viewer = subprocess.Popen([...], env={**env, "DISPLAY": screen.display})
        screen.use(viewer)            # waits for its window; keys and mouse go there
        screen.key("space"); screen.pixels()

Pictures are numpy arrays [y, x, rgb] of uint8. Waiting is for conditions, never for a time.
"""
import ctypes
import mmap
import os
import shutil
import signal
import struct
import subprocess
import tempfile
import zlib

import numpy

from harness import wait_for


def die_with_parent():
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class Screen:
    def __init__(self, width=1280, height=960):
        self.size = (width, height)

    def __enter__(self):
        self.directory = tempfile.mkdtemp(prefix="pxs-")
        read, write = os.pipe()
        self.server = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "%dx%dx24" % self.size, "-fbdir", self.directory,
             "-nolisten", "tcp", "-noreset"],
            pass_fds=[write], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=die_with_parent)
        os.close(write)
        with os.fdopen(read) as numbers:
            self.display = ":" + numbers.readline().strip()
        with open(os.path.join(self.directory, "Xvfb_screen0"), "rb") as file:
            self.memory = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        header = struct.unpack(">25I", self.memory[:100])
        self.start = header[0] + header[19] * 12  # after the window's name and the colours
        self.row = header[12]
        return self

    def __exit__(self, kind, value, trace):
        self.memory.close()
        self.server.kill()
        self.server.wait()
        shutil.rmtree(self.directory, ignore_errors=True)

    def pixels(self):
        width, height = self.size
        data = numpy.frombuffer(self.memory[self.start:self.start + self.row * height], dtype=numpy.uint8)
        return data.reshape(height, self.row)[:, :width * 4].reshape(height, width, 4)[:, :, 2::-1]

    def pixel(self, x, y):
        """One pixel, at once."""
        at = self.start + self.row * y + 4 * x
        return self.memory[at:at + 3][::-1]

    def xdotool(self, *words):
        done = subprocess.run(["xdotool", *map(str, words)], env={**os.environ, "DISPLAY": self.display},
                              capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else ""

    def windows(self):
        return self.xdotool("search", "--onlyvisible", "--name", "^pxview").split()

    def use(self, process=None):
        """Waits for the viewer's window and gives it the keyboard."""
        self.window = wait_for(lambda: (self.windows() or [None])[0], "a window opens", alive=process)
        self.xdotool("windowfocus", "--sync", self.window)
        return self.window

    def geometry(self):
        """x, y, width, height of the window."""
        words = dict(line.split("=") for line in
                     self.xdotool("getwindowgeometry", "--shell", self.window).splitlines() if "=" in line)
        return tuple(int(words[name]) for name in ("X", "Y", "WIDTH", "HEIGHT")) if words else None

    def key(self, name):
        self.xdotool("key", name)

    def pointer(self, x, y):
        self.xdotool("mousemove", "--sync", x, y)

    def until(self, test, what, alive=None):
        """Waits until test(pixels) holds for what is on the screen; gives those pixels."""
        def look():
            pixels = self.pixels()
            return (pixels,) if test(pixels) else None
        return wait_for(look, what, alive=alive)[0]

    def steady(self, alive=None):
        """The pixels once two looks in a row give the same."""
        last = [None]

        def look():
            before, last[0] = last[0], self.pixels().copy()
            return (last[0],) if before is not None and numpy.array_equal(before, last[0]) else None
        return wait_for(look, "the picture stands still", alive=alive)[0]


def png_read(path):
    """Eight-bit RGB or RGBA, unfiltered or with the filters None, Sub and Up."""
    with open(path, "rb") as file:
        data = file.read()
    assert data[:8] == b"\x89PNG\r\n\x1a\n", path
    at, packed, head = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            packed += body
        at += 12 + length
    width, height, depth, color = head[:4]
    channels = {2: 3, 6: 4}[color]
    assert depth == 8, head
    rows = numpy.frombuffer(zlib.decompress(packed), dtype=numpy.uint8).reshape(height, width * channels + 1)
    out = numpy.zeros((height, width * channels), dtype=numpy.uint8)
    for y in range(height):
        row = rows[y, 1:]
        if rows[y, 0] == 1:
            row = numpy.cumsum(row.reshape(width, channels), axis=0, dtype=numpy.uint64).astype(numpy.uint8).reshape(-1)
        elif rows[y, 0] == 2:
            row = row + (out[y - 1] if y else 0)
        else:
            assert rows[y, 0] == 0, f"filter {rows[y, 0]}"
        out[y] = row
    return out.reshape(height, width, channels)[:, :, :3]


def close(a, b, by=40):
    """Where two colours, or two pictures, are about the same."""
    return (numpy.abs(numpy.asarray(a, dtype=int) - numpy.asarray(b, dtype=int)) <= by).all(axis=-1)
