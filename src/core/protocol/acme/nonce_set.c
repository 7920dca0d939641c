#include "core/protocol/acme/nonce_set.h"
#include "base/err.h"

#include <pthread.h>
#include <stdlib.h>

enum { FIRST_SIZE = 1024 };
#define MINUTE_US (60 * (int64_t)CX_US_PER_S)

/* 0 marks a free place: a random value of 0 is kept as 1, which costs nothing but a chance of 2^-63. */
struct minute {
    int64_t number;
    uint64_t *places;
    size_t size, count; /* size: a power of two, at most half full */
};

struct nonce_set {
    pthread_mutex_t lock;
    struct minute minutes[NONCE_SET_MINUTES];
};

cx_err nonce_set_new(struct nonce_set **ret_set)
{
    struct nonce_set *set = calloc(1, sizeof(*set));
    if (!set)
        return CX_ERR(NOMEM);
    pthread_mutex_init(&set->lock, NULL);
    *ret_set = set;
    return CX_OK;
}

void nonce_set_free(struct nonce_set *set)
{
    if (!set)
        return;
    for (size_t i = 0; i < NONCE_SET_MINUTES; i++)
        free(set->minutes[i].places);
    pthread_mutex_destroy(&set->lock);
    free(set);
}

static bool place(uint64_t *places, size_t size, uint64_t value)
{
    size_t at = (size_t)value & (size - 1);
    while (places[at]) {
        if (places[at] == value)
            return false;
        at = (at + 1) & (size - 1);
    }
    places[at] = value;
    return true;
}

static bool grow(struct minute *minute)
{
    size_t size = minute->size ? 2 * minute->size : FIRST_SIZE;
    if (size > 2 * (size_t)NONCE_SET_MAX)
        return false;
    uint64_t *places = calloc(size, sizeof(*places));
    if (!places)
        return false;
    for (size_t i = 0; i < minute->size; i++)
        if (minute->places[i])
            (void)place(places, size, minute->places[i]);
    free(minute->places);
    minute->places = places;
    minute->size = size;
    return true;
}

static bool add(struct minute *minute, int64_t number, uint64_t value)
{
    if (minute->number != number) { /* its nonces are too old to be accepted by now */
        free(minute->places);
        *minute = (struct minute){.number = number};
    }
    if (2 * (minute->count + 1) > minute->size && !grow(minute))
        return false;
    if (!place(minute->places, minute->size, value))
        return false;
    minute->count++;
    return true;
}

bool nonce_set_add(struct nonce_set *set, cx_time issued_us, uint64_t random)
{
    int64_t number = issued_us / MINUTE_US;
    if (number < 0)
        return false;
    pthread_mutex_lock(&set->lock);
    bool added = add(&set->minutes[number % NONCE_SET_MINUTES], number, random ? random : 1);
    pthread_mutex_unlock(&set->lock);
    return added;
}
