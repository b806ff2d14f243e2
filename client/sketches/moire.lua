-- moire.lua: two families of circles, a little apart. Teaches: repeat, and how little a picture needs.
--
-- Each family is one circle and one effect. Where they cross at small angles the eye sees a third pattern that neither
-- of them has; as the centres drift it moves much faster than they do.

canvas{size = {200, 200}, background = "#ffffff", color = "#20242c", thickness = 0.25}

local rings = 46

-- Rings about (x, y): the circle, then copies that shrink to a point.
local function family(x, y, radius)
  local inward = E.repeat_{count = rings - 1, auto_center = false, pivot = {x, y, 0}, scale = 1 / rings}
  return inward(G.polygon{n_sides = 120}:scale(radius * 2):translate(x, y))
end

function draw(t)
  local away = 7 + 3.5 * math.sin(t * 0.23)
  local turn = t * 0.11
  local dx, dy = away * math.cos(turn), away * math.sin(turn)
  return {
    L(family(100 - dx, 100 - dy, 78), {color = "#20242c", name = "first"}),
    L(family(100 + dx, 100 + dy, 78), {color = "#c8452f", name = "second"}),
  }
end
