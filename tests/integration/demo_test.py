#!/usr/bin/python3
"""The demo sketches of client/sketches: each loads, and exports a page that is whole, the same every time, and not blank."""
import glob
import os
import re
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
import zlib

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from harness import Daemon, run, wait_for

BUILD = sys.argv[1]
SKETCHES = sorted(glob.glob(os.path.join(HERE, "..", "..", "client", "sketches", "*.lua")))
TIMES = [0, 1.5, 100.25]
SVG = "{http://www.w3.org/2000/svg}"
PNG_WIDTH = 600
INK = 24  # a channel this far from the paper's is a drawn pixel

daemon = Daemon(BUILD).start()
rpc = daemon.connect()


def export(name, t):
    job = rpc.call("export.start", sketch=name, t=t, format="svg")["id"]
    wait_for(lambda: rpc.call("job.get", id=job)["state"] not in ("queued", "running"), f"{name} at {t}: the export ends")
    return rpc.call("job.result", id=job)["bytes"]


def millimetres(text):
    assert re.fullmatch(r"\d+(\.\d+)?mm", text), text
    return float(text[:-2])


def look_at_svg(data):
    root = ElementTree.fromstring(data)
    width, height = millimetres(root.get("width")), millimetres(root.get("height"))
    assert [float(part) for part in root.get("viewBox").split()] == [0, 0, width, height]
    groups, paths = root.findall(SVG + "g"), root.findall(f".//{SVG}path")
    assert len(groups) >= 2 or len(paths) >= 200, (len(groups), len(paths))
    assert all(group.find(SVG + "path") is not None for group in groups), "a layer is empty"
    points = " ".join(path.get("d").strip("MZ") for path in paths).replace(",", " ")
    x, y = numpy.fromstring(points, sep=" ").reshape(-1, 2).T
    assert 0 <= x.min() and x.max() <= width, (x.min(), x.max())
    assert 0 <= y.min() and y.max() <= height, (y.min(), y.max())


def unfilter(rows, step):
    """The pixels of a PNG's filtered rows: height x (width * step) bytes."""
    before = numpy.zeros(rows.shape[1] - 1, numpy.uint8)
    for kind, row in zip(rows[:, 0], rows[:, 1:]):
        if kind == 1:  # each byte adds to the one a pixel before
            row[:] = numpy.cumsum(row.reshape(-1, step), axis=0, dtype=numpy.uint8).ravel()
        elif kind == 2:  # to the one above
            row += before
        elif kind in (3, 4):
            unfilter_row(kind, row, before, step)
        before = row
    return rows[:, 1:]


def unfilter_row(kind, row, before, step):
    above, now = before.tolist(), row.tolist()
    for i in range(len(now)):
        left, up, corner = (now[i - step], above[i], above[i - step]) if i >= step else (0, above[i], 0)
        if kind == 3:
            guess = (left + up) // 2
        else:
            guess = min((left, up, corner), key=lambda value: abs(left + up - corner - value))
        now[i] = (now[i] + guess) & 255
    row[:] = now


def read_png(data):
    """Pixels of an 8-bit RGB or RGBA PNG: height x width x 3."""
    at, chunks, head = 8, b"", None
    while at < len(data):
        length, kind = struct.unpack(">I4s", data[at:at + 8])
        body = data[at + 8:at + 8 + length]
        if kind == b"IHDR":
            head = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            chunks += body
        at += 12 + length
    width, height, depth, color = head[:4]
    assert depth == 8 and color in (2, 6), head
    step = 3 if color == 2 else 4
    rows = numpy.frombuffer(bytearray(zlib.decompress(chunks)), numpy.uint8).reshape(height, 1 + width * step)
    return unfilter(rows, step).reshape(height, width, step)[:, :, :3]


def look_at_png(data):
    with tempfile.TemporaryDirectory() as directory:
        picture = os.path.join(directory, "picture.png")
        subprocess.run(["rsvg-convert", "-w", str(PNG_WIDTH), "-o", picture], input=data, check=True)
        with open(picture, "rb") as file:
            pixels = read_png(file.read()).astype(int)
    drawn = (abs(pixels - pixels[0, 0]) > INK).any(axis=2).mean()
    assert 0.005 < drawn < 0.7, f"{100 * drawn:.2f} % of the page is drawn"


def demo_case(path):
    name = os.path.splitext(os.path.basename(path))[0]

    def case():
        with open(path) as file:
            rpc.call("sketch.load", name=name, source=file.read())
        pages = [export(name, t) for t in TIMES]
        for t, page in zip(TIMES, pages):
            look_at_svg(page)
            assert export(name, t) == page, f"at {t} two exports differ"
            look_at_png(page)
        assert len(set(pages)) == len(pages), "nothing moves with t"

    case.__name__ = f"the_demo_{name}_is_a_whole_page_at_any_time"
    return case


def there_are_six_demos_and_the_readme_names_them():
    with open(os.path.join(HERE, "..", "..", "client", "sketches", "README.md")) as file:
        named = set(re.findall(r"^\| `(\w+\.lua)`", file.read(), re.M))
    assert named == {os.path.basename(path) for path in SKETCHES} and len(named) == 6, named


def the_daemon_stops_cleanly():
    daemon.stop()


run([there_are_six_demos_and_the_readme_names_them, *map(demo_case, SKETCHES), the_daemon_stops_cleanly])
