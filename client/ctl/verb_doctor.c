#include "client/ctl/ctl.h"
#include "client/ctl/program.h"
#include "client/ctl/table.h"
#include "client/ctl/value.h"
#include "client/ctl/verbs.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <fts.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* Each check says how it is and, where it is not well, what to do. */
enum verdict { FINE, POOR, BAD };

struct finding {
    enum verdict verdict;
    char says[400];
    char remedy[400];
};

__attribute__((format(printf, 3, 4))) static void find(struct finding *finding, enum verdict verdict,
                                                       const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    finding->verdict = verdict;
    vsnprintf(finding->says, sizeof finding->says, format, arguments);
    va_end(arguments);
}

__attribute__((format(printf, 2, 3))) static void remedy(struct finding *finding, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(finding->remedy, sizeof finding->remedy, format, arguments);
    va_end(arguments);
}

/* ---- places ------------------------------------------------------------------------------------------------------ */

/* Where a daemon started from here would have its sockets. */
static void runtime_place(char path[PATH_MAX]) {
    const char *own = getenv("PXD_RUNTIME_DIR"), *runtime = getenv("XDG_RUNTIME_DIR");
    if (own && *own)
        snprintf(path, PATH_MAX, "%s", own);
    else if (runtime && *runtime)
        snprintf(path, PATH_MAX, "%s/pxd", runtime);
    else
        snprintf(path, PATH_MAX, "/tmp/pxd-%u", (unsigned)getuid());
}

static void check_runtime(struct ctl *ctl, struct finding *finding) {
    (void)ctl;
    char path[PATH_MAX], parent[PATH_MAX];
    struct stat status;
    enum { SOCKET_NAME = 11, SOCKET_PATH = 107 };
    runtime_place(path);
    strcpy(parent, path);
    char *slash = strrchr(parent, '/');
    if (slash && slash != parent)
        *slash = '\0';
    if (strlen(path) + SOCKET_NAME > SOCKET_PATH) {
        find(finding, BAD, "%s is too long: a socket's path has %d bytes", path, SOCKET_PATH);
        remedy(finding, "set PXD_RUNTIME_DIR to a shorter directory");
    } else if (lstat(path, &status) == 0) {
        bool ours = S_ISDIR(status.st_mode) && status.st_uid == getuid();
        find(finding, ours ? FINE : POOR, "%s%s", path, ours ? "" : " is not a directory of yours");
        if (!ours)
            remedy(finding, "remove it, or set PXD_RUNTIME_DIR");
    } else if (access(parent, W_OK) == 0) {
        find(finding, FINE, "%s (made when a daemon starts)", path);
    } else {
        find(finding, BAD, "%s cannot be made: %s: %s", path, parent, strerror(errno));
        remedy(finding, "set PXD_RUNTIME_DIR, or XDG_RUNTIME_DIR, to a directory of yours");
    }
}

static void check_program(struct ctl *ctl, struct finding *finding) {
    (void)ctl;
    char path[PATH_MAX];
    if (program_beside("pxd", path, sizeof path)) {
        find(finding, FINE, "%s", path);
    } else {
        find(finding, POOR, "there is no pxd beside pxctl; `pxctl run` looks for it in PATH");
        remedy(finding, "install pxd and pxctl into the same directory");
    }
}

/* ---- the daemon -------------------------------------------------------------------------------------------------- */

static void check_daemon(struct ctl *ctl, struct finding *finding) {
    struct px_error error;
    struct answer answer;
    char version[32], mode[128];
    int code = ctl_open(ctl, &error);
    if (code < 0) {
        find(finding, POOR, "%s", error.message);
        remedy(finding, "start one: `pxd`, or `pxctl run SKETCH.lua`");
        return;
    }
    if (ctl_ask(ctl, "server.info", NULL, &answer, &error) < 0) {
        find(finding, BAD, "it is there but does not answer: %s", error.message);
        remedy(finding, "look at its log, then stop and start it");
        return;
    }
    value_text(&answer.document.root, "version", version, sizeof version);
    value_text(&answer.document.root, "mode", mode, sizeof mode);
    if (strcmp(version, PX_VERSION) == 0) {
        find(finding, FINE, "version %s answers, mode %s", version, *mode ? mode : "?");
    } else {
        find(finding, POOR, "version %s answers, pxctl is %s", version, PX_VERSION);
        remedy(finding, "`pxctl stop`, then start the newer one");
    }
    answer_free(&answer);
}

