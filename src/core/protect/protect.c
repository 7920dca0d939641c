/* Which key, from where: the cache, else the database and the keys process. The bytes are made in envelope.c. */
#include "core/protect/protect.h"
#include "base/cleanup.h"
#include "core/core.h"
#include "core/protect/key_cache.h"
#include "core/protect/protect_store.h"

#include <pthread.h>

enum {
    FETCH_LOCKS = 16,
    FETCH_ARENA_MAX = 16 * 1024,
    INDEX_KEY_VERSION = 1 /* fixed: an equality search must find rows of every data key version */
};

struct protect {
    struct core *core;
    struct key_cache *cache;
    /* One question to keys per tenant at a time: a cold cache under load costs one unwrapping. */
    pthread_mutex_t fetching[FETCH_LOCKS];
};

cx_err protect_new(struct core *core, struct protect **ret_protect)
{
    struct protect *protect = calloc(1, sizeof(*protect));
    if (!protect)
        return CX_ERR(NOMEM);
    protect->core = core;
    cx_err made = key_cache_new(PROTECT_CACHE_S * CX_US_PER_S, &protect->cache);
    if (cx_failed(made)) {
        free(protect);
        return made;
    }
    for (int i = 0; i < FETCH_LOCKS; i++)
        pthread_mutex_init(&protect->fetching[i], NULL);
    *ret_protect = protect;
    return CX_OK;
}

void protect_free(struct protect *protect)
{
    if (!protect)
        return;
    key_cache_free(protect->cache);
    for (int i = 0; i < FETCH_LOCKS; i++)
        pthread_mutex_destroy(&protect->fetching[i]);
    free(protect);
}

static cx_err fetch_key(struct protect *protect, struct cx_id tenant_id, uint32_t version,
                        struct key_cache_entry **ret_entry)
{
    struct core *core = protect->core;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(FETCH_ARENA_MAX);
    struct wrapped_key wrapped = {0};
    CX_TRY(protect_store_find(core->store, tenant_id, version, &arena, &wrapped));
    CX_CLEANUP(cx_secret_clear) struct cx_secret key = CX_SECRET_INIT;
    cx_err unwrapped =
        keys_data_key_unwrap(core->keys, tenant_id, wrapped.version, wrapped.wrapped, &key);
    if (unwrapped.code == CX_E_IO)
        return CX_ERR(BUSY); /* unwrapping changes nothing: it may simply be asked again */
    CX_TRY(unwrapped);
    return key_cache_put(protect->cache, tenant_id, wrapped.version, cx_secret_view(&key),
                         version == 0, ret_entry);
}

static cx_err borrow_key(struct protect *protect, struct cx_id tenant_id, uint32_t version,
                         struct key_cache_entry **ret_entry)
{
    struct key_cache_entry *entry = key_cache_borrow(protect->cache, tenant_id, version);
    if (!entry) {
        pthread_mutex_t *lock = &protect->fetching[tenant_id.b[0] % FETCH_LOCKS];
        pthread_mutex_lock(lock);
        entry = key_cache_borrow(protect->cache, tenant_id, version);
        cx_err fetched = entry ? CX_OK : fetch_key(protect, tenant_id, version, &entry);
        pthread_mutex_unlock(lock);
        CX_TRY(fetched);
    }
    *ret_entry = entry;
    return CX_OK;
}

cx_err protect_seal(struct protect *protect, const struct protect_place *place,
                    struct cx_bytes plaintext, struct arena *arena, struct cx_sealed *ret_sealed)
{
    uint8_t nonce[ENVELOPE_NONCE_LEN];
    CX_TRY(cx_rng_fill(protect->core->rng, nonce, sizeof(nonce)));
    struct key_cache_entry *entry = NULL;
    CX_TRY(borrow_key(protect, place->tenant_id, 0, &entry));
    cx_err sealed = envelope_seal(key_cache_key(entry), place, PROTECT_SCHEMA, nonce, plaintext,
                                  arena, ret_sealed);
    key_cache_return(protect->cache, entry);
    return sealed;
}

cx_err protect_open(struct protect *protect, const struct protect_place *place,
                    struct cx_sealed sealed, struct arena *arena, struct cx_bytes *ret_plaintext)
{
    uint32_t version = 0;
    CX_TRY(envelope_version(sealed, &version));
    struct key_cache_entry *entry = NULL;
    cx_err borrowed =
        version ? borrow_key(protect, place->tenant_id, version, &entry) : CX_ERR(NOTFOUND);
    if (borrowed.code == CX_E_NOTFOUND)
        return CX_ERR(CRYPTO); /* names a key that this tenant never had */
    CX_TRY(borrowed);
    cx_err opened =
        envelope_open(key_cache_key(entry), place, PROTECT_SCHEMA, sealed, arena, ret_plaintext);
    key_cache_return(protect->cache, entry);
    return opened;
}

cx_err protect_index(struct protect *protect, struct cx_id tenant_id, const char *table,
                     const char *column, struct cx_bytes plaintext,
                     uint8_t ret_token[static PROTECT_INDEX_LEN])
{
    struct key_cache_entry *entry = NULL;
    CX_TRY(borrow_key(protect, tenant_id, INDEX_KEY_VERSION, &entry));
    cx_err made =
        envelope_index(key_cache_key(entry), tenant_id, table, column, plaintext, ret_token);
    key_cache_return(protect->cache, entry);
    return made;
}

/* The key is cached at once: the entry that records the new tenant is sealed before the tenant's row is
 * there to be read. */
cx_err protect_tenant_key(struct core *core, struct cx_id tenant_id, struct arena *arena,
                          struct cx_bytes *ret_wrapped)
{
    CX_CLEANUP(cx_secret_clear) struct cx_secret key = CX_SECRET_INIT;
    struct cx_bytes wrapped = CX_BYTES_NONE;
    CX_TRY(keys_data_key_new(core->keys, tenant_id, 1, arena, &wrapped, &key));
    struct key_cache_entry *entry = NULL;
    CX_TRY(key_cache_put(core->protect->cache, tenant_id, 1, cx_secret_view(&key), true, &entry));
    key_cache_return(core->protect->cache, entry);
    *ret_wrapped = wrapped;
    return CX_OK;
}
