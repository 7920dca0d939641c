/*
 * Child processes: fork + exec with an explicit descriptor map. The child has exactly standard
 * input
 * (/dev/null), standard output and error, and the descriptors of the map; default signal handling,
 * an empty signal mask, and the environment given. To be called from a process with one thread.
 * Errors: CX_E_IO with the system's reason in diag.
 */
#pragma once
#include "base/diag.h"

#include <sys/types.h>

struct os_fd_map {
    int from; /* in this process */
    int to;   /* in the child, 3 … 31 */
};

enum { OS_FD_TO_MAX = 31, OS_FD_MAP_MAX = 8 };

struct os_spawn {
    const char *path;               /* executable; OS_SELF: this program */
    const char *const *argv;        /* NULL-terminated */
    const char *const *environment; /* NULL-terminated; NULL: empty */
    const struct os_fd_map *fds;
    size_t fd_count;
    int death_signal; /* sent to the child when this process dies; 0 = none */
    bool new_group;   /* a process group of its own, so that all of it can be signalled */
    /* Runs in the child just before exec (sandbox); a failure makes the spawn fail. May be NULL. */
    cx_err (*before_exec)(void *arg, struct cx_diag *diag);
    void *arg;
};

#define OS_SELF "/proc/self/exe"

/* ret_pidfd becomes readable when the child has ended; the caller closes it and reaps with
 * os_process_reap. When exec failed the child is reaped already. */
cx_err os_process_spawn(const struct os_spawn *spec, pid_t *ret_pid, int *ret_pidfd,
                        struct cx_diag *diag);

struct os_exit {
    bool signalled;
    int code; /* exit code, or the signal's number */
};
/* Waits for the end of a child. */
cx_err os_process_reap(pid_t pid, struct os_exit *ret_exit);
