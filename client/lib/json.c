#include "client/lib/json_reader.h"
#include "client/lib/json_writer.h"
#include "client/lib/stream.h"
#include "px/px.h"

#include <string.h>

int px_from_json(const char *json, size_t length, struct px_reply *value, struct px_error *error) {
    *value = (struct px_reply){0};
    struct px_writer writer;
    px_writer_init(&writer, 0);
    int code = json_read(json, length, &writer, error);
    if (code == 0)
        value->bytes = px_writer_take(&writer, &value->size);
    px_writer_free(&writer);
    return code;
}

int px_to_json(const void *bytes, size_t size, int indent, char **json, struct px_error *error) {
    struct px_document document = {0};
    int code = px_value_decode(bytes, size, &STREAM_LIMITS, &document, error);
    if (code == 0)
        code = json_write(&document.root, indent, json, error);
    px_document_free(&document);
    return code;
}

int px_call_json(struct px *px, const char *method, const char *params, int timeout_ms, char **result,
                 struct px_error *error) {
    struct px_reply request = {0}, reply = {0};
    int code = 0;
    if (params && *params)
        code = px_from_json(params, strlen(params), &request, error);
    if (code == 0)
        code = px_call(px, method, request.bytes, request.size, timeout_ms, &reply, error);
    if (code == 0)
        code = px_to_json(reply.bytes, reply.size, 0, result, error);
    px_reply_free(&request);
    px_reply_free(&reply);
    return code;
}
