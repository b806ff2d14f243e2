-- water.lua: letters that dissolve. Teaches: layers, and one shape used twice: filled and moved, then outlined and still.
--
-- The same text is drawn three times. Its hatching drifts in a noise field that grows stronger down the page; the
-- outline drifts a little; the small words at the foot stand still. Layers are drawn in the order they are returned.

canvas{size = "A5", background = "#f6f2e9", color = "#1d2b3a", thickness = 0.3}

local words = {"STILL", "WATER", "RUNS", "DEEP"}
local size = 31.5
local left, top, leading = 17, 50, 39

local function line(word, i)
  return G.text{text = word, em_size_mm = size, tracking_em = 0.02}:translate(left, top + leading * (i - 1))
end

function draw(t)
  local layers = {}
  for i, word in ipairs(words) do
    local depth = (i - 1) / (#words - 1)
    local drift = 0.3 + 10 * depth * depth
    local hatch = E.label("hatch" .. i)
      :fill{density = 58 - 8 * i, angle = 8 + 22 * i, angle_sets = 1}
      :subdivide{subdivisions = 3}
      :displace{amplitude_mm = drift, spatial_freq = 0.03, t_sec = t * 0.08}
    local edge = E.subdivide{subdivisions = 1}
      :displace{amplitude_mm = drift * 0.45, spatial_freq = 0.03, t_sec = t * 0.08}
    layers[#layers + 1] = L(hatch(line(word, i)), {color = "#2f7f9e", thickness = 0.22, name = "hatch " .. word})
    layers[#layers + 1] = L(edge(line(word, i)), {thickness = 0.32, name = "edge " .. word})
  end
  layers[#layers + 1] = L(G.text{text = "one shape, drawn twice", em_size_mm = 4}:translate(left + 2, 188),
                          {color = "#b2553a", thickness = 0.18, name = "note"})
  return layers
end
