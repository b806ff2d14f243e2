#include "client/view/app.h"

#include "client/view/context.h"
#include "client/view/control.h"
#include "client/view/hud.h"
#include "client/view/image.h"
#include "client/view/lines.h"
#include "client/view/receiver.h"
#include "client/view/text.h"
#include "shared/clock.h"

#include <glad/gl.h>
#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NOTICE_MS = 4000, FIT_MARGIN = 24, TEXT_HEIGHT = 14, WINDOW_WIDTH = 1200, WINDOW_HEIGHT = 900 };
static const float desk[4] = {0.24f, 0.25f, 0.27f, 1}; /* what lies around the paper */

/* What of the last frame is still asked for after it was given back. */
struct shown {
    bool any;
    uint64_t session, frame, published_ns;
    char sketch[PX_SKETCH_NAME_MAX + 1];
    double t, canvas[2];
    float background[4];
    uint64_t seed;
    size_t vertices, lines;
};

struct app {
    const struct options *options;
    GLFWwindow *window;
    struct receiver *receiver;
    struct control *control;
    struct upload *upload;
    struct lines *lines;
    struct text *text;
    struct hud hud;
    struct shown shown;
    struct camera camera;
    bool fitted; /* the camera follows size and canvas until the user moves it */
    bool dirty;  /* something to draw */
    bool fresh;  /* ... and it is a new frame */
    bool given;  /* a frame was given back, the next is not asked for yet */
    bool dragging;
    double drag_x, drag_y; /* framebuffer pixels */
    uint64_t hidden;       /* layers off, a bit each */
    uint64_t drawn, dropped, torn, last_drawn_ns;
    char notice[CONTROL_TEXT];
    uint64_t notice_until_ns;
    unsigned outcome_seen;
    bool save_png, save_with_hud;
    int windowed[4]; /* place and size before full screen */
};

static void wake(void *argument) {
    (void)argument;
    glfwPostEmptyEvent();
}

static void notice_set(struct app *app, const char *text) {
    snprintf(app->notice, sizeof app->notice, "%s", text);
    app->notice_until_ns = px_clock_ns() + NOTICE_MS * 1000000ull;
    app->dirty = true;
}

/* ---- frames --------------------------------------------------------------------------------------------------------
 */

static void shown_set(struct shown *shown, const struct px_frame *frame) {
    shown->any = true;
    shown->session = frame->session;
    shown->frame = frame->frame;
    shown->published_ns = frame->published_ns;
    memcpy(shown->sketch, frame->sketch, sizeof shown->sketch);
    shown->t = frame->t;
    memcpy(shown->canvas, frame->canvas_size, sizeof shown->canvas);
    memcpy(shown->background, frame->background, sizeof shown->background);
    shown->seed = frame->seed;
    shown->vertices = shown->lines = 0;
    for (size_t i = 0; i < frame->layer_count; i++) {
        shown->vertices += frame->layers[i].geometry.vertex_count;
        shown->lines += frame->layers[i].geometry.line_count;
    }
}

static void frame_show(struct app *app, const struct px_frame *frame, uint64_t upload_ns) {
    bool same = app->shown.any && app->shown.session == frame->session && strcmp(app->shown.sketch, frame->sketch) == 0;
    if (same && frame->frame > app->shown.frame + 1)
        app->dropped += frame->frame - app->shown.frame - 1;
    if (!same)
        app->hidden = 0;
    shown_set(&app->shown, frame);
    for (unsigned stage = 0; stage < PX_STAGE_COUNT; stage++)
        hud_add(&app->hud, stage, frame->stage_ns[stage]);
    hud_add(&app->hud, HUD_TOTAL, frame->published_ns - frame->planned_ns);
    hud_add(&app->hud, HUD_UPLOAD, upload_ns);
    app->dirty = app->fresh = true;
}

