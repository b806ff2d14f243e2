#include "client/lib/arena_socket.h"
#include "client/lib/arenas.h"
#include "client/lib/board_view.h"
#include "client/lib/deadline.h"
#include "client/lib/find.h"
#include "client/lib/frame_view.h"
#include "px/px.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

/*     WAITING -- timer: connect, hello --> HELLO -- first message --> CONNECTED -- hang-up --> WAITING (PX_E_IO once)
 *        ^------- no daemon, or no answer within HELLO_MS: the timer again, twice as late ------'
 */

enum { RETRY_FIRST_MS = 50, RETRY_LAST_MS = 1000, HELLO_MS = 2000 };
enum follower_phase { PHASE_WAITING, PHASE_HELLO, PHASE_CONNECTED };

struct px_follower {
    char directory[FIND_PATH_BYTES]; /* "": look again at every attempt */
    char sketch[PX_SKETCH_NAME_MAX + 1];
    enum follower_phase phase;
    int epoll_fd, timer_fd;
    int socket_fd, event_fd; /* -1: none */
    int retry_ms;
    struct px_error lost; /* why the connection ended; not told yet unless code is 0 */
    uint64_t starved;     /* serial of a frame that lies in an arena which is not here yet; 0: none */
    bool held;            /* view.frame is lent out */
    bool connected_once;  /* for counting reconnects */
    uint64_t session;
    struct board_view board;
    struct arenas arenas;
    struct frame_view views[2]; /* the frame held stays readable while the next one is checked */
    unsigned current;
    struct px_follower_stats stats;
};

/* ---- descriptors ------------------------------------------------------------------------------------------------- */

static int follower_listen(const struct px_follower *follower, int fd, struct px_error *error) {
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(follower->epoll_fd, EPOLL_CTL_ADD, fd, &event) != 0)
        return px_fail(error, PX_E_IO, "epoll_ctl: %s", strerror(errno));
    return 0;
}

static void follower_close_fd(int *fd) {
    if (*fd >= 0)
        close(*fd); /* leaves the epoll set by itself */
    *fd = -1;
}

static void follower_timer(const struct px_follower *follower, int after_ms) {
    struct itimerspec when = {.it_value = {.tv_sec = after_ms / 1000, .tv_nsec = after_ms % 1000 * 1000000L}};
    timerfd_settime(follower->timer_fd, 0, &when, NULL); /* 0: off */
}

static void drain(int fd) {
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count);
    (void)got; /* nothing there is fine */
}

/* ---- connecting -------------------------------------------------------------------------------------------------- */

static void follower_drop_connection(struct px_follower *follower) {
    follower->held = false;
    follower->starved = 0;
    board_view_close(&follower->board);
    arenas_free(&follower->arenas);
    if (follower->event_fd >= 0)
        epoll_ctl(follower->epoll_fd, EPOLL_CTL_DEL, follower->event_fd, NULL); /* the daemon's copy may live on */
    follower_close_fd(&follower->event_fd);
    follower_close_fd(&follower->socket_fd);
}

static void follower_retry(struct px_follower *follower) {
    follower->phase = PHASE_WAITING;
    follower_timer(follower, follower->retry_ms);
    follower->retry_ms = follower->retry_ms * 2 > RETRY_LAST_MS ? RETRY_LAST_MS : follower->retry_ms * 2;
}

/* A daemon that is gone before it answered is no news; one that we do not understand is. */
static void follower_lose(struct px_follower *follower, const struct px_error *why) {
    if (follower->phase == PHASE_CONNECTED || why->code != PX_E_IO)
        follower->lost = *why;
    follower_drop_connection(follower);
    follower_retry(follower);
}

static int connect_attempt(void *argument, const char *directory, struct px_error *error) {
    struct px_follower *follower = argument;
    return arena_socket_open(directory, &follower->socket_fd, error);
}

static void follower_connect(struct px_follower *follower) {
    int code = *follower->directory ? connect_attempt(follower, follower->directory, NULL)
                                    : find_first(connect_attempt, follower, NULL);
    if (code == 0)
        code = follower_listen(follower, follower->socket_fd, NULL);
    if (code < 0) {
        follower_close_fd(&follower->socket_fd);
        follower_retry(follower);
        return;
    }
    follower->phase = PHASE_HELLO;
    follower_timer(follower, HELLO_MS);
}

