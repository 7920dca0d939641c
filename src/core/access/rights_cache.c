#include "core/access/rights_cache.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "core/core.h"

#include <pthread.h>

enum { KEY_LEN = 64, LOAD_ARENA_MAX = 256 * 1024 * 1024 };

struct kept {
    int64_t generation;
    struct access_rights *rights;
};

struct access_cache {
    pthread_mutex_t lock;
    struct cx_map map; /* tenant ‖ user ‖ token ‖ group → struct kept */
};

static void kept_free(void *value)
{
    struct kept *kept = value;
    if (kept)
        access_rights_release(kept->rights);
    free(kept);
}

cx_err access_cache_new(struct access_cache **ret_cache)
{
    struct access_cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        return CX_ERR(NOMEM);
    cache->map = CX_MAP_INIT(ACCESS_CACHE_MAX);
    pthread_mutex_init(&cache->lock, NULL);
    *ret_cache = cache;
    return CX_OK;
}

void access_cache_free(struct access_cache *cache)
{
    if (!cache)
        return;
    cx_map_clear(&cache->map, kept_free);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

struct wanted {
    struct cx_id tenant_id;
    struct access_subject_ids who;
    const struct cx_id *above; /* tokens that the token was made with, and their own bindings */
    size_t above_count;
    int64_t generation;
    cx_time now_us;
};

static void key_of(const struct wanted *wanted, uint8_t ret_key[static KEY_LEN])
{
    memcpy(ret_key, wanted->tenant_id.b, 16);
    memcpy(ret_key + 16, wanted->who.user_id.b, 16);
    memcpy(ret_key + 32, wanted->who.token_id.b, 16);
    memcpy(ret_key + 48, wanted->who.group_id.b, 16);
}

static struct access_rights *find(struct access_cache *cache, const struct wanted *wanted)
{
    uint8_t key[KEY_LEN];
    struct access_rights *rights = NULL;
    key_of(wanted, key);
    pthread_mutex_lock(&cache->lock);
    const struct kept *kept = cx_map_get(&cache->map, CX_BYTES(key, sizeof(key)));
    if (kept && kept->generation == wanted->generation &&
        wanted->now_us < access_rights_until(kept->rights))
        rights = access_rights_hold(kept->rights);
    pthread_mutex_unlock(&cache->lock);
    return rights;
}

/* A cache that cannot keep something is only slower. */
static void keep(struct access_cache *cache, const struct wanted *wanted,
                 struct access_rights *rights)
{
    uint8_t key[KEY_LEN];
    void *old = NULL;
    struct kept *kept = calloc(1, sizeof(*kept));
    if (!kept)
        return;
    *kept = (struct kept){wanted->generation, access_rights_hold(rights)};
    key_of(wanted, key);
    pthread_mutex_lock(&cache->lock);
    if (cache->map.count >= ACCESS_CACHE_MAX)
        cx_map_clear(&cache->map, kept_free);
    if (cx_failed(cx_map_put(&cache->map, CX_BYTES(key, sizeof(key)), kept, &old)))
        old = kept;
    pthread_mutex_unlock(&cache->lock);
    kept_free(old);
}

static cx_err read_state(struct store_tx *tx, const struct wanted *wanted, struct arena *arena,
                         struct access_state *ret_state)
{
    struct access_state state, above;
    CX_TRY(access_state_of(tx, wanted->tenant_id, wanted->who, ACCESS_NOW, arena, &state));
    for (size_t i = 0; i < wanted->above_count; i++) {
        const struct access_subject_ids who = {.user_id = wanted->who.user_id,
                                               .token_id = wanted->above[i]};
        CX_TRY(access_state_of(tx, wanted->tenant_id, who, ACCESS_NOW, arena, &above));
        CX_TRY(access_state_meet(&state, wanted->who.token_id, &above, who.token_id, arena));
    }
    *ret_state = state;
    return CX_OK;
}

static cx_err get(struct core *core, struct store_tx *tx, const struct wanted *wanted,
                  struct access_rights **ret_rights)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(LOAD_ARENA_MAX);
    struct access_state state;
    struct access_rights *rights = core->access ? find(core->access, wanted) : NULL;
    if (!rights) {
        CX_TRY(read_state(tx, wanted, &arena, &state));
        CX_TRY(access_rights_compile(&state, wanted->who, wanted->now_us, &rights));
        if (core->access)
            keep(core->access, wanted, rights);
    }
    *ret_rights = rights;
    return CX_OK;
}

cx_err access_principal_load(struct core *core, struct store_tx *tx, cx_time now_us,
                             struct principal *principal)
{
    struct access_rights *rights = NULL, *token = NULL;
    struct wanted wanted = {.tenant_id = principal->tenant_id,
                            .who = {.user_id = principal->user_id, .group_id = principal->group_id},
                            .now_us = now_us};
    CX_TRY(access_generation(tx, principal->tenant_id, &wanted.generation));
    CX_TRY(get(core, tx, &wanted, &rights));
    cx_err err = CX_OK;
    if (principal->narrowed_count) {
        /* The nearest one stands for the whole chain, which never changes. */
        wanted.who = (struct access_subject_ids){.user_id = principal->user_id,
                                                 .token_id = principal->narrowed_by[0]};
        wanted.above = principal->narrowed_by + 1;
        wanted.above_count = principal->narrowed_count - 1;
        err = get(core, tx, &wanted, &token);
    }
    if (cx_failed(err)) {
        access_rights_release(rights);
        return err;
    }
    access_rights_release(principal->rights);
    access_rights_release(principal->narrowed);
    principal->rights = rights;
    principal->narrowed = token;
    principal->generation = wanted.generation;
    return CX_OK;
}

struct reload {
    struct core *core;
    cx_time now_us;
    struct principal *principal;
};

static cx_err read_again(struct store_tx *tx, void *arg)
{
    const struct reload *reload = arg;
    return access_principal_load(reload->core, tx, reload->now_us, reload->principal);
}

cx_err access_principal_reload(struct core *core, cx_time now_us, struct principal *principal)
{
    struct reload reload = {core, now_us, principal};
    return store_read(core->store, read_again, &reload);
}
