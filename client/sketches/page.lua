-- page.lua: a page of small things.
--
-- Teaches: plain Lua loops place hundreds of shapes; one number a cell (here: where a slow wave stands) makes the page
-- one picture. G.concat joins a table of geometries into one.
-- Try: `pxctl param sides=3`, `pxctl param twist=180`, `pxctl param reach=60`, other colours for the two inks.

canvas { size = "A5", background = "#fdfbf5", thickness = 0.2 }

local sides = param("sides", 4, 3, 12, 1)
local twist = param("twist", 80, 0, 180)
local reach = param("reach", 112, 30, 240)
local columns, rows, pitch = 16, 23, 8

function draw(t)
    local calm, lively = {}, {}
    for row = 1, rows do
        for column = 1, columns do
            local x = 74 + (column - (columns + 1) / 2) * pitch
            local y = 105 + (row - (rows + 1) / 2) * pitch
            local far = math.sqrt((x - 54) ^ 2 + (y - 72) ^ 2)
            local wave = 0.5 + 0.5 * math.cos(far / reach * 2 * math.pi - 0.4 * t)
            local rose = E.repeat_ { count = 6, scale = 0.1, rotation_step = { 0, 0, twist * wave } }
                :affine { scale = 2.6 + 6 * wave, rotation = { 0, 0, 60 * wave }, delta = { x, y, 0 } }
            table.insert(wave > 0.86 and lively or calm, rose(G.polygon { n_sides = sides, phase = 45 }))
        end
    end
    return {
        L.layer(G.concat(calm), { name = "calm", color = "#1f2f38" }),
        L.layer(G.concat(lively), { name = "lively", color = "#c8401a" }),
    }
end
