/* interrupts.h: Ctrl-C, termination and the end of children as a descriptor to poll.
 */
#ifndef CLIENT_CTL_INTERRUPTS_H
#define CLIENT_CTL_INTERRUPTS_H

/* interrupts_open: from now on SIGINT, SIGTERM, SIGHUP and SIGCHLD come here. -1 when there is no descriptor left. */
int interrupts_open(void);

/* interrupts_take: the next signal, 0: none now. */
int interrupts_take(int fd);

/* interrupts_restore: in a child, before exec. */
void interrupts_restore(void);

#endif
