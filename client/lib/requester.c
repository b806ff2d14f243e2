#include "client/lib/requester.h"

#include "client/lib/deadline.h"
#include "client/lib/stream.h"

#include <nng/nng.h>
#include <nng/protocol/reqrep0/req.h>
#include <stdlib.h>

struct requester {
    nng_socket socket;
    nng_msg *reply; /* the last one, lent */
};

static int requester_failed(int code, const char *what, struct px_error *error) {
    if (code == NNG_ETIMEDOUT)
        return px_fail(error, PX_E_TIMEOUT, "no answer in time");
    return px_fail(error, PX_E_IO, "%s: %s", what, nng_strerror(code));
}

int requester_open(const char *url, struct requester **requester, struct px_error *error) {
    struct requester *made = calloc(1, sizeof *made);
    if (!made)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for a connection");
    int code = nng_req0_open(&made->socket);
    if (code != 0) {
        free(made);
        return requester_failed(code, "nng", error);
    }
    nng_socket_set_ms(made->socket, NNG_OPT_REQ_RESENDTIME, NNG_DURATION_INFINITE);
    nng_socket_set_size(made->socket, NNG_OPT_RECVMAXSZ, STREAM_LIMITS.bytes);
    code = nng_dial(made->socket, url, NULL, 0);
    if (code != 0) {
        requester_close(made);
        return px_fail(error, PX_E_NOT_FOUND, "no daemon answers at %s: %s", url, nng_strerror(code));
    }
    *requester = made;
    return 0;
}

void requester_close(struct requester *requester) {
    if (!requester)
        return;
    nng_msg_free(requester->reply);
    nng_close(requester->socket);
    free(requester);
}

static int requester_send(struct requester *requester, const void *bytes, size_t size, struct px_error *error) {
    nng_msg *request;
    int code = nng_msg_alloc(&request, 0);
    if (code != 0)
        return requester_failed(code, "nng", error);
    code = nng_msg_append(request, bytes, size);
    if (code == 0)
        code = nng_sendmsg(requester->socket, request, 0);
    if (code == 0)
        return 0;
    nng_msg_free(request);
    return requester_failed(code, "the request was not sent", error);
}

int requester_call(struct requester *requester, const void *bytes, size_t size, uint64_t deadline,
                   const uint8_t **reply, size_t *reply_size, struct px_error *error) {
    int left = deadline_left_ms(deadline);
    nng_socket_set_ms(requester->socket, NNG_OPT_SENDTIMEO, left < 0 ? NNG_DURATION_INFINITE : left);
    nng_msg_free(requester->reply);
    requester->reply = NULL;
    int code = requester_send(requester, bytes, size, error);
    if (code < 0)
        return code;
    left = deadline_left_ms(deadline);
    nng_socket_set_ms(requester->socket, NNG_OPT_RECVTIMEO, left < 0 ? NNG_DURATION_INFINITE : left);
    code = nng_recvmsg(requester->socket, &requester->reply, 0);
    if (code != 0)
        return requester_failed(code, "no answer came", error);
    *reply = nng_msg_body(requester->reply);
    *reply_size = nng_msg_len(requester->reply);
    return 0;
}
