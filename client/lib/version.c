#include "px/px.h"

const char *px_version(void) {
    return PX_VERSION;
}
