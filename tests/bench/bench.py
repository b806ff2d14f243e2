#!/usr/bin/python3
"""Measures pxd as tests/bench/README.md says: bench.py BUILD [--out FILE.json] [scenes] [handoff] [follow]

Every figure is printed as a table and kept as JSON with commit, machine class and a calibration of the same run.
"""
import json
import multiprocessing
import os
import platform
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, os.path.join(HERE, "../scenes"))
import scenes as scene_module
from harness import Daemon

# targets.md: the earlier Python engine's median / p95 in ms, and the goal for one worker's p95
PYTHON = {"layered_text": (26.4, 29.1, 1.0), "instanced_solids": (67.2, 83.8, 0.7), "offset_chain": (25.1, 27.4, 4.0),
          "static_front": (10.1, 13.0, 1.2), "moving_grid": (3.1, 3.3, 0.6)}


def quantiles(values):
    values = sorted(values)
    at = lambda q: values[min(len(values) - 1, int(q * len(values)))]
    return {"n": len(values), "p50": at(0.50), "p95": at(0.95), "p99": at(0.99), "min": values[0], "max": values[-1]}


def kernels_present(daemon):
    described = daemon.connect().call("server.describe")
    return {kernel["name"] for kernel in described["kernels"]}


def kernels_of(plan):
    return {layer["shape"] for layer in plan["layers"]} | {e[0] for layer in plan["layers"] for e in layer["effects"]}


def probe(daemon, sketch, count, *more):
    return subprocess.Popen([daemon.program("frame_probe"), daemon.runtime, sketch, str(count), *more],
                            stdout=subprocess.PIPE, text=True, env=daemon.env)


def submit_one_by_one(daemon, name, plans, *more):
    """Frame after frame, the next one submitted when the one before was seen; gives what the probe saw."""
    rpc = daemon.connect()
    follower = probe(daemon, name, len(plans), *more)
    rows = []
    for number, plan in enumerate(plans):
        while True:
            try:
                rpc.call("plan.submit", name=name, frame=number + 1, t=number / 60.0, plan=plan)
                break
            except Exception as error:
                if getattr(error, "name", "") not in ("E_BUSY", "E_LIMIT"):
                    raise
                time.sleep(0.002)
        while True:
            row = json.loads(follower.stdout.readline())
            if row.get("frame", 0) >= number + 1:
                break
        rows.append(row)
    rest = [json.loads(line) for line in follower.stdout]
    follower.wait()
    return (rows, rest)


def bench_scenes(build, result):
    """Evaluation time of each scene with one worker: stages A to D, from the start of A to publication."""
    with Daemon(build, "--workers", "1") as daemon:
        present = kernels_present(daemon)
        print(f"{'scene':18s} {'vertices':>8s} {'Python p50/p95':>15s} {'pxd p50':>8s} {'p95':>7s} {'p99':>7s} {'goal p95':>8s}   ms, one worker")
        for name, make in scene_module.SCENES.items():
            missing = kernels_of(make(0)) - present
            python = PYTHON[name]
            if missing:
                print(f"{name:18s} not here yet: {', '.join(sorted(missing))}")
                continue
            plans = [make(frame / 60.0) for frame in range(150)]
            rows, _ = submit_one_by_one(daemon, name, plans)
            rows = rows[30:]
            total = quantiles([(row["published_ns"] - row["planned_ns"]) / 1e6 for row in rows])
            work = quantiles([sum(row["stage_ns"]) / 1e6 for row in rows])
            result.setdefault("scenes", {})[name] = {"wall_ms": total, "stages_ms": work, "vertices": rows[-1]["vertices"],
                                                     "python_ms": python[:2], "goal_p95_ms": python[2]}
            print(f"{name:18s} {rows[-1]['vertices']:8d} {python[0]:7.1f}/{python[1]:<7.1f} {total['p50']:8.2f} "
                  f"{total['p95']:7.2f} {total['p99']:7.2f} {python[2]:8.1f}   stages {work['p50']:.2f}/{work['p95']:.2f}")
            daemon.connect().call("sketch.remove", name=name)


