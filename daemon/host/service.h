/* service.h: what systemd is told: readiness, status, reload, stop, watchdog. Does nothing without NOTIFY_SOCKET.
 *
 * Threads  LOOP.
 */
#ifndef HOST_SERVICE_H
#define HOST_SERVICE_H

#include "daemon/host/loop.h"

struct service;
int service_start(struct loop *loop, struct service **service, struct px_error *error); /* starts the watchdog timer */
void service_ready(struct service *service); /* also after a reload */
void service_reloading(struct service *service);
__attribute__((format(printf, 2, 3))) void service_status(struct service *service, const char *format, ...);
void service_stopping(struct service *service);
void service_stop(struct service *service); /* NULL is fine */

#endif
