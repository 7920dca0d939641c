#include "core/protocol/acme/validate_wait.h"

#include <time.h>

enum { MS_PER_S = 1000, NS_PER_MS = 1000000 };

void acme_waits_init(struct acme_waits *waits)
{
    pthread_condattr_t monotonic;
    *waits = (struct acme_waits){.count = 0};
    pthread_mutex_init(&waits->lock, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&waits->told, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

void acme_waits_clear(struct acme_waits *waits)
{
    pthread_cond_destroy(&waits->told);
    pthread_mutex_destroy(&waits->lock);
}

bool acme_wait_begin(struct acme_waits *waits, struct acme_wait *wait,
                     struct cx_id authorization_id)
{
    pthread_mutex_lock(&waits->lock);
    bool placed = waits->count < ACME_WAITS_MAX;
    if (placed) {
        *wait = (struct acme_wait){.authorization_id = authorization_id, .next = waits->first};
        waits->first = wait;
        waits->count++;
    }
    pthread_mutex_unlock(&waits->lock);
    return placed;
}

void acme_wait_until(struct acme_waits *waits, const struct acme_wait *wait, int64_t timeout_ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + timeout_ms % MS_PER_S * NS_PER_MS;
    until.tv_sec += timeout_ms / MS_PER_S + ns / (MS_PER_S * NS_PER_MS);
    until.tv_nsec = ns % (MS_PER_S * NS_PER_MS);
    pthread_mutex_lock(&waits->lock);
    while (!wait->ended && pthread_cond_timedwait(&waits->told, &waits->lock, &until) == 0)
        ;
    pthread_mutex_unlock(&waits->lock);
}

void acme_wait_end(struct acme_waits *waits, const struct acme_wait *wait)
{
    pthread_mutex_lock(&waits->lock);
    for (struct acme_wait **at = &waits->first; *at; at = &(*at)->next) {
        if (*at != wait)
            continue;
        *at = wait->next;
        waits->count--;
        break;
    }
    pthread_mutex_unlock(&waits->lock);
}

void acme_waits_tell(struct acme_waits *waits, struct cx_id authorization_id)
{
    bool any = false;
    pthread_mutex_lock(&waits->lock);
    for (struct acme_wait *wait = waits->first; wait; wait = wait->next) {
        if (!cx_id_eq(wait->authorization_id, authorization_id))
            continue;
        wait->ended = any = true;
    }
    if (any)
        pthread_cond_broadcast(&waits->told);
    pthread_mutex_unlock(&waits->lock);
}
