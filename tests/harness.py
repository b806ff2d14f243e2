"""A real daemon in a temporary directory, and a MessagePack-RPC client, for the tests in integration/, fault/ and bench/.

    with Daemon(build) as daemon:
        rpc = daemon.connect()
        rpc.call("sketch.set", name="a", plan={...})

`run(cases)` runs functions as test cases (their names are sentences of behaviour) and ends with "N passed, N failed".
Waiting is always for a condition, with a limit; nothing here asserts on a time.
"""
import ctypes
import glob
import os
import re
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import time
import traceback

import msgpack

LIMIT = float(os.environ.get("PXD_TEST_LIMIT", "60"))  # seconds a condition may take to come true


def die_with_parent():
    """In a child: a test that is killed leaves no daemon behind."""
    ctypes.CDLL(None).prctl(1, signal.SIGKILL)


class RpcError(Exception):
    def __init__(self, error):
        super().__init__(f"{error.get('name')}: {error.get('message')}")
        self.code, self.name, self.message = error.get("code"), error.get("name"), error.get("message")
        self.data = error.get("data")


class Rpc:
    """One connection to rpc.sock."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(LIMIT)
        self.socket.connect(path)
        self.unpacker = msgpack.Unpacker(raw=False, max_buffer_size=1 << 30, strict_map_key=False)
        self.number = 0
        self.notifications = []

    def send(self, data):
        self.socket.sendall(data)

    def receive(self):
        """The next message, or None when the daemon closed the connection."""
        while True:
            try:
                return self.unpacker.unpack()
            except msgpack.OutOfData:
                pass
            try:
                data = self.socket.recv(1 << 20)
            except ConnectionResetError:
                return None
            if not data:
                return None
            self.unpacker.feed(data)

    def request(self, method, params=None):
        self.number += 1
        self.send(msgpack.packb([0, self.number, method, [] if params is None else [params]]))
        return self.number

    def reply(self, number):
        while True:
            message = self.receive()
            if message is None:
                raise ConnectionError("the daemon closed the connection")
            if message[0] == 2:
                self.notifications.append(message[1:])
            elif message[1] == number or message[1] is None:
                if message[2] is not None:
                    raise RpcError(message[2])
                return message[3]

    def call(self, method, **params):
        return self.reply(self.request(method, params or None))

    def notification(self, topic):
        while True:
            for at, (name, params) in enumerate(self.notifications):
                if name == topic:
                    del self.notifications[at]
                    return params[0] if params else None
            message = self.receive()
            if message is None:
                raise ConnectionError("the daemon closed the connection")
            if message[0] == 2:
                self.notifications.append(message[1:])

    def close(self):
        self.socket.close()


class Daemon:
    def __init__(self, build, *args, env=None, directory=None):
        self.build = os.path.abspath(build)
        self.own_directory = directory is None
        self.directory = directory or tempfile.mkdtemp(prefix="pxt-")
        os.chmod(self.directory, 0o700)
        self.runtime = os.path.join(self.directory, "run")
        self.state = os.path.join(self.directory, "state")
        os.makedirs(self.runtime, mode=0o700, exist_ok=True)
        self.args = list(args)
        self.env = {k: v for k, v in os.environ.items() if not k.startswith(("PXD_", "XDG_", "RUNTIME_", "STATE_"))}
        self.env.update(PXD_RUNTIME_DIR=self.runtime, PXD_STATE_DIR=self.state,
                        XDG_CONFIG_HOME=os.path.join(self.directory, "config"),
                        ASAN_OPTIONS="detect_leaks=1:abort_on_error=0:exitcode=99", TSAN_OPTIONS="exitcode=99",
                        UBSAN_OPTIONS="print_stacktrace=1")
        if sanitized(self.build):  # slower by an order of magnitude: an innocent sketch must not run into its limit
            self.env["PXD_SKETCH_TIME_MS"] = "5000"
        self.env.update(env or {})
        self.log = os.path.join(self.directory, "log")
        self.process = None
        self.connections = []

    def program(self, name):
        return os.path.join(self.build, "bin", name)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen([self.program("pxd"), *self.args], env=self.env, stdout=log, stderr=log,
                                            preexec_fn=die_with_parent)
        wait_for(self.answers, "the daemon answers", alive=self.process)
        return self

    def answers(self):
        try:
            rpc = Rpc(self.path("rpc.sock"))
        except OSError:
            return False
        try:
            return bool(rpc.call("server.info"))
        except (ConnectionError, OSError):
            return False
        finally:
            rpc.close()

    def path(self, name):
        return os.path.join(self.runtime, name)

    def connect(self):
        rpc = Rpc(self.path("rpc.sock"))
        self.connections.append(rpc)
        return rpc

    def run(self, program, *args, **options):
        """Runs one of the project's programs against this daemon."""
        options.setdefault("timeout", LIMIT * 3)
        env = viewer_env(self.build, self.env) if program in ("pxview", "pxctl") else self.env
        return subprocess.run([self.program(program), *args], env=env, capture_output=True, text=True, **options)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def stop(self):
        """Ends it as systemd would, and looks at what it left: exit status, sanitizer reports."""
        for rpc in self.connections:
            rpc.close()
        self.connections = []
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(LIMIT)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the daemon did not stop\n" + self.log_text()[-4000:])
        text = self.log_text()
        assert "Sanitizer" not in text and "runtime error:" not in text, text[-8000:]
        if self.process is not None:
            assert self.process.returncode == 0, f"exit status {self.process.returncode}\n{text[-4000:]}"

    def log_text(self):
        with open(self.log, errors="replace") as log:
            return log.read()

    def __enter__(self):
        return self.start()

    def __exit__(self, kind, value, trace):
        try:
            if kind is None:
                self.stop()
            else:
                print(self.log_text()[-4000:], file=sys.stderr)
                if self.process.poll() is None:
                    self.process.kill()
                    self.process.wait()
        finally:
            if self.own_directory:
                shutil.rmtree(self.directory, ignore_errors=True)


