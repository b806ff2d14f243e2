#!/usr/bin/python3
"""The viewer killed and stopped, and the daemon killed, while frames flow: nothing stays pinned, everybody comes back, and
every picture looked at is that of its frame: frame n has its lines at x(n), and the viewer's PNG is named by n.

PXD_FULL=1: 50 rounds each and 10 s stopped, instead of 5 rounds and 2 s.
"""
import contextlib
import glob
import json
import os
import re
import signal
import subprocess
import sys
import tempfile

import numpy

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import Daemon, run, viewer_env, wait_for
from screen import Screen, close, png_read

BUILD = os.path.abspath(sys.argv[1])
FULL = os.environ.get("PXD_FULL") == "1"
ROUNDS, STOPPED_S, FPS = (50, 10, 60) if FULL else (5, 2, 60)
MARGIN, SCALE, STEP_MM, PLACES = 24, 4, 2, 40
MOVING = {"canvas": {"size": [100, 75]}, "layers": [
    {"name": name, "color": color, "thickness": 1, "lines": [[[10, y], [10, y + 20]]],
     "effects": [["translate", {"delta": [f"={STEP_MM} * (frame % {PLACES})", 0, 0]}]]}
    for name, color, y in (("red", "#ff0000", 10), ("blue", "#0000ff", 45))]}


class Watched:
    """A screen, and a directory for the pictures of its viewers."""

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.screen = self.stack.enter_context(Screen(500, 400))
        self.viewers = []
        return self

    def __exit__(self, kind, value, trace):
        for viewer in self.viewers:
            if viewer.poll() is None:
                viewer.kill()
                viewer.wait()
            viewer.stdout.close()
        return self.stack.__exit__(kind, value, trace)

    def start(self, daemon):
        viewer = subprocess.Popen([daemon.program("pxview"), "--sketch", "a", "--size", "448x348", "--stats"],
                                  cwd=self.folder, stdout=subprocess.PIPE, text=True,
                                  env=viewer_env(BUILD, {**daemon.env, "DISPLAY": self.screen.display}))
        self.viewers.append(viewer)
        self.screen.use(viewer)
        return viewer

    def look(self, viewer):
        """One picture as the viewer draws it, checked against the number of its frame, which is given."""
        for old in glob.glob(os.path.join(self.folder, "*.png")):
            os.unlink(old)

        def taken():
            self.screen.key("shift+p")  # says so and writes nothing useful while there is no picture yet
            return glob.glob(os.path.join(self.folder, "a-*.png"))
        path = wait_for(taken, "a picture", alive=viewer)[0]
        frame = int(re.search(r"a-(\d+)\.png$", path).group(1))
        pixels = png_read(path)
        expected = MARGIN + SCALE * (10 + STEP_MM * (frame % PLACES))
        for name, color, y in (("red", (255, 0, 0), 20), ("blue", (0, 0, 255), 55)):
            columns = numpy.nonzero(close(pixels[MARGIN + SCALE * y], color))[0]
            assert len(columns) and abs(columns.mean() + 0.5 - expected) < 1, \
                f"frame {frame}: {name} at {columns}, expected at {expected}"
        return frame


def sketch_start(daemon):
    rpc = daemon.connect()
    rpc.call("sketch.set", name="a", plan=MOVING)
    rpc.call("clock.set", name="a", fps=FPS)
    return rpc


def nothing_is_pinned(rpc):
    wait_for(lambda: rpc.call("stats.get")["board"]["clients"] == 0, "the clients are gone")
    assert rpc.call("stats.get")["board"]["leased_aside"] == 0, rpc.call("stats.get")["board"]
    rpc.call("sketch.remove", name="a")
    rpc.call("cache.clear")
    wait_for(lambda: rpc.call("stats.get")["slabs"]["used_bytes"] == 0, "no slab stays pinned")


def viewers_killed_while_frames_flow_leave_nothing_pinned():
    with Daemon(BUILD) as daemon, Watched() as watched:
        rpc = sketch_start(daemon)
        for _ in range(ROUNDS):
            viewer = watched.start(daemon)
            watched.look(viewer)
            viewer.send_signal(signal.SIGKILL)
            viewer.wait()
            wait_for(lambda: not watched.screen.windows(), "its window is gone")
        nothing_is_pinned(rpc)


def a_viewer_stopped_holds_nobody_up_and_shows_the_newest_frame_when_it_goes_on():
    with Daemon(BUILD) as daemon, Watched() as watched:
        rpc = sketch_start(daemon)
        rpc.call("subscribe", topics=["frame"])  # frames flow on while the viewer is stopped
        viewer = watched.start(daemon)
        published = lambda: rpc.call("stats.get")["board"]["published"]
        for _ in range(ROUNDS):
            before = watched.look(viewer)
            viewer.send_signal(signal.SIGSTOP)
            until = published() + STOPPED_S * FPS
            wait_for(lambda: published() >= until, f"{STOPPED_S} s of frames", limit=60 + 20 * STOPPED_S)
            assert rpc.call("stats.get")["board"]["leased_aside"] <= 1
            viewer.send_signal(signal.SIGCONT)
            # The first picture may be the frame that was in its hands; the newest one follows.
            wait_for(lambda: watched.look(viewer) > before + STOPPED_S * FPS / 2, "the newest frame is shown")
        viewer.kill()
        viewer.wait()
        rpc.call("unsubscribe", topics=["frame"])
        nothing_is_pinned(rpc)


def a_viewer_outlives_daemons_and_follows_each_next_one():
    with Watched() as watched:
        daemon = Daemon(BUILD)
        daemon.start()
        try:
            sketch_start(daemon)
            viewer = watched.start(daemon)
            watched.look(viewer)
            for _ in range(ROUNDS):
                daemon.kill()
                still = watched.look(viewer)
                assert watched.look(viewer) == still, "the last picture stays"
                daemon.start()
                rpc = sketch_start(daemon)
                session = rpc.call("server.info")["session"]
                wait_for(lambda: rpc.call("stats.get")["board"]["clients"] == 1, "the viewer is back", alive=viewer)
                first = wait_for(lambda: rpc.call("clock.get", name="a")["frame"] > 0, "frames flow again")
                assert session and first
                seen = watched.look(viewer)
                wait_for(lambda: watched.look(viewer) not in (still, seen), "new frames are shown", alive=viewer)
            watched.screen.key("Escape")
            stats = json.loads(viewer.communicate(timeout=60)[0])
            assert viewer.returncode == 0 and stats["reconnects"] == ROUNDS, stats
            nothing_is_pinned(rpc)
            print(f"   {stats['drawn']} frames drawn, {stats['reconnects']} reconnects, {stats['torn']} given up as torn")
            daemon.stop()
        finally:
            if daemon.process.poll() is None:
                daemon.kill()


run([viewers_killed_while_frames_flow_leave_nothing_pinned,
     a_viewer_stopped_holds_nobody_up_and_shows_the_newest_frame_when_it_goes_on,
     a_viewer_outlives_daemons_and_follows_each_next_one])
