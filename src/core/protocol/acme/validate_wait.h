/*
 * Calls that wait for a validation to end, so that a client which asks is told as soon as it is known, and not after the
 * pause that Retry-After would make it take. Bounded in time and number: a validation that another node does is not heard
 * of here, and who finds no place is answered at once. Thread-safe.
 */
#pragma once
#include "base/err.h"
#include "base/id.h"

#include <pthread.h>

enum { ACME_WAITS_MAX = 64, ACME_WAIT_MS = 1000 };

/* Of one call, on its stack between begin and end. */
struct acme_wait {
    struct cx_id authorization_id;
    bool ended;
    struct acme_wait *next;
};

struct acme_waits {
    pthread_mutex_t lock;
    pthread_cond_t told;
    struct acme_wait *first;
    size_t count;
};

void acme_waits_init(struct acme_waits *waits);
void acme_waits_clear(struct acme_waits *waits); /* nobody waits any more */
/* Ahead of reading the state, so that no end is missed between the two. False: too many wait; there is nothing to end. */
bool acme_wait_begin(struct acme_waits *waits, struct acme_wait *wait,
                     struct cx_id authorization_id);
/* Returns when the validation has ended since begin, or after timeout_ms. */
void acme_wait_until(struct acme_waits *waits, const struct acme_wait *wait, int64_t timeout_ms);
void acme_wait_end(struct acme_waits *waits, const struct acme_wait *wait);
/* Its validation has ended, whatever it found. */
void acme_waits_tell(struct acme_waits *waits, struct cx_id authorization_id);
