/* A map of tenant ‖ version to entries, and a list of all entries, oldest first, which is the order of expiry. */
#include "core/protect/key_cache.h"
#include "base/clock.h"
#include "base/map.h"
#include "base/secret.h"

#include <pthread.h>

struct key_cache_entry {
    struct key_cache_entry *next; /* younger */
    struct cx_id tenant_id;
    struct cx_secret secret; /* a struct envelope_key */
    int64_t expires_us;
    unsigned borrowed;
    bool
        listed; /* in the map and the list; a replaced or expired entry lives until it is returned */
};

struct key_cache {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    pthread_t sweeper;
    struct cx_map map; /* 20 bytes → entry; version 0 → the current one */
    struct key_cache_entry *oldest, *youngest;
    size_t count;
    int64_t max_age_us;
    bool stopping;
};

struct map_key {
    uint8_t b[20];
};

static struct map_key map_key(struct cx_id tenant_id, uint32_t version)
{
    struct map_key key;
    memcpy(key.b, tenant_id.b, 16);
    memcpy(key.b + 16, &version, 4);
    return key;
}

const struct envelope_key *key_cache_key(const struct key_cache_entry *entry)
{
    return (const struct envelope_key *)(const void *)entry->secret.ptr;
}

static void free_entry(struct key_cache_entry *entry)
{
    cx_secret_clear(&entry->secret);
    free(entry);
}

/* Takes the oldest entry out; its memory goes when nobody borrows it. */
static void drop_oldest(struct key_cache *cache)
{
    struct key_cache_entry *entry = cache->oldest;
    cache->oldest = entry->next;
    if (!cache->oldest)
        cache->youngest = NULL;
    cache->count--;
    struct map_key key = map_key(entry->tenant_id, key_cache_key(entry)->version);
    if (cx_map_get(&cache->map, CX_BYTES(key.b, sizeof(key.b))) == entry)
        cx_map_take(&cache->map, CX_BYTES(key.b, sizeof(key.b)));
    struct map_key current = map_key(entry->tenant_id, 0);
    if (cx_map_get(&cache->map, CX_BYTES(current.b, sizeof(current.b))) == entry)
        cx_map_take(&cache->map, CX_BYTES(current.b, sizeof(current.b)));
    entry->listed = false;
    if (entry->borrowed == 0)
        free_entry(entry);
}

static void drop_expired(struct key_cache *cache)
{
    int64_t now_us = cx_monotonic_us();
    while (cache->oldest && cache->oldest->expires_us <= now_us)
        drop_oldest(cache);
}

static void *sweep(void *arg)
{
    struct key_cache *cache = arg;
    pthread_mutex_lock(&cache->lock);
    while (!cache->stopping) {
        drop_expired(cache);
        if (!cache->oldest) {
            pthread_cond_wait(&cache->changed, &cache->lock);
            continue;
        }
        int64_t until_us = cache->oldest->expires_us;
        const struct timespec until = {.tv_sec = until_us / CX_US_PER_S,
                                       .tv_nsec = until_us % CX_US_PER_S * 1000};
        pthread_cond_timedwait(&cache->changed, &cache->lock, &until);
    }
    pthread_mutex_unlock(&cache->lock);
    return NULL;
}

cx_err key_cache_new(int64_t max_age_us, struct key_cache **ret_cache)
{
    struct key_cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        return CX_ERR(NOMEM);
    cache->map = CX_MAP_INIT(2 * KEY_CACHE_MAX);
    cache->max_age_us = max_age_us;
    pthread_mutex_init(&cache->lock, NULL);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&cache->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&cache->sweeper, NULL, sweep, cache) != 0) {
        free(cache);
        return CX_ERR(NOMEM);
    }
    *ret_cache = cache;
    return CX_OK;
}

