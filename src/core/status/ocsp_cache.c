/* Stripes by serial number, so that threads rarely meet; in each a map and a list in order of use. */
#include "core/status/ocsp_cache.h"
#include "base/map.h"

#include <pthread.h>

enum { KEY_MAX = 16 + 1 + PKI_SERIAL_MAX };

struct kept {
    struct kept *newer, *older; /* list in order of use */
    uint8_t key[KEY_MAX];
    size_t key_len;
    cx_time this_update_us, next_update_us;
    size_t der_len;
    uint8_t der[]; /* der_len octets */
};

struct stripe {
    pthread_mutex_t lock;
    struct cx_map map;
    struct kept *newest, *oldest;
};

struct ocsp_cache {
    _Atomic uint64_t generation;
    struct stripe stripes[OCSP_STRIPES];
};

static size_t key_of(struct cx_id issuer_id, enum keys_ocsp_hash hash, struct cx_bytes serial,
                     uint8_t ret_key[static KEY_MAX])
{
    size_t len = serial.len < PKI_SERIAL_MAX ? serial.len : PKI_SERIAL_MAX;
    memcpy(ret_key, issuer_id.b, 16);
    ret_key[16] = (uint8_t)hash;
    memcpy(ret_key + 17, serial.ptr, len);
    return 17 + len;
}

static struct stripe *stripe_of(struct ocsp_cache *cache, struct cx_bytes serial)
{
    return &cache->stripes[serial.len ? serial.ptr[serial.len - 1] % OCSP_STRIPES : 0];
}

static void unlink_kept(struct stripe *stripe, struct kept *kept)
{
    *(kept->newer ? &kept->newer->older : &stripe->newest) = kept->older;
    *(kept->older ? &kept->older->newer : &stripe->oldest) = kept->newer;
    kept->newer = kept->older = NULL;
}

static void link_newest(struct stripe *stripe, struct kept *kept)
{
    kept->older = stripe->newest;
    *(stripe->newest ? &stripe->newest->newer : &stripe->oldest) = kept;
    stripe->newest = kept;
}

static void forget(struct stripe *stripe, struct kept *kept)
{
    if (!kept)
        return;
    (void)cx_map_take(&stripe->map, CX_BYTES(kept->key, kept->key_len));
    unlink_kept(stripe, kept);
    free(kept);
}

cx_err ocsp_cache_new(struct ocsp_cache **ret_cache)
{
    struct ocsp_cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        return CX_ERR(NOMEM);
    for (int i = 0; i < OCSP_STRIPES; i++) {
        cache->stripes[i].map = CX_MAP_INIT(OCSP_STRIPE_ENTRIES_MAX);
        pthread_mutex_init(&cache->stripes[i].lock, NULL);
    }
    *ret_cache = cache;
    return CX_OK;
}

void ocsp_cache_free(struct ocsp_cache *cache)
{
    if (!cache)
        return;
    for (int i = 0; i < OCSP_STRIPES; i++) {
        while (cache->stripes[i].oldest)
            forget(&cache->stripes[i], cache->stripes[i].oldest);
        cx_map_clear(&cache->stripes[i].map, NULL);
        pthread_mutex_destroy(&cache->stripes[i].lock);
    }
    free(cache);
}

uint64_t ocsp_cache_generation(struct ocsp_cache *cache)
{
    return cache->generation;
}

void ocsp_cache_drop(struct ocsp_cache *cache, struct cx_id issuer_id, struct cx_bytes serial)
{
    struct stripe *stripe = stripe_of(cache, serial);
    uint8_t key[KEY_MAX];
    cache->generation++;
    pthread_mutex_lock(&stripe->lock);
    for (int hash = KEYS_OCSP_SHA1; hash <= KEYS_OCSP_SHA256; hash++) {
        size_t len = key_of(issuer_id, (enum keys_ocsp_hash)hash, serial, key);
        forget(stripe, cx_map_get(&stripe->map, CX_BYTES(key, len)));
    }
    pthread_mutex_unlock(&stripe->lock);
}

