#!/usr/bin/python3
"""The viewer on a real X server: windows, every key and gesture with its effect, errors on the display, pictures as
files, and what it says where there is no display or no OpenGL."""
import contextlib
import glob
import os
import subprocess
import sys
import tempfile
import time

import numpy

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, ".."))
from harness import Daemon, run, viewer_env, wait_for
from screen import Screen, close, png_read

BUILD = os.path.abspath(sys.argv[1])
DEMOS = os.path.join(HERE, "../../client/sketches")
WIDTH, HEIGHT, MARGIN = 848, 648, 24  # the canvas of 100 x 75 mm is then 800 x 600 pixels
SCALE = 8
RED, BLUE, GREEN, WHITE = (255, 0, 0), (0, 0, 255), (0, 160, 0), (255, 255, 255)
PICTURE = {"canvas": {"size": [100, 75], "background": "#ffffff"}, "layers": [
    {"name": "red", "color": "#ff0000", "thickness": 2, "lines": [[[10, 60], [90, 60]]]},
    {"name": "blue", "color": "#0000ff", "thickness": 2, "lines": [[[10, 65], [90, 65]]]},
    {"name": "green", "color": "#00a000", "thickness": 4, "lines": [[[10, 30], [10, 40]]],
     "effects": [["translate", {"delta": ["=10 * (t % 8)", 0, 0]}]]}]}


def at(pixels, x_mm, y_mm):
    """The pixel of a point of the fitted canvas."""
    return pixels[int(MARGIN + y_mm * SCALE), int(MARGIN + x_mm * SCALE)]


def is_at(x_mm, y_mm, color):
    return lambda pixels: bool(close(at(pixels, x_mm, y_mm), color))


def green_x(pixels):
    """Where the moving line is, in mm; None: nowhere."""
    columns = numpy.nonzero(close(pixels[int(MARGIN + 35 * SCALE), :WIDTH], GREEN))[0]
    return None if len(columns) == 0 else (columns.mean() + 0.5 - MARGIN) / SCALE


class Seen:
    """A daemon, a screen and a viewer in a directory of its own, with the picture above standing still."""

    def __init__(self, *words, plan=PICTURE, playing=False):
        self.words, self.plan, self.playing = words, plan, playing

    def __enter__(self):
        self.stack = contextlib.ExitStack()
        self.folder = self.stack.enter_context(tempfile.TemporaryDirectory())
        self.daemon = self.stack.enter_context(Daemon(BUILD))
        self.screen = self.stack.enter_context(Screen())
        self.rpc = self.daemon.connect()
        if self.plan:
            self.rpc.call("sketch.set", name="a", plan=self.plan)
            self.rpc.call("clock.set", name="a", playing=self.playing, t=1.0)
        self.viewer = self.start("pxview", "--size", f"{WIDTH}x{HEIGHT}", *self.words)
        self.screen.use(self.viewer)
        return self

    def start(self, program, *words):
        errors = open(os.path.join(self.folder, "stderr"), "ab")
        self.stack.callback(errors.close)
        return subprocess.Popen([self.daemon.program(program), *words], cwd=self.folder, stdout=subprocess.DEVNULL,
                                stderr=errors, env=viewer_env(BUILD, {**self.daemon.env, "DISPLAY": self.screen.display}))

    def __exit__(self, kind, value, trace):
        if self.viewer.poll() is None:
            if kind is None:
                self.screen.key("Escape")
                with contextlib.suppress(subprocess.TimeoutExpired):
                    self.viewer.wait(30)
            self.viewer.kill() if self.viewer.poll() is None else None
        code = self.viewer.wait()
        with open(os.path.join(self.folder, "stderr"), errors="replace") as errors:
            said = errors.read()
        result = self.stack.__exit__(kind, value, trace)
        if kind is None:
            assert code == 0 and not said, f"Esc ends it with 0 and silence: {code} {said}"
        elif said:
            print(said)
        return result

    def shown(self):
        return self.screen.until(is_at(50, 60, RED), "the picture is shown", alive=self.viewer)

    def clock(self):
        return self.rpc.call("clock.get", name="a")

    def files(self, pattern):
        return glob.glob(os.path.join(self.folder, pattern))

    def written(self, pattern):
        return wait_for(lambda: (self.files(pattern) or [None])[0], f"{pattern} is written", alive=self.viewer)


