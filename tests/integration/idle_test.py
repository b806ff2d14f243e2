#!/usr/bin/python3
"""A daemon with nothing to do does nothing: no wake-up of LOOP but those for the requests that ask about it."""
import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import Daemon, run, wait_for

BUILD = sys.argv[1]
LOOK = 2.0  # seconds that are looked at


def wakeups(rpc):
    return rpc.call("stats.get")["loop"]["wakeups"]


def quiet_wakeups(rpc):
    """Wake-ups in a time without requests, less those of the request that ends it."""
    wakeups(rpc)
    first = wakeups(rpc)
    own = wakeups(rpc) - first
    before = wakeups(rpc)
    time.sleep(LOOK)
    return wakeups(rpc) - before - own


def settled(rpc):
    """What was begun has ended: two looks in a row at which nothing stirred."""
    wait_for(lambda: quiet_wakeups(rpc) <= 0, "the daemon comes to rest")


def a_plan_without_t_that_somebody_watches_wakes_nobody_after_its_frame():
    with Daemon(BUILD) as daemon:
        rpc, watcher = daemon.connect(), daemon.connect()
        watcher.call("subscribe", topics=["frame"])
        rpc.call("sketch.set", name="still", plan={"shape": "polygon"})
        watcher.notification("frame")
        settled(rpc)


def a_sketch_that_moves_wakes_nobody_when_nobody_watches():
    with Daemon(BUILD) as daemon:
        rpc = daemon.connect()
        rpc.call("sketch.load", name="moving", source="function draw(t) return G.line{angle = t} end")
        settled(rpc)
        assert rpc.call("sketch.get", name="moving")["frames"] == 0


def a_sketch_that_was_watched_sleeps_when_the_watcher_went():
    with Daemon(BUILD) as daemon:
        rpc, watcher = daemon.connect(), daemon.connect()
        watcher.call("subscribe", topics=["frame"])
        rpc.call("sketch.load", name="moving", source="function draw(t) return G.line{angle = t * 90} end")
        watcher.notification("frame")
        watcher.notification("frame")
        watcher.close()
        settled(rpc)


run([a_plan_without_t_that_somebody_watches_wakes_nobody_after_its_frame,
     a_sketch_that_moves_wakes_nobody_when_nobody_watches, a_sketch_that_was_watched_sleeps_when_the_watcher_went])