/* Copies the frame in hand to GL, then asks whether it was whole: only then it is the picture. */
static void frame_receive(struct app *app) {
    const struct px_frame *frame = receiver_take(app->receiver);
    if (frame == NULL)
        return;
    uint64_t began_ns = px_clock_ns();
    struct picture picture = picture_of_frame(frame);
    struct px_error error;
    int code = upload_picture(app->upload, &picture, &error);
    if (code == 0)
        glFinish(); /* the driver may read client memory later: not after we gave it back */
    if (code == 0 && receiver_intact(app->receiver, frame)) {
        upload_commit(app->upload);
        frame_show(app, frame, px_clock_ns() - began_ns);
    } else {
        upload_abandon(app->upload);
        app->torn++;
        if (code < 0)
            notice_set(app, error.message);
    }
    receiver_give_back(app->receiver, frame);
    app->given = true;
}

/* ---- drawing -------------------------------------------------------------------------------------------------------
 */

static void framebuffer_size(const struct app *app, int *width, int *height) {
    glfwGetFramebufferSize(app->window, width, height);
    *width = *width > 0 ? *width : 1;
    *height = *height > 0 ? *height : 1;
}

static struct hud_facts facts_of(const struct app *app, const struct control_state *state) {
    size_t layers;
    upload_layers(app->upload, &layers);
    return (struct hud_facts){.sketch = app->shown.sketch,
                              .frame = app->shown.frame,
                              .t = app->shown.t,
                              .layers = layers,
                              .vertices = app->shown.vertices,
                              .lines = app->shown.lines,
                              .drawn = app->drawn,
                              .dropped = app->dropped,
                              .connected = receiver_connected(app->receiver),
                              .control = state,
                              .upload = upload_stats(app->upload),
                              .notice = app->notice[0] != '\0' ? app->notice : NULL};
}

static void png_save(struct app *app, int width, int height) {
    char path[160];
    snprintf(path, sizeof path, "%s-%06llu.png", app->shown.sketch[0] != '\0' ? app->shown.sketch : "pxview",
             (unsigned long long)app->shown.frame);
    struct px_error error;
    char text[CONTROL_TEXT];
    int code = image_write_png(path, width, height, &error);
    snprintf(text, sizeof text, "%s%s", code < 0 ? "" : "wrote ", code < 0 ? error.message : path);
    app->save_png = false;
    notice_set(app, text);
}

static void draw(struct app *app) {
    int width, height;
    framebuffer_size(app, &width, &height);
    if (app->fitted && app->shown.any)
        app->camera = camera_fit(app->shown.canvas, width, height, FIT_MARGIN);
    uint64_t began_ns = px_clock_ns();
    app->dirty = false;
    glBindFramebuffer(GL_FRAMEBUFFER, 0);
    glClearColor(desk[0], desk[1], desk[2], desk[3]);
    glViewport(0, 0, width, height);
    glClear(GL_COLOR_BUFFER_BIT);
    size_t count;
    const struct upload_layer *layers = upload_layers(app->upload, &count);
    if (app->shown.any)
        lines_draw(app->lines, &app->camera, width, height, app->shown.canvas, app->shown.background, 0.35f, layers,
                   count, app->hidden);
    if (app->save_png && !app->save_with_hud)
        png_save(app, width, height);
    struct control_state state = control_state(app->control);
    struct hud_facts facts = facts_of(app, &state);
    hud_draw(&app->hud, app->text, &facts, width, height);
    if (app->save_png)
        png_save(app, width, height);
    glfwSwapBuffers(app->window);
    if (app->fresh) {
        if (app->options->no_vsync)
            glFinish(); /* so that the figures mean drawn, not queued */
        uint64_t now_ns = px_clock_ns();
        hud_add(&app->hud, HUD_DRAW, now_ns - began_ns);
        hud_add(&app->hud, HUD_AGE, now_ns - app->shown.published_ns);
        if (app->drawn++ > 0)
            hud_add(&app->hud, HUD_INTERVAL, now_ns - app->last_drawn_ns);
        app->last_drawn_ns = now_ns;
        app->fresh = false;
    }
}

