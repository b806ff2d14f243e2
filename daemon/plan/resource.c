#include "daemon/plan/resource.h"

#include "shared/clock.h"

#include <errno.h>
#include <fcntl.h>
#include <fontconfig/fontconfig.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    RESOURCES_MAX = 64,
    NAMES_MAX = 256,
    NAME_BYTES_MAX = 1024,
};
static const size_t RESOURCE_BYTES_MAX = (size_t)64 << 20; /* of one file */
static const size_t BYTES_MAX = (size_t)256 << 20;         /* of all */
static const uint64_t LOOK_AGAIN_NS = 1000000000;          /* a file is looked at once a second */
static const uint64_t LIST_AGAIN_NS = 10000000000;         /* so are the fonts installed, every ten */
static const char FALLBACK_FAMILY[] = "DejaVu Sans";
static const char FALLBACK_FILE[] = "DejaVuSans.ttf";

/* One file as it was when it was read. */
struct stored {
    char *path;
    struct timespec changed;
    ino_t inode;
    dev_t device;
    off_t length;
    struct resource resource;
};

/* What a name meant when it was last looked at. */
struct known_name {
    char *name;
    size_t length;
    const struct stored *stored;
    bool fallback;
    uint64_t looked_ns;
};

/* An installed font file. */
struct font_file {
    char *path;
    char *family;
};

struct resources {
    pthread_mutex_t lock; /* all below */
    struct stored *stored[RESOURCES_MAX];
    size_t stored_count;
    size_t bytes;
    struct known_name names[NAMES_MAX];
    size_t name_count, name_next;
    struct font_file *fonts; /* sorted by path */
    size_t font_count;
    uint64_t listed_ns;
};

int resources_create(struct resources **resources, struct px_error *error) {
    struct resources *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for resources");
    pthread_mutex_init(&made->lock, NULL);
    *resources = made;
    return 0;
}

static void fonts_forget(struct resources *resources) {
    for (size_t i = 0; i < resources->font_count; i++) {
        free(resources->fonts[i].path);
        free(resources->fonts[i].family);
    }
    free(resources->fonts);
    resources->fonts = NULL;
    resources->font_count = 0;
}

void resources_destroy(struct resources *resources) {
    if (resources == NULL)
        return;
    for (size_t i = 0; i < resources->stored_count; i++) {
        free(resources->stored[i]->path);
        free((uint8_t *)(uintptr_t)resources->stored[i]->resource.bytes);
        free(resources->stored[i]);
    }
    for (size_t i = 0; i < resources->name_count; i++)
        free(resources->names[i].name);
    fonts_forget(resources);
    pthread_mutex_destroy(&resources->lock);
    free(resources);
}

/* ---- which files are fonts --------------------------------------------------------------------------------------- */

static int compare_paths(const void *a, const void *b) {
    return strcmp(((const struct font_file *)a)->path, ((const struct font_file *)b)->path);
}

static void fonts_take(struct resources *resources, const FcFontSet *set) {
    resources->fonts = calloc((size_t)set->nfont + 1, sizeof *resources->fonts);
    if (resources->fonts == NULL)
        return;
    for (int i = 0; i < set->nfont; i++) {
        FcChar8 *path, *family;
        if (FcPatternGetString(set->fonts[i], FC_FILE, 0, &path) != FcResultMatch)
            continue;
        if (FcPatternGetString(set->fonts[i], FC_FAMILY, 0, &family) != FcResultMatch)
            family = (FcChar8 *)(uintptr_t) "";
        struct font_file font = {strdup((const char *)path), strdup((const char *)family)};
        if (font.path == NULL || font.family == NULL) {
            free(font.path);
            free(font.family);
            return;
        }
        resources->fonts[resources->font_count++] = font;
    }
    qsort(resources->fonts, resources->font_count, sizeof *resources->fonts, compare_paths);
}

