#include "daemon/host/log.h"

#include "shared/clock.h"
#include "shared/ring.h"

#include <errno.h>
#include <linux/futex.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { OUTPUT_BYTES = 16 * 1024, NAP_NS = 2000000, STUCK_OUTPUT_MS = 200 };

/* One thread's ring. Belongs to the thread that set `owned`, until it ends; then the next new thread takes it.
 *     pushed - popped = lines waiting */
struct log_ring {
    _Atomic bool owned;
    _Atomic uint64_t pushed;  /* writer */
    _Atomic uint64_t dropped; /* writer */
    struct px_ring lines;     /* both */
    /* LOG */
    uint64_t popped;
    bool has_next;
    struct log_line next; /* popped, waiting for its turn by time */
};

/* How a writer finds LOG. Asleep: everything wakes it. Napping (it has just written): only what is urgent does. */
enum log_state { LOG_AWAKE, LOG_NAPPING, LOG_ASLEEP };

static struct {
    _Atomic bool started;
    _Atomic int level;
    _Atomic bool stopping;
    _Atomic uint32_t state; /* enum log_state; a futex */
    _Atomic(struct log_ring *) rings[LOG_THREADS_MAX];
    _Atomic uint64_t ringless; /* lines dropped for want of a ring */
    pthread_t thread;
    pthread_key_t ring_key; /* gives the ring back when its thread ends */
    pthread_once_t ring_key_once;
    /* LOG */
    void (*sink)(void *argument, const struct log_line *line);
    void *argument;
    bool journal;
    uint64_t dropped_told;
    char output[OUTPUT_BYTES];
    size_t output_size;
    /* under `tail_lock`: LOG and readers of the tail */
    pthread_mutex_t tail_lock;
    struct log_line tail[LOG_TAIL_LINES];
    uint64_t tail_count; /* lines ever; the newest stands at (tail_count - 1) % LOG_TAIL_LINES */
} the_log = {.ring_key_once = PTHREAD_ONCE_INIT, .tail_lock = PTHREAD_MUTEX_INITIALIZER};

static _Thread_local struct log_ring *my_ring;
static _Thread_local char my_name[sizeof(((struct log_line *)NULL)->thread)];

static const char *const level_names[] = {"error", "warning", "info", "debug"};

const char *log_level_name(enum log_level level) {
    return level_names[level];
}

int log_level_named(const char *name) {
    for (int i = 0; i <= LOG_LEVEL_DEBUG; i++)
        if (strcmp(name, level_names[i]) == 0)
            return i;
    return -1;
}

/* ---- text ------------------------------------------------------------------------------------------------------- */

/* Copies what fits, up to a character boundary, without control characters (a line is one line everywhere). */
static void copy_text(char *out, size_t size, const char *text) {
    size_t length = strnlen(text, size);
    if (length == size) {
        length = size - 1;
        while (length > 0 && ((unsigned char)text[length] & 0xc0) == 0x80)
            length--;
    }
    for (size_t i = 0; i < length; i++)
        out[i] = (unsigned char)text[i] < 0x20 || text[i] == 0x7f ? ' ' : text[i];
    out[length] = 0;
}

/* The size that a printed line needs at most. */
enum { PRINTED_BYTES = 64 + LOG_LINE_BYTES };

static size_t print_line(const struct log_line *line, bool journal, char out[PRINTED_BYTES]) {
    static const int journal_levels[] = {3, 4, 6, 7}; /* as syslog numbers them */
    if (journal)
        return (size_t)snprintf(out, PRINTED_BYTES, "<%d>%s: %s\n", journal_levels[line->level], line->module,
                                line->text);
    time_t seconds = (time_t)(line->wall_ns / 1000000000u);
    struct tm local;
    localtime_r(&seconds, &local);
    return (size_t)snprintf(out, PRINTED_BYTES, "%02d:%02d:%02d.%03u %-7s %-11s %s: %s\n", local.tm_hour % 100,
                            local.tm_min % 100, local.tm_sec % 100, (unsigned)(line->wall_ns / 1000000u % 1000u),
                            log_level_name(line->level), line->thread, line->module, line->text);
}

