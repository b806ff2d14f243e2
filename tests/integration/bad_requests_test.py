#!/usr/bin/python3
"""Bad input of every kind gets an error that names the place and what would be right; other clients go on."""
import os
import struct
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), ".."))
import msgpack

from harness import Daemon, RpcError, run

BUILD = sys.argv[1]
NAN, INF = float("nan"), float("inf")
daemon = Daemon(BUILD).start()
witness = daemon.connect()  # another client, which must never notice anything
witness.call("sketch.set", name="witness", plan={"shape": "grid", "params": {"nx": 3}})


def layer(**more):
    return {"layers": [{"name": "a", "shape": "polygon", **more}]}


def effects(*list_of):
    return layer(effects=[list(effect) for effect in list_of])


def nested(depth):
    value = 1
    for _ in range(depth):
        value = [value]
    return value


def concat(depth):
    node = {"shape": "line"}
    for _ in range(depth):
        node = {"concat": [node]}
    return node


def lines(coords, offsets):
    return {"lines": {"coords": struct.pack(f"<{len(coords)}f", *coords), "offsets": struct.pack(f"<{len(offsets)}i", *offsets)}}


# method, params, name of the error, what its message must contain
TABLE = [
    ("no.such", {}, "E_METHOD", ["no.such"]),
    ("server.inf", {}, "E_METHOD", ["server.info"]),
    ("", {}, "E_METHOD", []),
    ("server.info", {"x": 1}, "E_PARAM", ["x"]),
    ("sketch.set", {}, "E_PARAM", ["name"]),
    ("sketch.set", {"name": "a"}, "E_PARAM", ["plan"]),
    ("sketch.set", {"name": 7, "plan": {"shape": "line"}}, "E_TYPE", ["name"]),
    ("sketch.set", {"name": "", "plan": {"shape": "line"}}, "E_RANGE", ["name"]),
    ("sketch.set", {"name": "a" * 64, "plan": {"shape": "line"}}, "E_RANGE", ["name"]),
    ("sketch.set", {"name": "a/b", "plan": {"shape": "line"}}, "E_RANGE", ["name"]),
    ("sketch.set", {"name": "a", "plan": 3}, "E_TYPE", ["plan"]),
    ("sketch.set", {"name": "a", "plan": {"shape": "line"}, "t": 0}, "E_PARAM", ["t"]),
    ("sketch.load", {"name": "a"}, "E_PARAM", ["source"]),
    ("sketch.load", {"name": "a", "path": "/nonexistent/x.lua"}, "E_NOT_FOUND", ["/nonexistent/x.lua"]),
    ("sketch.get", {"name": "nobody"}, "E_NOT_FOUND", ["nobody"]),
    ("sketch.remove", {"name": "nobody"}, "E_NOT_FOUND", ["nobody"]),
    ("sketch.focus", {"name": "nobody"}, "E_NOT_FOUND", ["nobody"]),
    ("plan.submit", {"name": "s", "frame": -1, "t": 0, "plan": {"shape": "line"}}, "E_RANGE", ["frame"]),
    ("plan.submit", {"name": "s", "frame": 1, "t": NAN, "plan": {"shape": "line"}}, "E_RANGE", ["t"]),
    ("plan.submit", {"name": "s", "frame": 1, "t": 0, "plan": {"shape": "lime"}}, "E_PARAM", ["lime", "line"]),
    ("clock.set", {"fps": 0}, "E_RANGE", ["fps"]),
    ("clock.set", {"fps": "60"}, "E_TYPE", ["fps"]),
    ("clock.set", {"t": INF}, "E_RANGE", ["t"]),
    ("clock.step", {"frames": 1.5}, "E_RANGE", ["frames"]),
    ("param.get", {"name": "nobody"}, "E_NOT_FOUND", ["nobody"]),
    ("param.set", {"name": "witness", "values": {"nowhere": 1}}, "E_PARAM", ["nowhere"]),
    ("param.set", {"name": "witness", "values": {"layer0/grid.nx": "many"}}, "E_TYPE", ["nx"]),
    ("param.set", {"name": "witness", "values": {"layer0/grid.nx": NAN}}, "E_RANGE", ["nx"]),
    ("param.set", {"name": "witness", "values": 3}, "E_TYPE", ["values"]),
    ("cc.set", {"values": {"1": 2}}, "E_RANGE", ["1"]),
    ("cc.set", {"values": {"128": 0.5}}, "E_RANGE", ["128"]),
    ("cc.set", {"values": {"x": 0.5}}, "E_RANGE", ["x"]),
    ("cc.set", {"values": {"1": "loud"}}, "E_TYPE", ["1"]),
    ("cc.bind", {"name": "witness", "param": "nowhere", "cc": 1}, "E_PARAM", ["nowhere"]),
    ("job.get", {"id": 99}, "E_NOT_FOUND", ["99"]),
    ("job.result", {"id": -1}, "E_", ["id"]),
    ("export.start", {"format": "svg"}, "E_PARAM", ["sketch", "plan"]),
    ("export.start", {"plan": {"shape": "line"}, "format": "pdf"}, "E_", ["format", "svg"]),
    ("export.start", {"sketch": "nobody", "format": "svg"}, "E_NOT_FOUND", ["nobody"]),
    ("log.tail", {"level": "loud"}, "E_RANGE", ["level", "warning"]),
    ("log.tail", {"count": -3}, "E_RANGE", ["count"]),
    ("subscribe", {"topics": ["weather"]}, "E_RANGE", ["weather", "frame"]),
    ("subscribe", {"topics": "log"}, "E_TYPE", ["topics"]),
    ("geometry.release", {"handles": 1}, "E_TYPE", ["handles"]),
    ("geometry.eval", {"plan": {"shape": "line"}, "result": "paper"}, "E_RANGE", ["result"]),
    ("geometry.eval", {"plan": {"shape": "line"}, "t": NAN}, "E_RANGE", ["t"]),
] + [("geometry.eval", {"plan": plan}, name, words) for plan, name, words in [
    ({}, "E_PARAM", ["plan"]),
    ({"layers": 1}, "E_TYPE", ["plan.layers"]),
    ({"layers": [1]}, "E_TYPE", ["plan.layers[0]"]),
    ({"layers": [{}]}, "E_PARAM", ["plan.layers[0]", "shape"]),
    ({"layers": [{"shape": "line", "lines": [[[0, 0], [1, 1]]]}]}, "E_PARAM", ["plan.layers[0]"]),
    (layer(colour="#000000"), "E_PARAM", ["plan.layers[0].colour", "color"]),
    (layer(color="red"), "E_RANGE", ["plan.layers[0].color", "#rrggbb"]),
    (layer(color=[1, 2, 3]), "E_RANGE", ["plan.layers[0].color"]),
    (layer(color=[1, 1]), "E_", ["plan.layers[0].color"]),
    (layer(thickness=-1), "E_RANGE", ["plan.layers[0].thickness"]),
    (layer(thickness="thin"), "E_TYPE", ["plan.layers[0].thickness"]),
    (layer(name=5), "E_TYPE", ["plan.layers[0].name"]),
    ({"canvas": {"size": "A99"}, "layers": []}, "E_RANGE", ["plan.canvas.size", "A5"]),
    ({"canvas": {"size": [0, 10]}, "layers": []}, "E_RANGE", ["plan.canvas.size"]),
    ({"canvas": {"size": [10]}, "layers": []}, "E_", ["plan.canvas.size"]),
    ({"canvas": {"paper": 1}, "layers": []}, "E_PARAM", ["plan.canvas.paper"]),
    ({"seed": "x", "layers": []}, "E_TYPE", ["plan.seed"]),
    ({"shape": "ball"}, "E_PARAM", ["plan.shape", "ball"]),
    ({"shape": 5}, "E_TYPE", ["plan.shape"]),
    ({"shape": "sphere", "params": {"radius": 1}}, "E_PARAM", ["plan.params.radius"]),
    ({"shape": "sphere", "params": [1]}, "E_TYPE", ["plan.params"]),
    ({"shape": "sphere", "params": {"subdivisions": "3"}}, "E_TYPE", ["plan.params.subdivisions"]),
    ({"shape": "sphere", "params": {"subdivisions": NAN}}, "E_RANGE", ["plan.params.subdivisions"]),
    ({"shape": "sphere", "params": {"subdivisions": None}}, "E_TYPE", ["plan.params.subdivisions"]),
    ({"shape": "text", "params": {"text": 5}}, "E_TYPE", ["plan.params.text"]),
    ({"shape": "lissajous", "params": {"points": 1e9}}, "E_LIMIT", ["lissajous"]),
    ({"shape": "grid", "params": {"nx": 10 ** 9}}, "E_LIMIT", ["grid"]),
    ({"shape": "capsule", "params": {"segments": 40000, "latitude_segments": 40000}}, "E_LIMIT", ["capsule"]),
    (effects(["fill", {"density": "dense"}]), "E_TYPE", ["plan.layers[0].effects[0].density"]),
    (effects(["scale"], ["fill"], ["fill", {"density": INF}]), "E_RANGE", ["plan.layers[0].effects[2].density"]),
    (effects(["fill", {"density": []}]), "E_", ["plan.layers[0].effects[0].density"]),
    (effects(["fill", {"density": [1, "x"]}]), "E_TYPE", ["plan.layers[0].effects[0].density[1]"]),
    (effects(["fil"]), "E_PARAM", ["plan.layers[0].effects[0]", "fil", "fill"]),
    (effects([]), "E_", ["plan.layers[0].effects[0]"]),
    (effects(["scale", 3]), "E_TYPE", ["plan.layers[0].effects[0]"]),
    (effects(["scale", {}, {}]), "E_", ["plan.layers[0].effects[0]"]),
    (effects(["scale", {"scale": [1, 2]}]), "E_", ["plan.layers[0].effects[0].scale"]),
    (effects(["scale", {"scale": [1, 2, NAN]}]), "E_RANGE", ["plan.layers[0].effects[0].scale[2]"]),
    (effects(["scale", {"auto_center": 1}]), "E_TYPE", ["plan.layers[0].effects[0].auto_center"]),
    (effects(["scale", {"bypass": "yes"}]), "E_TYPE", ["plan.layers[0].effects[0].bypass"]),
    (effects(["scale", {"scale": 1e300}]), "E_KERNEL", ["layer \"a\""]),
    (effects(["scale", {"scale": 1e30}], ["scale", {"scale": 1e30}], ["rotate", {"rotation": 30}]), "E_KERNEL", ["layer \"a\""]),
    (effects(["repeat", {"count": 1e9}]), "E_LIMIT", ["repeat"]),
    (effects(*[["subdivide", {"subdivisions": 10}]] * 8 + [["scale", {"scale": 1e6}]] + [["subdivide", {"subdivisions": 10}]] * 8), "E_LIMIT", ["subdivide"]),
    (effects(["dash", {"dash_length": []}]), "E_", ["plan.layers[0].effects[0].dash_length"]),
    (effects(*[["scale"]] * 100000), "E_LIMIT", ["plan.layers[0].effects"]),
    ({"layers": [{"shape": "line"}] * 5000}, "E_LIMIT", ["plan.layers"]),
    (concat(12), "E_LIMIT", ["plan.concat[0]"]),
    ({"concat": 1}, "E_TYPE", ["plan.concat"]),
    ({"lines": 5}, "E_TYPE", ["plan.lines"]),
    ({"lines": [[[0, 0], [1]]]}, "E_", ["plan.lines[0][1]"]),
    ({"lines": [[[0, 0], [1, NAN]]]}, "E_RANGE", ["plan.lines[0][1][1]"]),
    (lines([0, 0, 0, 1, 1, 1], [0, 1]), "E_RANGE", ["plan.lines"]),
    (lines([0, 0, 0, 1, 1, 1], [0, 2, 1, 2]), "E_RANGE", ["plan.lines"]),
    (lines([0, 0, 0, 1, NAN, 1], [0, 2]), "E_RANGE", ["plan.lines", "y"]),
    (lines([0, 0, 0, 1], [0, 1]), "E_RANGE", ["plan.lines"]),
    (lines([0, 0, 0], []), "E_RANGE", ["plan.lines"]),
    ({"shape": "sphere", "params": {"subdivisions": "=1 +"}}, "E_SKETCH", ["plan.params.subdivisions"]),
    ({"shape": "sphere", "params": {"subdivisions": "='x'"}}, "E_", ["plan.params.subdivisions"]),
    ({"shape": "sphere", "params": {"subdivisions": "=0/0"}}, "E_", ["plan.params.subdivisions"]),
    ({"shape": "sphere", "params": {"subdivisions": "=os.exit()"}}, "E_SKETCH", ["plan.params.subdivisions", "os"]),
    ({"shape": "sphere", "params": {"subdivisions": "=(function() while true do end end)()"}}, "E_", ["plan"]),
    ({"shape": "sphere", "params": {"subdivisions": "=(('x'):rep(1e9):len())"}}, "E_SKETCH", ["plan.params.subdivisions"]),
]]


