/*
 * Scope-bound release. A type's destructor accepts NULL and half-built objects.
 *
 *   CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(4096);
 *   CX_AUTO_FREE char *text = NULL;
 *
 * CX_DEFINE_CLEANUP_PTR(struct thing, thing_free) makes thing_freep() for pointers:
 *   CX_CLEANUP(thing_freep) struct thing *t = NULL;
 */
#pragma once
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#define CX_CLEANUP(fn) __attribute__((cleanup(fn)))

#define CX_DEFINE_CLEANUP_PTR(type, free_fn)                                                       \
    static inline void free_fn##p(type **p)                                                        \
    {                                                                                              \
        free_fn(*p);                                                                               \
        *p = NULL;                                                                                 \
    }

static inline void cx_freep(void *p)
{
    free(*(void **)p);
    *(void **)p = NULL;
}
#define CX_AUTO_FREE CX_CLEANUP(cx_freep)

static inline void cx_closep(int *fd)
{
    if (*fd >= 0)
        close(*fd);
    *fd = -1;
}
#define CX_AUTO_CLOSE CX_CLEANUP(cx_closep)

/* Move ownership out of p: yields its value and leaves NULL behind. */
#define CX_TAKE(p)                                                                                 \
    __extension__({                                                                                \
        __typeof__(p) cx_taken_ = (p);                                                             \
        (p) = NULL;                                                                                \
        cx_taken_;                                                                                 \
    })

/* Move a file descriptor out: yields its value and leaves -1 behind. */
#define CX_TAKE_FD(fd)                                                                             \
    __extension__({                                                                                \
        int cx_taken_fd_ = (fd);                                                                   \
        (fd) = -1;                                                                                 \
        cx_taken_fd_;                                                                              \
    })
