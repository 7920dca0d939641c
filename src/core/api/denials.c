#include "core/api/denials.h"

#include <pthread.h>
#include <stdlib.h>

struct slot {
    struct cx_id tenant_id, user_id;
    const char *operation; /* NULL: free */
    cx_time told_us;
    int64_t untold;
};

/* A table of fixed size: who shares a slot with another takes it over, and then at most an entry too many is written. */
struct denial_log {
    pthread_mutex_t lock;
    struct slot slots[DENIAL_SLOTS];
};

cx_err denial_log_new(struct denial_log **ret_log)
{
    struct denial_log *log = calloc(1, sizeof(*log));
    if (!log)
        return CX_ERR(NOMEM);
    pthread_mutex_init(&log->lock, NULL);
    *ret_log = log;
    return CX_OK;
}

void denial_log_free(struct denial_log *log)
{
    if (!log)
        return;
    pthread_mutex_destroy(&log->lock);
    free(log);
}

static struct slot *slot_of(struct denial_log *log, struct cx_id user_id, const char *operation)
{
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a; identifiers are random, operations few */
    for (size_t i = 0; i < sizeof(user_id.b); i++)
        hash = (hash ^ user_id.b[i]) * 0x100000001b3u;
    for (const char *c = operation; *c; c++)
        hash = (hash ^ (uint8_t)*c) * 0x100000001b3u;
    return &log->slots[(hash ^ hash >> 32) % DENIAL_SLOTS];
}

bool denial_log_note(struct denial_log *log, struct cx_id tenant_id, struct cx_id user_id,
                     const char *operation, cx_time now_us, int64_t *ret_earlier)
{
    *ret_earlier = 0;
    if (!log)
        return true;
    pthread_mutex_lock(&log->lock);
    struct slot *slot = slot_of(log, user_id, operation);
    bool same = slot->operation == operation && cx_id_eq(slot->user_id, user_id) &&
                cx_id_eq(slot->tenant_id, tenant_id);
    bool within =
        same && now_us >= slot->told_us && now_us - slot->told_us < DENIAL_WINDOW_S * CX_US_PER_S;
    if (within) {
        slot->untold++;
    } else {
        *ret_earlier = same ? slot->untold : 0;
        *slot = (struct slot){tenant_id, user_id, operation, now_us, 0};
    }
    pthread_mutex_unlock(&log->lock);
    return !within;
}