static void fonts_list(struct resources *resources) {
    fonts_forget(resources);
    resources->listed_ns = px_clock_ns();
    FcConfig *config = FcInitLoadConfigAndFonts();
    if (config == NULL)
        return;
    FcPattern *all = FcPatternCreate();
    FcObjectSet *wanted = FcObjectSetBuild(FC_FILE, FC_FAMILY, (char *)NULL);
    FcFontSet *set = all != NULL && wanted != NULL ? FcFontList(config, all, wanted) : NULL;
    if (set != NULL) {
        fonts_take(resources, set);
        FcFontSetDestroy(set);
    }
    if (wanted != NULL)
        FcObjectSetDestroy(wanted);
    if (all != NULL)
        FcPatternDestroy(all);
    FcConfigDestroy(config);
}

/* The first font, by path, with the name in its family or in the name of its file. */
static const char *font_named(const struct resources *resources, const char *name) {
    for (size_t i = 0; i < resources->font_count; i++) {
        const char *slash = strrchr(resources->fonts[i].path, '/');
        const char *file = slash == NULL ? resources->fonts[i].path : slash + 1;
        if (strcasestr(file, name) != NULL || strcasestr(resources->fonts[i].family, name) != NULL)
            return resources->fonts[i].path;
    }
    return NULL;
}

static const char *font_fallback(const struct resources *resources) {
    const char *path = font_named(resources, FALLBACK_FILE);
    return path != NULL ? path : font_named(resources, FALLBACK_FAMILY);
}

/* ---- files ------------------------------------------------------------------------------------------------------- */

static bool stored_is_current(const struct stored *stored, const struct stat *status) {
    return stored->inode == status->st_ino && stored->device == status->st_dev && stored->length == status->st_size &&
           stored->changed.tv_sec == status->st_mtim.tv_sec && stored->changed.tv_nsec == status->st_mtim.tv_nsec;
}

static const struct stored *stored_find(const struct resources *resources, const char *path,
                                        const struct stat *status) {
    for (size_t i = 0; i < resources->stored_count; i++) {
        if (strcmp(resources->stored[i]->path, path) == 0 && stored_is_current(resources->stored[i], status))
            return resources->stored[i];
    }
    return NULL;
}

