-- layers.lua: a word, folded into a flower.
--
-- Teaches: layers, and that the order of steps matters. The word is hatched, bent by noise, and only then folded into a
-- wedge, so that all petals agree; every layer has its own pen, its own hatch and its own measure of the noise.
-- Try: `pxctl param word=Ophelia` (or your own name), `pxctl param folds=9`, mirror before displace: the petals part.

canvas { size = "A5", background = "#f8f4ec" }

local word = param("word", "linea")
local folds = param("folds", 6, 3, 8, 1)
local drift = param("drift", 3, 0, 8)
local em = param("em", 24, 10, 27)

local place = E.rotate { rotation = { 0, 0, 90 / folds }, auto_center = false }:translate { delta = { 74, 88, 0 } }

-- Hatched at an angle (density 0: left as outlines), bent, folded.
local function flower(text, t, density, angle, bend)
    return E.fill { density = density, angle = angle, remove_boundary = density > 0 }
        :subdivide { subdivisions = density > 0 and 3 or 1 }
        :displace { amplitude_mm = { bend, bend, 0 }, spatial_freq = 0.02, t_sec = 0.01 * t }
        :mirror { n_mirror = folds, cx = 74, cy = 88 }(text)
end

function draw(t)
    local text = place(G.text { text = word, em_size_mm = em, font = "DejaVuSerif" }
        :translate { dx = -3, dy = 0.35 * em })
    local caption = G.text { text = word, em_size_mm = 7, text_align = "center", tracking_em = 0.4,
                               font = "DejaVuSerif" }
    return {
        L.layer(flower(text, t - 7, 34, 60, 3 * drift), { name = "glow", color = "#e07a3fa0", thickness = 0.2 }),
        L.layer(flower(text, t - 3, 34, -20, 2 * drift), { name = "shade", color = "#3d8b85a0", thickness = 0.2 }),
        L.layer(flower(text, t, 44, 20, drift), { name = "hatch", color = "#22406b", thickness = 0.2 }),
        L.layer(flower(text, t, 0, 0, drift) + caption:translate { dx = 74, dy = 186 },
            { name = "outline", color = "#14213d", thickness = 0.35 }),
    }
end
