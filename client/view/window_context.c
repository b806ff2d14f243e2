#include "client/view/context.h"

#include <glad/gl.h>
#define GLFW_INCLUDE_NONE
#include <GLFW/glfw3.h>

static const char *last_reason(void) {
    const char *reason = NULL;
    glfwGetError(&reason);
    return reason != NULL ? reason : "no reason given";
}

int window_context_create(int width, int height, const char *title, bool vsync, struct GLFWwindow **window,
                          struct px_error *error) {
    if (!glfwInit())
        return px_fail(error, PX_E_UNSUPPORTED,
                       "no window can be opened (%s): set DISPLAY or WAYLAND_DISPLAY, or use --screenshot FILE.png, "
                       "which needs no display",
                       last_reason());
    glfwWindowHint(GLFW_CONTEXT_VERSION_MAJOR, 3);
    glfwWindowHint(GLFW_CONTEXT_VERSION_MINOR, 3);
    glfwWindowHint(GLFW_OPENGL_PROFILE, GLFW_OPENGL_CORE_PROFILE);
    glfwWindowHint(GLFW_SCALE_TO_MONITOR, GLFW_TRUE);
    GLFWwindow *made = glfwCreateWindow(width, height, title, NULL, NULL);
    if (made == NULL) {
        int code = px_fail(error, PX_E_UNSUPPORTED,
                           "no OpenGL 3.3 here (%s): install the driver of the graphics card, or libgl1-mesa-dri for "
                           "drawing by the processor",
                           last_reason());
        glfwTerminate();
        return code;
    }
    glfwMakeContextCurrent(made);
    if (gladLoadGL((GLADloadfunc)glfwGetProcAddress) == 0) {
        window_context_destroy(made);
        return px_fail(error, PX_E_UNSUPPORTED, "the OpenGL library gives no functions: install libgl1-mesa-dri");
    }
    glfwSwapInterval(vsync ? 1 : 0);
    *window = made;
    return 0;
}

void window_context_destroy(struct GLFWwindow *window) {
    if (window == NULL)
        return;
    glfwDestroyWindow(window);
    glfwTerminate();
}
