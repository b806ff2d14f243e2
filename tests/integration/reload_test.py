#!/usr/bin/python3
"""`pxctl run` and the example follower: a saved sketch reaches the follower, a broken one is told and changes nothing.

The follower's lines are read as they come; the box of a frame says which version it is of: a line of so many mm.
"""
import os
import re
import signal
import subprocess
import sys
import tempfile
import threading
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import LIMIT, Daemon, run, wait_for

BUILD = os.path.abspath(sys.argv[1])


class Lines:
    """The output of a program, line by line, each with the time at which it came."""

    def __init__(self, daemon, program, *args):
        self.process = subprocess.Popen([daemon.program(program), *args], env=daemon.env, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.lines = []
        threading.Thread(target=self.read, daemon=True).start()

    def read(self):
        for line in self.process.stdout:
            self.lines.append((time.monotonic(), line.rstrip("\n")))

    def wait(self, pattern, what, since=0):
        """The first line from number `since` on that has the pattern: its number, time and match."""
        def find():
            for number in range(since, len(self.lines)):
                match = re.search(pattern, self.lines[number][1])
                if match:
                    return number, self.lines[number][0], match
            return None
        return wait_for(find, f"{what}: a line with {pattern}")

    def text(self):
        return "\n".join(line for _, line in self.lines)

    def end(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(LIMIT)


def sketch(size):
    """A line of `size` mm that a parameter tilts, and a short one that turns."""
    return ("local tilt = param('tilt', 0, 0, 10)\n"
            "function draw(t)\n"
            f"  return E.scale{{scale = {{{size}, {size}, 1}}}}(G.line{{length = 1, angle = tilt}})\n"
            "     + G.line{length = 1, angle = t * 90}\n"
            "end\n")


class Scene:
    """pxctl run with a daemon that it starts itself, and a follower."""

    def __enter__(self):
        self.directory = tempfile.TemporaryDirectory(prefix="pxt-")
        self.daemon = Daemon(BUILD, directory=self.directory.name)
        self.path = os.path.join(self.directory.name, "wave.lua")
        self.write(sketch(20))
        self.pxctl = Lines(self.daemon, "pxctl", "run", "--no-view", self.path)
        self.pxctl.wait("^loaded in", "the sketch is loaded")
        self.rpc = self.daemon.connect()
        self.follower = Lines(self.daemon, "px-follow", "wave")
        self.await_width(20)
        return self

    def __exit__(self, kind, value, trace):
        for program in (self.follower, self.pxctl):
            if program.process.poll() is None:
                program.process.kill()
            program.process.wait()
        if kind is not None:
            print(self.pxctl.text(), "\n".join(self.follower.text().splitlines()[-20:]), sep="\n")
            try:
                self.rpc.call("server.shutdown")
            except (OSError, ConnectionError):
                pass
        self.rpc.close()
        self.directory.cleanup()

    def write(self, text):
        with open(self.path, "w") as file:
            file.write(text)

    def rename(self, text):
        with open(self.path + ".new", "w") as file:
            file.write(text)
        os.rename(self.path + ".new", self.path)

    def await_width(self, width, since=0):
        """The first frame whose box is so wide: when it came."""
        def find():
            for moment, line in self.follower.lines[since:]:
                box = re.search(r" x (-?[\d.]+)\.\.(-?[\d.]+) ", line)
                if box and abs(float(box[2]) - float(box[1]) - width) < 0.6:
                    return moment
            return None
        return wait_for(find, f"a frame {width} mm wide")

    def await_more_frames(self):
        count = len(self.follower.lines)
        wait_for(lambda: len(self.follower.lines) > count + 5, "frames go on")

    def saved(self, width, save, how):
        """Saves a version of another width and waits for it at the follower."""
        since = len(self.follower.lines)
        began = time.monotonic()
        save(sketch(width))
        print(f"   {how}: {(self.await_width(width, since) - began) * 1e3:.0f} ms from save to follower")

    def frames_never_go_back(self):
        numbers = [int(number) for number in re.findall(r"frame (\d+)", self.follower.text())]
        assert len(numbers) > 5 and numbers == sorted(set(numbers)), "frame numbers went back"


def parameter(rpc, name):
    return next(entry for entry in rpc.call("param.get", name="wave")["params"] if entry["name"] == name)


def a_saved_change_reaches_the_follower_with_time_and_parameters_kept():
    with Scene() as scene:
        scene.rpc.call("param.set", name="wave", values={"tilt": 3})
        before = scene.rpc.call("clock.get", name="wave")["t"]
        scene.saved(40, scene.write, "written")
        after = scene.rpc.call("clock.get", name="wave")["t"]
        assert after > before, (before, after)
        tilt = parameter(scene.rpc, "tilt")
        assert (tilt["value"], tilt["from"]) == (3, "override"), tilt
        scene.saved(60, scene.rename, "renamed")
        assert scene.rpc.call("clock.get", name="wave")["t"] > after
        assert parameter(scene.rpc, "tilt")["value"] == 3
        scene.pxctl.wait("^reloaded in", "pxctl says so")
        scene.frames_never_go_back()


def of_two_saves_in_quick_succession_the_last_one_stays():
    with Scene() as scene:
        scene.write(sketch(30))
        scene.saved(50, scene.write, "the second of two")
        scene.await_more_frames()
        assert scene.rpc.call("sketch.get", name="wave")["source"] == sketch(50)
        scene.frames_never_go_back()


def a_broken_version_is_told_with_its_line_and_the_last_good_one_runs_on():
    with Scene() as scene:
        scene.rpc.call("subscribe", topics=["error"])
        scene.write("function draw(t)\n  return G.line{\nend\n")
        scene.pxctl.wait(r"wave\.lua:3: ", "pxctl says file and line")
        news = scene.rpc.notification("error")
        assert news["sketch"] == "wave" and "wave.lua:3:" in news["error"]["message"], news
        assert scene.rpc.call("sketch.get", name="wave")["source"] == sketch(20)
        scene.await_more_frames()
        scene.rename('function draw(t)\n  return E["repeat"]{count = 1e9}(G.grid{})\nend\n')
        scene.pxctl.wait(r"\(repeat\)", "a picture that is too large is told as well")
        scene.await_more_frames()
        scene.saved(40, scene.write, "repaired")
        scene.frames_never_go_back()


def ctrl_c_ends_it_and_the_daemon_it_started():
    with Scene() as scene:
        pid = scene.rpc.call("server.info")["pid"]
        assert scene.pxctl.end(signal.SIGINT) == 0, scene.pxctl.text()
        assert scene.rpc.call("sketch.list")["sketches"] == []
        scene.follower.end(signal.SIGTERM)
        scene.rpc.close()
        wait_for(lambda: not os.path.exists(f"/proc/{pid}"), "the daemon ends after its last client")


run([a_saved_change_reaches_the_follower_with_time_and_parameters_kept,
     of_two_saves_in_quick_succession_the_last_one_stays,
     a_broken_version_is_told_with_its_line_and_the_last_good_one_runs_on,
     ctrl_c_ends_it_and_the_daemon_it_started])
