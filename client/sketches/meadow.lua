-- meadow.lua: a page of some four hundred small flowers. Teaches: loops, random numbers from the seed, many shapes in
-- few layers.
--
-- Every flower is a polygon repeated about its own centre. What differs between them comes from math.random, which
-- starts anew from `seed` at every draw: the page is the same each time, another seed is another meadow. Only the wind
-- depends on t, so all that stands still is computed once and kept.

canvas{size = "A4", background = "#fbfaf5", color = "#33413a", thickness = 0.22}
seed = 4

local columns, rows, margin = 17, 24, 18
local inks = {"#33413a", "#7a8f5a", "#c2703d"}

local function flower(x, y, radius, petals, turn, lean)
  -- `repeat` is a word of Lua itself, so the effect is written with an underscore.
  local ring = E.repeat_{count = 4, auto_center = false, pivot = {x, y, 0}, scale = {0.16, 0.16, 1},
                         rotation_step = {0, 0, 180 / petals}}
  return ring(G.polygon{n_sides = petals}
    :scale(radius * 2)
    :rotate(0, 0, turn + lean)
    :translate(x, y))
end

function draw(t)
  local beds = {}
  for k = 1, #inks do beds[k] = {} end
  local dx, dy = (210 - 2 * margin) / (columns - 1), (297 - 2 * margin) / (rows - 1)
  for row = 0, rows - 1 do
    for column = 0, columns - 1 do
      local r1, r2, r3, r4, r5 = math.random(), math.random(), math.random(), math.random(), math.random()
      local x = margin + column * dx + (r1 - 0.5) * 2.4
      local y = margin + row * dy + (r2 - 0.5) * 2.4
      local field = math.sin(x * 0.035) * math.cos(y * 0.027)
      local radius = 2.1 + 3.3 * (0.5 + 0.5 * field) * (0.5 + 0.5 * r3)
      local petals = 3 + math.floor(r4 * 5)
      local ink = r5 > 0.86 and 3 or (field + r5 > 0.75 and 2 or 1)
      local wind = 0.35 * math.sin(t * 0.9 + x * 0.03 + y * 0.015) * math.max(0, field)
      local bed = beds[ink]
      bed[#bed + 1] = flower(x, y, radius, petals, r4 * 6.283, wind)
    end
  end
  local layers = {}
  for k, bed in ipairs(beds) do
    layers[k] = L(G.concat(bed), {color = inks[k], name = "bed " .. k})
  end
  return layers
end