/* Writes all; gives up when the other side takes nothing for a while (a full pipe set to non-blocking). */
static void write_all(const char *bytes, size_t size) {
    while (size > 0) {
        ssize_t written = write(STDERR_FILENO, bytes, size);
        if (written >= 0) {
            bytes += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN) {
            if (poll(&(struct pollfd){.fd = STDERR_FILENO, .events = POLLOUT}, 1, STUCK_OUTPUT_MS) == 0)
                return;
        } else if (errno != EINTR) {
            return;
        }
    }
}

/* Whether stderr is the journal's stream: it says so by device and inode, which a redirection changes. */
static bool is_journal(void) {
    const char *stream = getenv("JOURNAL_STREAM");
    unsigned long long device, inode;
    struct stat status;
    return stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 && fstat(STDERR_FILENO, &status) == 0 &&
           status.st_dev == device && status.st_ino == inode;
}

/* ---- writers ---------------------------------------------------------------------------------------------------- */

static long futex(_Atomic uint32_t *word, int operation, uint32_t value, const struct timespec *timeout) {
    return syscall(SYS_futex, word, operation | FUTEX_PRIVATE_FLAG, value, timeout, NULL, 0);
}

static void wake_log(void) {
    /* seq_cst: see wait_for_lines */
    atomic_store_explicit(&the_log.state, LOG_AWAKE, memory_order_seq_cst);
    futex(&the_log.state, FUTEX_WAKE, 1, NULL);
}

static void give_ring_back(void *value) {
    struct log_ring *ring = value;
    my_ring = NULL;
    /* release: the next owner goes on where this one stopped */
    atomic_store_explicit(&ring->owned, false, memory_order_release);
}

static void make_ring_key(void) {
    pthread_key_create(&the_log.ring_key, give_ring_back);
}

static struct log_ring *ring_create(void) {
    struct log_ring *ring = aligned_alloc(_Alignof(struct log_ring), sizeof(*ring));
    void *lines = calloc(LOG_RING_LINES, sizeof(struct log_line));
    if (!ring || !lines) {
        free(ring);
        free(lines);
        return NULL;
    }
    memset(ring, 0, sizeof(*ring));
    px_ring_init(&ring->lines, lines, sizeof(struct log_line), LOG_RING_LINES);
    atomic_store_explicit(&ring->owned, true, memory_order_relaxed);
    return ring;
}

static void ring_free(struct log_ring *ring) {
    if (!ring)
        return;
    free(ring->lines.items);
    free(ring);
}

/* The first free ring, or a new one in the first empty place; rings stay for ever. */
static struct log_ring *find_ring(void) {
    struct log_ring *made = NULL;
    for (int i = 0; i < LOG_THREADS_MAX; i++) {
        /* acquire: pairs with the release that put it there */
        struct log_ring *ring = atomic_load_explicit(&the_log.rings[i], memory_order_acquire);
        if (!ring) {
            if (!made && !(made = ring_create()))
                return NULL;
            /* release: LOG sees a whole ring. acquire on failure: another thread's */
            if (atomic_compare_exchange_strong_explicit(&the_log.rings[i], &ring, made, memory_order_acq_rel,
                                                        memory_order_acquire))
                return made;
        }
        bool owned = false;
        /* acquire: pairs with give_ring_back */
        if (atomic_compare_exchange_strong_explicit(&ring->owned, &owned, true, memory_order_acquire,
                                                    memory_order_relaxed)) {
            ring_free(made);
            return ring;
        }
    }
    ring_free(made);
    return NULL;
}

static struct log_ring *claim_ring(void) {
    pthread_once(&the_log.ring_key_once, make_ring_key);
    my_ring = find_ring();
    if (my_ring)
        pthread_setspecific(the_log.ring_key, my_ring);
    return my_ring;
}

void log_thread_name(const char *name) {
    char kernel_name[16];
    snprintf(kernel_name, sizeof(kernel_name), "%s", name);
    if (gettid() != getpid()) /* the first thread's name is that of the process */
        pthread_setname_np(pthread_self(), kernel_name);
    copy_text(my_name, sizeof(my_name), strncmp(name, "pxd-", 4) == 0 ? name + 4 : name);
}

