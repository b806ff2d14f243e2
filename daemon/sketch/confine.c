/* confine.c: see confine.h. */
#include "daemon/sketch/confine.h"

#include <errno.h>
#include <seccomp.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>

#ifdef PX_SANITIZED

int confine(size_t memory_bytes, struct px_error *error) {
    (void)memory_bytes;
    (void)error;
    return 0;
}

#else

static int limit(int resource, size_t value, struct px_error *error) {
    const struct rlimit both = {.rlim_cur = value, .rlim_max = value};
    if (setrlimit((__rlimit_resource_t)resource, &both) != 0)
        return px_fail(error, PX_E_INTERNAL, "setrlimit: %s", strerror(errno));
    return 0;
}

static int allow_calls(scmp_filter_ctx filter) {
    static const int calls[] = {
        SCMP_SYS(read),      SCMP_SYS(write),         SCMP_SYS(readv),           SCMP_SYS(writev),
        SCMP_SYS(recvmsg),   SCMP_SYS(sendmsg),       SCMP_SYS(recvfrom),        SCMP_SYS(sendto),
        SCMP_SYS(poll),      SCMP_SYS(ppoll),         SCMP_SYS(close),           SCMP_SYS(munmap),
        SCMP_SYS(mremap),    SCMP_SYS(madvise),       SCMP_SYS(brk),             SCMP_SYS(futex),
        SCMP_SYS(getrandom), SCMP_SYS(clock_gettime), SCMP_SYS(setitimer),       SCMP_SYS(rt_sigreturn),
        SCMP_SYS(exit),      SCMP_SYS(exit_group),    SCMP_SYS(restart_syscall), SCMP_SYS(rt_sigprocmask),
        SCMP_SYS(getpid),    SCMP_SYS(gettid),        SCMP_SYS(tgkill),
    };
    for (size_t i = 0; i < sizeof calls / sizeof calls[0]; i++)
        if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0) != 0)
            return -1;
    /* Memory, but none that can be run. */
    const struct scmp_arg_cmp not_executable = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
    if (seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, not_executable) != 0 ||
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, not_executable) != 0)
        return -1;
    return 0;
}

int confine(size_t memory_bytes, struct px_error *error) {
    int status = limit(RLIMIT_CORE, 0, error);
    if (status == 0)
        status = limit(RLIMIT_DATA, memory_bytes, error);
    if (status != 0)
        return status;
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL)
        return px_fail(error, PX_E_INTERNAL, "seccomp_init failed");
    if (allow_calls(filter) != 0 || seccomp_load(filter) != 0)
        status = px_fail(error, PX_E_INTERNAL, "the list of system calls could not be put in force");
    seccomp_release(filter);
    return status;
}

#endif
