/* app.h: pxview with a window: shows the newest frame, answers keys and mouse, and sleeps when there is nothing new.
 *
 * Threads  the main thread; woken by the receiving and the control thread through an empty event, which does nothing
 * else.
 */
#ifndef VIEW_APP_H
#define VIEW_APP_H

#include "client/view/options.h"

int app_run(const struct options *options, struct px_error *error);

#endif