def pxview_opens_a_window_with_the_picture():
    with Seen() as seen:
        pixels = seen.shown()
        assert is_at(50, 65, BLUE)(pixels) and is_at(50, 50, WHITE)(pixels)
        assert abs(green_x(pixels) - 20) < 0.2, green_x(pixels)
        desk = pixels[8, 8].astype(int)
        assert (desk < 100).all(), "around the paper is the desk"
        assert close(pixels[300, MARGIN - 1], (39, 41, 44), 12), "the paper has an outline"


def space_pauses_and_plays_and_asks_how_the_clock_stands_first():
    with Seen(playing=True) as seen:
        seen.shown()
        seen.screen.key("space")
        wait_for(lambda: not seen.clock()["playing"], "paused")
        seen.screen.key("space")
        wait_for(lambda: seen.clock()["playing"], "playing")
        seen.rpc.call("clock.set", name="a", playing=False)
        seen.screen.key("space")
        wait_for(lambda: seen.clock()["playing"], "another client's pause is lifted by one press")


def comma_and_period_step_one_frame_back_and_forth():
    with Seen() as seen:
        seen.shown()
        before = seen.clock()
        seen.screen.key("period")
        wait_for(lambda: abs(seen.clock()["t"] - before["t"] - 1 / before["fps"]) < 1e-9, "a frame on")
        seen.screen.until(lambda p: green_x(p) is not None and abs(green_x(p) - 20 - 10 / 60) < 0.05, "and shown")
        for _ in range(3):
            seen.screen.key("comma")
        wait_for(lambda: abs(seen.clock()["t"] - before["t"] + 2 / before["fps"]) < 1e-9, "two frames back")
        seen.screen.until(lambda p: green_x(p) is not None and abs(green_x(p) - 20 + 20 / 60) < 0.05, "and shown")
        assert not seen.clock()["playing"]


def p_writes_the_window_as_a_png_and_shift_p_leaves_the_figures_out():
    with Seen() as seen:
        seen.shown()
        bare = seen.screen.steady()[:HEIGHT, :WIDTH]
        seen.screen.key("shift+p")
        name = seen.written("*.png")
        assert numpy.array_equal(png_read(name), bare), "the PNG is what the window shows"
        os.unlink(name)
        seen.screen.key("h")
        seen.screen.until(lambda p: not close(p[40, 40], bare[40, 40]), "the figures are shown")
        seen.screen.key("p")
        with_figures = png_read(seen.written("*.png"))
        assert not numpy.array_equal(with_figures[:200, :200], bare[:200, :200])
        os.unlink(name)
        seen.screen.key("shift+p")
        assert numpy.array_equal(png_read(seen.written("*.png")), bare), "no figures and no notice in it"


def s_writes_the_svg_of_the_moment_that_is_shown():
    with Seen() as seen:
        seen.shown()
        seen.screen.key("s")
        with open(seen.written("*.svg")) as file:
            text = wait_for(lambda: file.seek(0) or file.read(), "the file is whole")
        assert "<svg" in text and "</svg>" in text, text[:200]
        job = seen.rpc.call("export.start", sketch="a", t=1.0, format="svg")["id"]
        wait_for(lambda: seen.rpc.call("job.get", id=job)["state"] == "done", "the daemon's own")
        data = seen.rpc.call("job.result", id=job)
        assert text.encode() == (data["bytes"] if isinstance(data, dict) else data)


def h_and_question_mark_show_figures_and_help_and_take_them_away():
    with Seen() as seen:
        seen.shown()
        bare = seen.screen.steady()
        for key, y, x in (("h", 40, 40), ("question", 40, WIDTH - 40)):
            seen.screen.key(key)
            shown = seen.screen.until(lambda p: not numpy.array_equal(p[y], bare[y]), f"{key} shows")
            changed = numpy.nonzero((shown[:HEIGHT, :WIDTH] != bare[:HEIGHT, :WIDTH]).any(axis=2))[1]
            assert (changed.mean() < WIDTH / 2) == (x < WIDTH / 2), "on its side of the window"
            seen.screen.key(key)
            seen.screen.until(lambda p: numpy.array_equal(p, bare), f"{key} hides")