static void follower_timer_fired(struct px_follower *follower) {
    static const struct px_error silent = {.code = PX_E_IO, .message = "the daemon does not answer"};
    drain(follower->timer_fd);
    if (follower->phase == PHASE_WAITING)
        follower_connect(follower);
    else if (follower->phase == PHASE_HELLO)
        follower_lose(follower, &silent);
}

static int follower_begin(struct px_follower *follower, struct arena_message *message, struct px_error *error) {
    int code = board_view_open(&follower->board, message->board_fd, message->board_size, message->lease_fd,
                               message->session, error);
    if (code == 0)
        code = follower_listen(follower, message->event_fd, error);
    if (code < 0)
        return code;
    follower->event_fd = message->event_fd;
    message->event_fd = -1;
    follower->session = message->session;
    follower->phase = PHASE_CONNECTED;
    follower->retry_ms = RETRY_FIRST_MS;
    follower_timer(follower, 0);
    follower->stats.reconnects += follower->connected_once;
    follower->connected_once = true;
    return 0;
}

static int follower_take_message(struct px_follower *follower, struct arena_message *message, struct px_error *error) {
    follower->stats.bytes_received += message->bytes;
    if (message->first != (follower->phase == PHASE_HELLO))
        return px_fail(error, PX_E_PROTOCOL, "arena.sock: not the message that was due");
    int code = message->first ? follower_begin(follower, message, error) : 0;
    for (size_t i = 0; code == 0 && i < message->arena_count; i++) {
        const struct arena_offer *offer = &message->arenas[i];
        code = arenas_add(&follower->arenas, offer->id, offer->size, offer->fd, error);
    }
    for (size_t i = 0; i < message->retired_count; i++)
        arenas_retire(&follower->arenas, message->retired[i]);
    if (!follower->held)
        arenas_sweep(&follower->arenas);
    follower->starved = 0;
    return code;
}

static void follower_receive(struct px_follower *follower) {
    while (follower->socket_fd >= 0) {
        struct arena_message message;
        struct px_error why;
        int code = arena_socket_receive(follower->socket_fd, &message, &why);
        if (code == 0)
            return;
        if (code > 0) {
            code = follower_take_message(follower, &message, &why);
            arena_message_close(&message);
        }
        if (code < 0)
            follower_lose(follower, &why);
    }
}

/* ---- frames ------------------------------------------------------------------------------------------------------ */

static void follower_count(struct px_follower *follower, const struct board_entry *entry, uint64_t seen_before) {
    follower->stats.frames++;
    if (seen_before > 0 && entry->index > seen_before + 1)
        follower->stats.skipped += entry->index - seen_before - 1;
}

/* Reads the leased frame into the view that is not lent out. True: it is the one held now. */
static bool follower_read(struct px_follower *follower, const struct board_entry *entry) {
    struct frame_view *next = &follower->views[1 - follower->current];
    uint64_t seen_before = follower->board.seen;
    int code = frame_view_read(next, &follower->arenas, entry, follower->session, NULL);
    if (code == PX_E_NOT_FOUND) { /* its arena is on its way: not seen, look again when it came */
        follower->starved = entry->serial;
        board_view_drop(&follower->board, entry, false);
        return false;
    }
    if (code < 0) {
        follower->stats.torn++;
        board_view_drop(&follower->board, entry, true);
        return false;
    }
    board_view_keep(&follower->board, entry);
    arenas_sweep(&follower->arenas);
    follower_count(follower, entry, seen_before);
    follower->current = 1 - follower->current;
    follower->held = true;
    return true;
}

/* The newest frame not seen yet; one that does not stand the checks is passed over. */
static bool follower_look(struct px_follower *follower) {
    struct board_entry entry;
    if (follower->phase != PHASE_CONNECTED || !board_view_choose(&follower->board, follower->sketch))
        return false;
    while (board_view_take(&follower->board, &entry)) {
        if (entry.serial != follower->starved && follower_read(follower, &entry))
            return true;
        if (entry.serial == follower->starved) {
            board_view_drop(&follower->board, &entry, false);
            return false;
        }
    }
    return false;
}