def wait_for(condition, what, alive=None, limit=None):
    """Polls until condition() is true; returns what it gave."""
    end = time.monotonic() + (limit or LIMIT)
    while True:
        result = condition()
        if result:
            return result
        if alive is not None and alive.poll() is not None:
            raise AssertionError(f"{what}: the process ended with {alive.returncode}")
        if time.monotonic() > end:
            raise AssertionError(f"{what}: not within {limit or LIMIT} s")
        time.sleep(0.005)


def viewer_env(build, env):
    """For pxview under a sanitizer: what the GL driver does is not ours (tests/suppressions says what and why), and the
    driver stays loaded until the report is written, so that its frames have names."""
    if not sanitized(build):
        return env
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "suppressions")
    drivers = glob.glob("/usr/lib/*/dri/swrast_dri.so")
    return {**env, "LD_PRELOAD": ":".join(drivers),
            "ASAN_OPTIONS": env.get("ASAN_OPTIONS", "") + ":verify_asan_link_order=0",
            "LSAN_OPTIONS": f"suppressions={folder}/lsan.txt:print_suppressions=0",
            "TSAN_OPTIONS": f"exitcode=99:suppressions={folder}/tsan.txt"}


def sanitized(build):
    """Whether this is a sanitizer build: slower, and without memory limits."""
    with open(os.path.join(build, "CMakeCache.txt")) as cache:
        found = re.search(r"^PX_SANITIZE:\w+=(.*)$", cache.read(), re.M)
    return found.group(1) if found else ""


def run(cases):
    passed = failed = 0
    for case in cases:
        name = getattr(case, "__name__", str(case))
        started = time.monotonic()
        try:
            case()
            passed += 1
            print(f"ok: {name} ({time.monotonic() - started:.2f} s)")
        except Exception:  # a case may fail in any way: it is reported and the next one runs
            failed += 1
            print(f"FAILED: {name}")
            traceback.print_exc(file=sys.stdout)
        sys.stdout.flush()
    print(f"{passed} passed, {failed} failed")
    sys.exit(1 if failed else 0)
