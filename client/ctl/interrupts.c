#include "client/ctl/interrupts.h"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

static void interrupt_set(sigset_t *set) {
    sigemptyset(set);
    sigaddset(set, SIGINT);
    sigaddset(set, SIGTERM);
    sigaddset(set, SIGHUP);
    sigaddset(set, SIGCHLD);
}

int interrupts_open(void) {
    sigset_t set;
    interrupt_set(&set);
    sigprocmask(SIG_BLOCK, &set, NULL);
    return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

int interrupts_take(int fd) {
    struct signalfd_siginfo info;
    return read(fd, &info, sizeof info) == sizeof info ? (int)info.ssi_signo : 0;
}

void interrupts_restore(void) {
    sigset_t set;
    interrupt_set(&set);
    sigprocmask(SIG_UNBLOCK, &set, NULL);
}