def digits_hide_and_show_a_layer_each():
    with Seen() as seen:
        seen.shown()
        seen.screen.key("1")
        pixels = seen.screen.until(is_at(50, 60, WHITE), "the first layer is hidden")
        assert is_at(50, 65, BLUE)(pixels)
        seen.screen.key("2")
        seen.screen.until(is_at(50, 65, WHITE), "the second, too")
        seen.screen.key("3")
        seen.screen.until(lambda p: green_x(p) is None, "and the third")
        for key, test in (("1", is_at(50, 60, RED)), ("2", is_at(50, 65, BLUE)), ("3", lambda p: green_x(p) is not None)):
            seen.screen.key(key)
            seen.screen.until(test, f"{key} is shown again")
        before = seen.screen.steady()
        seen.screen.key("9")
        assert numpy.array_equal(before, seen.screen.steady()), "there is no ninth layer"


def rows_of(pixels, color, x_mm=50):
    """First and last row of a colour in the column of a point of the fitted canvas."""
    rows = numpy.nonzero(close(pixels[:HEIGHT, int(MARGIN + x_mm * SCALE)], color))[0]
    return (rows[0], rows[-1]) if len(rows) else None


def the_wheel_zooms_at_the_pointer_drag_pans_and_f_fits():
    with Seen() as seen:
        seen.shown()
        fitted = seen.screen.steady()
        top, bottom = rows_of(fitted, RED)
        middle = (top + bottom + 1) // 2
        seen.screen.pointer(MARGIN + 50 * SCALE, middle)
        for _ in range(4):
            seen.screen.xdotool("click", 4)
        wanted = (bottom - top + 1) * 1.15 ** 4
        zoomed = seen.screen.until(lambda p: rows_of(p, RED) and abs(rows_of(p, RED)[1] - rows_of(p, RED)[0] + 1 - wanted) <= 2,
                                   "thicker by 1.15 a click")
        assert abs(sum(rows_of(zoomed, RED)) / 2 - middle) <= 1.5, "what is under the pointer stays there"
        before = rows_of(zoomed, RED)
        seen.screen.xdotool("mousedown", 1)
        seen.screen.pointer(MARGIN + 50 * SCALE - 30, middle - 120)
        seen.screen.xdotool("mouseup", 1)
        panned = seen.screen.until(lambda p: rows_of(p, RED) == (before[0] - 120, before[1] - 120), "moved with the pointer")
        seen.screen.pointer(MARGIN, MARGIN)
        assert rows_of(seen.screen.steady(), RED) == rows_of(panned, RED), "not after the button is released"
        seen.screen.xdotool("click", 5)
        seen.screen.until(lambda p: rows_of(p, RED) != rows_of(panned, RED), "the other way zooms out")
        seen.screen.key("f")
        seen.screen.until(lambda p: numpy.array_equal(p[:HEIGHT, :WIDTH], fitted[:HEIGHT, :WIDTH]), "F: the whole page again")


def f11_fills_the_screen_and_gives_the_window_back():
    with Seen() as seen:
        seen.shown()
        fitted = seen.screen.steady()
        place = seen.screen.geometry()
        seen.screen.key("F11")
        wait_for(lambda: seen.screen.geometry()[2:] == seen.screen.size, "as large as the screen")
        seen.screen.until(lambda p: close(p[700, 900], WHITE), "and the page in it, too")
        seen.screen.xdotool("windowfocus", "--sync", seen.screen.window)
        seen.screen.key("F11")
        wait_for(lambda: seen.screen.geometry() == place, "place and size as before")
        seen.screen.until(lambda p: numpy.array_equal(p[:HEIGHT, :WIDTH], fitted[:HEIGHT, :WIDTH]), "and the picture")
        seen.screen.xdotool("windowfocus", "--sync", seen.screen.window)


def r_gives_a_lua_sketch_a_new_seed_and_another_picture():
    source = """canvas { size = {100, 75}, background = "#ffffff" }
function draw(t)
    local dots = {}
    for i = 1, 8 do
        local place = E.scale { scale = 4, auto_center = false }
            :translate { delta = { 10 + 80 * math.random(), 10 + 50 * math.random(), 0 } }
        dots[i] = place(G.polygon { n_sides = 4 })
    end
    return { L.layer(G.concat(dots), { name = "dots", color = "#ff0000", thickness = 2 }) }
end"""
    with Seen(plan=None) as seen:
        seen.rpc.call("sketch.load", name="a", source=source)
        seen.rpc.call("sketch.focus", name="a")
        first = seen.screen.until(lambda p: close(p, RED).sum() > 100, "the first picture").copy()
        seeds = set()
        for _ in range(3):
            seen.screen.key("r")
            wait_for(lambda: seed_of(seen.rpc)[1] == "override" and seed_of(seen.rpc)[0] not in seeds, "another seed")
            seeds.add(seed_of(seen.rpc)[0])
            first = seen.screen.until(lambda p: (close(p, RED) & ~close(first, RED)).sum() > 100, "another picture").copy()