/* ---- keys and mouse ------------------------------------------------------------------------------------------------
 */

static void send(struct app *app, enum control_command command, double number) {
    struct control_request request = {.command = command, .number = number, .t = app->shown.t};
    memcpy(request.sketch, app->shown.sketch, sizeof request.sketch);
    snprintf(request.path, sizeof request.path, "%s-%06llu.svg", app->shown.sketch,
             (unsigned long long)app->shown.frame);
    if (!app->shown.any)
        notice_set(app, "there is no picture yet");
    else if (!control_send(app->control, &request))
        notice_set(app, "the daemon does not answer: wait a moment");
}

static void key_png(struct app *app, int mods) {
    app->save_png = true;
    app->save_with_hud = (mods & GLFW_MOD_SHIFT) == 0;
}

static void key_svg(struct app *app, int mods) {
    (void)mods;
    send(app, CONTROL_SVG, 0);
}

static void key_hud(struct app *app, int mods) {
    (void)mods;
    app->hud.shown = !app->hud.shown;
}

static void key_pause(struct app *app, int mods) {
    (void)mods;
    send(app, CONTROL_PAUSE_TOGGLE, 0);
}

static void key_back(struct app *app, int mods) {
    (void)mods;
    send(app, CONTROL_STEP, -1);
}

static void key_forward(struct app *app, int mods) {
    (void)mods;
    send(app, CONTROL_STEP, 1);
}

static void key_seed(struct app *app, int mods) {
    (void)mods;
    send(app, CONTROL_SEED, (double)(px_clock_ns() / 1000 % 1000000));
}

static void key_fit(struct app *app, int mods) {
    (void)mods;
    app->fitted = true;
}

static void key_full_screen(struct app *app, int mods) {
    (void)mods;
    if (glfwGetWindowMonitor(app->window) != NULL) {
        glfwSetWindowMonitor(app->window, NULL, app->windowed[0], app->windowed[1], app->windowed[2], app->windowed[3],
                             0);
        return;
    }
    GLFWmonitor *monitor = glfwGetPrimaryMonitor();
    const GLFWvidmode *mode = monitor != NULL ? glfwGetVideoMode(monitor) : NULL;
    if (mode == NULL)
        return;
    glfwGetWindowPos(app->window, &app->windowed[0], &app->windowed[1]);
    glfwGetWindowSize(app->window, &app->windowed[2], &app->windowed[3]);
    glfwSetWindowMonitor(app->window, monitor, 0, 0, mode->width, mode->height, mode->refreshRate);
}

static void key_help(struct app *app, int mods) {
    (void)mods;
    app->hud.help = !app->hud.help;
}

static void key_quit(struct app *app, int mods) {
    (void)mods;
    glfwSetWindowShouldClose(app->window, GLFW_TRUE);
}

static const struct {
    int key;
    void (*act)(struct app *app, int mods);
} keys[] = {
    {GLFW_KEY_P, key_png},       {GLFW_KEY_S, key_svg},      {GLFW_KEY_H, key_hud},
    {GLFW_KEY_SPACE, key_pause}, {GLFW_KEY_COMMA, key_back}, {GLFW_KEY_PERIOD, key_forward},
    {GLFW_KEY_R, key_seed},      {GLFW_KEY_F, key_fit},      {GLFW_KEY_F11, key_full_screen},
    {GLFW_KEY_ESCAPE, key_quit},
};

static void key_pressed(GLFWwindow *window, int key, int scancode, int action, int mods) {
    (void)scancode;
    struct app *app = glfwGetWindowUserPointer(window);
    if (action != GLFW_PRESS)
        return;
    app->dirty = true;
    if (key >= GLFW_KEY_1 && key <= GLFW_KEY_9) {
        app->hidden ^= 1ull << (key - GLFW_KEY_1);
        return;
    }
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (keys[i].key == key)
            keys[i].act(app, mods);
    }
}

