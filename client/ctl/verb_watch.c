#include "client/ctl/ctl.h"
#include "client/ctl/interrupts.h"
#include "client/ctl/value.h"
#include "client/ctl/verbs.h"
#include "shared/clock.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

/* What was seen within a second. */
struct second {
    unsigned frames;
    uint64_t session, frame;
    double t, age_ms;
    size_t layers, vertices;
    double stage_ms[PX_STAGE_COUNT]; /* sums */
};

static const char *const stage_names[PX_STAGE_COUNT] = {"plan", "prefix", "suffix", "ready", "publish"};

static void second_add(struct second *second, const struct px_frame *frame) {
    second->frames++;
    second->session = frame->session;
    second->frame = frame->frame;
    second->t = frame->t;
    second->age_ms += (double)(px_clock_ns() - frame->published_ns) / 1e6;
    second->layers = frame->layer_count;
    second->vertices = 0;
    for (size_t i = 0; i < frame->layer_count; i++)
        second->vertices += frame->layers[i].geometry.vertex_count;
    for (int s = 0; s < PX_STAGE_COUNT; s++)
        second->stage_ms[s] += (double)frame->stage_ns[s] / 1e6;
}

static void print_titles(void) {
    printf("%8s %9s %9s %8s %6s %9s ", "frames/s", "frame", "t", "age ms", "layers", "vertices");
    for (int s = 0; s < PX_STAGE_COUNT; s++)
        printf(" %7s", stage_names[s]);
    printf(" ms  skipped\n");
}

static void print_second(const struct ctl *ctl, const struct second *second, uint64_t skipped) {
    double count = second->frames > 0 ? second->frames : 1;
    if (ctl->json) {
        printf("{\"fps\":%u,\"frame\":%llu,\"t\":%.6f,\"age_ms\":%.3f,\"layers\":%zu,\"vertices\":%zu,\"stages_ms\":{",
               second->frames, (unsigned long long)second->frame, second->t, second->age_ms / count, second->layers,
               second->vertices);
        for (int s = 0; s < PX_STAGE_COUNT; s++)
            printf("%s\"%s\":%.3f", s > 0 ? "," : "", stage_names[s], second->stage_ms[s] / count);
        printf("},\"skipped\":%llu}\n", (unsigned long long)skipped);
    } else {
        printf("%8u %9llu %9.2f %8.2f %6zu %9zu ", second->frames, (unsigned long long)second->frame, second->t,
               second->age_ms / count, second->layers, second->vertices);
        for (int s = 0; s < PX_STAGE_COUNT; s++)
            printf(" %7.3f", second->stage_ms[s] / count);
        printf("     %7llu\n", (unsigned long long)skipped);
    }
    fflush(stdout);
}

struct watch {
    const struct ctl *ctl;
    struct px_follower *follower;
    int timer, signals;
    double seconds_left; /* negative: for ever */
    struct second second;
    uint64_t skipped;
};

static void watch_frames(struct watch *watch) {
    const struct px_frame *frame;
    struct px_error error;
    int code;
    while ((code = px_follower_next(watch->follower, 0, &frame, &error)) != 0) {
        if (code < 0) {
            ctl_fail(watch->ctl, &error);
            continue;
        }
        second_add(&watch->second, frame);
        px_frame_release(watch->follower, frame);
    }
}

/* A second is over: print it, keep what a quiet second shows again. */
static bool watch_second(struct watch *watch) {
    uint64_t expirations, skipped = px_follower_stats(watch->follower).skipped;
    if (read(watch->timer, &expirations, sizeof expirations) != sizeof expirations)
        return true;
    if (px_follower_state(watch->follower) == PX_FOLLOWER_CONNECTED)
        print_second(watch->ctl, &watch->second, skipped - watch->skipped);
    watch->skipped = skipped;
    watch->second.frames = 0;
    watch->second.age_ms = 0;
    memset(watch->second.stage_ms, 0, sizeof watch->second.stage_ms);
    watch->seconds_left -= watch->seconds_left > 0;
    return watch->seconds_left != 0;
}

static int watch_loop(struct watch *watch) {
    struct pollfd waits[3] = {{.fd = px_follower_fd(watch->follower), .events = POLLIN},
                              {.fd = watch->timer, .events = POLLIN},
                              {.fd = watch->signals, .events = POLLIN}};
    for (;;) {
        watch_frames(watch);
        if (poll(waits, 3, -1) < 0 && errno != EINTR)
            return CTL_FAILED;
        int got = waits[2].revents ? interrupts_take(watch->signals) : 0;
        if (got != 0 && got != SIGCHLD)
            return CTL_DONE;
        if (waits[1].revents && !watch_second(watch))
            return CTL_DONE;
    }
}

/* Says at once when there is no such sketch. */
static int check_sketch(struct ctl *ctl, const char *sketch) {
    struct px_writer params;
    struct answer answer;
    px_writer_init(&params, 0);
    px_write_map(&params, 1);
    px_key(&params, "name");
    px_write_string(&params, sketch);
    int code = ctl_call(ctl, "sketch.get", &params, &answer);
    answer_free(&answer);
    return code;
}

static int watch_run(struct ctl *ctl) {
    struct watch watch = {.ctl = ctl};
    const char *sketch = ctl->argument_count > 0 ? ctl->arguments[0] : NULL, *directory;
    struct px_error error;
    if (!ctl_number(ctl, "--seconds", -1, &watch.seconds_left))
        return CTL_USAGE;
    if (!ctl_directory(ctl, &directory))
        return CTL_FAILED;
    int code = ctl_connect(ctl);
    if (code == CTL_DONE && sketch)
        code = check_sketch(ctl, sketch);
    if (code != CTL_DONE)
        return code;
    ctl_close(ctl);
    if (px_follow(directory, sketch, &watch.follower, &error) < 0)
        return ctl_fail(ctl, &error);
    watch.timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    timerfd_settime(watch.timer, 0, &(struct itimerspec){.it_interval.tv_sec = 1, .it_value.tv_sec = 1}, NULL);
    watch.signals = interrupts_open();
    if (!ctl->json)
        print_titles();
    code = watch_loop(&watch);
    px_follower_close(watch.follower);
    close(watch.timer);
    close(watch.signals);
    return code;
}

static const struct verb_option options[] = {
    {"--seconds", "N", "end after so many lines"},
};

const struct verb watch_verb = {
    .name = "watch",
    .arguments = "[SKETCH] [--seconds N]",
    .summary = "follow a sketch's frames and print a line a second",
    .help =
        "Without SKETCH the one that has the focus is followed. Age is from publication to being read; the stages are\n"
        "means over the second. Following makes the daemon compute, as a viewer does.",
    .most = 1,
    VERB_OPTIONS(options),
    .run = watch_run,
};