static int read_all(int fd, const char *path, uint8_t *bytes, size_t size, struct px_error *error) {
    size_t at = 0;
    while (at < size) {
        ssize_t n = read(fd, bytes + at, size - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return px_fail(error, PX_E_IO, "%s: %s", path, n < 0 ? strerror(errno) : "the file became shorter");
        at += (size_t)n;
    }
    return 0;
}

static int stored_read(struct resources *resources, int fd, const char *path, const struct stat *status,
                       const struct stored **stored, struct px_error *error) {
    size_t size = (size_t)status->st_size;
    if (size > RESOURCE_BYTES_MAX || resources->bytes + size > BYTES_MAX || resources->stored_count == RESOURCES_MAX)
        return px_fail(error, PX_E_LIMIT, "%s: %zu bytes; at most %zu in one font and %d fonts of %zu bytes in all",
                       path, size, RESOURCE_BYTES_MAX, RESOURCES_MAX, BYTES_MAX);
    struct stored *made = calloc(1, sizeof *made);
    uint8_t *bytes = malloc(size + 1);
    char *copy = strdup(path);
    int code = 0;
    if (made == NULL || bytes == NULL || copy == NULL)
        code = px_fail(error, PX_E_NO_MEMORY, "no memory for %s", path);
    if (code == 0)
        code = read_all(fd, path, bytes, size, error);
    if (code < 0) {
        free(made);
        free(bytes);
        free(copy);
        return code;
    }
    *made = (struct stored){.path = copy,
                            .changed = status->st_mtim,
                            .inode = status->st_ino,
                            .device = status->st_dev,
                            .length = status->st_size,
                            .resource = {.bytes = bytes, .size = size, .digest = px_signature_of_bytes(bytes, size)}};
    resources->stored[resources->stored_count++] = made;
    resources->bytes += size;
    *stored = made;
    return 0;
}

static int stored_open(struct resources *resources, const char *path, const struct stored **stored,
                       struct px_error *error) {
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        return px_fail(error, PX_E_IO, "%s: %s", path, strerror(errno));
    struct stat status;
    int code = 0;
    if (fstat(fd, &status) < 0)
        code = px_fail(error, PX_E_IO, "%s: %s", path, strerror(errno));
    else if (!S_ISREG(status.st_mode))
        code = px_fail(error, PX_E_IO, "%s: not a regular file", path);
    else if ((*stored = stored_find(resources, path, &status)) == NULL)
        code = stored_read(resources, fd, path, &status, stored, error);
    close(fd);
    return code;
}

/* ---- names ------------------------------------------------------------------------------------------------------- */

static bool is_file(const char *path) {
    struct stat status;
    return strchr(path, '/') != NULL && stat(path, &status) == 0 && S_ISREG(status.st_mode);
}

static const char *path_of_name(struct resources *resources, const char *name, bool *fallback) {
    *fallback = false;
    if (is_file(name))
        return name;
    if (resources->listed_ns == 0)
        fonts_list(resources);
    const char *path = name[0] == '\0' ? font_fallback(resources) : font_named(resources, name);
    if (path == NULL && px_clock_ns() - resources->listed_ns > LIST_AGAIN_NS) {
        fonts_list(resources); /* it may have been installed meanwhile */
        path = font_named(resources, name);
    }
    if (path == NULL) {
        *fallback = true;
        path = font_fallback(resources);
    }
    return path;
}

static struct known_name *name_find(struct resources *resources, const char *name, size_t length) {
    for (size_t i = 0; i < resources->name_count; i++) {
        struct known_name *known = &resources->names[i];
        if (known->length == length && memcmp(known->name, name, length) == 0)
            return known;
    }
    return NULL;
}

/* Remembers what the name means; takes `name`. The oldest entry makes room. */
static void name_remember(struct resources *resources, char *name, size_t length, const struct stored *stored,
                          bool fallback) {
    struct known_name *known = name_find(resources, name, length);
    if (known == NULL) {
        known = &resources->names[resources->name_next];
        resources->name_next = (resources->name_next + 1) % NAMES_MAX;
        if (resources->name_count < NAMES_MAX)
            resources->name_count++;
    }
    free(known->name);
    *known = (struct known_name){name, length, stored, fallback, px_clock_ns()};
}

static int font_resolve(struct resources *resources, const char *name, size_t length, struct resource *resource,
                        struct px_error *error) {
    char *text = strndup(name, length);
    if (text == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the name of a font");
    bool fallback;
    const char *path = path_of_name(resources, text, &fallback);
    const struct stored *stored = NULL;
    int code = path == NULL
                   ? px_fail(error, PX_E_NOT_FOUND, "no font \"%.80s\", nor %s to stand in: install fonts-dejavu-core",
                             text, FALLBACK_FAMILY)
                   : stored_open(resources, path, &stored, error);
    if (code < 0) {
        free(text);
        return code;
    }
    *resource = stored->resource;
    resource->fallback = fallback;
    name_remember(resources, text, length, stored, fallback);
    return 0;
}

int resources_font(struct resources *resources, const char *name, size_t length, struct resource *resource,
                   struct px_error *error) {
    if (length > NAME_BYTES_MAX)
        return px_fail(error, PX_E_LIMIT, "a font's name has %zu bytes, at most %d are accepted", length,
                       NAME_BYTES_MAX);
    if (memchr(name, '\0', length) != NULL)
        return px_fail(error, PX_E_RANGE, "a font's name holds a zero byte");
    int code = 0;
    pthread_mutex_lock(&resources->lock);
    const struct known_name *known = name_find(resources, name, length);
    if (known != NULL && px_clock_ns() - known->looked_ns < LOOK_AGAIN_NS) {
        *resource = known->stored->resource;
        resource->fallback = known->fallback;
    } else {
        code = font_resolve(resources, name, length, resource, error);
    }
    pthread_mutex_unlock(&resources->lock);
    return code;
}

void resources_refresh(struct resources *resources) {
    pthread_mutex_lock(&resources->lock);
    resources->listed_ns = 0;
    resources->name_count = resources->name_next = 0;
    pthread_mutex_unlock(&resources->lock);
}
