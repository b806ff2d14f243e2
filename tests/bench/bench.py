#!/usr/bin/python3
"""Measures pxd as tests/bench/README.md says: bench.py BUILD [--out FILE.json] [scenes] [handoff] ...

Every figure is printed as a table and kept as JSON with commit, machine class and a calibration of the same run.
"""
import json
import multiprocessing
import os
import platform
import struct
import subprocess
import sys
import tempfile
import time

import msgpack

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
sys.path.insert(0, os.path.join(HERE, "../scenes"))
import scenes as scene_module
from harness import Daemon, wait_for

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


def drawn_by_displace(vertices, layers):
    """About so many vertices in layers that move each frame, made by kernels: nothing but time comes in."""
    points = 129  # a line, subdivided 7 times
    lines = vertices // layers // points
    nx = max(1, lines // 2)
    return {"layers": [{"name": f"l{i}", "shape": "grid", "params": {"nx": nx, "ny": max(1, lines - nx)},
                        "effects": [["affine", {"auto_center": False, "scale": [140, 200, 1], "delta": [74, 105, 0]}],
                                    ["subdivide", {"subdivisions": 7}],
                                    ["displace", {"amplitude_mm": 4 + i / layers, "t_sec": "=t * 0.1"}]]}
                       for i in range(layers)]}


def hand_off_figures(rows, totals):
    """What frame_probe saw, without the first frames: arenas are mapped then."""
    rows = rows[30:]
    times = lambda key: quantiles([(row[key] - row["published_ns"]) / 1e3 for row in rows if row[key]])
    return {"board_us": times("received_ns"), "nng_us": times("announced_ns"), "vertices": rows[-1]["vertices"],
            "announcement_bytes_a_frame": totals["announcement_bytes"] / max(1, totals["announced"]),
            "board_socket_bytes": totals["board_socket_bytes"]}


def print_hand_off(what, figures):
    board, nng = figures["board_us"], figures["nng_us"]
    print(f"{what:34s} board p50 {board['p50']:6.1f} p95 {board['p95']:6.0f} p99 {board['p99']:6.0f} us; nng p50 {nng['p50']:5.0f} "
          f"p99 {nng['p99']:6.0f} us; {figures['announcement_bytes_a_frame']:.0f} bytes an announcement, "
          f"{figures['board_socket_bytes']} on arena.sock in all")


def bench_handoff(build, result):
    """Published to mapped and leased by another process, and what crosses any socket for it."""
    vertices = 4 * 1024 * 1024 // 12
    out = result.setdefault("handoff", {})
    with Daemon(build, "--workers", "1") as daemon:
        rpc = daemon.connect()
        for layers, size in ((1, vertices), (20, vertices), (200, vertices), (1, vertices // 100)):
            rpc.call("sketch.set", name="hand", plan=drawn_by_displace(size, layers))
            follower = probe(daemon, "hand", 230, "nng")
            rows = [json.loads(line) for line in follower.stdout][230:]
            follower.wait()
            figures = hand_off_figures(rows[:-1], rows[-1])
            name = f"layers_{layers}" if size == vertices else "small"
            out[name] = figures
            print_hand_off(f"{figures['vertices'] * 12 / 2**20:.2f} MB in {layers} layers", figures)
            rpc.call("sketch.remove", name="hand")
        plans = [lines_of(vertices, frame % 50) for frame in range(100)]
        _, rest = submit_one_by_one(daemon, "hand", plans, "nng")
        out["submitted"] = hand_off_figures(rest[:-1], rest[-1])
        print_hand_off("4.00 MB, each sent by plan.submit", out["submitted"])
    queue = bench_queue(vertices, 100)
    out["python_queue_us"] = queue
    ratio = queue["p50"] / out["layers_1"]["board_us"]["p50"]
    out["ratio_queue_to_board_p50"] = ratio
    print(f"Python queue, 4 MB pickled: p50 {queue['p50']:.0f} p99 {queue['p99']:.0f} us: {ratio:.0f} x the board")


def cpu_ns(pid):
    """CPU time of a process and all that it started, in ns."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        try:
            with open(f"/proc/{pid}/task/{task}/schedstat") as file:
                total += int(file.read().split()[0])
            with open(f"/proc/{pid}/task/{task}/children") as file:
                total += sum(cpu_ns(child) for child in file.read().split())
        except FileNotFoundError:
            pass  # it ended
    return total


def watch(daemon, sketch, frames=150):
    """Follows a sketch; time from the start of stage A to publication, and CPU a frame, of the frames after the first 30."""
    follower = probe(daemon, sketch, frames)
    rows = []
    for line in follower.stdout:
        rows.append(json.loads(line))
        if len(rows) == 30:
            began = cpu_ns(daemon.process.pid)
        if len(rows) == frames:
            used = cpu_ns(daemon.process.pid) - began
    follower.wait()
    rows = [row for row in rows[30:] if "planned_ns" in row]
    return {"ms": quantiles([(row["published_ns"] - row["planned_ns"]) / 1e6 for row in rows]),
            "stages_ms": quantiles([sum(row["stage_ns"]) / 1e6 for row in rows]), "cpu_us_a_frame": used / 1e3 / len(rows)}


LUA_STATIC = """
function draw(t)
  local layers = {}
  for i = 1, %d do
    layers[i] = L(G.polygon{n_sides = 3 + i}:scale(10 + i, 10 + i):translate(20 + i, 30), {name = "static " .. i})
  end
  layers[#layers + 1] = L(E.rotate{rotation = {0, 0, t * 10}}(G.polygon{n_sides = 5}), {name = "moving"})
  return layers
end
"""


def bench_layers(build, result):
    """What a layer costs that did not change: of a plan as data, and of a Lua sketch that makes it anew each frame."""
    out = result.setdefault("layers", {})
    moving = lambda i: {"name": f"m{i}", "shape": "polygon", "params": {"n_sides": 64 + i},
                        "effects": [["subdivide", {"subdivisions": 3}], ["displace", {"t_sec": "=t * 0.1"}]]}
    static = lambda i: {"name": f"s{i}", "shape": "polygon", "params": {"n_sides": 3 + i}, "effects": [["scale", {"scale": 10 + i}]]}
    plans = {"plan_5": {"layers": [moving(i) for i in range(5)]},
             "plan_200": {"layers": [moving(i) for i in range(5)] + [static(i) for i in range(195)]}}
    with Daemon(build, "--workers", "1") as daemon:
        rpc = daemon.connect()
        for name, plan in plans.items():
            rpc.call("sketch.set", name=name, plan=plan)
            out[name] = watch(daemon, name)
            rpc.call("sketch.remove", name=name)
        for count in (0, 200):
            rpc.call("sketch.load", name=f"lua_{count}", source=LUA_STATIC % count)
            out[f"lua_{count}"] = watch(daemon, f"lua_{count}")
            rpc.call("sketch.remove", name=f"lua_{count}")
    for kind, few, many, extra in (("plan", "plan_5", "plan_200", 195), ("Lua sketch", "lua_0", "lua_200", 200)):
        wall = (out[many]["ms"]["p50"] - out[few]["ms"]["p50"]) * 1e3 / extra
        cpu = (out[many]["cpu_us_a_frame"] - out[few]["cpu_us_a_frame"]) / extra
        out[f"us_a_static_layer_{few.split('_')[0]}"] = {"wall": wall, "cpu": cpu}
        print(f"{kind}: {out[few]['ms']['p50']:.3f} ms without, {out[many]['ms']['p50']:.3f} ms with {extra} static layers: "
              f"{wall:.2f} us a layer (CPU of all processes {cpu:.2f} us); goal 3")


def bench_idle(build, result):
    """CPU with a moving sketch that nobody watches; wake-ups of LOOP with a watched plan that does not move."""
    seconds = 5
    with Daemon(build, "--workers", "1") as daemon:
        rpc = daemon.connect()
        rpc.call("sketch.set", name="moving", plan=drawn_by_displace(30000, 1))
        time.sleep(1)
        before = cpu_ns(daemon.process.pid)
        time.sleep(seconds)
        unwatched = (cpu_ns(daemon.process.pid) - before) / seconds / 1e7
        rpc.call("sketch.remove", name="moving")
        rpc.call("sketch.set", name="still", plan={"layers": [{"shape": "sphere"}]})
        follower = probe(daemon, "still", 2)
        json.loads(follower.stdout.readline())
        time.sleep(0.5)
        wakeups = lambda: rpc.call("stats.get")["loop"]["wakeups"]
        jobs = rpc.call("stats.get")["pool"]["jobs"]
        asking = -wakeups() + wakeups()
        first = wakeups()
        before = cpu_ns(daemon.process.pid)
        time.sleep(seconds)
        watched = (cpu_ns(daemon.process.pid) - before) / seconds / 1e7
        woken = wakeups() - first - asking
        jobs = rpc.call("stats.get")["pool"]["jobs"] - jobs
        follower.kill()
        follower.wait()
    result["idle"] = {"unwatched_cpu_percent": unwatched, "still_watched_cpu_percent": watched,
                      "still_wakeups": woken, "still_jobs": jobs, "seconds": seconds}
    print(f"idle: moving sketch, nobody watches: {unwatched:.3f} % of a core (goal 0.2); plan without t, watched: "
          f"{woken} wake-ups of LOOP and {jobs} jobs in {seconds} s, {watched:.3f} %")


def bench_start(build, result):
    """From the start of the program to the first frame published and seen, with a cold cache."""
    times = []
    for _ in range(7):
        daemon = Daemon(build, "--workers", "1")
        sketch = os.path.join(daemon.directory, "first.lua")
        with open(sketch, "w") as file:
            file.write("function draw(t) return E.rotate{rotation = {0, 0, t * 10}}(G.sphere{}:scale(50, 50, 50)) end\n")
        daemon.args.append(sketch)
        began = time.monotonic_ns()
        with open(daemon.log, "ab") as log:
            daemon.process = subprocess.Popen([daemon.program("pxd"), *daemon.args], env=daemon.env, stdout=log, stderr=log)
        wait_for(lambda: os.path.exists(daemon.path("arena.sock")), "arena.sock", alive=daemon.process)
        listening = time.monotonic_ns()
        follower = probe(daemon, "first", 1)
        row = json.loads(follower.stdout.readline())
        follower.wait()
        daemon.__exit__(None, None, None)
        times.append(((listening - began) / 1e6, (row["published_ns"] - began) / 1e6, (row["received_ns"] - began) / 1e6))
    listening, published, received = (quantiles(column) for column in zip(*times))
    result["start"] = {"listening_ms": listening, "published_ms": published, "received_ms": received}
    print(f"start: listening after {listening['p50']:.0f} ms, first frame published after {published['p50']:.0f}, "
          f"in a viewer after {received['p50']:.0f} ms (worst {received['max']:.0f}); goal 150")


def bench_log(build, result):
    """What a line of the log and an entry of a histogram cost the thread that makes them."""
    run = subprocess.run([os.path.join(build, "bin/log_bench")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    result["log"] = json.loads(run.stdout)
    print("log:", ", ".join(f"{key} {value}" for key, value in result["log"].items()))


def plans_file(directory, name, make, count):
    path = os.path.join(directory, name)
    with open(path, "wb") as file:
        for frame in range(count):
            packed = msgpack.packb(make(frame / 60.0))
            file.write(struct.pack("<I", len(packed)) + packed)
    return path


def scaled(name, t):
    """A scene that takes 8 ms and more."""
    plan = scene_module.SCENES[name](t)
    for layer in plan["layers"]:
        for effect, params in layer["effects"]:
            if effect == "subdivide":
                params["subdivisions"] += {"layered_text": 6, "moving_grid": 6, "instanced_solids": 3}[name]
            if effect == "dash":
                params.update(dash_length=0.06, gap_length=0.03)
            if effect == "repeat":
                params["count"] *= 4
    return plan


def pipeline(build, path, workers, in_flight):
    run = subprocess.run([os.path.join(build, "bin/pipeline_bench"), path, str(workers), str(in_flight)],
                         stdout=subprocess.PIPE, text=True, check=True)
    return json.loads(run.stdout)


def bench_steady(build, result):
    """What a worker allocates, faults and waits for between a job's start and end, in steady state."""
    out = result.setdefault("steady", {})
    with tempfile.TemporaryDirectory() as directory:
        for name, make in scene_module.SCENES.items():
            if name == "offset_chain":
                continue
            out[name] = pipeline(build, plans_file(directory, name, make, 450), 1, 3)
            print(f"steady: {name:18s} {out[name]['frames']} frames: {out[name]['allocations']} allocations, "
                  f"{out[name]['page_faults']} page faults, {out[name]['lock_waits']} lock waits on the worker")


def bench_workers(build, result):
    """Frames a second of two workers against one, in interleaved pairs; no viewer, 3 frames in flight."""
    out = result.setdefault("workers", {})
    with tempfile.TemporaryDirectory() as directory:
        for name, make in scene_module.SCENES.items():
            if name == "offset_chain":
                continue
            for kind, plan, count, pairs in (("as it is", make, 450, 3), ("scaled", lambda t: scaled(name, t), 120, 3)):
                path = plans_file(directory, name, plan, count)
                runs = [(pipeline(build, path, 1, 3), pipeline(build, path, 2, 3)) for _ in range(pairs)]
                ratios = sorted(two["frames_per_s"] / one["frames_per_s"] for one, two in runs)
                one, two = runs[0]
                out[f"{name}, {kind}"] = {"ratios": ratios, "one": one, "two": two}
                print(f"workers: {name:18s} {kind:8s} {one['vertices']:8d} vertices, {1e3 / one['frames_per_s']:6.2f} ms a frame "
                      f"with one; two: x {ratios[len(ratios) // 2]:.2f} ({ratios[0]:.2f}..{ratios[-1]:.2f})")


def bench_chain(build, result):
    """Effects by themselves and a chain of 8, fused, against memcpy of the same arrays."""
    run = subprocess.run([os.path.join(build, "bin/kernel_bench")], stdout=subprocess.PIPE, text=True)
    rows = [json.loads(line) for line in run.stdout.splitlines()]
    result["kernels"] = rows
    for row in rows:
        if row["bench"] == "chain" or row.get("effect") == "displace":
            print(f"{row['isa']:5s} {row.get('effects', 'displace'):24s} {row.get('steps', 1)} steps: {row['ns_per_vertex']:7.3f} ns a vertex, "
                  f"{row['over_memcpy']:6.2f} x memcpy")


def calibration(build):
    """memcpy and displace of this very run, so that results of different days can be set against each other."""
    run = subprocess.run([os.path.join(build, "bin/kernel_bench"), "--calibrate"], capture_output=True, text=True)
    return [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]


BENCHES = {"scenes": bench_scenes, "handoff": bench_handoff, "layers": bench_layers, "steady": bench_steady,
           "workers": bench_workers, "chain": bench_chain, "idle": bench_idle, "start": bench_start, "log": bench_log}


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
        os.makedirs(os.path.dirname(os.path.abspath(out)), exist_ok=True)
        with open(out, "w") as file:
            json.dump(result, file, indent=1)
            file.write("\n")
        print(f"kept in {out}")


if __name__ == "__main__":
    main()
