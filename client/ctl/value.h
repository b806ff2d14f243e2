/* value.h: reading what a daemon answered, leniently: a key that is not there has a stand-in.
 */
#ifndef CLIENT_CTL_VALUE_H
#define CLIENT_CTL_VALUE_H

#include "proto/value.h"

/* value_number: of a key; fallback when absent or no number. */
double value_number(const struct px_value *map, const char *key, double fallback);

/* value_text: a string into `out`, cut; numbers and booleans as text; "" when absent. Gives out. */
const char *value_text(const struct px_value *map, const char *key, char *out, size_t size);
const char *value_print(const struct px_value *value, char *out, size_t size);
bool value_true(const struct px_value *map, const char *key);

/* value_list: the list under a key, or the value itself when it is a list; NULL otherwise. */
const struct px_value *value_list(const struct px_value *value, const char *key);

#endif