def case_of(number, method, params, name, words):
    def case():
        rpc = daemon.connect()
        try:
            rpc.call(method, **params)
        except RpcError as error:
            assert error.name.startswith(name), f"{error.name}: {error.message}"
            assert isinstance(error.code, int) and error.code < 0
            for word in words:
                assert word in error.message, f"'{word}' is not in: {error.message}"
            assert len(error.message) > 10, error.message
        else:
            raise AssertionError("was accepted")
        finally:
            rpc.close()
        assert witness.call("server.info")
    case.__name__ = f"bad_request_{number}: {method} {str(params)[:90]}"
    return case


def call_of(*parts):
    return msgpack.packb([0, 1, *parts])


# bytes on the stream; what the answer must be: the name of an error, closed afterwards or not
RAW = [
    ("not_messagepack", b"\xc1\xc1\xc1", "E_PROTOCOL", True),
    ("http", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", "E_PROTOCOL", True),
    ("not_an_array", msgpack.packb({"a": 1}), "E_PROTOCOL", True),
    ("a_response", msgpack.packb([1, 1, None, None]), "E_PROTOCOL", True),
    ("too_few_parts", msgpack.packb([0, 1, "server.info"]), "E_PROTOCOL", True),
    ("a_method_that_is_no_string", call_of(5, []), "E_PROTOCOL", True),
    ("params_that_are_no_list", call_of("server.info", 5), "E_", False),
    ("params_of_two_maps", call_of("server.info", [{}, {}]), "E_", False),
    ("positional_params", call_of("sketch.get", ["witness"]), "E_", False),
    ("nested_100_deep", call_of("sketch.set", [{"plan": nested(100)}]), "E_", True),
    ("announces_2_31_elements", b"\x94\x00\x01\xa3abc\xdd\x80\x00\x00\x00", "E_", True),
    ("announces_2_32_pairs", b"\x94\x00\x01\xa3abc\x91\xdf\xff\xff\xff\xff", "E_", True),
    ("announces_a_string_of_4_GB", b"\x94\x00\x01\xdb\xff\xff\xff\xff", "E_LIMIT", True),
    ("keys_that_are_no_strings", call_of("server.info", [{None: 2}]), "E_", True),
    ("keys_below_0", call_of("cc.set", [{"values": {-1: 0.5}}]), "E_", True),
    ("the_same_key_twice", b"\x94\x00\x01\xabserver.info\x91\x82\xa1a\x01\xa1a\x02", "E_", True),
    ("an_extension_type", b"\x94\x00\x01\xabserver.info\x91\x81\xa1a\xd4\x01\x00", "E_", True),
]


def raw_case_of(name, data, error, closed):
    def case():
        rpc = daemon.connect()
        rpc.send(data)
        if closed:  # truncated messages are only known as such when nothing more comes
            rpc.socket.shutdown(1)
        message = rpc.receive()
        assert message is not None, "closed without an answer"
        assert message[0] == 1 and message[2]["name"].startswith(error), message
        assert message[2]["message"]
        if closed:
            assert rpc.receive() is None
        rpc.close()
        assert witness.call("server.info")
    case.__name__ = f"raw: {name}"
    return case


def a_truncated_request_is_answered_at_the_end_of_the_stream():
    whole = call_of("server.info", [])
    for length in range(1, len(whole)):
        rpc = daemon.connect()
        rpc.send(whole[:length])
        rpc.socket.shutdown(1)
        message = rpc.receive()
        assert message is not None and message[2]["name"] == "E_PROTOCOL", (length, message)
        assert rpc.receive() is None
        rpc.close()


def a_request_byte_by_byte_is_answered():
    rpc = daemon.connect()
    for byte in call_of("server.info", []):
        rpc.send(bytes([byte]))
    assert rpc.receive()[3]["version"]


def outstanding_answers_come_after_a_half_close():
    rpc = daemon.connect()
    for number in range(20):
        rpc.request("geometry.eval", {"plan": {"shape": "sphere", "params": {"subdivisions": number % 3}}})
    rpc.socket.shutdown(1)
    got = set()
    while len(got) < 20:
        message = rpc.receive()
        assert message is not None and message[2] is None, message
        got.add(message[1])
    assert rpc.receive() is None


def the_daemon_is_as_before():
    info = witness.call("server.info")
    assert info["session"] and witness.call("sketch.get", name="witness")
    names = [sketch["name"] for sketch in witness.call("sketch.list")["sketches"]]
    assert names == ["witness"], names
    daemon.stop()


run([case_of(number, *entry) for number, entry in enumerate(TABLE)] + [raw_case_of(*entry) for entry in RAW] + [
    a_truncated_request_is_answered_at_the_end_of_the_stream, a_request_byte_by_byte_is_answered,
    outstanding_answers_come_after_a_half_close, the_daemon_is_as_before])
