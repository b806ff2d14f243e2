-- ribbons.lua: one curve, forty times. Teaches: a family of curves from a loop over a phase, and colours along it.
--
-- A Lissajous figure whose phase moves a little from copy to copy is a ribbon: the copies are its threads. The figure
-- turns in space, so the flat page shows folds.

canvas{size = "A4_LANDSCAPE", background = "#f4f1ec", color = "#222222", thickness = 0.2}

local threads = 44

local function blend(a, b, s)
  return {a[1] + (b[1] - a[1]) * s, a[2] + (b[2] - a[2]) * s, a[3] + (b[3] - a[3]) * s}
end

local deep, pale = {0.09, 0.17, 0.33}, {0.83, 0.36, 0.25}

function draw(t)
  local place = E.affine{auto_center = false, scale = {236, 150, 120}, rotation = {18 * math.sin(t * 0.21), 24 * math.sin(t * 0.17), 0},
                         delta = {148.5, 105, 0}}
  local layers = {}
  for k = 0, threads - 1 do
    local s = k / (threads - 1)
    local thread = G.lissajous{freq_x = 3, freq_y = 2, freq_z = 1, points = 700,
                               phase = 34 * s + 12 * t, phase_y = 16 * s, phase_z = 60 * s}
    layers[#layers + 1] = L(place(thread), {color = blend(deep, pale, s), thickness = 0.18, name = "thread " .. k + 1})
  end
  return layers
end
