/* config.h: settings, from one table: command line, then PXD_* variables, then pxd.conf, then defaults.
 *
 * Each setting has a name (pxd.conf), an option, a variable, a type, a default, a range and a line of help: from the
 * table come parsing, --help and the documentation. An unknown name or a bad value is an error that names file, line,
 * option or variable; a PXD_ variable that means nothing any more is named in a warning.
 */
#ifndef HOST_CONFIG_H
#define HOST_CONFIG_H

#include "shared/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { CONFIG_LISTEN_MAX = 8, CONFIG_SKETCHES_MAX = 64, CONFIG_WARNINGS_MAX = 16 };
enum config_mode { CONFIG_MODE_AUTO, CONFIG_MODE_THREADS, CONFIG_MODE_FORK, CONFIG_MODE_MIXED };

struct config {
    enum config_mode mode;
    char mode_why[96]; /* where the mode came from: "--mode", "PXD_FORCE_MP=1", "pxd.conf:3", "default" */
    int workers;       /* default: the processors of the affinity mask, less one, at least 1 */
    const char *listen[CONFIG_LISTEN_MAX]; /* further nng URLs */
    size_t listen_count;
    const char *config_file;
    const char *sketches[CONFIG_SKETCHES_MAX];
    size_t sketch_count;
    char runtime_dir[108];
    char state_dir[4096];
    char export_dir[4096];    /* "" : none */
    char control_group[64];   /* "" : none */
    const char *log_level;    /* error, warning, info, debug */
    size_t slab_budget_bytes; /* slab_mb, default 1024 MB */
    size_t cache_budget_bytes;   /* cache_mb, default 512 MB */
    size_t vertices_max;         /* of one geometry, default 16 M */
    size_t message_max_bytes;    /* of one request, default 64 MB */
    size_t connections_max;      /* local RPC connections, default 64 */
    size_t requests_max;         /* outstanding on one connection, default 64 */
    size_t queue_max_bytes;      /* of answers waiting for one client, default 64 MB */
    size_t sketch_memory_bytes;  /* of one sketch process, default 256 MB */
    int sketch_time_ms;          /* of one draw or load, default 1000 */
    int frames_in_flight;        /* default 3 */
    bool end_with_last_client;   /* --end-with-last-client: what pxctl run starts */
    bool help, version;
    char warnings[CONFIG_WARNINGS_MAX][192];
    size_t warning_count;
};

/* config_read: defaults, file, environment, command line. PX_E_PARAM or PX_E_RANGE with a message for the user. */
int config_read(int argc, char **argv, struct config *config, struct px_error *error);
void config_help(void); /* to standard output */

#endif