/* `?` stands on different keys of different keyboards: the character counts. */
static void character_typed(GLFWwindow *window, unsigned character) {
    struct app *app = glfwGetWindowUserPointer(window);
    if (character == '?')
        key_help(app, 0);
    app->dirty = true;
}

/* Mouse positions come in window units; pixels on HiDPI screens are more. */
static void pointer(const struct app *app, double x, double y, double *pixel_x, double *pixel_y) {
    int width, height, pixels_wide, pixels_high;
    glfwGetWindowSize(app->window, &width, &height);
    framebuffer_size(app, &pixels_wide, &pixels_high);
    *pixel_x = x * pixels_wide / (width > 0 ? width : 1);
    *pixel_y = y * pixels_high / (height > 0 ? height : 1);
}

static void wheel_turned(GLFWwindow *window, double dx, double dy) {
    (void)dx;
    struct app *app = glfwGetWindowUserPointer(window);
    double x, y;
    glfwGetCursorPos(window, &x, &y);
    pointer(app, x, y, &x, &y);
    camera_zoom(&app->camera, pow(1.15, dy), x, y);
    app->fitted = false;
    app->dirty = true;
}

static void button_pressed(GLFWwindow *window, int button, int action, int mods) {
    (void)mods;
    struct app *app = glfwGetWindowUserPointer(window);
    if (button != GLFW_MOUSE_BUTTON_LEFT && button != GLFW_MOUSE_BUTTON_MIDDLE)
        return;
    app->dragging = action == GLFW_PRESS;
    glfwGetCursorPos(window, &app->drag_x, &app->drag_y);
    pointer(app, app->drag_x, app->drag_y, &app->drag_x, &app->drag_y);
}

static void pointer_moved(GLFWwindow *window, double x, double y) {
    struct app *app = glfwGetWindowUserPointer(window);
    if (!app->dragging)
        return;
    pointer(app, x, y, &x, &y);
    camera_pan(&app->camera, x - app->drag_x, y - app->drag_y);
    app->drag_x = x;
    app->drag_y = y;
    app->fitted = false;
    app->dirty = true;
}

static void size_changed(GLFWwindow *window, int width, int height) {
    (void)width;
    (void)height;
    struct app *app = glfwGetWindowUserPointer(window);
    app->dirty = true;
}

static void window_exposed(GLFWwindow *window) {
    size_changed(window, 0, 0);
}

/* ---- running -------------------------------------------------------------------------------------------------------
 */

static void callbacks_set(struct app *app) {
    glfwSetWindowUserPointer(app->window, app);
    glfwSetKeyCallback(app->window, key_pressed);
    glfwSetCharCallback(app->window, character_typed);
    glfwSetScrollCallback(app->window, wheel_turned);
    glfwSetMouseButtonCallback(app->window, button_pressed);
    glfwSetCursorPosCallback(app->window, pointer_moved);
    glfwSetFramebufferSizeCallback(app->window, size_changed);
    glfwSetWindowRefreshCallback(app->window, window_exposed);
}

/* What the other threads have to tell: a command's outcome, the connection, the sketch's error. */
static void news_look(struct app *app, struct control_state *before, bool *connected_before) {
    struct control_state state = control_state(app->control);
    bool connected = receiver_connected(app->receiver);
    if (memcmp(&state, before, sizeof state) != 0 || connected != *connected_before)
        app->dirty = true;
    if (state.outcome_number != app->outcome_seen) {
        app->outcome_seen = state.outcome_number;
        notice_set(app, state.outcome);
    }
    *before = state;
    *connected_before = connected;
}

