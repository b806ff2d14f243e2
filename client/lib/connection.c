#include "client/lib/deadline.h"
#include "client/lib/envelope.h"
#include "client/lib/find.h"
#include "client/lib/notification_queue.h"
#include "client/lib/requester.h"
#include "client/lib/stream.h"
#include "proto/writer.h"
#include "px/px.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct px {
    struct stream stream;        /* local; fd -1 when remote */
    struct requester *requester; /* remote; NULL when local */
    char *token;                 /* goes with every request; NULL: none */
    uint32_t last_id;
    struct notification_queue notifications;
};

/* ---- opening ----------------------------------------------------------------------------------------------------- */

static int open_stream(struct px *px, const char *path, struct px_error *error) {
    return stream_open(path, &px->stream, error);
}

static int open_directory(void *argument, const char *directory, struct px_error *error) {
    char path[4096];
    snprintf(path, sizeof path, "%s/rpc.sock", directory);
    return open_stream(argument, path, error);
}

static bool is_directory(const char *path) {
    struct stat status;
    return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

/* A directory stands for the socket in it. */
static int open_url(struct px *px, const char *url, struct px_error *error) {
    if (strncmp(url, "unix:", 5) == 0) {
        const char *path = strncmp(url, "unix://", 7) == 0 ? url + 7 : url + 5;
        if (strlen(path) > 5 && strcmp(path + strlen(path) - 5, ".sock") == 0)
            return open_stream(px, path, error);
        return open_directory(px, path, error);
    }
    if (strncmp(url, "ipc://", 6) == 0 && is_directory(url + 6)) {
        char inside[4096];
        snprintf(inside, sizeof inside, "%s/rpc.nng", url);
        return requester_open(inside, &px->requester, error);
    }
    if (strncmp(url, "ipc://", 6) == 0 || strncmp(url, "tcp://", 6) == 0 || strncmp(url, "ws://", 5) == 0)
        return requester_open(url, &px->requester, error);
    if (strncmp(url, "tls+tcp://", 10) == 0 || strncmp(url, "wss://", 6) == 0)
        return px_fail(error, PX_E_UNSUPPORTED, "%s: this client has no TLS; tunnel a unix: or tcp:// address instead",
                       url);
    return px_fail(error, PX_E_PARAM, "%s: accepted are unix:DIRECTORY, ipc://PATH, tcp://HOST:PORT and ws://HOST:PORT",
                   url);
}

static struct px *px_make(const char *token, struct px_error *error) {
    struct px *px = calloc(1, sizeof *px);
    if (px)
        px->stream.fd = -1;
    if (px && token)
        px->token = strdup(token);
    if (px && (!token || px->token))
        return px;
    free(px);
    px_fail(error, PX_E_NO_MEMORY, "no memory for a connection");
    return NULL;
}

int px_open(const char *directory, struct px **px, struct px_error *error) {
    struct px *made = px_make(NULL, error);
    if (!made)
        return PX_E_NO_MEMORY;
    int code = directory ? open_directory(made, directory, error) : find_first(open_directory, made, error);
    if (code < 0) {
        px_close(made);
        return code;
    }
    *px = made;
    return 0;
}

int px_open_url(const char *url, const char *token, struct px **px, struct px_error *error) {
    struct px *made = px_make(token, error);
    if (!made)
        return PX_E_NO_MEMORY;
    int code = open_url(made, url, error);
    if (code < 0) {
        px_close(made);
        return code;
    }
    *px = made;
    return 0;
}

void px_close(struct px *px) {
    if (!px)
        return;
    stream_close(&px->stream);
    requester_close(px->requester);
    notification_queue_free(&px->notifications);
    free(px->token);
    free(px);
}

int px_fd(const struct px *px) {
    return px->stream.fd;
}

/* ---- calls ------------------------------------------------------------------------------------------------------- */

/* Size of the head of a map and how many pairs it holds; 0 when it is no map. */
static size_t map_head(const uint8_t *bytes, size_t size, uint32_t *count) {
    if (size >= 1 && (bytes[0] & 0xf0) == 0x80) {
        *count = bytes[0] & 0x0f;
        return 1;
    }
    if (size >= 3 && bytes[0] == 0xde) {
        *count = (uint32_t)bytes[1] << 8 | bytes[2];
        return 3;
    }
    if (size >= 5 && bytes[0] == 0xdf) {
        *count = (uint32_t)bytes[1] << 24 | (uint32_t)bytes[2] << 16 | (uint32_t)bytes[3] << 8 | bytes[4];
        return 5;
    }
    return 0;
}

/* Writes the list of parameters: one map or none, with the token where there is one. */
static int write_params(const struct px *px, struct px_writer *writer, const void *params, size_t size,
                        struct px_error *error) {
    static const uint8_t empty_map = 0x80;
    if (!params && !px->token) {
        px_write_array(writer, 0);
        return 0;
    }
    if (!params) {
        params = &empty_map;
        size = 1;
    }
    uint32_t count = 0;
    size_t head = map_head(params, size, &count);
    if (head == 0)
        return px_fail(error, PX_E_TYPE, "params: must be one map of named values");
    px_write_array(writer, 1);
    if (!px->token) {
        px_write_raw(writer, params, size);
        return 0;
    }
    px_write_map(writer, count + 1);
    px_write_raw(writer, (const uint8_t *)params + head, size - head);
    px_key(writer, "token");
    px_write_string(writer, px->token);
    return 0;
}

static int write_request(struct px *px, struct px_writer *writer, const char *method, const void *params, size_t size,
                         struct px_error *error) {
    px_write_array(writer, 4);
    px_write_uint(writer, 0);
    px_write_uint(writer, ++px->last_id);
    px_write_string(writer, method);
    int code = write_params(px, writer, params, size, error);
    return code < 0 ? code : px_writer_finish(writer, error);
}

static int copy_part(struct envelope_part part, struct px_reply *reply, struct px_error *error) {
    reply->bytes = malloc(part.size);
    reply->size = part.size;
    if (!reply->bytes)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a reply of %zu bytes", part.size);
    memcpy(reply->bytes, part.bytes, part.size);
    return 0;
}

static int take_response(const struct envelope *envelope, struct px_reply *reply, struct px_error *error) {
    int code = envelope_failure(envelope, error);
    return code < 0 ? code : copy_part(envelope->result, reply, error);
}

static void keep_notification(struct px *px, const struct envelope *envelope) {
    struct px_reply notification;
    if (notification_encode(envelope, &notification, NULL) == 0)
        notification_queue_push(&px->notifications, notification);
}

/* Reads until the response to the last request; what else comes is kept or belongs to a call that ran out of time. */
static int await_response(struct px *px, const char *method, uint64_t deadline, struct px_reply *reply,
                          struct px_error *error) {
    for (;;) {
        const uint8_t *message;
        size_t size;
        int code = stream_next(&px->stream, deadline, &message, &size, error);
        if (code == 0)
            return px_fail(error, PX_E_TIMEOUT, "%s: no answer in time", method);
        struct envelope envelope;
        if (code > 0)
            code = envelope_read(message, size, &envelope, error);
        if (code < 0)
            return code;
        if (envelope.type == ENVELOPE_NOTIFICATION)
            keep_notification(px, &envelope);
        else if (!envelope.has_id || envelope.id == px->last_id)
            return take_response(&envelope, reply, error);
    }
}

static int call_remote(struct px *px, const struct px_writer *request, uint64_t deadline, struct px_reply *reply,
                       struct px_error *error) {
    const uint8_t *message;
    size_t size;
    int code = requester_call(px->requester, request->bytes, request->size, deadline, &message, &size, error);
    struct envelope envelope;
    if (code == 0)
        code = envelope_read(message, size, &envelope, error);
    if (code < 0)
        return code;
    if (envelope.type != ENVELOPE_RESPONSE)
        return px_fail(error, PX_E_PROTOCOL, "the daemon sent something else than a reply");
    return take_response(&envelope, reply, error);
}

int px_call(struct px *px, const char *method, const void *params, size_t params_size, int timeout_ms,
            struct px_reply *reply, struct px_error *error) {
    uint64_t deadline = deadline_after(timeout_ms);
    *reply = (struct px_reply){0};
    struct px_writer request;
    px_writer_init(&request, 0);
    int code = write_request(px, &request, method, params, params_size, error);
    if (code == 0 && px->requester) {
        code = call_remote(px, &request, deadline, reply, error);
    } else if (code == 0) {
        code = stream_send(&px->stream, request.bytes, request.size, deadline, error);
        if (code == 0)
            code = await_response(px, method, deadline, reply, error);
    }
    px_writer_free(&request);
    return code;
}

void px_reply_free(struct px_reply *reply) {
    free(reply->bytes);
    *reply = (struct px_reply){0};
}

int px_notification(struct px *px, int timeout_ms, struct px_reply *notification, struct px_error *error) {
    if (px->requester)
        return px_fail(error, PX_E_UNSUPPORTED, "notifications come over a local connection only");
    if (notification_queue_pop(&px->notifications, notification))
        return 1;
    uint64_t deadline = deadline_after(timeout_ms);
    for (;;) {
        const uint8_t *message;
        size_t size;
        struct envelope envelope;
        int code = stream_next(&px->stream, deadline, &message, &size, error);
        if (code > 0)
            code = envelope_read(message, size, &envelope, error) < 0 ? PX_E_PROTOCOL : 1;
        if (code <= 0)
            return code;
        if (envelope.type == ENVELOPE_NOTIFICATION) {
            code = notification_encode(&envelope, notification, error);
            return code < 0 ? code : 1;
        }
    }
}
