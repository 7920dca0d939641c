#include "core/policy/profile_store.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "core/core.h"

#include <pthread.h>

enum { KEY_MAX = 16 + 4 + 64 };

struct cached {
    struct profile_entry entry;
    struct arena arena;
};

struct profile_cache {
    pthread_mutex_t lock;
    struct cx_map map; /* tenant ‖ version ‖ name → struct cached */
};

static void cached_free(void *value)
{
    struct cached *cached = value;
    if (!cached)
        return;
    arena_clear(&cached->arena);
    free(cached);
}

static void cached_freep(struct cached **cached)
{
    cached_free(*cached);
    *cached = NULL;
}

cx_err profile_cache_new(struct profile_cache **ret_cache)
{
    struct profile_cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        return CX_ERR(NOMEM);
    cache->map = CX_MAP_INIT(PROFILE_CACHE_MAX);
    pthread_mutex_init(&cache->lock, NULL);
    *ret_cache = cache;
    return CX_OK;
}

void profile_cache_free(struct profile_cache *cache)
{
    if (!cache)
        return;
    cx_map_clear(&cache->map, cached_free);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

static cx_err key_of(struct cx_id tenant_id, struct cx_str name, uint32_t version,
                     uint8_t ret_key[static KEY_MAX], size_t *ret_len)
{
    if (name.len == 0 || name.len > 64)
        return CX_ERR(NOTFOUND);
    memcpy(ret_key, tenant_id.b, 16);
    memcpy(ret_key + 16, &version, 4);
    memcpy(ret_key + 20, name.ptr, name.len);
    *ret_len = 20 + name.len;
    return CX_OK;
}

struct profile_read {
    struct cx_id tenant_id;
    struct cx_str name;
    uint32_t version;
    struct arena *arena;
    struct cx_str text; /* NULL: do not read it */
    bool want_text;
    cx_time now_us, effective_us;
};

static cx_err read_profile(struct store_tx *tx, void *arg)
{
    struct profile_read *read = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         read->version
                             ? "SELECT version, content, effective_us FROM profile_version "
                               "WHERE tenant_id = $1 AND name = $2 AND version = $3"
                             : "SELECT version, content, effective_us FROM profile_version "
                               "WHERE tenant_id = $1 AND name = $2 AND state = 'active' "
                               "AND effective_us <= $3 ORDER BY version DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, read->tenant_id);
    store_bind_text(q, 2, read->name);
    store_bind_int(q, 3, read->version ? (int64_t)read->version : read->now_us);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    read->version = (uint32_t)store_col_int(q, 0);
    read->effective_us = store_col_int(q, 2);
    return read->want_text ? arena_copy_str(read->arena, store_col_text(q, 1), &read->text) : CX_OK;
}

static const struct profile_entry *find_cached(struct profile_cache *cache, struct cx_bytes key)
{
    pthread_mutex_lock(&cache->lock);
    const struct cached *cached = cx_map_get(&cache->map, key);
    pthread_mutex_unlock(&cache->lock);
    return cached ? &cached->entry : NULL;
}

/* Takes cached into the map; of two threads that loaded the same profile the first one's stays. */
static cx_err keep(struct profile_cache *cache, struct cx_bytes key, struct cached **cached,
                   const struct profile_entry **ret_entry)
{
    cx_err err = CX_OK;
    pthread_mutex_lock(&cache->lock);
    struct cached *there = cx_map_get(&cache->map, key);
    if (!there) {
        err = cx_map_put(&cache->map, key, *cached, NULL);
        if (cx_is_ok(err))
            there = CX_TAKE(*cached);
    }
    pthread_mutex_unlock(&cache->lock);
    if (cx_is_ok(err))
        *ret_entry = &there->entry;
    return err;
}

static cx_err load(struct core *core, struct cx_id tenant_id, struct cx_str name, uint32_t version,
                   struct cx_bytes key, const struct profile_entry **ret_entry)
{
    CX_CLEANUP(cached_freep) struct cached *cached = calloc(1, sizeof(*cached));
    if (!cached)
        return CX_ERR(NOMEM);
    cached->arena = ARENA_INIT(PROFILE_ARENA_MAX);
    struct profile_read read = {.tenant_id = tenant_id,
                                .name = name,
                                .version = version,
                                .arena = &cached->arena,
                                .want_text = true};
    CX_TRY(store_read(core->store, read_profile, &read));
    cached->entry.text = read.text;
    cached->entry.effective_us = read.effective_us;
    CX_TRY(
        pki_profile_parse(&cached->arena, cx_str_bytes(read.text), NULL, &cached->entry.profile));
    return keep(core->profiles, key, &cached, ret_entry);
}

cx_err profile_get(struct core *core, struct cx_id tenant_id, struct cx_str name, uint32_t version,
                   const struct profile_entry **ret_entry)
{
    uint8_t key[KEY_MAX];
    size_t key_len = 0;
    if (version == 0) {
        struct profile_read read = {
            .tenant_id = tenant_id, .name = name, .now_us = cx_now(core->clock)};
        CX_TRY(store_read(core->store, read_profile, &read));
        version = read.version;
    }
    CX_TRY(key_of(tenant_id, name, version, key, &key_len));
    const struct profile_entry *entry = find_cached(core->profiles, CX_BYTES(key, key_len));
    if (entry) {
        *ret_entry = entry;
        return CX_OK;
    }
    return load(core, tenant_id, name, version, CX_BYTES(key, key_len), ret_entry);
}

struct names_read {
    struct cx_id tenant_id;
    struct cx_str after;
    size_t limit, count;
    struct arena *arena;
    struct cx_str *names;
    cx_time now_us;
};

static cx_err read_names(struct store_tx *tx, void *arg)
{
    struct names_read *read = arg;
    struct store_stmt *q = NULL;
    read->count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT name FROM profile_version WHERE tenant_id = $1 AND name > $2 "
                         "AND state = 'active' AND effective_us <= $4 "
                         "GROUP BY name ORDER BY name LIMIT $3",
                         &q));
    store_bind_id(q, 1, read->tenant_id);
    store_bind_text(q, 2, read->after);
    store_bind_int(q, 3, (int64_t)read->limit);
    store_bind_int(q, 4, read->now_us);
    while (read->count < read->limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(arena_copy_str(read->arena, store_col_text(q, 0), &read->names[read->count++]));
    }
    return CX_OK;
}

cx_err profile_names(struct core *core, struct cx_id tenant_id, struct cx_str after, size_t limit,
                     struct arena *arena, struct cx_str *ret_names, size_t *ret_count)
{
    struct names_read read = {tenant_id, after, limit, 0, arena, ret_names, cx_now(core->clock)};
    CX_TRY(store_read(core->store, read_names, &read));
    *ret_count = read.count;
    return CX_OK;
}
