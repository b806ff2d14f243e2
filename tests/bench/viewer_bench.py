#!/usr/bin/python3
"""Measures pxview on an X server without a screen: viewer_bench.py BUILD [--out FILE.json]

CPU with a picture that stands still; scenes at 60 fps: upload, draw, total, uploads and bytes a frame; many lines: frame
time and memory; a frame published to drawn. All by the processor's GL (llvmpipe), without vsync.
"""
import json
import os
import platform
import subprocess
import sys
import time

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, os.path.join(HERE, "../scenes"))
import scenes as scene_module
from harness import Daemon, wait_for
from screen import Screen

WIDTH, HEIGHT, SECONDS = 1200, 900, 8
CANVAS = {"size": [400, 300]}


def lines_plan(lines, points, moving):
    """Polylines that walk about the canvas, the same at each run."""
    random = numpy.random.default_rng(1)
    coords = numpy.zeros((lines, points, 3), dtype="<f4")
    coords[:, 0, 0] = random.uniform(20, 380, lines)
    coords[:, 0, 1] = random.uniform(20, 280, lines)
    coords[:, 1:, :2] = random.normal(0, 4, (lines, points - 1, 2))
    coords = numpy.cumsum(coords, axis=1, dtype="<f4")
    offsets = numpy.arange(0, lines * points + 1, points, dtype="<i4")
    layer = {"name": "lines", "lines": {"coords": coords.tobytes(), "offsets": offsets.tobytes()}, "thickness": 0.2}
    if moving:
        layer["effects"] = [["translate", {"delta": ["=(frame % 10) / 10", 0, 0]}]]
    return {"canvas": CANVAS, "layers": [layer]}


def timed(plan):
    """A scene of one frame as a plan that moves: its numbers at t = 0 and 1 are told apart, and `t` put in between."""
    def mix(a, b):
        if isinstance(a, dict):
            return {key: mix(a[key], b[key]) for key in a}
        if isinstance(a, list):
            return [mix(x, y) for x, y in zip(a, b)]
        return a if a == b else f"={a!r} + {b - a!r} * t"
    return mix(plan(0.0), plan(1.0))


def cpu_seconds(pid):
    with open(f"/proc/{pid}/stat") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid):
    with open(f"/proc/{pid}/status") as file:
        return next(int(line.split()[1]) / 1024 for line in file if line.startswith("VmHWM"))


def view(build, plan, seconds=SECONDS):
    """What pxview --stats says after so many seconds with the plan at 60 fps, its CPU and its memory."""
    with Daemon(build, "--workers", "1") as daemon, Screen(WIDTH, HEIGHT) as screen:
        rpc = daemon.connect()
        rpc.call("sketch.set", name="a", plan=plan)
        viewer = subprocess.Popen([daemon.program("pxview"), "--no-vsync", "--stats", "--size", f"{WIDTH}x{HEIGHT}"],
                                  env={**daemon.env, "DISPLAY": screen.display}, stdout=subprocess.PIPE, text=True)
        screen.use(viewer)
        wait_for(lambda: len(numpy.unique(screen.pixels())) > 2, "a picture", alive=viewer)
        screen.steady() if not rpc.call("sketch.list")["sketches"][0]["moves"] else time.sleep(1)
        cpu, began = cpu_seconds(viewer.pid), time.monotonic()
        time.sleep(seconds)
        percent = 100 * (cpu_seconds(viewer.pid) - cpu) / (time.monotonic() - began)
        memory = memory_mb(viewer.pid)
        screen.key("Escape")
        stats = json.loads(viewer.communicate()[0])
    frames = max(1, stats["drawn"])
    return {**stats, "cpu_percent": percent, "peak_memory_mb": memory, "uploads_a_frame": stats["uploads"] / frames,
            "bytes_a_frame": stats["bytes"] / frames}


def main():
    args = sys.argv[1:]
    out = None
    if "--out" in args:
        at = args.index("--out")
        out = args[at + 1]
        del args[at:at + 2]
    build = os.path.abspath(args[0])
    commit = subprocess.run(["git", "-C", HERE, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    result = {"date": time.strftime("%Y-%m-%d"), "commit": commit, "window": [WIDTH, HEIGHT],
              "machine": f"{platform.machine()}, {os.cpu_count()} cores, llvmpipe"}
    still = {"canvas": CANVAS, "layers": [{"name": "a", "shape": "sphere", "effects": [["scale", {"scale": 200}]]}]}
    cases = {"still picture": still}
    for name in ("static_front", "layered_text"):
        cases[name] = {"canvas": CANVAS, **timed(scene_module.SCENES[name])}
    cases["5,000 polylines of 10 points, moving"] = lines_plan(5000, 10, True)
    cases["250,000 lines of 2 points, still"] = lines_plan(250000, 2, False)
    cases["250,000 lines of 2 points, moving"] = lines_plan(250000, 2, True)
    print(f"{'':38s} {'vertices':>8s} {'drawn':>6s} {'upload p50/p95':>15s} {'draw':>13s} {'age':>13s} {'interval p50':>12s} "
          f"{'uploads':>7s} {'kB/frame':>8s} {'CPU %':>6s} {'MB':>5s}   ms")
    for name, plan in cases.items():
        got = result[name] = view(build, plan, 10 if name.startswith("still") else SECONDS)
        pair = lambda key: f"{got[key]['p50']:6.2f}/{got[key]['p95']:<6.2f}"
        print(f"{name:38s} {got['vertices']:8d} {got['drawn']:6d} {pair('upload_ms'):>15s} {pair('draw_ms'):>13s} "
              f"{pair('age_ms'):>13s} {got['interval_ms']['p50']:12.2f} {got['uploads_a_frame']:7.2f} "
              f"{got['bytes_a_frame'] / 1e3:8.0f} {got['cpu_percent']:6.2f} {got['peak_memory_mb']:5.0f}", flush=True)
    if out:
        with open(out, "w") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
        print(f"kept in {out}")


if __name__ == "__main__":
    main()