def seed_of(rpc):
    [seed] = [p for p in rpc.call("param.get", name="a")["params"] if p["name"] == "seed"]
    return seed["value"], seed["from"]


def the_picture_on_the_screen_is_that_of_a_file_drawn_without_one():
    with Seen() as seen:
        seen.shown()
        shown = seen.screen.steady()[MARGIN:MARGIN + 600, MARGIN:MARGIN + 800]
        path = os.path.join(seen.folder, "egl.png")
        seen.daemon.run("pxview", "--sketch", "a", "--size", "800x600", "--screenshot", path)
        drawn = png_read(path)
        assert numpy.abs(shown.astype(int) - drawn).max() <= 2, "live frame"
        seen.daemon.run("pxview", "--sketch", "a", "--size", "800x600", "--screenshot", path, "--frame", "60")
        assert numpy.array_equal(png_read(path), drawn), "the same moment evaluated"


def demos_look_the_same_on_the_screen_and_without_one():
    with Seen() as seen:
        for sketch in sorted(glob.glob(os.path.join(DEMOS, "*.lua"))):
            name = os.path.basename(sketch)[:-4]
            seen.rpc.call("sketch.load", name=name, path=sketch)
            seen.rpc.call("clock.set", name=name, playing=False, t=1.5)
            seen.rpc.call("sketch.focus", name=name)
            canvas = seen.rpc.call("sketch.get", name=name)["canvas"]["size"]
            scale = min(800 / canvas[0], 800 / canvas[1])
            wide, high = round(canvas[0] * scale), round(canvas[1] * scale)
            seen.screen.xdotool("windowsize", seen.screen.window, wide + 2 * MARGIN, high + 2 * MARGIN)
            path = os.path.join(seen.folder, name + ".png")
            seen.daemon.run("pxview", "--sketch", name, "--size", f"{wide}x{high}", "--screenshot", path, "--t", "1.5")
            drawn = png_read(path).astype(int)
            part = lambda pixels: pixels[MARGIN:MARGIN + high, MARGIN:MARGIN + wide]
            seen.screen.until(lambda p: numpy.abs(part(p) - drawn).max() <= 2, f"{name} is shown as it is drawn",
                              alive=seen.viewer)


def pxctl_run_opens_a_window_reloads_on_save_and_shows_errors_over_the_picture():
    source = """canvas {{ size = {{100, 75}}, background = "#ffffff" }}
function draw(t)
    local place = E.scale {{ scale = 40, auto_center = false }}:translate {{ delta = {{ 50, {y}, 0 }} }}
    return {{ L.layer(place(G.polygon {{ n_sides = 4 }}), {{ name = "red", color = "#ff0000", thickness = 4 }}) }}
end
"""
    with tempfile.TemporaryDirectory() as folder, Screen() as screen:
        daemon = Daemon(BUILD)
        path = os.path.join(folder, "mine.lua")
        save(path, source.format(y=30))
        ctl = subprocess.Popen([daemon.program("pxctl"), "run", path], cwd=folder, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True,
                               env=viewer_env(BUILD, {**daemon.env, "DISPLAY": screen.display}))
        try:
            screen.use(ctl)
            low = screen.until(lambda p: close(p, RED).sum() > 500, "the sketch is shown", alive=ctl).copy()
            pictures = {30: low}
            save(path, source.format(y=40))
            pictures[40] = screen.until(lambda p: (close(p, RED) & ~close(low, RED)).sum() > 500, "the change is shown",
                                        alive=ctl).copy()
            took = []
            for y, other in ((30, 40), (40, 30), (30, 40), (40, 30), (30, 40), (40, 30)):
                row, column = numpy.argwhere(close(pictures[y], RED) & close(pictures[other], WHITE))[0]
                started = time.monotonic()
                save(path, source.format(y=y))
                wait_for(lambda: close(tuple(screen.pixel(column, row)), RED), "the change is shown", alive=ctl)
                took.append((time.monotonic() - started) * 1e3)
            print(f"   saved to shown: {', '.join('%.0f' % ms for ms in took)} ms")
            before = screen.steady()
            save(path, source.format(y=40).replace("local place =", "local place = ="))
            broken = screen.until(lambda p: not numpy.array_equal(p, before), "the error is shown", alive=ctl)
            broken = screen.steady()
            changed = numpy.nonzero((broken != before).any(axis=2))[0]
            assert changed.min() > 800, "below the picture, which stays"
            save(path, source.format(y=40))
            screen.until(lambda p: numpy.array_equal(p, before), "and goes when the sketch is well again", alive=ctl)
            screen.key("Escape")
            out, errors = ctl.communicate(timeout=60)
            assert ctl.returncode == 0, errors
            assert "mine.lua:3:" in errors, errors
        finally:
            if ctl.poll() is None:
                ctl.terminate()
                ctl.communicate()
            wait_for(lambda: not processes_of(daemon), "the daemon ends with its last client")


