#include "client/view/options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void options_help(void) {
    fputs("pxview: draws what pxd computes.\n"
          "\n"
          "    pxview [--connect DIRECTORY] [--sketch NAME]                a window\n"
          "    pxview --sketch NAME --screenshot FILE.png [--frame N | --t SECONDS]      a PNG, no display needed\n"
          "    pxview --sketch NAME --frames A:B --out DIRECTORY           frames A to B-1 as NNNNNN.png, the same\n"
          "\n"
          "    --connect DIR     runtime directory of the daemon (default: look for one)\n"
          "    --sketch NAME     which sketch to follow (default: the focused one)\n"
          "    --frame N         the picture at t = N / fps, whatever the live clock says\n"
          "    --t SECONDS       the picture of that time\n"
          "    --fps F           frames a second for --frame and --frames (default 60)\n"
          "    --size WxH        pixels of the window or picture (default: longer side 1200)\n"
          "    --no-vsync        draw at once and do not wait for the screen\n"
          "    --hud             begin with the display of figures (H)\n"
          "    --stats           print what was drawn, and how fast, at the end\n"
          "    --help, --version\n"
          "\n"
          "Keys: P/Shift+P PNG with/without figures, S SVG, H figures, Space pause, , and . step, R new seed, F fit,\n"
          "1..9 layers on and off, F11 full screen, ? help, Esc quit. Wheel zooms at the pointer, drag pans.\n",
          stdout);
}

static int read_size(const char *text, struct options *options, struct px_error *error) {
    char rest;
    if (sscanf(text, "%dx%d%c", &options->width, &options->height, &rest) != 2 || options->width < 1 ||
        options->height < 1 || options->width > 16384 || options->height > 16384)
        return px_fail(error, PX_E_PARAM, "--size %s: two numbers of 1 to 16384 are wanted, as in 1200x900", text);
    return 0;
}

static int read_frames(const char *text, struct options *options, struct px_error *error) {
    char rest;
    if (sscanf(text, "%ld:%ld%c", &options->first, &options->end, &rest) != 2 || options->first < 0 ||
        options->end <= options->first)
        return px_fail(error, PX_E_PARAM, "--frames %s: A:B is wanted, frames A to B-1, as in 0:60", text);
    return 0;
}

static const char *read_directory(const char *text) {
    static const char *const schemes[] = {"unix://", "unix:", "ipc://"};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0)
            return text + strlen(schemes[i]);
    return text;
}

static int read_option(int option, const char *text, struct options *options, struct px_error *error) {
    char *end = NULL;
    switch (option) {
    case 'c':
        options->connect = read_directory(text);
        return 0;
    case 's':
        options->sketch = text;
        return 0;
    case 'p':
        options->screenshot = text;
        return 0;
    case 'o':
        options->out = text;
        return 0;
    case 'n':
        options->frame = strtol(text, &end, 10);
        return *end == '\0' && end != text && options->frame >= 0
                   ? 0
                   : px_fail(error, PX_E_PARAM, "--frame %s: a number from 0 is wanted", text);
    case 'r':
        return read_frames(text, options, error);
    case 't':
        options->t = strtod(text, &end);
        return *end == '\0' && end != text && isfinite(options->t)
                   ? 0
                   : px_fail(error, PX_E_PARAM, "--t %s: a number of seconds is wanted", text);
    case 'f':
        options->fps = strtod(text, &end);
        return *end == '\0' && end != text && options->fps > 0 && isfinite(options->fps)
                   ? 0
                   : px_fail(error, PX_E_PARAM, "--fps %s: a number above 0 is wanted", text);
    case 'z':
        return read_size(text, options, error);
    default:
        return px_fail(error, PX_E_PARAM, "unknown option; pxview --help lists them");
    }
}

int options_read(int argc, char **argv, struct options *options, struct px_error *error) {
    *options = (struct options){.frame = -1, .t = NAN, .first = -1, .end = -1, .fps = 60};
    int no_vsync = 0, hud = 0, stats = 0, help = 0, version = 0;
    const struct option known[] = {
        {"connect", required_argument, NULL, 'c'},
        {"sketch", required_argument, NULL, 's'},
        {"screenshot", required_argument, NULL, 'p'},
        {"frame", required_argument, NULL, 'n'},
        {"frames", required_argument, NULL, 'r'},
        {"out", required_argument, NULL, 'o'},
        {"fps", required_argument, NULL, 'f'},
        {"t", required_argument, NULL, 't'},
        {"size", required_argument, NULL, 'z'},
        {"no-vsync", no_argument, &no_vsync, 1},
        {"hud", no_argument, &hud, 1},
        {"stats", no_argument, &stats, 1},
        {"help", no_argument, &help, 1},
        {"version", no_argument, &version, 1},
        {NULL, 0, NULL, 0},
    };
    opterr = 0;
    for (int option; (option = getopt_long(argc, argv, "", known, NULL)) != -1;) {
        if (option == '?')
            return px_fail(error, PX_E_PARAM, "%s: unknown option, or one without its value; pxview --help lists them",
                           argv[optind - 1]);
        int code = option == 0 ? 0 : read_option(option, optarg, options, error);
        if (code < 0)
            return code;
    }
    if (optind < argc)
        return px_fail(error, PX_E_PARAM, "%s: unexpected; a sketch is named with --sketch", argv[optind]);
    options->no_vsync = no_vsync != 0;
    options->hud = hud != 0;
    options->stats = stats != 0;
    options->help = help != 0;
    options->version = version != 0;
    if (options->out != NULL && options->first < 0)
        return px_fail(error, PX_E_PARAM, "--out needs --frames A:B");
    if (options->screenshot == NULL && (options->frame >= 0 || !isnan(options->t)))
        return px_fail(error, PX_E_PARAM, "--frame and --t need --screenshot FILE.png");
    if (options->first >= 0 && options->out == NULL)
        return px_fail(error, PX_E_PARAM, "--frames needs --out DIRECTORY");
    return 0;
}
