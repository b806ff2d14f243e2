#include "client/lib/envelope.h"

#include "client/lib/stream.h"

#include <string.h>

/* Size of the head of a list and how many it holds; 0 when it is no list. */
static size_t list_head(const uint8_t *bytes, size_t size, uint32_t *count) {
    if (size >= 1 && (bytes[0] & 0xf0) == 0x90) {
        *count = bytes[0] & 0x0f;
        return 1;
    }
    if (size >= 3 && bytes[0] == 0xdc) {
        *count = (uint32_t)bytes[1] << 8 | bytes[2];
        return 3;
    }
    return 0;
}

/* Splits the list into `count` parts. */
static int split(const uint8_t *bytes, size_t size, struct envelope_part *parts, uint32_t count,
                 struct px_error *error) {
    const struct px_limits limits = STREAM_LIMITS;
    for (uint32_t i = 0; i < count; i++) {
        parts[i].bytes = bytes;
        int whole = px_scan(bytes, size, &limits, &parts[i].size, error);
        if (whole < 0)
            return whole;
        if (whole == 0)
            return px_fail(error, PX_E_PROTOCOL, "the daemon sent a message that ends too early");
        bytes += parts[i].size;
        size -= parts[i].size;
    }
    return 0;
}

static int read_id(struct envelope *envelope, struct envelope_part part, struct px_error *error) {
    struct px_document document = {0};
    int code = px_value_decode(part.bytes, part.size, &PX_LIMITS_DEFAULT, &document, error);
    if (code < 0)
        return code;
    envelope->has_id = document.root.type == PX_UINT;
    envelope->id = envelope->has_id ? document.root.uinteger : 0;
    px_document_free(&document);
    return 0;
}

int envelope_read(const uint8_t *message, size_t size, struct envelope *envelope, struct px_error *error) {
    *envelope = (struct envelope){0};
    uint32_t count = 0;
    size_t head = list_head(message, size, &count);
    if (head == 0 || count < 3 || count > 4)
        return px_fail(error, PX_E_PROTOCOL, "the daemon sent something that is neither reply nor notification");
    struct envelope_part parts[4] = {0};
    int code = split(message + head, size - head, parts, count, error);
    if (code < 0)
        return code;
    envelope->type = parts[0].size == 1 ? parts[0].bytes[0] : -1;
    if (envelope->type == ENVELOPE_RESPONSE && count == 4) {
        envelope->error = parts[2];
        envelope->result = parts[3];
        return read_id(envelope, parts[1], error);
    }
    if (envelope->type == ENVELOPE_NOTIFICATION && count == 3) {
        envelope->method = parts[1];
        envelope->params = parts[2];
        return 0;
    }
    return px_fail(error, PX_E_PROTOCOL, "the daemon sent something that is neither reply nor notification");
}

/* By its name, which is fixed. */
static int failure_code(const struct px_value *failure) {
    const struct px_value *name = px_value_get(failure, "name");
    char text[32] = "";
    if (name && name->type == PX_STR && name->count < sizeof text) {
        memcpy(text, name->text, name->count);
        text[name->count] = '\0';
    }
    return px_error_code_named(text);
}

int failure_read(const struct px_value *failure, struct px_error *error) {
    int code = failure_code(failure);
    const struct px_value *message = failure->type == PX_STR ? failure : px_value_get(failure, "message");
    if (message && message->type == PX_STR)
        return px_fail(error, code, "%.*s", (int)message->count, message->text);
    return px_fail(error, code, "%s", px_error_text(code));
}

int envelope_failure(const struct envelope *envelope, struct px_error *error) {
    if (envelope->error.size == 1 && envelope->error.bytes[0] == 0xc0)
        return 0;
    struct px_document document = {0};
    int code = px_value_decode(envelope->error.bytes, envelope->error.size, &PX_LIMITS_DEFAULT, &document, error);
    if (code == 0)
        code = failure_read(&document.root, error);
    px_document_free(&document);
    return code;
}
