-- moire.lua: two ruled sheets, and what appears between them.
--
-- Teaches: patterns that nobody drew. Both layers are one ruled sheet bent by the same noise, the second a moment
-- later; where their lines part and meet again, bands show.
-- Try: `pxctl param delay=30`, `pxctl param swell=16`, `pxctl param lines=60`, a third layer.

canvas { size = "SQUARE_200", background = "#fffdf9", thickness = 0.35 }

local lines = param("lines", 118, 20, 200, 1)
local swell = param("swell", 12, 0, 18)
local delay = param("delay", 22, 0, 60)

local function sheet(t)
    return E.subdivide { subdivisions = 7 }
        :scale { scale = { 136, 160, 1 }, auto_center = false }
        :displace { amplitude_mm = { swell, 0, 0 }, spatial_freq = 0.012, t_sec = 0.006 * t }
        :translate { delta = { 100, 100, 0 } }(G.grid { nx = lines, ny = 0 })
end

function draw(t)
    return {
        L.layer(sheet(t), { name = "first", color = "#12355bd0" }),
        L.layer(sheet(t + delay), { name = "second", color = "#e0524dd0" }),
    }
end
