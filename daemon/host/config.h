/* config.h: settings, from one table: command line, then PXD_* variables, then pxd.conf, then defaults.
 *
 * Each setting has a name (pxd.conf), an option, a variable, a type, a default, a range and a line of help: from the
 * table (setting.h) come parsing, --help and the documentation. An unknown name or a bad value is an error that names
 * file, line, option or variable; a PXD_ variable that means nothing (any more) is named in a warning.
 *
 * pxd.conf is the --config file, else $XDG_CONFIG_HOME/pxd/pxd.conf, else /etc/pxd/pxd.conf: lines of `name = value`,
 * a list has a line for each of its values. A variable that is empty or 0 is unset. A list given by one source replaces
 * that of a weaker one.
 *
 * Ownership  strings point into argv, the environment or the struct itself: do not copy it by value.
 */
#ifndef HOST_CONFIG_H
#define HOST_CONFIG_H

#include "shared/error.h"

#include <stdbool.h>
#include <stddef.h>

enum { CONFIG_LISTEN_MAX = 8, CONFIG_SKETCHES_MAX = 64, CONFIG_WARNINGS_MAX = 16, CONFIG_STRINGS_BYTES = 16 * 1024 };
enum config_mode { CONFIG_MODE_AUTO, CONFIG_MODE_THREADS, CONFIG_MODE_FORK, CONFIG_MODE_MIXED };

struct config {
    enum config_mode mode;
    char mode_why[96]; /* where the mode came from: "--mode", "PXD_FORCE_MP=1", "pxd.conf:3", "default" */
    int workers;       /* default: the processors of the affinity mask, less one, at least 1 */
    const char *listen[CONFIG_LISTEN_MAX]; /* further nng URLs */
    size_t listen_count;
    const char *config_file; /* the one that was read; NULL: none */
    const char *sketches[CONFIG_SKETCHES_MAX];
    size_t sketch_count;
    char runtime_dir[108];  /* $PXD_RUNTIME_DIR; "" : runtime_open looks it up */
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
    char strings[CONFIG_STRINGS_BYTES]; /* what came from pxd.conf or a split variable */
    size_t strings_used;
};

/* config_read: defaults, file, environment, command line. PX_E_PARAM (an unknown name), PX_E_RANGE (a bad value) or
 * PX_E_IO (the file) with a message for the user. With --help or --version nothing else is looked at. */
int config_read(int argc, char **argv, struct config *config, struct px_error *error);
void config_help(void); /* to standard output */
int config_workers_default(void);

#endif
