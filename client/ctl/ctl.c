#include "client/ctl/ctl.h"

#include <errno.h>
#include <locale.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- the daemon -------------------------------------------------------------------------------------------------- */

static int read_token(struct ctl *ctl, struct px_error *error) {
    if (!ctl->token_file || *ctl->token)
        return 0;
    FILE *file = fopen(ctl->token_file, "re");
    if (!file)
        return px_fail(error, PX_E_IO, "%s: %s", ctl->token_file, strerror(errno));
    char *line = fgets(ctl->token, sizeof ctl->token, file);
    fclose(file);
    ctl->token[strcspn(ctl->token, "\r\n")] = '\0';
    return line && *ctl->token ? 0 : px_fail(error, PX_E_PARAM, "%s: no token in it", ctl->token_file);
}

int ctl_open(struct ctl *ctl, struct px_error *error) {
    if (ctl->px)
        return 0;
    int code = read_token(ctl, error);
    if (code < 0)
        return code;
    if (ctl->url)
        return px_open_url(ctl->url, *ctl->token ? ctl->token : NULL, &ctl->px, error);
    return px_open(NULL, &ctl->px, error);
}

int ctl_connect(struct ctl *ctl) {
    struct px_error error;
    int code = ctl_open(ctl, &error);
    if (code == 0)
        return CTL_DONE;
    ctl_fail(ctl, &error);
    if (code != PX_E_NOT_FOUND)
        return CTL_FAILED;
    ctl_note(ctl, "start one with `pxd`, or `pxctl run SKETCH.lua`; `pxctl doctor` looks for what is wrong");
    return CTL_NO_DAEMON;
}

void ctl_close(struct ctl *ctl) {
    px_close(ctl->px);
    ctl->px = NULL;
}

bool ctl_is_local(const struct ctl *ctl) {
    return !ctl->url || strncmp(ctl->url, "unix:", 5) == 0 || strncmp(ctl->url, "ipc:", 4) == 0;
}

bool ctl_directory(const struct ctl *ctl, const char **directory) {
    *directory = NULL;
    if (!ctl->url)
        return true;
    const char *path = strncmp(ctl->url, "unix://", 7) == 0  ? ctl->url + 7
                       : strncmp(ctl->url, "unix:", 5) == 0  ? ctl->url + 5
                       : strncmp(ctl->url, "ipc://", 6) == 0 ? ctl->url + 6
                                                             : NULL;
    if (path)
        *directory = path;
    else
        ctl_note(ctl, "frames are followed in shared memory, so only on the daemon's machine: not at %s", ctl->url);
    return path != NULL;
}

void answer_free(struct answer *answer) {
    px_document_free(&answer->document);
    px_reply_free(&answer->reply);
    *answer = (struct answer){0};
}

int ctl_ask(struct ctl *ctl, const char *method, struct px_writer *params, struct answer *answer,
            struct px_error *error) {
    *answer = (struct answer){0};
    int code = params ? px_writer_finish(params, error) : 0;
    if (code == 0)
        code = px_call(ctl->px, method, params ? params->bytes : NULL, params ? params->size : 0, ctl->timeout_ms,
                       &answer->reply, error);
    if (params)
        px_writer_free(params);
    struct px_limits limits = {.bytes = SIZE_MAX, .depth = PX_LIMITS_DEFAULT.depth, .nodes = SIZE_MAX};
    if (code == 0)
        code = px_value_decode(answer->reply.bytes, answer->reply.size, &limits, &answer->document, error);
    if (code < 0)
        answer_free(answer);
    return code;
}

int ctl_call(struct ctl *ctl, const char *method, struct px_writer *params, struct answer *answer) {
    struct px_error error;
    return ctl_ask(ctl, method, params, answer, &error) < 0 ? ctl_fail(ctl, &error) : CTL_DONE;
}

/* ---- output ------------------------------------------------------------------------------------------------------ */

static void print_error_json(const struct px_error *error) {
    struct px_writer writer;
    char *json = NULL;
    px_writer_init(&writer, 0);
    px_write_map(&writer, 1);
    px_key(&writer, "error");
    px_write_error(&writer, error);
    if (px_writer_finish(&writer, NULL) == 0 && px_to_json(writer.bytes, writer.size, 0, &json, NULL) == 0)
        fprintf(stderr, "%s\n", json);
    free(json);
    px_writer_free(&writer);
}

int ctl_fail(const struct ctl *ctl, const struct px_error *error) {
    if (ctl->json)
        print_error_json(error);
    else
        fprintf(stderr, "pxctl: %s: %s\n", px_error_name(error->code), error->message);
    return CTL_FAILED;
}

int ctl_usage(const struct ctl *ctl, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    fputs("pxctl: ", stderr);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    if (ctl->verb)
        fprintf(stderr, "\nusage: pxctl %s%s%s   (`pxctl %s --help` says more)\n", ctl->verb->name,
                *ctl->verb->arguments ? " " : "", ctl->verb->arguments, ctl->verb->name);
    else
        fputs("\nusage: pxctl VERB ...   (`pxctl --help` lists them)\n", stderr);
    return CTL_USAGE;
}

void ctl_note(const struct ctl *ctl, const char *format, ...) {
    (void)ctl;
    va_list arguments;
    va_start(arguments, format);
    fputs("pxctl: ", stderr);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
    va_end(arguments);
}

int ctl_print(const struct ctl *ctl, const void *bytes, size_t size) {
    char *json;
    struct px_error error;
    if (px_to_json(bytes, size, ctl->json ? 0 : 2, &json, &error) < 0)
        return ctl_fail(ctl, &error);
    puts(json);
    fflush(stdout);
    free(json);
    return CTL_DONE;
}

int ctl_print_value(const struct ctl *ctl, const struct px_value *value) {
    struct px_writer writer;
    struct px_error error;
    px_writer_init(&writer, 0);
    px_write_value(&writer, value);
    int code = px_writer_finish(&writer, &error);
    code = code < 0 ? ctl_fail(ctl, &error) : ctl_print(ctl, writer.bytes, writer.size);
    px_writer_free(&writer);
    return code;
}
