-- ribbons.lua: silk from one curve.
--
-- Teaches: `repeat` turns a single line into a surface. Each ribbon is one Lissajous figure and fifty copies, each a
-- little smaller and turned a little further; thin strokes that let light through do the shading.
-- (repeat is a word of Lua itself, so the effect is written with an underscore.)
-- Try: `pxctl param copies=14` (for a plotter), `pxctl param turn=150`, freq_x = 2 and freq_y = 3, a fourth ink.

canvas { size = "SQUARE_200", background = "#faf6ee", thickness = 0.18 }

local copies = param("copies", 50, 4, 80, 1)
local turn = param("turn", 60, -180, 180)
local narrow = param("narrow", 0.55, 0.2, 1)
local sway = param("sway", 3, 0, 8)

local inks = {
    { name = "indigo", color = "#1d2f6fb0" },
    { name = "petrol", color = "#1f7a8cb0" },
    { name = "coral", color = "#e4572eb0" },
}

function draw(t)
    local curve = G.lissajous { freq_x = 1, freq_y = 2, freq_z = 1, points = 360,
                                phase = 90 + 8 * t, phase_y = 30, phase_z = 40 }
    local sized = E.scale { scale = { 158, 74, 84 }, auto_center = false }(curve)
    local layers = {}
    for i, ink in ipairs(inks) do
        local ribbon = E.repeat_ { count = copies, scale = narrow, rotation_step = { 40, 30, turn },
                                   auto_center = false }
            :rotate { rotation = { 0, 0, 120 * i + 4 * t }, auto_center = false }
            :wobble { amplitude = sway, frequency = 0.012, phase = 10 * t }
            :translate { delta = { 100, 100, 0 } }
        layers[i] = L.layer(ribbon(sized), { name = ink.name, color = ink.color })
    end
    return layers
end
