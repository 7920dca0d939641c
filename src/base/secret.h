/*
 * Secret memory: locked, excluded from core dumps, wiped in a forked child and wiped on release.
 *
 * A secret has a fixed size, given when it is made. It never goes through an arena, JSON, a log or
 * "%s". Compare with crypto_ct_equal. Pages are mmap'ed per secret: use it for keys, not for every string.
 */
#pragma once
#include "base/bytes.h"

struct cx_secret {
    uint8_t *ptr;
    size_t len;
};

#define CX_SECRET_INIT ((struct cx_secret){NULL, 0})

/* Zeroed secret memory of len bytes (1 … 1 MiB). CX_E_NOMEM when it cannot be locked. */
cx_err cx_secret_new(size_t len, struct cx_secret *ret_secret);
cx_err cx_secret_copy(struct cx_bytes bytes, struct cx_secret *ret_secret);
void cx_secret_clear(struct cx_secret *secret); /* wipes, unmaps; safe on an empty one */

static inline struct cx_bytes cx_secret_view(const struct cx_secret *secret)
{
    return (struct cx_bytes){secret->ptr, secret->len};
}