def processes_of(daemon):
    """Those of its runtime directory, found without asking the daemon, which would keep it."""
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError), open(f"/proc/{entry}/environ", "rb") as file:
            if f"PXD_RUNTIME_DIR={daemon.runtime}".encode() in file.read().split(b"\0"):
                found.append(int(entry))
    return found


def save(path, text):
    """As editors do: a new file takes the old one's place."""
    with open(path + "~", "w") as file:
        file.write(text)
    os.rename(path + "~", path)


FAILS_LATER = """canvas { size = {100, 75}, background = "#ffffff" }
function draw(t)
    if t > 1 then error("it is late") end
    return E.scale { scale = 40, auto_center = false }:translate { delta = { 50, 30, 0 } }(G.polygon { n_sides = 4 })
end
"""


def an_error_from_before_the_viewer_came_is_shown_and_another_sketchs_is_not():
    with Seen() as seen:
        seen.shown()
        good = seen.screen.steady()
        try:
            seen.rpc.call("sketch.load", name="other", source="function draw(t) return nonsense( end")
        except Exception as error:
            assert error.name == "E_SKETCH"
        else:
            raise AssertionError("a broken sketch was loaded")
        assert numpy.array_equal(good, seen.screen.steady()), "another sketch's error is not ours"
        seen.rpc.call("sketch.load", name="a", source=FAILS_LATER)
        seen.screen.until(lambda p: not numpy.array_equal(p, good), "ours is")
        shown = seen.screen.steady()
        seen.screen.key("Escape")
        seen.viewer.wait(60)
        seen.viewer = seen.start("pxview", "--size", f"{WIDTH}x{HEIGHT}")
        seen.screen.use(seen.viewer)
        seen.screen.until(lambda p: numpy.array_equal(p[:HEIGHT, :WIDTH], shown[:HEIGHT, :WIDTH]), "a later viewer, too")


