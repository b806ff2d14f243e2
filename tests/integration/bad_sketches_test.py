#!/usr/bin/python3
"""Bad Lua sketches: an error with file and line, in bounded time and memory; the last good picture stays, others go on."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
from harness import Daemon, RpcError, run, sanitized, wait_for

BUILD = sys.argv[1]
GOOD = "function draw(t)\n  return G.polygon{n_sides = 5, phase = t * 90}\nend\n"
daemon = Daemon(BUILD).start()
control, witness = daemon.connect(), daemon.connect()
control.call("subscribe", topics=["frame"])  # somebody watches
control.call("sketch.load", name="good", source=GOOD)

# name, source, what the message must contain (file:line first)
LOADS = [
    ("syntax_error", "function draw(t)\n  return G.line{\nend\n", [":3:"]),
    ("no_draw", "x = 1\n", ["draw"]),
    ("draw_is_no_function", "draw = 7\n", ["draw"]),
    ("raises_at_load", "error('not today')\n", [":1:", "not today"]),
    ("raises_in_draw", "function draw(t)\n  local x = nil\n  return x.y\nend\n", [":3:"]),
    ("raises_a_table", "function draw(t)\n  error({})\nend\n", ["error"]),
    ("raises_nil", "function draw(t)\n  error(nil)\nend\n", ["error"]),
    ("raises_through_tostring", "function draw(t)\n  error(setmetatable({}, {__tostring = function() while true do end end}))\nend\n", []),
    ("loops_at_load", "while true do end\n", ["ms"]),
    ("loops_in_draw", "function draw(t) while true do end end\n", ["ms"]),
    ("loops_in_string_find", "function draw(t)\n  string.find(string.rep('a', 40), string.rep('a-', 40) .. 'b')\n  return G.line{}\nend\n", []),
    ("loops_in_pcall", "function draw(t) while true do pcall(function() while true do end end) end end\n", ["ms"]),
    ("loops_in_a_coroutine", "function draw(t) local c = coroutine.wrap(function() while true do end end) c() end\n", ["ms"]),
    ("allocates_without_end", "function draw(t)\n  local a = {}\n  while true do a[#a + 1] = string.rep('x', 1 << 20) end\nend\n", []),
    ("allocates_at_once", "function draw(t) return string.rep('x', 1 << 40) end\n", []),
    ("recurses_without_end", "function draw(t) return draw(t) + 1 end\nfunction f() return 1 + f() end\nfunction draw(t) return f() end\n", [":2:"]),
    ("returns_nothing", "function draw(t) end\n", ["draw"]),
    ("returns_a_number", "function draw(t) return 42 end\n", ["draw"]),
    ("returns_a_string", "function draw(t) return 'picture' end\n", ["draw"]),
    ("returns_a_list_of_nonsense", "function draw(t) return {G.line{}, 5} end\n", ["2"]),
    ("returns_itself_in_a_ring", "function draw(t) local a = {} a[1] = a return a end\n", []),
    ("unknown_shape", "function draw(t)\n  return G.lime{}\nend\n", [":2:", "lime"]),
    ("unknown_effect", "function draw(t)\n  return E.fil{}(G.line{})\nend\n", [":2:", "fil"]),
    ("unknown_parameter", "function draw(t)\n  return G.polygon{sides = 5}\nend\n", [":2:", "sides", "n_sides"]),
    ("an_unknown_name_in_a_motion", "function draw(t)\n  return G.polygon{}:rotate{rotation = {0, 0, t}}\nend\n", [":2:", "rotation", "E.rotate"]),
    ("a_parameter_of_the_wrong_type", "function draw(t)\n  return G.polygon{n_sides = 'five'}\nend\n", ["n_sides"]),
    ("a_parameter_that_is_nan", "function draw(t)\n  return G.polygon{n_sides = 0/0}\nend\n", ["n_sides"]),
    ("opens_a_file", "function draw(t)\n  return io.open('/etc/passwd')\nend\n", [":2:", "io"]),
    ("runs_a_command", "os.execute('true')\nfunction draw(t) end\n", [":1:", "os"]),
    ("requires_a_library", "require('socket')\nfunction draw(t) end\n", ["socket"]),
    ("requires_out_of_its_directory", "require('../../etc/passwd')\nfunction draw(t) end\n", []),
    ("loads_bytecode", "local f = load('\\27Lua', 'x', 'b')\nf()\nfunction draw(t) end\n", []),
    ("is_bytecode", "\x1bLua\x54\x00\x19\x93\r\n\x1a\n", []),
    ("a_picture_too_large", "function draw(t)\n  return E.repeat_{count = 1e9}(G.grid{})\nend\n", []),
    ("ten_thousand_layers", "function draw(t)\n  local all = {}\n  for i = 1, 10000 do all[i] = L.layer(G.line{}, {}) end\n  return all\nend\n", ["layers"]),
    ("lfo_with_hi_below_lo", "local w = lfo('sine', {lo = 1, hi = 0})\nfunction draw(t) return G.line{length = w(t)} end\n", [":1:", "hi"]),
]


def bad_sketch_case(name, source, words):
    def case():
        if sanitized(BUILD) and "allocates" in name:
            return  # sanitizer builds have no memory limits
        try:
            control.call("sketch.load", name="good", source=source)
        except RpcError as error:
            assert error.name in ("E_SKETCH", "E_LIMIT", "E_KERNEL", "E_TYPE", "E_RANGE", "E_PARAM"), str(error)
            for word in words:
                assert word in error.message, f"'{word}' is not in: {error.message}"
            assert len(error.message) > 10, error.message
        else:
            raise AssertionError("was accepted")
        assert witness.call("server.info")
        before = control.notification("frame")["frame"]
        control.notifications.clear()
        after = wait_for(lambda: control.notification("frame")["frame"], "a frame of the good sketch")
        assert after >= before
    case.__name__ = f"bad_sketch: {name}"
    return case


def the_good_source_is_still_the_one_that_runs():
    assert control.call("sketch.get", name="good")["source"] == GOOD


def a_sketch_that_turns_bad_later_keeps_its_picture_and_recovers():
    control.call("subscribe", topics=["error"])
    source = "function draw(t)\n  if t > 1.0 and t < 1.5 then error('bad moment') end\n  return G.polygon{n_sides = 3 + t}\nend\n"
    control.call("sketch.load", name="later", source=source)
    control.call("clock.set", t=0.9)
    assert "bad moment" in str(control.notification("error"))
    control.notifications.clear()
    wait_for(lambda: control.notification("frame").get("t", 0) > 1.5, "frames after the bad moment")
    control.call("sketch.remove", name="later")


def a_print_goes_to_the_log():
    control.call("sketch.load", name="talker", source="print('hello from lua')\n" + GOOD)
    wait_for(lambda: "hello from lua" in str(witness.call("log.tail", level="info", count=100)), "the line in the log")
    control.call("sketch.remove", name="talker")


def the_daemon_ends_well():
    daemon.stop()


# `repeat` is a word of Lua's: E["repeat"] is how the effect is written
LOADS = [(name, source.replace("E.repeat_", 'E["repeat"]'), words) for name, source, words in LOADS]
run([bad_sketch_case(*entry) for entry in LOADS] + [
    the_good_source_is_still_the_one_that_runs, a_sketch_that_turns_bad_later_keeps_its_picture_and_recovers,
    a_print_goes_to_the_log, the_daemon_ends_well])
