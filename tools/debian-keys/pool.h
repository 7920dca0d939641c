/*
 * The random number generator of Debian's OpenSSL 0.9.8c-1 to 0.9.8g-8 (CVE-2008-0166): a SHA-1 pool into which nothing
 * but the process id was mixed. What was read as entropy counted only by its length.
 *
 * A pool is fixed by a seed: process id, kind of machine, and what openssl(1) found where its seed file should be.
 */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    POOL_STATE = 1023,
    POOL_DIGEST = 20,
    POOL_PIDS = 32768,
    POOL_FILES = 3, /* seed file read; absent; empty or unreadable */
    POOL_VARIANTS =
        3 *
        POOL_FILES /* of little-endian 64 and 32 bit and of big-endian 32 bit machines, in this order */
};

struct pool {
    uint8_t state[POOL_STATE];
    uint8_t md[POOL_DIGEST];
    uint64_t count[2];
    size_t filled; /* octets of state in use */
    size_t at;
    unsigned word; /* octets of a long, and of time_t */
    bool big_endian;
    uint32_t pid;
    bool polled;
    bool stirred;
};

void pool_seed(struct pool *pool, unsigned pid, unsigned variant);
/* As bnrand() asked for them: the time is mixed in (its length, that is), then len octets are drawn. */
void pool_draw(struct pool *pool, uint8_t *out, size_t len);
