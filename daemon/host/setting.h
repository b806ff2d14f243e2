/* setting.h: one row of the table of settings, and how a text becomes its value.
 *
 * Errors  PX_E_RANGE with a message that begins with `where` (an option, a variable, file and line) and says what is
 *         accepted.
 */
#ifndef HOST_SETTING_H
#define HOST_SETTING_H

#include "daemon/host/config.h"

#include <stdint.h>

enum setting_type {
    SETTING_MODE,      /* enum config_mode, and mode_why */
    SETTING_CHOICE,    /* const char *, one of `choices` */
    SETTING_NUMBER,    /* int */
    SETTING_COUNT,     /* size_t */
    SETTING_MEGABYTES, /* size_t, in bytes */
    SETTING_TEXT,      /* const char * */
    SETTING_PATH,      /* char[size], at most size - 1 bytes */
    SETTING_ABSOLUTE,  /* the same, from the root */
    SETTING_URLS,      /* const char *[max] and a size_t that counts them */
    SETTING_TEXTS,     /* the same, any text */
    SETTING_SWITCH,    /* bool; an option without a value */
};

struct setting {
    const char *name;     /* in pxd.conf; NULL: not there */
    const char *option;   /* NULL: none; "" : what has no option before it */
    const char *variable; /* NULL: none */
    enum setting_type type;
    size_t at;       /* offset in struct config */
    size_t count_at; /* of a list's count */
    size_t size;     /* of a path */
    int64_t min, max; /* of a number in its unit; max: of a list's length */
    int64_t def;
    const char *const *choices; /* ended by NULL */
    const char *value; /* as help names it */
    const char *help;
};

enum { SETTINGS_MAX = 64 };

extern const struct setting settings[]; /* at most SETTINGS_MAX */
extern const size_t setting_count;

const struct setting *setting_of_option(const char *option);
const struct setting *setting_of_name(const char *name);
bool setting_is_list(const struct setting *setting);

void settings_default(struct config *config);

/* setting_assign: text is borrowed for as long as config lives, but for paths. A list grows by one. */
int setting_assign(const struct setting *setting, struct config *config, const char *text, const char *where,
                   struct px_error *error);
void setting_clear(const struct setting *setting, struct config *config); /* empties a list */

#endif