/* ---- the machine ------------------------------------------------------------------------------------------------- */

static void check_memory(struct ctl *ctl, struct finding *finding) {
    (void)ctl;
    int fd = memfd_create("pxctl-doctor", MFD_ALLOW_SEALING | MFD_CLOEXEC);
    bool sealed = fd >= 0 && ftruncate(fd, 4096) == 0 && fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW) == 0;
    if (fd >= 0)
        close(fd);
    if (sealed) {
        find(finding, FINE, "sealed memory can be made");
    } else {
        find(finding, BAD, "memfd_create with seals: %s", strerror(errno));
        remedy(finding, "a kernel from 5.1 on is needed, and a container that allows memfd_create");
    }
}

static long long read_number(const char *path, const char *key) {
    char line[256];
    long long number = -1;
    FILE *file = fopen(path, "re");
    while (file && number < 0 && fgets(line, sizeof line, file)) {
        size_t skip = strlen(key);
        if (strncmp(line, key, skip) == 0 && strcspn(line + skip, "0123456789") < strlen(line + skip))
            number = strtoll(line + skip + strcspn(line + skip, "0123456789"), NULL, 10);
    }
    if (file)
        fclose(file);
    return number;
}

static void check_room(struct ctl *ctl, struct finding *finding) {
    (void)ctl;
    enum { WANTED_MB = 256 };
    long long free_mb = read_number("/proc/meminfo", "MemAvailable:") / 1024;
    long long limit = read_number("/sys/fs/cgroup/memory.max", ""),
              used = read_number("/sys/fs/cgroup/memory.current", "");
    if (limit > 0 && used >= 0 && (limit - used) / (1 << 20) < free_mb)
        free_mb = (limit - used) / (1 << 20);
    find(finding, free_mb >= WANTED_MB ? FINE : POOR, "%lld MB are free for geometry", free_mb);
    if (free_mb < WANTED_MB)
        remedy(finding, "lower slab_mb and cache_mb in pxd.conf, or give the machine or container more memory");
}

static void check_inotify(struct ctl *ctl, struct finding *finding) {
    (void)ctl;
    int fd = inotify_init1(IN_CLOEXEC);
    int watch = fd >= 0 ? inotify_add_watch(fd, "/", IN_CLOSE_WRITE) : -1;
    int why = errno;
    if (fd >= 0)
        close(fd);
    if (watch >= 0) {
        find(finding, FINE, "%lld watches, %lld instances for each user",
             read_number("/proc/sys/fs/inotify/max_user_watches", ""),
             read_number("/proc/sys/fs/inotify/max_user_instances", ""));
    } else {
        find(finding, BAD, "files cannot be watched: %s", strerror(why));
        remedy(finding, "sysctl fs.inotify.max_user_instances=512 fs.inotify.max_user_watches=65536");
    }
}

static size_t count_fonts(void) {
    char own[PATH_MAX], old[PATH_MAX];
    const char *home = getenv("HOME");
    snprintf(own, sizeof own, "%s/.local/share/fonts", home ? home : "");
    snprintf(old, sizeof old, "%s/.fonts", home ? home : "");
    char *const places[] = {(char[]){"/usr/share/fonts"}, (char[]){"/usr/local/share/fonts"}, own, old, NULL};
    size_t count = 0;
    FTS *tree = fts_open(places, FTS_PHYSICAL | FTS_NOCHDIR, NULL);
    for (FTSENT *entry; tree && (entry = fts_read(tree)) != NULL;) {
        const char *dot = strrchr(entry->fts_name, '.');
        count += dot && (strcmp(dot, ".ttf") == 0 || strcmp(dot, ".otf") == 0 || strcmp(dot, ".ttc") == 0);
    }
    if (tree)
        fts_close(tree);
    return count;
}

