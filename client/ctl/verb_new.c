#include "client/ctl/ctl.h"
#include "client/ctl/verbs.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char starter[] =
    "-- %s.lua: a sketch for pxd. `pxctl run %s.lua` shows it; save the file and the picture changes.\n"
    "--\n"
    "-- draw(t) is called for every frame, t in seconds, and gives back what to draw. Lengths are millimetres, the "
    "origin is\n"
    "-- the sheet's top left corner, y grows downwards. `pxctl describe` lists all shapes and effects, `pxctl describe "
    "fill`\n"
    "-- says what one of them takes.\n"
    "\n"
    "-- The sheet: \"A5\", \"A4_LANDSCAPE\", or {width, height}.\n"
    "canvas { size = \"A5\", background = \"#fbf8f1\", color = \"#1c2733\", thickness = 0.25 }\n"
    "\n"
    "-- Parameters can be turned while the sketch runs: `pxctl param sides=5`. Name, value at first, least, most.\n"
    "local sides = param(\"sides\", 6, 3, 12)\n"
    "local speed = param(\"speed\", 12, -90, 90)\n"
    "\n"
    "function draw(t)\n"
    "    local rings = {}\n"
    "    for i = 1, 14 do\n"
    "        -- G makes shapes, E chains effects; an effect chain is called with what it changes.\n"
    "        local size = 8 * i\n"
    "        local ring = G.polygon { n_sides = math.floor(sides + 0.5) }\n"
    "        rings[i] = E.scale { scale = { size, size, 1 } }\n"
    "            :rotate { rotation = { 0, 0, speed * t + 3 * i } }\n"
    "            :translate { delta = { 74, 105, 0 } }(ring)\n"
    "    end\n"
    "    -- Layers are drawn one after the other, each with its own pen.\n"
    "    return { L.layer(G.concat(rings), { name = \"rings\", color = \"#1c2733\", thickness = 0.3 }) }\n"
    "end\n";

static bool name_is_plain(const char *name) {
    return *name && *name != '.' && !strpbrk(name, "/#\n") && strlen(name) <= PX_SKETCH_NAME_MAX;
}

static int new_run(struct ctl *ctl) {
    char name[PX_SKETCH_NAME_MAX + 8], path[PX_SKETCH_NAME_MAX + 16];
    struct px_error error;
    snprintf(name, sizeof name, "%s", ctl->arguments[0]);
    size_t length = strlen(name);
    if (length > 4 && strcmp(name + length - 4, ".lua") == 0)
        name[length - 4] = '\0';
    if (!name_is_plain(name) || length > PX_SKETCH_NAME_MAX)
        return ctl_usage(ctl, "a sketch's name has 1 to %d bytes, without / and #", PX_SKETCH_NAME_MAX);
    snprintf(path, sizeof path, "%s.lua", name);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0) {
        px_fail(&error, errno == EEXIST ? PX_E_EXISTS : PX_E_IO, "%s: %s", path, strerror(errno));
        return ctl_fail(ctl, &error);
    }
    bool written = dprintf(fd, starter, name, name) > 0;
    if (close(fd) != 0 || !written)
        return ctl_fail(ctl, &(struct px_error){.code = PX_E_IO, .message = "the file could not be written"});
    printf("%s\n", path);
    return CTL_DONE;
}

const struct verb new_verb = {
    .name = "new",
    .arguments = "NAME",
    .summary = "write NAME.lua, a sketch to begin with",
    .help = "A file that is there already is left alone.",
    .least = 1,
    .most = 1,
    .run = new_run,
};
