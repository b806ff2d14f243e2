/* main.c: forks the nursery, reads the settings, runs the daemon. */
#include "daemon/daemon.h"
#include "daemon/host/config.h"
#include "daemon/sketch/sketch.h"
#include "daemon/workers/nursery.h"

#include <stdio.h>
#include <stdlib.h>

int main(int argc, char **argv) {
    /* First: the nursery must be forked before any thread exists and before uv and nng are touched. */
    const struct nursery_entry children[] = {sketch_process_entry};
    enum { CHILDREN = sizeof children / sizeof children[0] };
    /* This may be the program spawned anew as a nursery, in place of one that was lost. */
    int status = nursery_main(argc, argv, children, CHILDREN);
    if (status >= 0)
        return status;
    struct px_error error;
    struct nursery *nursery;
    if (nursery_start(children, CHILDREN, &nursery, &error) < 0) {
        fprintf(stderr, "pxd: %s\n", error.message);
        return EXIT_FAILURE;
    }
    struct config *config = calloc(1, sizeof *config);
    status = EXIT_FAILURE;
    if (config == NULL) {
        fprintf(stderr, "pxd: out of memory\n");
    } else if (config_read(argc, argv, config, &error) < 0) {
        fprintf(stderr, "pxd: %s\n", error.message);
        status = 2;
    } else if (config->help) {
        config_help();
        status = EXIT_SUCCESS;
    } else if (config->version) {
        printf("pxd %s\n", daemon_version());
        status = EXIT_SUCCESS;
    } else {
        int code = daemon_run(config, nursery, &error); /* takes the nursery */
        nursery = NULL;
        if (code < 0)
            fprintf(stderr, "pxd: %s\n", error.message);
        else
            status = EXIT_SUCCESS;
    }
    nursery_stop(nursery);
    free(config);
    return status;
}