static void check_fonts(struct ctl *ctl, struct finding *finding) {
    (void)ctl;
    size_t count = count_fonts();
    if (count > 0) {
        find(finding, FINE, "%zu font files", count);
    } else {
        find(finding, POOR, "no font files: the shape `text` has nothing to draw with");
        remedy(finding, "install fonts, such as fonts-dejavu-core");
    }
}

static bool library_is_there(const char *name) {
    void *library = dlopen(name, RTLD_LAZY | RTLD_LOCAL);
    if (library)
        dlclose(library);
    return library != NULL;
}

static void check_graphics(struct ctl *ctl, struct finding *finding) {
    (void)ctl;
    const char *display = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    bool screen = (display && *display) || (wayland && *wayland);
    if (!library_is_there("libEGL.so.1") || !library_is_there("libGL.so.1")) {
        find(finding, POOR, "libEGL or libGL is missing: no window, no pictures, no video");
        remedy(finding, "install libegl1 and libgl1");
    } else if (screen) {
        find(finding, FINE, "EGL and GL are there, and a display");
    } else {
        find(finding, FINE, "EGL and GL are there; no display: pictures and video only, no window");
    }
}

/* ---- all --------------------------------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    void (*check)(struct ctl *ctl, struct finding *finding);
} checks[] = {
    {"runtime directory", check_runtime},
    {"pxd", check_program},
    {"daemon", check_daemon},
    {"shared memory", check_memory},
    {"memory", check_room},
    {"file watching", check_inotify},
    {"fonts", check_fonts},
    {"graphics", check_graphics},
};
enum { CHECKS = sizeof checks / sizeof checks[0] };
static const char *const verdicts[] = {"ok", "look", "BAD"};

static int print_json(const struct ctl *ctl, const struct finding *findings) {
    struct px_writer writer;
    px_writer_init(&writer, 0);
    px_write_array(&writer, CHECKS);
    for (size_t i = 0; i < CHECKS; i++) {
        px_write_map(&writer, 4);
        px_key(&writer, "check");
        px_write_string(&writer, checks[i].name);
        px_key(&writer, "verdict");
        px_write_string(&writer, verdicts[findings[i].verdict]);
        px_key(&writer, "says");
        px_write_string(&writer, findings[i].says);
        px_key(&writer, "remedy");
        px_write_string(&writer, findings[i].remedy);
    }
    int code = ctl_print(ctl, writer.bytes, writer.size);
    px_writer_free(&writer);
    return code;
}

static void print_text(const struct finding *findings) {
    struct table table;
    table_init(&table, 3, 0);
    for (size_t i = 0; i < CHECKS; i++) {
        table_add(&table, verdicts[findings[i].verdict]);
        table_add(&table, checks[i].name);
        table_add(&table, findings[i].says);
        if (*findings[i].remedy) {
            table_add(&table, "");
            table_add(&table, "");
            table_addf(&table, "-> %s", findings[i].remedy);
        }
    }
    table_print(&table, stdout, "");
    table_free(&table);
}

static int doctor_run(struct ctl *ctl) {
    struct finding findings[CHECKS] = {0};
    bool bad = false;
    for (size_t i = 0; i < CHECKS; i++) {
        checks[i].check(ctl, &findings[i]);
        bad = bad || findings[i].verdict == BAD;
    }
    if (ctl->json)
        print_json(ctl, findings);
    else
        print_text(findings);
    return bad ? CTL_FAILED : CTL_DONE;
}

const struct verb doctor_verb = {
    .name = "doctor",
    .arguments = "",
    .summary = "look for what keeps pxd from working, and say what to do",
    .run = doctor_run,
};
