#!/usr/bin/python3
"""Starting: every way in which it can fail ends with one clear line and an exit status; nothing is left behind."""
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import Daemon, run, wait_for

BUILD = sys.argv[1]


def failing(words, status, *args, **env):
    """pxd with these arguments and variables ends with that status and names what is wrong."""
    daemon = Daemon(BUILD, env=env)
    done = daemon.run("pxd", *args, timeout=60)
    assert done.returncode == status, f"exit status {done.returncode}: {done.stderr}"
    for word in words:
        assert word in done.stderr, f"'{word}' is not in: {done.stderr}"
    assert "Sanitizer" not in done.stderr, done.stderr
    assert len([line for line in done.stderr.splitlines() if line.startswith("pxd: ")]) == 1, done.stderr
    left = [name for name in os.listdir(daemon.runtime) if name.endswith((".sock", ".nng"))]
    assert not left, left


def case(name, words, status, *args, **env):
    def test():
        failing(words, status, *args, **env)
    test.__name__ = name
    return test


CASES = [
    case("an_unknown_option", ["--wrokers"], 2, "--wrokers", "2"),
    case("a_bad_number_of_workers", ["--workers", "many"], 2, "--workers", "many"),
    case("no_workers", ["--workers"], 2, "--workers", "0"),
    case("an_unknown_mode", ["--mode", "threads"], 2, "--mode", "fast"),
    case("a_mode_that_is_not_here", ["fork"], 1, "--mode", "fork"),
    case("a_mode_that_is_not_here_by_variable", ["PXD_FORCE_MP"], 1, PXD_FORCE_MP="1"),
    case("a_missing_configuration_file", ["/nonexistent/pxd.conf"], 2, "--config", "/nonexistent/pxd.conf"),
    case("a_missing_sketch", ["/nonexistent/a.lua"], 1, "/nonexistent/a.lua"),
    case("a_runtime_directory_that_is_too_long", ["107"], 2, PXD_RUNTIME_DIR="/tmp/" + "long" * 30),
    case("a_runtime_directory_that_is_a_file", ["/etc/passwd"], 1, PXD_RUNTIME_DIR="/etc/passwd"),
    case("a_state_directory_that_cannot_be", ["/proc"], 1, PXD_STATE_DIR="/proc/nowhere/state"),
    case("a_listener_off_loopback", ["tcp://"], 1, "--listen", "tcp://0.0.0.0:0"),
    case("a_listener_of_no_kind", ["gopher"], 2, "--listen", "gopher://127.0.0.1:1"),
]


def help_and_version_answer_at_once():
    daemon = Daemon(BUILD)
    assert "--workers" in daemon.run("pxd", "--help").stdout
    assert daemon.run("pxd", "--version").stdout.startswith("pxd ")


def a_legacy_variable_is_named_in_a_warning():
    with Daemon(BUILD, env={"PXD_SHAPE_CACHE_MAXSIZE": "128"}) as daemon:
        assert "PXD_SHAPE_CACHE_MAXSIZE" in daemon.log_text()


def it_ends_with_its_last_client_when_asked():
    daemon = Daemon(BUILD, "--end-with-last-client")
    daemon.start()
    rpc = daemon.connect()
    assert rpc.call("server.info")
    rpc.close()
    wait_for(lambda: daemon.process.poll() is not None, "it ends by itself")
    daemon.stop()


def a_sketch_of_the_command_line_runs():
    folder = Daemon(BUILD).directory
    path = os.path.join(folder, "spiral.lua")
    with open(path, "w") as file:
        file.write("function draw(t) return G.polygon{phase = t} end\n")
    with Daemon(BUILD, path) as daemon:
        rpc = daemon.connect()
        wait_for(lambda: [s["name"] for s in rpc.call("sketch.list")["sketches"]] == ["spiral"], "the sketch is there")


def a_stopped_daemon_leaves_its_directory_clean():
    daemon = Daemon(BUILD)
    with daemon:
        pass
    assert not os.path.exists(daemon.path("rpc.sock"))


run(CASES + [help_and_version_answer_at_once, a_legacy_variable_is_named_in_a_warning,
             it_ends_with_its_last_client_when_asked, a_sketch_of_the_command_line_runs,
             a_stopped_daemon_leaves_its_directory_clean])
