/*
 * Randomness. Every component that needs it takes a struct cx_rng, so tests can replay a sequence.
 * The system source is getrandom(2); it never falls back to anything weaker.
 */
#pragma once
#include "base/bytes.h"

struct cx_rng {
    cx_err (*fill)(struct cx_rng *rng, uint8_t *ret_bytes, size_t len);
    uint64_t state; /* used by the seeded test source only */
};

void cx_rng_system(struct cx_rng *rng);
/* Reproducible and NOT secure: unit tests and fault injection only. Not thread-safe. */
void cx_rng_seeded(struct cx_rng *rng, uint64_t seed);

/* Fills all len bytes or returns CX_E_CRYPTO. The system source is thread-safe. */
cx_err cx_rng_fill(struct cx_rng *rng, uint8_t *ret_bytes, size_t len);
