/* find.h: the places where a daemon may be, tried in order.
 *
 * What is tried is the connection that is wanted: one that is made only to see whether somebody answers would be a
 * client that leaves, after which a daemon may end.
 */
#ifndef CLIENT_LIB_FIND_H
#define CLIENT_LIB_FIND_H

#include "shared/error.h"

enum { FIND_PATH_BYTES = 108 }; /* a socket in it has 107 bytes at most */

/* find_first: calls `attempt` with one runtime directory after the other until it gives 0. PX_E_ACCESS when one is
 * there but not for us, else PX_E_NOT_FOUND with the places. */
int find_first(int (*attempt)(void *argument, const char *directory, struct px_error *error), void *argument,
               struct px_error *error);

#endif