def without_a_display_or_opengl_it_ends_with_1_and_says_what_to_do():
    daemon = Daemon(BUILD)
    env = {k: v for k, v in daemon.env.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    view = lambda more, *words: subprocess.run([daemon.program("pxview"), *words], env=viewer_env(BUILD, {**env, **more}),
                                               capture_output=True, text=True, timeout=120)
    gone = view({})
    assert gone.returncode == 1 and "DISPLAY" in gone.stderr and "--screenshot" in gone.stderr, gone
    gone = view({"DISPLAY": ":9999"})
    assert gone.returncode == 1 and "DISPLAY" in gone.stderr, gone
    no_gl = {"LIBGL_DRIVERS_PATH": "/nonexistent", "GBM_BACKENDS_PATH": "/nonexistent"}
    gone = view(no_gl, "--screenshot", os.path.join(daemon.directory, "a.png"))
    assert gone.returncode == 1 and "install" in gone.stderr, gone
    with Screen() as screen:
        gone = view({**no_gl, "DISPLAY": screen.display})
    assert gone.returncode == 1 and "install" in gone.stderr, gone


def pictures_at_the_limits_are_drawn():
    """No layers, thousands, a canvas of a line, empty and lone and doubled points: a PNG comes out of each."""
    line = [[[10, 10], [90, 60]]]
    layer = lambda **more: {"color": "#000000", "thickness": 0.5, "lines": line, **more}
    cases = {
        "no_layers": ({"layers": []}, lambda p: (p == 255).all()),
        "many": ({"layers": [layer(name=f"l{i}", lines=[[[i % 64, i // 64], [i % 64 + 0.5, i // 64]]]) for i in range(4096)]},
                 lambda p: (p < 128).any(axis=2).sum() > 4096),
        "flat": ({"canvas": {"size": [1000, 1]}, "layers": [layer(lines=[[[0, 0.5], [1000, 0.5]]])]},
                 lambda p: p.shape == (1, 1200, 3)),
        "empty": ({"layers": [layer(lines=[]), layer(lines=line)]}, lambda p: (p < 128).any()),
        "dots": ({"layers": [layer(lines=[[[50, 50]], [[20, 20], [20, 20]]], thickness=8)]},
                 lambda p: (p < 128).any(axis=2).sum() > 500),
        "thick": ({"layers": [layer(lines=[[[-1000, 0], [1000, 0]]], thickness=1000)]}, lambda p: (p < 10).all()),
        "far": ({"layers": [layer(lines=[[[-1e6, -1e6], [1e6, 1e6]]])]}, lambda p: (p < 128).any()),
    }
    with Daemon(BUILD) as daemon:
        rpc = daemon.connect()
        for name, (plan, test) in cases.items():
            plan.setdefault("canvas", {"size": [100, 75]})
            rpc.call("sketch.set", name=name, plan=plan)
            path = os.path.join(daemon.directory, name + ".png")
            done = daemon.run("pxview", "--sketch", name, "--screenshot", path)
            assert done.returncode == 0, (name, done.stderr)
            live = png_read(path)
            assert test(live), name
            done = daemon.run("pxview", "--sketch", name, "--screenshot", path, "--frame", "0")
            assert done.returncode == 0 and numpy.array_equal(live, png_read(path)), (name, done.stderr)


def render_writes_each_frame_from_a_to_b_and_not_b():
    with Daemon(BUILD) as daemon:
        daemon.connect().call("sketch.set", name="a", plan=PICTURE)
        out = os.path.join(daemon.directory, "out")
        done = daemon.run("pxctl", "render", "a", "--frames", "3:6", "--fps", "60", "--format", "png", "--out", out)
        assert done.returncode == 0, done
        assert sorted(os.listdir(out)) == ["000003.png", "000004.png", "000005.png"], os.listdir(out)
        path = os.path.join(daemon.directory, "one.png")
        done = daemon.run("pxctl", "export", "a", "--t", "0.05", "--format", "png", "--out", path)
        assert done.returncode == 0, done
        assert numpy.array_equal(png_read(path), png_read(os.path.join(out, "000003.png")))
        assert daemon.run("pxview", "--sketch", "a", "--frames", "3:3", "--out", out).returncode == 2
        assert daemon.run("pxctl", "render", "b", "--frames", "0:1", "--format", "png", "--out", out).returncode == 1


run([pxview_opens_a_window_with_the_picture,
     space_pauses_and_plays_and_asks_how_the_clock_stands_first,
     comma_and_period_step_one_frame_back_and_forth,
     p_writes_the_window_as_a_png_and_shift_p_leaves_the_figures_out,
     s_writes_the_svg_of_the_moment_that_is_shown,
     h_and_question_mark_show_figures_and_help_and_take_them_away,
     digits_hide_and_show_a_layer_each,
     the_wheel_zooms_at_the_pointer_drag_pans_and_f_fits,
     f11_fills_the_screen_and_gives_the_window_back,
     r_gives_a_lua_sketch_a_new_seed_and_another_picture,
     the_picture_on_the_screen_is_that_of_a_file_drawn_without_one,
     demos_look_the_same_on_the_screen_and_without_one,
     pxctl_run_opens_a_window_reloads_on_save_and_shows_errors_over_the_picture,
     an_error_from_before_the_viewer_came_is_shown_and_another_sketchs_is_not,
     without_a_display_or_opengl_it_ends_with_1_and_says_what_to_do,
     pictures_at_the_limits_are_drawn,
     render_writes_each_frame_from_a_to_b_and_not_b]
    if len(sys.argv) < 3 else [globals()[name] for name in sys.argv[2:]])