static void push_line(const struct log_line *line) {
    struct log_ring *ring = my_ring ? my_ring : claim_ring();
    if (!ring) {
        atomic_fetch_add_explicit(&the_log.ringless, 1, memory_order_relaxed);
    } else if (!px_ring_push(&ring->lines, line)) {
        atomic_fetch_add_explicit(&ring->dropped, 1, memory_order_relaxed);
    } else {
        /* seq_cst, both: see wait_for_lines */
        atomic_fetch_add_explicit(&ring->pushed, 1, memory_order_seq_cst);
        uint32_t state = atomic_load_explicit(&the_log.state, memory_order_seq_cst);
        if (state == LOG_ASLEEP || (state == LOG_NAPPING && line->level <= LOG_LEVEL_WARNING))
            wake_log();
    }
}

static void write_directly(const struct log_line *line) {
    char out[PRINTED_BYTES];
    write_all(out, print_line(line, is_journal(), out));
}

void log_write(enum log_level level, const char *module, const char *format, ...) {
    /* acquire: pairs with log_start */
    bool started = atomic_load_explicit(&the_log.started, memory_order_acquire);
    if ((int)level > (started ? atomic_load_explicit(&the_log.level, memory_order_relaxed) : LOG_LEVEL_INFO))
        return;
    char text[LOG_LINE_BYTES + 1]; /* one more than is kept, so that a cut is seen */
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    struct log_line line;
    line.wall_ns = px_clock_wall_ns();
    line.number = 0;
    line.level = level;
    if (!my_name[0])
        copy_text(my_name, sizeof(my_name), gettid() == getpid() ? "main" : "unnamed");
    memcpy(line.thread, my_name, sizeof(line.thread));
    copy_text(line.module, sizeof(line.module), module);
    copy_text(line.text, sizeof(line.text), text);
    if (started)
        push_line(&line);
    else
        write_directly(&line);
}

/* ---- LOG -------------------------------------------------------------------------------------------------------- */

static void flush_output(void) {
    write_all(the_log.output, the_log.output_size);
    the_log.output_size = 0;
}

static void emit(struct log_line *line) {
    pthread_mutex_lock(&the_log.tail_lock);
    line->number = ++the_log.tail_count;
    the_log.tail[(line->number - 1) % LOG_TAIL_LINES] = *line;
    pthread_mutex_unlock(&the_log.tail_lock);
    if (the_log.output_size + PRINTED_BYTES > OUTPUT_BYTES)
        flush_output();
    the_log.output_size += print_line(line, the_log.journal, the_log.output + the_log.output_size);
    if (the_log.sink)
        the_log.sink(the_log.argument, line);
}

static struct log_ring *ring_at(int i) {
    /* acquire: pairs with find_ring */
    return atomic_load_explicit(&the_log.rings[i], memory_order_acquire);
}

/* The ring whose next line is the oldest; NULL when all are empty. */
static struct log_ring *oldest_ring(void) {
    struct log_ring *oldest = NULL;
    for (int i = 0; i < LOG_THREADS_MAX; i++) {
        struct log_ring *ring = ring_at(i);
        if (!ring)
            break;
        if (!ring->has_next && (ring->has_next = px_ring_pop(&ring->lines, &ring->next)))
            ring->popped++;
        if (ring->has_next && (!oldest || ring->next.wall_ns < oldest->next.wall_ns))
            oldest = ring;
    }
    return oldest;
}

static uint64_t count_dropped(void) {
    uint64_t dropped = atomic_load_explicit(&the_log.ringless, memory_order_relaxed);
    for (int i = 0; i < LOG_THREADS_MAX; i++) {
        struct log_ring *ring = ring_at(i);
        if (!ring)
            break;
        dropped += atomic_load_explicit(&ring->dropped, memory_order_relaxed);
    }
    return dropped;
}

static void tell_dropped(void) {
    uint64_t dropped = count_dropped();
    if (dropped == the_log.dropped_told)
        return;
    struct log_line line = {
        .wall_ns = px_clock_wall_ns(), .level = LOG_LEVEL_WARNING, .thread = "log", .module = "log"};
    snprintf(line.text, sizeof(line.text), "%llu lines were dropped: a thread logged faster than they could be written",
             (unsigned long long)(dropped - the_log.dropped_told));
    the_log.dropped_told = dropped;
    emit(&line);
}

