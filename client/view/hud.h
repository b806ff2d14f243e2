/* hud.h: the display of figures over the picture: what is drawn, how fast, from where, and what went wrong.
 *
 * Threads  the main thread.
 */
#ifndef VIEW_HUD_H
#define VIEW_HUD_H

#include "client/view/control.h"
#include "client/view/text.h"
#include "client/view/upload.h"

#include <stdbool.h>

enum { HUD_SAMPLES = 240, HUD_SERIES = PX_STAGE_COUNT + 5 };

/* Series of times, in ns: the daemon's stages, then the viewer's own. */
enum hud_series {
    HUD_TOTAL = PX_STAGE_COUNT, /* start of planning to publication */
    HUD_UPLOAD,
    HUD_DRAW,
    HUD_AGE,      /* published to drawn */
    HUD_INTERVAL, /* between drawn frames */
};

struct hud {
    bool shown, help;
    uint64_t samples[HUD_SERIES][HUD_SAMPLES]; /* the newest HUD_SAMPLES of each */
    unsigned counts[HUD_SERIES];
};

/* What the figures are about. */
struct hud_facts {
    const char *sketch;
    uint64_t frame;
    double t;
    size_t layers, vertices, lines;
    uint64_t drawn, dropped;
    bool connected; /* frames come, or the daemon is waited for */
    const struct control_state *control;
    struct upload_stats upload;
    const char *notice; /* a short message, NULL: none */
};

void hud_add(struct hud *hud, unsigned series, uint64_t ns);

/* hud_quantile: of the samples of a series, in ms; 0 without any. */
double hud_quantile(const struct hud *hud, unsigned series, double q);

/* hud_draw: the figures if shown, the help if asked; waiting, errors and notices always. */
void hud_draw(const struct hud *hud, struct text *text, const struct hud_facts *facts, int width, int height);

#endif
