/* px.h: libpx, the client library of pxd: call the daemon, and follow its frames without a copy.
 *
 *     px_open -> px_call ... -> px_close                                     requests (MessagePack-RPC on rpc.sock)
 *     px_follow -> px_follower_next -> frame (leased) -> px_frame_release    frames in shared memory
 *
 * A follower maps the daemon's arenas read-only. A frame is leased: while you hold it the daemon keeps its memory; copy
 * or draw, then release. A client that holds a frame too long loses the lease: px_frame_intact tells, so ask after you
 * have copied and drop what you copied if it says no. When the daemon goes, px_follower_next says so once and then
 * waits for a new one by itself: frames of another session follow.
 *
 * Units      mm, seconds; times of the machine in nanoseconds of CLOCK_MONOTONIC; timeouts in ms, -1 for ever.
 * Threads    one thread at a time for each px and each follower; different ones are independent.
 * Errors     0 (or a count), or a negative PX_E code with a sentence in `error` (may be NULL).
 * Ownership  what px_follower_next gives is borrowed until px_frame_release; a reply until px_reply_free.
 */
#ifndef PX_PX_H
#define PX_PX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
#define _Alignas alignas
#define _Static_assert static_assert
extern "C" {
#endif

#include "shared/error.h"
#include "shared/frame_layout.h"
#include "shared/geometry.h"
#include "shared/handle.h"

const char *px_version(void);

/* ---- finding a daemon ------------------------------------------------------------------------------------------ */

/* px_find: the runtime directory of a daemon that answers: $PXD_RUNTIME_DIR, else the first of $XDG_RUNTIME_DIR/pxd,
 * /run/pxd, /tmp/pxd-<uid>. PX_E_NOT_FOUND names the places looked at. */
int px_find(char *directory, size_t size, struct px_error *error);

/* ---- calls ----------------------------------------------------------------------------------------------------- */

struct px; /* one connection to rpc.sock */

/* A reply: the result as MessagePack; decode it with proto/value.h (px_value_decode) or your own library. */
struct px_reply {
    uint8_t *bytes;
    size_t size;
};

/* px_open: directory NULL: px_find. PX_E_NOT_FOUND: no daemon. */
int px_open(const char *directory, struct px **px, struct px_error *error);

/* px_open_url: unix:DIRECTORY or unix:SOCKET (a stream), ipc://DIRECTORY or ipc://SOCKET, tcp://HOST:PORT,
 * ws://HOST:PORT (nng: no notifications). token: goes with every request; NULL: none. */
int px_open_url(const char *url, const char *token, struct px **px, struct px_error *error);
void px_close(struct px *px); /* NULL is fine */

/* px_call: params is one MessagePack map (or NULL, 0). An error of the daemon comes back as its code and message.
 * Notifications that arrive meanwhile are kept (bounded; the oldest dropped) for px_notification. */
int px_call(struct px *px, const char *method, const void *params, size_t params_size, int timeout_ms,
            struct px_reply *reply, struct px_error *error);
void px_reply_free(struct px_reply *reply);

/* px_call_json: the same with JSON text for params ("" or NULL: none) and for the result (malloc'd, free it).
 * Binaries appear as {"$bin": base64} both ways. */
int px_call_json(struct px *px, const char *method, const char *params, int timeout_ms, char **result,
                 struct px_error *error);

/* px_notification: the next notification [method, params] after `subscribe`: 1, or 0 at the timeout. */
int px_notification(struct px *px, int timeout_ms, struct px_reply *notification, struct px_error *error);

/* px_fd: for poll: readable when something came. Some may be kept already: call px_notification until it gives 0, then
 * poll. -1: a connection without notifications. */
int px_fd(const struct px *px);

/* px_from_json, px_to_json: the conversion of px_call_json by itself; an integer stays one. value: px_reply_free; json:
 * free. indent: spaces a level, 0: all on one line. */
int px_from_json(const char *json, size_t length, struct px_reply *value, struct px_error *error);
int px_to_json(const void *bytes, size_t size, int indent, char **json, struct px_error *error);

/* ---- frames ---------------------------------------------------------------------------------------------------- */

struct px_follower;

struct px_layer {
    const char *name;
    float color[4];              /* r g b a, 0..1, straight alpha */
    float thickness;             /* mm */
    struct px_geometry geometry; /* in shared memory */
    const uint8_t *flags;        /* one a vertex, enum px_vertex_flag (shared/slab_layout.h) */
    struct px_bounds bounds;
    struct px_signature signature; /* equal: the same bytes as before */
    struct px_signature topology;  /* equal: the same offsets and flags as before */
    struct px_handle handle;
};

struct px_frame {
    uint64_t session, serial, frame;
    char sketch[PX_SKETCH_NAME_MAX + 1];
    double t;
    double canvas_size[2];
    float background[4];
    float color[4];  /* what a line is drawn with where its layer says nothing; layers have theirs filled in */
    float thickness; /* mm, the same */
    uint64_t published_ns, planned_ns, revision, seed, cache_hits, computed;
    uint64_t stage_ns[PX_STAGE_COUNT];
    const struct px_layer *layers;
    size_t layer_count;
};

enum px_follower_state { PX_FOLLOWER_WAITING, PX_FOLLOWER_CONNECTED };

struct px_follower_stats {
    uint64_t frames, skipped;                           /* taken; published meanwhile but overtaken by a newer one */
    uint64_t torn, revoked, reconnects, bytes_received; /* bytes over sockets */
};

/* px_follow: directory NULL: look again at every attempt. sketch NULL or "": the focused one. Does not fail because
 * there is no daemon yet: it waits. */
int px_follow(const char *directory, const char *sketch, struct px_follower **follower, struct px_error *error);
void px_follower_close(struct px_follower *follower); /* NULL is fine */

/* px_follower_fd: for poll, readable when px_follower_next has something to do (a frame, or the connection changed). */
int px_follower_fd(const struct px_follower *follower);

/* px_follower_next: the newest frame not seen yet, leased: 1; none within the timeout: 0 (a frame held stays held);
 * PX_E_IO once when the daemon went away, PX_E_PROTOCOL or PX_E_UNSUPPORTED once when it speaks another version (frames
 * held are void after an error; do not touch their memory). One frame may be held at a time: getting one releases the
 * one before. */
int px_follower_next(struct px_follower *follower, int timeout_ms, const struct px_frame **frame,
                     struct px_error *error);

/* px_frame_intact: whether all that was read from this frame so far is what was published. Layer -1: all of them. */
bool px_frame_intact(const struct px_follower *follower, const struct px_frame *frame, int layer);
void px_frame_release(struct px_follower *follower, const struct px_frame *frame);

enum px_follower_state px_follower_state(const struct px_follower *follower);
struct px_follower_stats px_follower_stats(const struct px_follower *follower);
int px_follower_sketch(struct px_follower *follower, const char *sketch); /* follow another one: from the next frame */

/* px_follower_every: frames one after the other without a gap, as long as the follower is at most PX_BOARD_SLOTS frames
 * behind (shared/board_layout.h), instead of the newest: for recording and checking. Call px_follower_next until it
 * gives 0 before you sleep on px_follower_fd. */
void px_follower_every(struct px_follower *follower, bool every);

#ifdef __cplusplus
}
#endif

#endif
