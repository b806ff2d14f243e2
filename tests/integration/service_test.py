#!/usr/bin/python3
"""The daemon as a service: units, readiness, reload, stop, and an installed tree that a stranger can build against."""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import LIMIT, Daemon, run, sanitized

BUILD = os.path.abspath(sys.argv[1])
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def systemd_accepts_both_units_with_empty_stderr():
    for manager in ("user", "system"):
        with open(os.path.join(BUILD, "systemd", manager, "pxd.service")) as file:
            unit = file.read()
        # The program stands in the build tree here, not where the unit will find it once installed.
        lines = [f"ExecStart={BUILD}/bin/pxd" if line.startswith("ExecStart=") else line for line in unit.splitlines()]
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "pxd.service")
            with open(path, "w") as file:
                file.write("\n".join(lines) + "\n")
            command = ["systemd-analyze", "verify", "--man=no", path]
            if manager == "user":
                command.insert(1, "--user")
            done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "XDG_RUNTIME_DIR": folder})
            assert done.returncode == 0 and done.stderr == "", f"{manager}: {done.stderr}"


def the_daemon_tells_systemd_when_it_is_ready_and_when_it_stops():
    folder = tempfile.mkdtemp(prefix="pxt-")
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.settimeout(LIMIT)
    notify.bind(os.path.join(folder, "notify"))
    daemon = Daemon(BUILD, env={"NOTIFY_SOCKET": os.path.join(folder, "notify"), "WATCHDOG_USEC": "400000"})
    seen = []

    def until(word):
        while not any(word in text for text in seen):
            seen.append(notify.recv(4096).decode())

    with daemon:
        until("READY=1")
        until("WATCHDOG=1")
        seen.clear()
        daemon.process.send_signal(signal.SIGHUP)
        until("RELOADING=1")
        until("READY=1")
    until("STOPPING=1")
    shutil.rmtree(folder)


def an_installed_tree_builds_the_example():
    if sanitized(BUILD):
        return  # the release build shows it
    with tempfile.TemporaryDirectory() as prefix:
        done = subprocess.run(["cmake", "--install", BUILD, "--prefix", prefix], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        pkgconfig = [folder for folder, _, files in os.walk(prefix) if "px.pc" in files]
        env = {**os.environ, "PKG_CONFIG_PATH": pkgconfig[0]}
        flags = subprocess.run(["pkg-config", f"--define-variable=prefix={prefix}", "--cflags", "--libs", "px"],
                               capture_output=True, text=True, env=env).stdout.split()
        done = subprocess.run(["gcc", os.path.join(ROOT, "client/examples/follow.c"), "-o",
                               os.path.join(prefix, "follow"), *flags], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        for path in ("bin/pxd", "bin/pxctl", "share/pxd/sketches", "lib/systemd/user/pxd.service"):
            assert os.path.exists(os.path.join(prefix, path)), path


run([systemd_accepts_both_units_with_empty_stderr, the_daemon_tells_systemd_when_it_is_ready_and_when_it_stops,
     an_installed_tree_builds_the_example])
