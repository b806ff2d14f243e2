/* find.h: how long the path of a runtime directory may be: a socket in it has 107 bytes at most.
 */
#ifndef CLIENT_LIB_FIND_H
#define CLIENT_LIB_FIND_H

enum { FIND_PATH_BYTES = 108 };

#endif