/* shard UINT32_MAX: any of the issuer's. */
static bool is_in_shard(const struct kept *kept, struct cx_id issuer_id, uint32_t shard)
{
    uint32_t own = 0;
    if (memcmp(kept->key, issuer_id.b, 16) != 0)
        return false;
    return shard == UINT32_MAX ||
           cx_failed(pki_serial_shard(CX_BYTES(kept->key + 17, kept->key_len - 17), &own)) ||
           own == shard;
}

static void drop_many(struct ocsp_cache *cache, struct cx_id issuer_id, uint32_t shard)
{
    cache->generation++;
    for (int i = 0; i < OCSP_STRIPES; i++) {
        struct stripe *stripe = &cache->stripes[i];
        pthread_mutex_lock(&stripe->lock);
        for (struct kept *kept = stripe->oldest, *next = NULL; kept; kept = next) {
            next = kept->newer;
            if (is_in_shard(kept, issuer_id, shard))
                forget(stripe, kept);
        }
        pthread_mutex_unlock(&stripe->lock);
    }
}

void ocsp_cache_drop_shard(struct ocsp_cache *cache, struct cx_id issuer_id, uint32_t shard)
{
    drop_many(cache, issuer_id, shard);
}

void ocsp_cache_drop_issuer(struct ocsp_cache *cache, struct cx_id issuer_id)
{
    drop_many(cache, issuer_id, UINT32_MAX);
}

bool ocsp_cache_find(struct ocsp_cache *cache, const struct ocsp_question *question,
                     struct arena *arena, struct ocsp_answer *ret_answer)
{
    struct stripe *stripe = stripe_of(cache, question->serial);
    uint8_t key[KEY_MAX];
    size_t len = key_of(question->issuer->issuer_id, question->hash, question->serial, key);
    bool found = false;
    pthread_mutex_lock(&stripe->lock);
    struct kept *kept = cx_map_get(&stripe->map, CX_BYTES(key, len));
    /* Half its life over, or from the future of a clock that was set back: sign anew. */
    if (kept && question->now_us >= kept->this_update_us &&
        question->now_us <
            kept->this_update_us + (kept->next_update_us - kept->this_update_us) / 2) {
        struct ocsp_answer answer = {.this_update_us = kept->this_update_us,
                                     .next_update_us = kept->next_update_us,
                                     .cacheable = true};
        unlink_kept(stripe, kept);
        link_newest(stripe, kept);
        found = cx_is_ok(arena_copy(arena, CX_BYTES(kept->der, kept->der_len), &answer.der));
        if (found)
            *ret_answer = answer;
    }
    pthread_mutex_unlock(&stripe->lock);
    return found;
}

void ocsp_cache_put(struct ocsp_cache *cache, const struct ocsp_question *question,
                    const struct ocsp_answer *answer, uint64_t generation)
{
    struct stripe *stripe = stripe_of(cache, question->serial);
    if (answer->der.len > OCSP_ANSWER_MAX)
        return;
    struct kept *kept = calloc(1, sizeof(*kept) + answer->der.len);
    if (!kept)
        return;
    kept->key_len =
        key_of(question->issuer->issuer_id, question->hash, question->serial, kept->key);
    kept->this_update_us = answer->this_update_us;
    kept->next_update_us = answer->next_update_us;
    kept->der_len = answer->der.len;
    memcpy(kept->der, answer->der.ptr, answer->der.len);
    struct cx_bytes key = CX_BYTES(kept->key, kept->key_len);
    pthread_mutex_lock(&stripe->lock);
    forget(stripe, cx_map_get(&stripe->map, key));
    if (stripe->map.count >= OCSP_STRIPE_ENTRIES_MAX)
        forget(stripe, stripe->oldest);
    if (cache->generation == generation && cx_is_ok(cx_map_put(&stripe->map, key, kept, NULL)))
        link_newest(stripe, kept);
    else
        free(kept);
    pthread_mutex_unlock(&stripe->lock);
}