void key_cache_free(struct key_cache *cache)
{
    if (!cache)
        return;
    pthread_mutex_lock(&cache->lock);
    cache->stopping = true;
    pthread_cond_signal(&cache->changed);
    pthread_mutex_unlock(&cache->lock);
    pthread_join(cache->sweeper, NULL);
    while (cache->oldest)
        drop_oldest(cache);
    cx_map_clear(&cache->map, NULL);
    pthread_cond_destroy(&cache->changed);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

struct key_cache_entry *key_cache_borrow(struct key_cache *cache, struct cx_id tenant_id,
                                         uint32_t version)
{
    struct map_key key = map_key(tenant_id, version);
    pthread_mutex_lock(&cache->lock);
    drop_expired(cache);
    struct key_cache_entry *entry = cx_map_get(&cache->map, CX_BYTES(key.b, sizeof(key.b)));
    if (entry)
        entry->borrowed++;
    pthread_mutex_unlock(&cache->lock);
    return entry;
}

void key_cache_return(struct key_cache *cache, struct key_cache_entry *entry)
{
    if (!entry)
        return;
    pthread_mutex_lock(&cache->lock);
    if (--entry->borrowed == 0 && !entry->listed)
        free_entry(entry);
    pthread_mutex_unlock(&cache->lock);
}

static cx_err new_entry(struct cx_id tenant_id, uint32_t version, struct cx_bytes data_key,
                        struct key_cache_entry **ret_entry)
{
    struct key_cache_entry *entry = calloc(1, sizeof(*entry));
    if (!entry)
        return CX_ERR(NOMEM);
    entry->tenant_id = tenant_id;
    cx_err made = cx_secret_new(sizeof(struct envelope_key), &entry->secret);
    if (cx_is_ok(made))
        made =
            envelope_key_init(data_key, version, (struct envelope_key *)(void *)entry->secret.ptr);
    if (cx_failed(made)) {
        free_entry(entry);
        return made;
    }
    *ret_entry = entry;
    return CX_OK;
}

/* An older entry for the same place stays in the list until it expires, only the map forgets it. */
static cx_err enter(struct key_cache *cache, struct key_cache_entry *entry, bool current)
{
    drop_expired(cache);
    if (cache->count >= KEY_CACHE_MAX)
        drop_oldest(cache);
    struct map_key key = map_key(entry->tenant_id, key_cache_key(entry)->version);
    struct map_key newest = map_key(entry->tenant_id, 0);
    CX_TRY(cx_map_put(&cache->map, CX_BYTES(key.b, sizeof(key.b)), entry, NULL));
    cx_err put = CX_OK;
    if (current)
        put = cx_map_put(&cache->map, CX_BYTES(newest.b, sizeof(newest.b)), entry, NULL);
    if (cx_failed(put)) {
        cx_map_take(&cache->map, CX_BYTES(key.b, sizeof(key.b)));
        return put;
    }
    entry->expires_us = cx_monotonic_us() + cache->max_age_us;
    entry->listed = true;
    entry->borrowed = 1;
    if (cache->youngest)
        cache->youngest->next = entry;
    else
        cache->oldest = entry;
    cache->youngest = entry;
    cache->count++;
    return CX_OK;
}

cx_err key_cache_put(struct key_cache *cache, struct cx_id tenant_id, uint32_t version,
                     struct cx_bytes data_key, bool current, struct key_cache_entry **ret_entry)
{
    struct key_cache_entry *entry = NULL;
    CX_TRY(new_entry(tenant_id, version, data_key, &entry));
    pthread_mutex_lock(&cache->lock);
    cx_err entered = enter(cache, entry, current);
    pthread_cond_signal(&cache->changed);
    pthread_mutex_unlock(&cache->lock);
    if (cx_failed(entered)) {
        free_entry(entry);
        return entered;
    }
    *ret_entry = entry;
    return CX_OK;
}

size_t key_cache_count(struct key_cache *cache)
{
    pthread_mutex_lock(&cache->lock);
    drop_expired(cache);
    size_t count = cache->count;
    pthread_mutex_unlock(&cache->lock);
    return count;
}
