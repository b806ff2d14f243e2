#include "client/view/hud.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const float ink[4] = {0.93f, 0.94f, 0.95f, 1};
static const float quiet[4] = {0.62f, 0.66f, 0.70f, 1};
static const float alarm[4] = {1, 0.55f, 0.45f, 1};
static const float panel[4] = {0.07f, 0.08f, 0.10f, 0.82f};

void hud_add(struct hud *hud, unsigned series, uint64_t ns) {
    hud->samples[series][hud->counts[series]++ % HUD_SAMPLES] = ns;
}

static int by_size(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

double hud_quantile(const struct hud *hud, unsigned series, double q) {
    unsigned count = hud->counts[series] < HUD_SAMPLES ? hud->counts[series] : HUD_SAMPLES;
    if (count == 0)
        return 0;
    uint64_t sorted[HUD_SAMPLES];
    memcpy(sorted, hud->samples[series], count * sizeof sorted[0]);
    qsort(sorted, count, sizeof sorted[0], by_size);
    unsigned at = (unsigned)(q * (double)count);
    return (double)sorted[at < count ? at : count - 1] / 1e6;
}

/* A column of lines on a panel. */
struct block {
    struct text *text;
    int x, y, width, lines;
    struct {
        char words[160];
        const float *color;
    } line[24];
};

__attribute__((format(printf, 3, 4))) static void block_add(struct block *block, const float *color, const char *format,
                                                            ...) {
    if (block->lines >= (int)(sizeof block->line / sizeof block->line[0]))
        return;
    va_list args;
    va_start(args, format);
    vsnprintf(block->line[block->lines].words, sizeof block->line[0].words, format, args);
    va_end(args);
    int width = text_width(block->text, block->line[block->lines].words);
    block->width = width > block->width ? width : block->width;
    block->line[block->lines++].color = color;
}

/* A long sentence, broken at spaces. */
static void block_add_wrapped(struct block *block, const float *color, const char *words, int columns) {
    while (*words != '\0') {
        int length = (int)strcspn(words, "\n");
        if (length > columns) {
            length = columns;
            while (length > columns / 2 && words[length] != ' ')
                length--;
        }
        block_add(block, color, "%.*s", length, words);
        words += length;
        while (*words == ' ' || *words == '\n')
            words++;
    }
}

static void block_draw(struct block *block) {
    if (block->lines == 0)
        return;
    int height = text_line_height(block->text), pad = height / 2;
    text_add_rect(block->text, block->x, block->y, block->width + 2 * pad, block->lines * height + 2 * pad, panel);
    for (int i = 0; i < block->lines; i++)
        text_add(block->text, block->x + pad, block->y + pad + i * height, block->line[i].words, block->line[i].color);
}

static void figures(const struct hud *hud, struct block *block, const struct hud_facts *facts) {
    static const char *const stages[PX_STAGE_COUNT] = {
        [PX_STAGE_PLAN] = "plan",   [PX_STAGE_PREFIX] = "prefix",   [PX_STAGE_SUFFIX] = "suffix",
        [PX_STAGE_READY] = "ready", [PX_STAGE_PUBLISH] = "publish",
    };
    double interval = hud_quantile(hud, HUD_INTERVAL, 0.5);
    block_add(block, ink, "%s   frame %llu   t %.2f s%s", facts->sketch[0] != '\0' ? facts->sketch : "(no sketch)",
              (unsigned long long)facts->frame, facts->t, facts->control->playing ? "" : "   paused");
    block_add(block, ink, "%.1f fps   %zu layers   %zu lines   %zu vertices", interval > 0 ? 1000 / interval : 0.0,
              facts->layers, facts->lines, facts->vertices);
    block_add(block, quiet, "%-10s %8s %8s", "ms", "p50", "p95");
    for (unsigned stage = 0; stage < PX_STAGE_COUNT; stage++)
        block_add(block, ink, "%-10s %8.2f %8.2f", stages[stage], hud_quantile(hud, stage, 0.5),
                  hud_quantile(hud, stage, 0.95));
    static const struct {
        unsigned series;
        const char *name;
    } own[] = {{HUD_TOTAL, "computed"}, {HUD_UPLOAD, "upload"}, {HUD_DRAW, "draw"}, {HUD_AGE, "age"}};
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
        block_add(block, ink, "%-10s %8.2f %8.2f", own[i].name, hud_quantile(hud, own[i].series, 0.5),
                  hud_quantile(hud, own[i].series, 0.95));
    block_add(block, ink, "drawn %llu   dropped %llu", (unsigned long long)facts->drawn,
              (unsigned long long)facts->dropped);
    block_add(block, ink, "uploads %llu   reused %llu   gpu %.1f MB", (unsigned long long)facts->upload.uploads,
              (unsigned long long)facts->upload.reused, (double)facts->upload.gpu_bytes / 1e6);
    if (facts->control->connected)
        block_add(block, ink, "pxd %s   mode %s   %d workers", facts->control->version, facts->control->mode,
                  facts->control->workers);
}

static void help(struct block *block) {
    static const char *const lines[] = {
        "P  Shift+P   PNG with / without figures",
        "S            SVG",
        "H            figures",
        "Space        pause",
        ",  .         step",
        "R            new seed",
        "F            fit",
        "1..9         layers on, off",
        "F11          full screen",
        "wheel        zoom at the pointer",
        "drag         pan",
        "?            this",
        "Esc          quit",
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
        block_add(block, ink, "%s", lines[i]);
}

void hud_draw(const struct hud *hud, struct text *text, const struct hud_facts *facts, int width, int height) {
    int line = text_line_height(text), margin = line / 2;
    struct block block = {.text = text, .x = margin, .y = margin};
    if (hud->shown) {
        figures(hud, &block, facts);
        block_draw(&block);
    }
    if (hud->help) {
        struct block right = {.text = text, .y = margin};
        help(&right);
        right.x = width - right.width - line - margin;
        block_draw(&right);
    }
    struct block below = {.text = text, .x = margin};
    int columns = (width - 2 * margin - line) / (text_width(text, "x") > 0 ? text_width(text, "x") : 1);
    columns = columns > 150 ? 150 : columns < 20 ? 20 : columns;
    if (!facts->connected)
        block_add(&below, alarm, "waiting for the daemon ...");
    if (facts->control->error[0] != '\0')
        block_add_wrapped(&below, alarm, facts->control->error, columns);
    if (facts->notice != NULL)
        block_add_wrapped(&below, ink, facts->notice, columns);
    below.y = height - below.lines * line - line - margin;
    block_draw(&below);
    text_flush(text, width, height);
}
