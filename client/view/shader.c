#include "client/view/shader.h"

#include <glad/gl.h>
#include <stddef.h>

static int compile(GLenum stage, const char *source, GLuint program, struct px_error *error) {
    GLuint shader = glCreateShader(stage);
    glShaderSource(shader, 1, &source, NULL);
    glCompileShader(shader);
    GLint fine = 0;
    glGetShaderiv(shader, GL_COMPILE_STATUS, &fine);
    if (!fine) {
        char words[400] = "";
        glGetShaderInfoLog(shader, sizeof words, NULL, words);
        glDeleteShader(shader);
        return px_fail(error, PX_E_INTERNAL, "a shader does not compile: %s", words);
    }
    glAttachShader(program, shader);
    glDeleteShader(shader);
    return 0;
}

int shader_program(const char *vertex, const char *geometry, const char *fragment, unsigned *program,
                   struct px_error *error) {
    GLuint made = glCreateProgram();
    int code = compile(GL_VERTEX_SHADER, vertex, made, error);
    if (code == 0 && geometry != NULL)
        code = compile(GL_GEOMETRY_SHADER, geometry, made, error);
    if (code == 0)
        code = compile(GL_FRAGMENT_SHADER, fragment, made, error);
    if (code == 0) {
        glLinkProgram(made);
        GLint fine = 0;
        glGetProgramiv(made, GL_LINK_STATUS, &fine);
        if (!fine) {
            char words[400] = "";
            glGetProgramInfoLog(made, sizeof words, NULL, words);
            code = px_fail(error, PX_E_INTERNAL, "a shader program does not link: %s", words);
        }
    }
    if (code < 0) {
        glDeleteProgram(made);
        return code;
    }
    *program = made;
    return 0;
}
