#include "client/view/batch.h"

#include "client/view/context.h"
#include "client/view/evaluated.h"
#include "client/view/image.h"
#include "client/view/lines.h"

#include <errno.h>
#include <glad/gl.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LONGER_SIDE = 1200, LIVE_WAIT_MS = 10000 };

struct batch {
    const struct options *options;
    struct offscreen_context *context;
    struct upload *upload;
    struct lines *lines;
    struct target *target;
    int width, height;
};

/* The size asked for, else the longer side of the canvas as 1200 pixels. */
static int target_for(struct batch *batch, const double canvas[2], struct px_error *error) {
    int width = batch->options->width, height = batch->options->height;
    if (width == 0) {
        double longer = canvas[0] > canvas[1] ? canvas[0] : canvas[1];
        width = (int)lrint(canvas[0] / longer * LONGER_SIDE);
        height = (int)lrint(canvas[1] / longer * LONGER_SIDE);
        width = width > 0 ? width : 1;
        height = height > 0 ? height : 1;
    }
    if (batch->target != NULL && width == batch->width && height == batch->height)
        return 0;
    target_destroy(batch->target);
    batch->target = NULL;
    batch->width = width;
    batch->height = height;
    return target_create(width, height, &batch->target, error);
}

static int picture_upload(struct batch *batch, const struct picture *picture, struct px_error *error) {
    int code = target_for(batch, picture->size, error);
    if (code == 0)
        code = upload_picture(batch->upload, picture, error);
    glFinish();
    return code;
}

static int picture_write(struct batch *batch, const double canvas[2], const float background[4], const char *path,
                         struct px_error *error) {
    size_t count;
    const struct upload_layer *layers = upload_layers(batch->upload, &count);
    struct camera camera = camera_fit(canvas, batch->width, batch->height, 0);
    target_bind(batch->target);
    glClearColor(1, 1, 1, 1);
    glClear(GL_COLOR_BUFFER_BIT);
    lines_draw(batch->lines, &camera, batch->width, batch->height, canvas, background, 0, layers, count, 0);
    return image_write_png(path, batch->width, batch->height, error);
}

/* The frame that is live now: leased, copied to GL, checked. */
static int live_frame(struct batch *batch, const char *path, struct px_error *error) {
    struct px_follower *follower;
    int code = px_follow(batch->options->connect, batch->options->sketch, &follower, error);
    if (code < 0)
        return code;
    for (int tries = 0;; tries++) {
        const struct px_frame *frame;
        int got = px_follower_next(follower, LIVE_WAIT_MS, &frame, error);
        if (got <= 0) {
            code = got < 0 ? got : px_fail(error, PX_E_TIMEOUT, "no frame came within %d s", LIVE_WAIT_MS / 1000);
            break;
        }
        struct picture picture = picture_of_frame(frame);
        double canvas[2] = {picture.size[0], picture.size[1]};
        float background[4];
        memcpy(background, picture.background, sizeof background);
        code = picture_upload(batch, &picture, error);
        bool intact = code == 0 && px_frame_intact(follower, frame, -1);
        px_frame_release(follower, frame);
        if (intact) {
            upload_commit(batch->upload);
            code = picture_write(batch, canvas, background, path, error);
        }
        if (intact || code < 0 || tries == 100)
            break;
        upload_abandon(batch->upload);
    }
    px_follower_close(follower);
    return code;
}

static int moment(struct batch *batch, struct px *px, double t, const char *path, struct px_error *error) {
    struct evaluated *evaluated;
    int code = evaluated_get(px, batch->options->sketch, t, &evaluated, error);
    if (code < 0)
        return code;
    struct picture picture = evaluated_picture(evaluated);
    code = picture_upload(batch, &picture, error);
    if (code == 0) {
        upload_commit(batch->upload);
        code = picture_write(batch, picture.size, picture.background, path, error);
    }
    evaluated_free(evaluated);
    return code;
}

static int frames_at(struct batch *batch, struct px *px, struct px_error *error) {
    const struct options *options = batch->options;
    if (mkdir(options->out, 0777) != 0 && errno != EEXIST)
        return px_fail(error, PX_E_IO, "%s: %s", options->out, strerror(errno));
    for (long frame = options->first; frame < options->end; frame++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%06ld.png", options->out, frame);
        int code = moment(batch, px, (double)frame / options->fps, path, error);
        if (code < 0)
            return code;
        printf("%s\n", path);
        fflush(stdout);
    }
    return 0;
}

static int evaluated_frames(struct batch *batch, struct px_error *error) {
    const struct options *options = batch->options;
    if (options->sketch == NULL)
        return px_fail(error, PX_E_PARAM, "--frame, --t and --frames need --sketch NAME");
    struct px *px;
    int code = px_open(options->connect, &px, error);
    if (code < 0)
        return code;
    double t = isnan(options->t) ? (double)options->frame / options->fps : options->t;
    code = options->out != NULL ? frames_at(batch, px, error) : moment(batch, px, t, options->screenshot, error);
    px_close(px);
    return code;
}

int batch_run(const struct options *options, struct px_error *error) {
    struct batch batch = {.options = options};
    int code = offscreen_context_create(&batch.context, error);
    if (code == 0)
        code = lines_create(&batch.lines, error);
    if (code == 0 && (batch.upload = upload_create()) == NULL)
        code = px_fail(error, PX_E_NO_MEMORY, "out of memory");
    if (code == 0)
        code = options->out != NULL || options->frame >= 0 || !isnan(options->t)
                   ? evaluated_frames(&batch, error)
                   : live_frame(&batch, options->screenshot, error);
    if (batch.context != NULL) {
        target_destroy(batch.target);
        upload_destroy(batch.upload);
        lines_destroy(batch.lines);
    }
    offscreen_context_destroy(batch.context);
    return code;
}