/* Handles what is ready now, or within the time left. */
static int follower_wait(struct px_follower *follower, int left_ms, struct px_error *error) {
    struct epoll_event events[4];
    int count = epoll_wait(follower->epoll_fd, events, 4, left_ms);
    if (count < 0 && errno != EINTR)
        return px_fail(error, PX_E_IO, "epoll_wait: %s", strerror(errno));
    for (int i = 0; i < count; i++) {
        int fd = events[i].data.fd;
        if (fd == follower->timer_fd)
            follower_timer_fired(follower);
        else if (fd == follower->socket_fd)
            follower_receive(follower);
        else if (fd == follower->event_fd)
            drain(fd);
    }
    return 0;
}

int px_follower_next(struct px_follower *follower, int timeout_ms, const struct px_frame **frame,
                     struct px_error *error) {
    uint64_t deadline = deadline_after(timeout_ms);
    int left_ms = 0; /* first look at what is there already */
    for (;;) {
        int code = follower_wait(follower, left_ms, error);
        if (code < 0)
            return code;
        if (follower->lost.code < 0) {
            code = px_fail(error, follower->lost.code, "%s", follower->lost.message);
            follower->lost.code = PX_OK;
            return code;
        }
        if (follower_look(follower)) {
            *frame = &follower->views[follower->current].frame;
            return 1;
        }
        left_ms = deadline_left_ms(deadline);
        if (left_ms == 0)
            return 0;
    }
}

static bool follower_holds(const struct px_follower *follower, const struct px_frame *frame) {
    return follower->held && frame == &follower->views[follower->current].frame;
}

bool px_frame_intact(const struct px_follower *follower, const struct px_frame *frame, int layer) {
    return follower_holds(follower, frame) && frame_view_intact(&follower->views[follower->current], layer);
}

void px_frame_release(struct px_follower *follower, const struct px_frame *frame) {
    if (!follower_holds(follower, frame))
        return;
    if (!frame_view_intact(&follower->views[follower->current], -1))
        follower->stats.revoked++;
    follower->held = false;
    board_view_release(&follower->board);
}

/* ---- a follower's life ------------------------------------------------------------------------------------------- */

int px_follow(const char *directory, const char *sketch, struct px_follower **follower, struct px_error *error) {
    if (directory && strlen(directory) >= FIND_PATH_BYTES)
        return px_fail(error, PX_E_RANGE, "%s: too long for a runtime directory", directory);
    struct px_follower *made = calloc(1, sizeof *made);
    if (!made)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a follower");
    made->socket_fd = made->event_fd = -1;
    made->board.channel = PX_BOARD_CHANNELS;
    made->retry_ms = RETRY_FIRST_MS;
    strcpy(made->directory, directory ? directory : "");
    made->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    made->timer_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
    int code = px_follower_sketch(made, sketch);
    if (code == 0 && (made->epoll_fd < 0 || made->timer_fd < 0))
        code = px_fail(error, PX_E_IO, "epoll or timerfd: %s", strerror(errno));
    else if (code < 0)
        px_fail(error, code, "the name of a sketch has at most %d bytes", PX_SKETCH_NAME_MAX);
    if (code == 0)
        code = follower_listen(made, made->timer_fd, error);
    if (code < 0) {
        px_follower_close(made);
        return code;
    }
    follower_connect(made);
    *follower = made;
    return 0;
}

void px_follower_close(struct px_follower *follower) {
    if (!follower)
        return;
    board_view_release(&follower->board);
    follower_drop_connection(follower);
    follower_close_fd(&follower->timer_fd);
    follower_close_fd(&follower->epoll_fd);
    frame_view_free(&follower->views[0]);
    frame_view_free(&follower->views[1]);
    free(follower);
}

int px_follower_fd(const struct px_follower *follower) {
    return follower->epoll_fd;
}

int px_follower_sketch(struct px_follower *follower, const char *sketch) {
    if (!sketch)
        sketch = "";
    if (strlen(sketch) > PX_SKETCH_NAME_MAX)
        return PX_E_RANGE;
    strcpy(follower->sketch, sketch);
    return 0;
}

void px_follower_every(struct px_follower *follower, bool every) {
    follower->board.in_order = every;
}

enum px_follower_state px_follower_state(const struct px_follower *follower) {
    return follower->phase == PHASE_CONNECTED ? PX_FOLLOWER_CONNECTED : PX_FOLLOWER_WAITING;
}

struct px_follower_stats px_follower_stats(const struct px_follower *follower) {
    return follower->stats;
}
