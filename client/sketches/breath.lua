-- breath.lua: a plate of five solids that breathe.
--
-- Teaches: where numbers come from. An lfo is a slow wave of t, param() a slider, cc[1] the knob of a MIDI controller
-- (0 to 1); what they give is used like any other number.
-- Try: `pxctl cc 1=1`, `pxctl param depth=0.5`, `pxctl param hatch=40`, "triangle" or "perlin" instead of "sine".

canvas { size = "A4_LANDSCAPE", background = "#fbfaf6", thickness = 0.25 }

local size = param("size", 43, 20, 46)
local depth = param("depth", 0.2, 0.02, 0.6)
local period = param("period", 12, 2, 30)
local hatch = param("hatch", 22, 2, 60, 1)

local shells = E.repeat_ { count = 11, scale = 0.12, rotation_step = { 0, 50, 80 } }
local faces = E.fill { density = hatch, angle = 20, remove_boundary = true }

function draw(t)
    local wires, hatched, nested = {}, {}, {}
    for i = 0, 4 do
        local solid = G.polyhedron { polygon_index = i }
        local function posed(row)
            local breath = lfo("sine", { period = period, phase = i / 5 + row / 8, lo = 1 - depth, hi = 1 })(t)
            return E.affine {
                auto_center = false, scale = size * breath * (1 - 0.4 * cc[1]),
                rotation = { 24 + 4 * t, 5 * t + 31 * i + 20 * row, 9 * i },
                delta = { 148.5 + 52 * (i - 2), 105 + 57 * (row - 2), 0 },
            }
        end
        wires[i + 1] = posed(1)(solid) + posed(2)(solid)
        hatched[i + 1] = posed(2)(faces(solid))
        nested[i + 1] = posed(3)(shells(solid))
    end
    return {
        L.layer(G.concat(hatched), { name = "faces", color = "#3f81a6", thickness = 0.18 }),
        L.layer(G.concat(nested), { name = "shells", color = "#bd6148", thickness = 0.18 }),
        L.layer(G.concat(wires), { name = "wires", color = "#14213d", thickness = 0.4 }),
    }
end
