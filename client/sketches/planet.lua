-- planet.lua: a dashed world that turns.
--
-- Teaches: `dash` cuts lines by length after they are bent, and its offset makes them flow; `twist` shears a body about
-- its axis; one E chain (here: poise) can be shared by many shapes.
-- Try: `pxctl param shear=180`, `pxctl param dash=12`, `pxctl param tilt=-40`, sphere_type = 3.

canvas { size = "A5", background = "#f4f0e8" }

local shear = param("shear", 50, 0, 180)
local dash = param("dash", 4, 0.5, 20)
local tilt = param("tilt", 24, -90, 90)

function draw(t)
    local poise = E.rotate { rotation = { 68, 0, tilt }, auto_center = false }:translate { delta = { 74, 88, 0 } }
    local flow = E.dash { dash_length = dash, gap_length = dash / 2, offset = 1.2 * t }
    local globe = E.scale { scale = 88, auto_center = false }
        :twist { angle = shear, axis = "z" }
        :rotate { rotation = { 0, 0, 3 * t }, auto_center = false }
    local ring = E.scale { scale = { 132, 132, 2 }, auto_center = false }
        :rotate { rotation = { 0, 0, -2 * t }, auto_center = false }
    local moon = E.scale { scale = 17, auto_center = false }:rotate { rotation = { 60, 9 * t, 0 }, auto_center = false }
        :translate { delta = { 110, 174, 0 } }
    local rings = G.torus { major_radius = 0.42, minor_radius = 0.06, major_segments = 160, minor_segments = 16 }
    return {
        L.layer(poise(globe(G.sphere { subdivisions = 1, sphere_type = 0, mode = 1 })),
            { name = "meridians", color = "#33415c60", thickness = 0.15 }),
        L.layer(flow(poise(globe(G.sphere { subdivisions = 0, sphere_type = 0, mode = 0 }))),
            { name = "parallels", color = "#1f2a44", thickness = 0.3 }),
        L.layer(flow(poise(ring(rings))), { name = "ring", color = "#d96c3f", thickness = 0.2 }),
        L.layer(moon(G.sphere { subdivisions = 2, sphere_type = 2 }),
            { name = "moon", color = "#33415c", thickness = 0.15 }),
    }
end
