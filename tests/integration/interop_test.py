#!/usr/bin/python3
"""Programs that know nothing of libpx: nngcat on rpc.nng, a script of the standard library on rpc.sock."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import msgpack

from harness import Daemon, run

BUILD = sys.argv[1]
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")


def nngcat(daemon, data):
    """Sends a request written to a file by another program, gives the answer."""
    path = os.path.join(daemon.directory, "request")
    with open(path, "wb") as file:
        file.write(data)
    done = subprocess.run(["nngcat", "--req", "--dial", f"ipc://{daemon.path('rpc.nng')}", "--raw", "--file", path,
                           "--recv-timeout", "20"], capture_output=True, timeout=60)
    return done.stdout


def nngcat_gets_its_answer():
    with Daemon(BUILD) as daemon:
        answer = msgpack.unpackb(nngcat(daemon, msgpack.packb([0, 7, "server.info", []])))
        assert answer[:3] == [1, 7, None] and answer[3]["version"], answer


def a_bad_request_on_nng_gets_an_error():
    with Daemon(BUILD) as daemon:
        for data, name in ((b"\xc1", "E_PROTOCOL"), (msgpack.packb([0, 1, "no.such", []]), "E_METHOD"),
                           (msgpack.packb([0, 1, "server.info", []]) + b"x", "E_PROTOCOL"),
                           (msgpack.packb([0, 1, "subscribe", [{"topics": ["log"]}]]), "E_UNSUPPORTED")):
            answer = msgpack.unpackb(nngcat(daemon, data))
            assert answer[0] == 1 and answer[2]["name"] == name, answer


def a_notification_on_nng_is_answered_by_an_empty_message():
    with Daemon(BUILD) as daemon:
        assert nngcat(daemon, msgpack.packb([2, "clock.set", [{"playing": False}]])) == b""
        assert daemon.connect().call("clock.get")["playing"] is False


def a_script_of_another_language_calls_rpc_sock():
    with Daemon(BUILD) as daemon:
        done = subprocess.run(["perl", os.path.join(ROOT, "client/examples/call.pl"), daemon.path("rpc.sock")],
                              capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        assert daemon.connect().call("server.info")["version"] in done.stdout, done.stdout


run([nngcat_gets_its_answer, a_bad_request_on_nng_gets_an_error, a_notification_on_nng_is_answered_by_an_empty_message,
     a_script_of_another_language_calls_rpc_sock])
