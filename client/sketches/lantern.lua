-- lantern.lua: a paper lantern. Teaches: a chain of effects, step by step, and that its still beginning costs nothing.
--
-- sphere -> stretched -> twisted -> dashed: so far nothing depends on t, so it is computed once and kept. Only the last
-- step turns it. The rings inside are the same shape with fewer steps.

canvas{size = {150, 190}, background = "#161a24", color = "#f2d9a0", thickness = 0.22}

local middle = {75, 92, 0}

function draw(t)
  local shell = E.label("shell")
    :affine{auto_center = false, scale = {94, 94, 124}}
    :twist{angle = 70, axis = "z"}
    :dash{dash_length = 3.2, gap_length = {0.9, 2.2}}
    :rotate{auto_center = false, rotation = {0, 0, 9 * t}}
    :affine{auto_center = false, rotation = {76, 4 * math.sin(t * 0.6), 0}, delta = middle}
  local core = E.label("core")
    :affine{auto_center = false, scale = {30, 30, 40}}
    :twist{angle = 160, axis = "z"}
    :rotate{auto_center = false, rotation = {0, 0, -22 * t}}
    :affine{auto_center = false, rotation = {76, 4 * math.sin(t * 0.6), 0}, delta = middle}

  local cord = G.lines{{{75, 12}, {75, 31}}, {{75, 153}, {75, 172}}}
  return {
    L(shell(G.sphere{subdivisions = 0, sphere_type = 0, mode = 1}), {color = "#e8b75d", thickness = 0.24, name = "shell"}),
    L(core(G.sphere{subdivisions = 0, sphere_type = 0, mode = 2}), {color = "#d9634c", thickness = 0.2, name = "core"}),
    L(cord, {color = "#8a8577", thickness = 0.3, name = "cord"}),
  }
end
