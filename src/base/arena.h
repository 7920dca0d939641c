/*
 * Arena: memory with the lifetime of one request or message, and a hard cap.
 *
 * Everything taken from an arena is released together by arena_clear. What outlives the request is
 * copied by its new owner. Not thread-safe: one arena belongs to one thread at a time.
 * No secret goes into an arena (base/secret.h).
 * Beyond the cap: CX_E_LIMIT. Allocation failure: CX_E_NOMEM.
 */
#pragma once
#include "base/bytes.h"

struct arena_block;

struct arena {
    struct arena_block *head;
    size_t used; /* bytes handed out, all blocks */
    size_t max;
};

#define ARENA_INIT(maximum) ((struct arena){NULL, 0, (maximum)})

void arena_clear(struct arena *arena);

/* Zeroed memory aligned for any type. size 0 yields a valid, distinct pointer. */
cx_err arena_alloc(struct arena *arena, size_t size, void **ret_ptr);
/* count zeroed elements; refuses overflow. */
cx_err arena_alloc_array(struct arena *arena, size_t count, size_t size, void **ret_ptr);

/* ARENA_NEW(arena, &ptr): one zeroed object of *ptr's type. */
#define ARENA_NEW(arena, ret_typed)                                                                \
    arena_alloc((arena), sizeof(**(ret_typed)), (void **)(ret_typed))
#define ARENA_NEW_ARRAY(arena, count, ret_typed)                                                   \
    arena_alloc_array((arena), (count), sizeof(**(ret_typed)), (void **)(ret_typed))

cx_err arena_copy(struct arena *arena, struct cx_bytes bytes, struct cx_bytes *ret_copy);
/* The copy is followed by a NUL that is not counted. */
cx_err arena_copy_str(struct arena *arena, struct cx_str text, struct cx_str *ret_copy);
cx_err arena_printf(struct arena *arena, struct cx_str *ret_text, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
