/* options.h: the command line of pxview. */
#ifndef VIEW_OPTIONS_H
#define VIEW_OPTIONS_H

#include "shared/error.h"

#include <stdbool.h>

struct options {
    const char *connect;    /* a runtime directory; NULL: look for it */
    const char *sketch;     /* NULL: the focused one */
    const char *screenshot; /* one PNG, no window */
    const char *out;        /* a directory for the PNGs of frames first to end - 1, no window */
    long frame;             /* -1: the frame that is live now */
    double t;               /* NAN: as frame says */
    long first, end;        /* -1: none; end is not drawn */
    double fps;
    int width, height; /* 0: 1200 pixels on the longer side (files), 1200 x 900 (window) */
    bool no_vsync;
    bool hud;
    bool stats; /* print what was drawn and how fast when it ends */
    bool help, version;
};

/* options_read: PX_E_PARAM with a sentence for the user. */
int options_read(int argc, char **argv, struct options *options, struct px_error *error);
void options_help(void);

#endif
