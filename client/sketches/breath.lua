-- breath.lua: five solids that breathe. Teaches: what a person can move: param, lfo, cc.
--
-- param() gives a slider; an lfo is a wave of time, asked with t; cc[1] is the first knob of a controller, 0 when there
-- is none. Each can be changed while the sketch runs, and is kept when the file is saved again.

canvas{size = {240, 130}, background = "#fffdf8", color = "#2a2a33", thickness = 0.28}

local inks = {"#2a2a33", "#2f6f73", "#2a2a33", "#b8502f", "#2a2a33"}

function draw(t)
  local size = param("size", 44, 10, 80)
  local depth = param("depth", 0.22, 0, 0.6)
  local shells = param("shells", 6, 0, 12, 1)
  local speed = param("speed", 0.12, 0.02, 1)
  local layers = {}
  for k = 0, 4 do
    local breath = lfo("sine", {freq = speed, phase = k / 5, lo = 1 - depth, hi = 1 + depth})
    local turn = lfo("triangle", {freq = speed / 3, phase = k / 7, lo = -35, hi = 35})
    local solid = E.label("solid" .. k + 1)
      :affine{auto_center = false, scale = size * breath(t), rotation = {22, turn(t) + 90 * cc[1], 10}}
      :repeat_{count = shells, auto_center = true, scale = 0.3, rotation_step = {0, 9, 4}}
    local x, y = 36 + 42 * k, 65 + (k % 2 == 0 and -15 or 15)
    layers[k + 1] = L(solid(G.polyhedron{polygon_index = k}):translate(x, y),
                      {color = inks[k + 1], name = "solid " .. k + 1})
  end
  return layers
end