static void wait_for_news(struct app *app) {
    uint64_t now_ns = px_clock_ns();
    if (app->dirty)
        glfwPollEvents();
    else if (app->notice[0] != '\0' && app->notice_until_ns > now_ns)
        glfwWaitEventsTimeout((double)(app->notice_until_ns - now_ns) / 1e9 + 0.001);
    else
        glfwWaitEvents();
    if (app->notice[0] != '\0' && px_clock_ns() >= app->notice_until_ns) {
        app->notice[0] = '\0';
        app->dirty = true;
    }
}

static void run(struct app *app) {
    struct control_state before = control_state(app->control);
    bool connected_before = false;
    app->dirty = true;
    while (!glfwWindowShouldClose(app->window)) {
        wait_for_news(app);
        news_look(app, &before, &connected_before);
        frame_receive(app);
        if (app->dirty)
            draw(app);
        if (app->given)
            receiver_ready(app->receiver);
        app->given = false;
    }
}

static void print_stats(const struct app *app) {
    struct upload_stats upload = upload_stats(app->upload);
    struct px_follower_stats stats = receiver_stats(app->receiver);
    printf("{\"drawn\": %llu, \"dropped\": %llu, \"torn\": %llu, \"uploads\": %llu, \"reused\": %llu, \"bytes\": %llu, "
           "\"gpu_bytes\": %llu, \"vertices\": %zu, \"lines\": %zu, \"reconnects\": %llu, \"skipped\": %llu",
           (unsigned long long)app->drawn, (unsigned long long)app->dropped, (unsigned long long)app->torn,
           (unsigned long long)upload.uploads, (unsigned long long)upload.reused, (unsigned long long)upload.bytes,
           (unsigned long long)upload.gpu_bytes, app->shown.vertices, app->shown.lines,
           (unsigned long long)stats.reconnects, (unsigned long long)stats.skipped);
    static const struct {
        unsigned series;
        const char *name;
    } series[] = {{HUD_UPLOAD, "upload"},
                  {HUD_DRAW, "draw"},
                  {HUD_AGE, "age"},
                  {HUD_INTERVAL, "interval"},
                  {HUD_TOTAL, "computed"}};
    for (size_t i = 0; i < sizeof series / sizeof series[0]; i++)
        printf(", \"%s_ms\": {\"p50\": %.3f, \"p95\": %.3f}", series[i].name,
               hud_quantile(&app->hud, series[i].series, 0.5), hud_quantile(&app->hud, series[i].series, 0.95));
    printf("}\n");
}

static int parts_create(struct app *app, struct px_error *error) {
    const struct options *options = app->options;
    int width = options->width > 0 ? options->width : WINDOW_WIDTH;
    int height = options->height > 0 ? options->height : WINDOW_HEIGHT;
    int code = window_context_create(width, height, "pxview", !options->no_vsync, &app->window, error);
    if (code < 0)
        return code;
    float scale = 1;
    glfwGetWindowContentScale(app->window, &scale, NULL);
    app->upload = upload_create();
    code = app->upload == NULL ? px_fail(error, PX_E_NO_MEMORY, "out of memory") : lines_create(&app->lines, error);
    if (code == 0)
        code = text_create((int)(TEXT_HEIGHT * (scale > 1 ? scale : 1)), &app->text, error);
    if (code == 0)
        code = receiver_create(options->connect, options->sketch, wake, app, &app->receiver, error);
    if (code == 0)
        code = control_create(options->connect, options->sketch, wake, app, &app->control, error);
    return code;
}

int app_run(const struct options *options, struct px_error *error) {
    struct app *app = calloc(1, sizeof *app);
    if (app == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    app->options = options;
    app->fitted = true;
    app->hud.shown = options->hud;
    app->camera.scale = 1;
    int code = parts_create(app, error);
    if (code == 0) {
        callbacks_set(app);
        run(app);
        if (options->stats)
            print_stats(app);
    }
    control_destroy(app->control);
    receiver_destroy(app->receiver);
    text_destroy(app->text);
    lines_destroy(app->lines);
    upload_destroy(app->upload);
    window_context_destroy(app->window);
    free(app);
    return code;
}
