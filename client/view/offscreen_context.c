#include "client/view/context.h"

#include <EGL/egl.h>
#include <EGL/eglext.h>
#include <glad/gl.h>
#include <stdlib.h>

struct offscreen_context {
    EGLDisplay display;
    EGLContext context;
};

static EGLDisplay display_without_screen(void) {
    PFNEGLGETPLATFORMDISPLAYEXTPROC get =
        (PFNEGLGETPLATFORMDISPLAYEXTPROC)(void (*)(void))eglGetProcAddress("eglGetPlatformDisplayEXT");
    EGLDisplay display = EGL_NO_DISPLAY;
    if (get != NULL)
        display = get(EGL_PLATFORM_SURFACELESS_MESA, EGL_DEFAULT_DISPLAY, NULL);
    if (display == EGL_NO_DISPLAY)
        display = eglGetDisplay(EGL_DEFAULT_DISPLAY);
    return display;
}

static int fail(struct px_error *error, const char *what) {
    return px_fail(error, PX_E_UNSUPPORTED,
                   "%s (EGL error 0x%04x): drawing without a display needs OpenGL 3.3 through EGL; install "
                   "libegl-mesa0 and libgl1-mesa-dri",
                   what, (unsigned)eglGetError());
}

int offscreen_context_create(struct offscreen_context **context, struct px_error *error) {
    struct offscreen_context *made = calloc(1, sizeof *made);
    if (made == NULL)
        return px_fail(error, PX_E_NO_MEMORY, "out of memory");
    made->context = EGL_NO_CONTEXT;
    made->display = display_without_screen();
    int code = 0;
    if (made->display == EGL_NO_DISPLAY || !eglInitialize(made->display, NULL, NULL)) {
        code = fail(error, "EGL does not start");
        made->display = EGL_NO_DISPLAY;
        goto failed;
    }
    static const EGLint config_wish[] = {EGL_RENDERABLE_TYPE, EGL_OPENGL_BIT, EGL_SURFACE_TYPE, 0, EGL_NONE};
    static const EGLint context_wish[] = {
        EGL_CONTEXT_MAJOR_VERSION,           3,       EGL_CONTEXT_MINOR_VERSION, 3, EGL_CONTEXT_OPENGL_PROFILE_MASK,
        EGL_CONTEXT_OPENGL_CORE_PROFILE_BIT, EGL_NONE};
    EGLConfig config;
    EGLint count = 0;
    if (!eglBindAPI(EGL_OPENGL_API) || !eglChooseConfig(made->display, config_wish, &config, 1, &count) || count < 1) {
        code = fail(error, "EGL offers no OpenGL");
        goto failed;
    }
    made->context = eglCreateContext(made->display, config, EGL_NO_CONTEXT, context_wish);
    if (made->context == EGL_NO_CONTEXT ||
        !eglMakeCurrent(made->display, EGL_NO_SURFACE, EGL_NO_SURFACE, made->context)) {
        code = fail(error, "there is no OpenGL 3.3 context");
        goto failed;
    }
    if (gladLoadGL((GLADloadfunc)eglGetProcAddress) == 0) {
        code = fail(error, "the OpenGL library gives no functions");
        goto failed;
    }
    *context = made;
    return 0;
failed:
    offscreen_context_destroy(made);
    return code;
}

void offscreen_context_destroy(struct offscreen_context *context) {
    if (context == NULL)
        return;
    if (context->display != EGL_NO_DISPLAY) {
        eglMakeCurrent(context->display, EGL_NO_SURFACE, EGL_NO_SURFACE, EGL_NO_CONTEXT);
        if (context->context != EGL_NO_CONTEXT)
            eglDestroyContext(context->display, context->context);
        eglTerminate(context->display);
    }
    free(context);
}