/* Writes all that waits, in order of time; whether there was anything. */
static bool drain(void) {
    bool any = false;
    for (struct log_ring *ring; (ring = oldest_ring()) != NULL; any = true) {
        emit(&ring->next);
        ring->has_next = false;
    }
    tell_dropped();
    flush_output();
    return any;
}

static bool anything_pushed(void) {
    for (int i = 0; i < LOG_THREADS_MAX; i++) {
        struct log_ring *ring = atomic_load_explicit(&the_log.rings[i], memory_order_seq_cst);
        if (!ring)
            return false;
        /* seq_cst: see wait_for_lines */
        if (atomic_load_explicit(&ring->pushed, memory_order_seq_cst) != ring->popped)
            return true;
    }
    return false;
}

/* Waits in `state` until a writer finds it so, or `timeout`. seq_cst throughout: LOG stores `state`, then loads every
 * `pushed`; a writer adds to `pushed`, then loads `state`: one of the two sees the other. */
static void wait_for_lines(enum log_state state, const struct timespec *timeout) {
    atomic_store_explicit(&the_log.state, state, memory_order_seq_cst);
    bool stopping = atomic_load_explicit(&the_log.stopping, memory_order_seq_cst);
    if (!stopping && (state == LOG_NAPPING || !anything_pushed()))
        futex(&the_log.state, FUTEX_WAIT, state, timeout);
    atomic_store_explicit(&the_log.state, LOG_AWAKE, memory_order_seq_cst);
}

static void *log_main(void *argument) {
    (void)argument;
    log_thread_name("pxd-log");
    /* acquire: what was logged before log_stop is drained */
    while (!atomic_load_explicit(&the_log.stopping, memory_order_acquire)) {
        if (drain())
            wait_for_lines(LOG_NAPPING, &(struct timespec){.tv_nsec = NAP_NS}); /* a burst then needs no wake-ups */
        else
            wait_for_lines(LOG_ASLEEP, NULL);
    }
    return NULL;
}

int log_start(enum log_level level, void (*sink)(void *argument, const struct log_line *line), void *argument,
              struct px_error *error) {
    the_log.sink = sink;
    the_log.argument = argument;
    the_log.journal = is_journal();
    atomic_store_explicit(&the_log.level, (int)level, memory_order_relaxed);
    atomic_store_explicit(&the_log.stopping, false, memory_order_relaxed);
    /* Signals are for the threads that ask for them. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int number = pthread_create(&the_log.thread, NULL, log_main, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (number != 0)
        return px_fail(error, PX_E_INTERNAL, "cannot start the log thread: %s", strerror(number));
    /* release: the settings above */
    atomic_store_explicit(&the_log.started, true, memory_order_release);
    return PX_OK;
}

void log_stop(void) {
    if (!atomic_load_explicit(&the_log.started, memory_order_relaxed))
        return;
    atomic_store_explicit(&the_log.started, false, memory_order_relaxed); /* later lines go straight to stderr */
    atomic_store_explicit(&the_log.stopping, true, memory_order_seq_cst); /* see wait_for_lines */
    wake_log();
    pthread_join(the_log.thread, NULL);
    drain();
}

/* ---- readers ---------------------------------------------------------------------------------------------------- */

size_t log_tail(enum log_level level, struct log_line *lines, size_t count) {
    size_t found = 0;
    pthread_mutex_lock(&the_log.tail_lock);
    uint64_t kept = the_log.tail_count < LOG_TAIL_LINES ? the_log.tail_count : LOG_TAIL_LINES;
    for (uint64_t back = 1; back <= kept && found < count; back++) {
        const struct log_line *line = &the_log.tail[(the_log.tail_count - back) % LOG_TAIL_LINES];
        if (line->level <= level)
            lines[count - ++found] = *line; /* from the end: the oldest comes first */
    }
    pthread_mutex_unlock(&the_log.tail_lock);
    memmove(lines, lines + (count - found), found * sizeof(*lines));
    return found;
}

void log_stats(struct log_stats *stats) {
    pthread_mutex_lock(&the_log.tail_lock);
    stats->written = the_log.tail_count;
    pthread_mutex_unlock(&the_log.tail_lock);
    stats->dropped = count_dropped();
}