def lines_of(vertices, shift, layers=1):
    """Layers that together have `vertices` vertices, of two-point lines, all different each frame."""
    import numpy
    per = vertices // layers // 2 * 2
    made = []
    for layer in range(layers):
        coords = numpy.zeros((per, 3), dtype="<f4")
        coords[:, 0] = numpy.arange(per) % 148
        coords[:, 1] = shift + layer
        offsets = numpy.arange(0, per + 1, 2, dtype="<i4")
        made.append({"name": f"l{layer}", "lines": {"coords": coords.tobytes(), "offsets": offsets.tobytes()}})
    return {"layers": made}


def queue_reader(queue, times):
    while True:
        item = queue.get()
        now = time.monotonic_ns()
        if item is None:
            return
        times.put(now)


def bench_queue(vertices, frames):
    """A Python multiprocessing queue with the pickled array: what the hand-off replaces."""
    import numpy
    queue, times = multiprocessing.Queue(), multiprocessing.Queue()
    reader = multiprocessing.Process(target=queue_reader, args=(queue, times))
    reader.start()
    took = []
    for frame in range(frames):
        array = numpy.full((vertices, 3), frame, dtype="f4")
        started = time.monotonic_ns()
        queue.put(array)
        took.append((times.get() - started) / 1e3)
    queue.put(None)
    reader.join()
    return quantiles(took[5:])


def bench_handoff(build, result):
    """Published to mapped and leased by another process, and what crosses any socket for it."""
    vertices = 4 * 1024 * 1024 // 12
    out = result.setdefault("handoff", {})
    with Daemon(build, "--workers", "1") as daemon:
        for layers in (1, 20, 200):
            plans = [lines_of(vertices, frame % 50, layers) for frame in range(120)]
            _, rest = submit_one_by_one(daemon, f"four_mb_{layers}", plans, "nng")
            rows, totals = rest[:-1][20:], rest[-1]
            board = quantiles([(row["received_ns"] - row["published_ns"]) / 1e3 for row in rows])
            nng = quantiles([(row["announced_ns"] - row["published_ns"]) / 1e3 for row in rows if row["announced_ns"]])
            bytes_a_frame = totals["announcement_bytes"] / max(1, totals["announced"])
            out[f"layers_{layers}"] = {"board_us": board, "nng_us": nng, "announcement_bytes_a_frame": bytes_a_frame,
                                       "board_socket_bytes": totals["board_socket_bytes"], "geometry_bytes": vertices * 12}
            print(f"hand-off 4 MB, {layers:3d} layers: board p50 {board['p50']:.0f} p99 {board['p99']:.0f} us; "
                  f"nng p50 {nng['p50']:.0f} p99 {nng['p99']:.0f} us; {bytes_a_frame:.0f} bytes an announcement; "
                  f"{totals['board_socket_bytes']} bytes on arena.sock in all")
            daemon.connect().call("sketch.remove", name=f"four_mb_{layers}")
        queue = bench_queue(vertices, 60)
        out["python_queue_us"] = queue
        ratio = queue["p50"] / out["layers_1"]["board_us"]["p50"]
        out["ratio_queue_to_board_p50"] = ratio
        print(f"Python queue, the same array pickled: p50 {queue['p50']:.0f} p99 {queue['p99']:.0f} us: {ratio:.0f} x the board")


def calibration(build):
    """memcpy and displace of this very run, so that results of different days can be set against each other."""
    run = subprocess.run([os.path.join(build, "bin/kernel_bench"), "--calibrate"], capture_output=True, text=True)
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


BENCHES = {"scenes": bench_scenes, "handoff": bench_handoff}


def main():
    args = sys.argv[1:]
    out = None
    if "--out" in args:
        at = args.index("--out")
        out = args[at + 1]
        del args[at:at + 2]
    build, wanted = os.path.abspath(args[0]), args[1:] or list(BENCHES)
    commit = subprocess.run(["git", "-C", HERE, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    result = {"date": time.strftime("%Y-%m-%d"), "commit": commit, "calibration": calibration(build),
              "machine": f"{platform.machine()}, {os.cpu_count()} cores, no GPU"}
    for name in wanted:
        BENCHES[name](build, result)
    if out:
        with open(out, "w") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
        print(f"kept in {out}")


if __name__ == "__main__":
    main()
