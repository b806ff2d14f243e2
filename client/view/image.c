#include "client/view/image.h"

#include <errno.h>
#include <glad/gl.h>
#include <png.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct target {
    GLuint framebuffer, color;
};

int target_create(int width, int height, struct target **target, struct px_error *error) {
    GLint most = 0;
    glGetIntegerv(GL_MAX_RENDERBUFFER_SIZE, &most);
    if (width < 1 || height < 1 || width > most || height > most)
        return px_fail(error, PX_E_RANGE, "a picture of %dx%d pixels; 1x1 to %dx%d can be drawn here", width, height,
                       most, most);
    struct target *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    glGenFramebuffers(1, &made->framebuffer);
    glGenRenderbuffers(1, &made->color);
    glBindRenderbuffer(GL_RENDERBUFFER, made->color);
    glRenderbufferStorage(GL_RENDERBUFFER, GL_RGBA8, width, height);
    target_bind(made);
    glFramebufferRenderbuffer(GL_FRAMEBUFFER, GL_COLOR_ATTACHMENT0, GL_RENDERBUFFER, made->color);
    if (glCheckFramebufferStatus(GL_FRAMEBUFFER) != GL_FRAMEBUFFER_COMPLETE) {
        target_destroy(made);
        return px_fail(error, PX_E_NO_MEMORY, "no framebuffer of %dx%d pixels could be made", width, height);
    }
    *target = made;
    return 0;
}

void target_bind(const struct target *target) {
    glBindFramebuffer(GL_FRAMEBUFFER, target->framebuffer);
}

void target_destroy(struct target *target) {
    if (target == NULL)
        return;
    glDeleteFramebuffers(1, &target->framebuffer);
    glDeleteRenderbuffers(1, &target->color);
    free(target);
}

/* GL's first row is the lowest one. */
static void flip(uint8_t *pixels, int width, int height, uint8_t *row) {
    size_t size = (size_t)width * 3;
    for (int i = 0; i < height / 2; i++) {
        uint8_t *upper = pixels + (size_t)i * size, *lower = pixels + (size_t)(height - 1 - i) * size;
        memcpy(row, upper, size);
        memcpy(upper, lower, size);
        memcpy(lower, row, size);
    }
}

int image_write_png(const char *path, int width, int height, struct px_error *error) {
    uint8_t *pixels = malloc((size_t)width * 3 * ((size_t)height + 1));
    char *part = malloc(strlen(path) + 8);
    int code = px_fail(error, PX_E_NO_MEMORY, "out of memory");
    if (pixels == NULL || part == NULL)
        goto done;
    sprintf(part, "%s.part", path);
    glPixelStorei(GL_PACK_ALIGNMENT, 1);
    glReadPixels(0, 0, width, height, GL_RGB, GL_UNSIGNED_BYTE, pixels);
    flip(pixels, width, height, pixels + (size_t)width * 3 * (size_t)height);
    png_image image = {.version = PNG_IMAGE_VERSION,
                       .width = (png_uint_32)width,
                       .height = (png_uint_32)height,
                       .format = PNG_FORMAT_RGB,
                       .flags = PNG_IMAGE_FLAG_FAST};
    if (!png_image_write_to_file(&image, part, 0, pixels, 0, NULL)) {
        code = px_fail(error, PX_E_IO, "%s: %s", path, image.message);
        unlink(part);
    } else if (rename(part, path) != 0) {
        code = px_fail(error, PX_E_IO, "%s: %s", path, strerror(errno));
        unlink(part);
    } else {
        code = 0;
    }
done:
    free(part);
    free(pixels);
    return code;
}
