#include "daemon/host/service.h"

#include "shared/clock.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <systemd/sd-daemon.h>

enum { STATUS_BYTES = 256 };

struct service {
    struct loop_timer *watchdog; /* NULL: none is asked for */
    uint64_t interval_ns;
};

/* LOOP is alive: it got here. */
static void on_watchdog(void *argument) {
    struct service *service = argument;
    sd_notify(0, "WATCHDOG=1");
    loop_timer_start(service->watchdog, px_clock_ns() + service->interval_ns);
}

int service_start(struct loop *loop, struct service **out, struct px_error *error) {
    struct service *service = calloc(1, sizeof(*service));
    if (!service)
        return px_fail(error, PX_E_NO_MEMORY, "no memory for the service's state");
    uint64_t limit_us;
    if (sd_watchdog_enabled(0, &limit_us) > 0) {
        service->interval_ns = limit_us * 1000 / 2; /* as sd_watchdog_enabled(3) advises */
        int code = loop_timer_create(loop, on_watchdog, service, &service->watchdog, error);
        if (code != PX_OK) {
            free(service);
            return code;
        }
        loop_timer_start(service->watchdog, px_clock_ns() + service->interval_ns);
    }
    *out = service;
    return PX_OK;
}

void service_ready(struct service *service) {
    (void)service;
    sd_notify(0, "READY=1");
}

void service_reloading(struct service *service) {
    (void)service;
    sd_notifyf(0, "RELOADING=1\nMONOTONIC_USEC=%llu", (unsigned long long)(px_clock_ns() / 1000));
}

void service_status(struct service *service, const char *format, ...) {
    (void)service;
    char status[STATUS_BYTES];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(status, sizeof(status), format, arguments);
    va_end(arguments);
    for (char *at = status; *at; at++)
        if (*at == '\n') /* would begin another field */
            *at = ' ';
    sd_notifyf(0, "STATUS=%s", status);
}

void service_stopping(struct service *service) {
    (void)service;
    sd_notify(0, "STOPPING=1");
}

void service_stop(struct service *service) {
    if (!service)
        return;
    loop_timer_destroy(service->watchdog);
    free(service);
}
