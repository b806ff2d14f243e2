#include "client/ctl/pictures.h"

#include "client/ctl/interrupts.h"
#include "client/ctl/program.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { NUMBER_BYTES = 40, FRAMES_BYTES = 2 * NUMBER_BYTES };

void pictures_viewer(char path[PATH_MAX]) {
    if (!program_beside("pxview", path, PATH_MAX))
        strcpy(path, "pxview");
}

/* Waits for pxview; what interrupts us ends it, too. */
static int viewer_wait(pid_t pid) {
    struct pollfd wait = {.fd = interrupts_open(), .events = POLLIN};
    int status = 0;
    bool interrupted = false;
    while (waitpid(pid, &status, WNOHANG) != pid) {
        poll(&wait, 1, -1);
        for (int got; (got = interrupts_take(wait.fd)) != 0;) {
            if (got == SIGCHLD)
                continue;
            interrupted = true;
            kill(pid, SIGTERM);
        }
    }
    close(wait.fd);
    return !interrupted && WIFEXITED(status) && WEXITSTATUS(status) == 0 ? CTL_DONE : CTL_FAILED;
}

/* arguments: what follows `pxview --sketch NAME [--connect DIR]`; pxview itself says what goes wrong. */
static int viewer_run(struct ctl *ctl, const char *sketch, const char *const arguments[], size_t count) {
    char path[PATH_MAX];
    const char *directory;
    char *words[16] = {path, (char[]){"--sketch"}, (char *)(uintptr_t)sketch};
    size_t used = 3;
    if (!ctl_directory(ctl, &directory))
        return CTL_USAGE;
    pictures_viewer(path);
    if (directory) {
        words[used++] = (char[]){"--connect"};
        words[used++] = (char *)(uintptr_t)directory;
    }
    for (size_t i = 0; i < count; i++)
        words[used++] = (char *)(uintptr_t)arguments[i];
    pid_t pid;
    struct px_error error;
    int code = program_start(words, NULL, &pid, &error);
    if (code == PX_E_NOT_FOUND)
        px_fail(&error, PX_E_NOT_FOUND, "pxview, which draws PNGs, is neither beside pxctl nor in PATH");
    return code < 0 ? (ctl_fail(ctl, &error), CTL_FAILED) : viewer_wait(pid);
}

int pictures_render(struct ctl *ctl, const char *sketch, long first, long end, double fps, const char *directory) {
    char frames[FRAMES_BYTES], rate[NUMBER_BYTES];
    snprintf(frames, sizeof frames, "%ld:%ld", first, end);
    snprintf(rate, sizeof rate, "%.17g", fps);
    const char *const arguments[] = {"--frames", frames, "--fps", rate, "--out", directory};
    return viewer_run(ctl, sketch, arguments, sizeof arguments / sizeof arguments[0]);
}

int pictures_write(struct ctl *ctl, const char *sketch, double t, const char *path) {
    char moment[NUMBER_BYTES];
    snprintf(moment, sizeof moment, "%.17g", t);
    const char *const arguments[] = {"--screenshot", path, "--t", moment};
    return viewer_run(ctl, sketch, arguments, sizeof arguments / sizeof arguments[0]);
}
