/* batch.h: pxview without a window: one PNG of the live frame, or PNGs of any frames by evaluation at their time.
 *
 * Threads  the main thread. Errors: those of libpx, of EGL (PX_E_UNSUPPORTED) and of files (PX_E_IO).
 */
#ifndef VIEW_BATCH_H
#define VIEW_BATCH_H

#include "client/view/options.h"

int batch_run(const struct options *options, struct px_error *error);

#endif
