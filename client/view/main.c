/* main.c: pxview: a window, or pictures without one. */
#include "client/view/app.h"
#include "client/view/batch.h"
#include "client/view/options.h"
#include "px/px.h"

#include <stdio.h>

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NO_DAEMON = 3 };

int main(int argc, char **argv) {
    struct options options;
    struct px_error error = {0};
    if (options_read(argc, argv, &options, &error) < 0) {
        fprintf(stderr, "pxview: %s\n", error.message);
        return EXIT_USAGE;
    }
    if (options.help) {
        options_help();
        return EXIT_DONE;
    }
    if (options.version) {
        printf("pxview %s\n", px_version());
        return EXIT_DONE;
    }
    bool window = options.screenshot == NULL && options.out == NULL;
    int code = window ? app_run(&options, &error) : batch_run(&options, &error);
    if (code < 0)
        fprintf(stderr, "pxview: %s\n", error.message);
    return code == 0                ? EXIT_DONE
           : code == PX_E_PARAM     ? EXIT_USAGE
           : code == PX_E_NOT_FOUND ? EXIT_NO_DAEMON
                                    : EXIT_FAILED;
}
