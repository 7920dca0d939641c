#include "core/issuance/issuer.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "codec/der.h"
#include "core/core.h"
#include "core/field.h"
#include "core/issuance/dn_text.h"
#include "crypto/hash.h"

#include <pthread.h>

enum { ISSUER_ARENA_MAX = 256 * 1024 };

struct cached {
    struct issuer_entry issuer;
    struct arena arena;
};

struct issuer_cache {
    pthread_mutex_t lock;
    struct cx_map map; /* issuer id → struct cached */
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

cx_err issuer_cache_new(struct issuer_cache **ret_cache)
{
    struct issuer_cache *cache = calloc(1, sizeof(*cache));
    if (!cache)
        return CX_ERR(NOMEM);
    cache->map = CX_MAP_INIT(ISSUER_CACHE_MAX);
    pthread_mutex_init(&cache->lock, NULL);
    *ret_cache = cache;
    return CX_OK;
}

void issuer_cache_free(struct issuer_cache *cache)
{
    if (!cache)
        return;
    cx_map_clear(&cache->map, cached_free);
    pthread_mutex_destroy(&cache->lock);
    free(cache);
}

struct issuer_read {
    struct cx_id issuer_id;
    struct cached *cached;
    struct cx_bytes chain;
};

/* Identifiers are 128 random bits and unique over tenants, so that OCSP and file names need no tenant; the
 * tenant is compared by issuer_get. */
static cx_err read_issuer(struct store_tx *tx, void *arg)
{
    struct issuer_read *read = arg;
    struct issuer_entry *issuer = &read->cached->issuer;
    struct arena *arena = &read->cached->arena;
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx,
        "SELECT tenant_id, name, certificate, chain, parent_id, shard_count, status_url, "
        "created_us FROM issuer WHERE tenant_id IN (SELECT tenant_id FROM tenant) "
        "AND issuer_id = $1",
        &q));
    store_bind_id(q, 1, read->issuer_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    issuer->issuer_id = read->issuer_id;
    issuer->tenant_id = store_col_id(q, 0);
    CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &issuer->name));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 2), &issuer->certificate_der));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 3), &read->chain));
    issuer->parent_id = store_col_id(q, 4);
    issuer->pki.shard_count = (uint32_t)store_col_int(q, 5);
    CX_TRY(arena_copy_str(arena, store_col_text(q, 6), &issuer->pki.status_url));
    issuer->created_us = store_col_int(q, 7);
    return CX_OK;
}

static cx_err split_chain(struct issuer_entry *issuer, struct cx_bytes chain)
{
    struct der_reader reader = der_reader(chain);
    while (!der_at_end(&reader)) {
        if (issuer->chain_count == ISSUER_CHAIN_MAX)
            return CX_ERR(LIMIT);
        CX_TRY(der_read_whole(&reader, DER_SEQUENCE, &issuer->chain[issuer->chain_count++]));
    }
    return CX_OK;
}

static cx_err parse_issuer(struct cached *cached, struct cx_bytes chain)
{
    struct issuer_entry *issuer = &cached->issuer;
    struct arena *arena = &cached->arena;
    struct pki_issuer *pki = &issuer->pki;
    struct pki_certificate certificate;
    struct cx_str status_url = pki->status_url;
    uint32_t shard_count = pki->shard_count;
    CX_TRY(pki_certificate_parse(issuer->certificate_der, NULL, &certificate));
    CX_TRY(pki_issuer_from_certificate(arena, &certificate, NULL, pki));
    pki->status_url = status_url;
    pki->shard_count = shard_count;
    CX_TRY(field_id_text(arena, CX_ID_ISSUER, issuer->issuer_id, &pki->issuer_ref));
    issuer->not_before_us = certificate.not_before_us;
    issuer->serial = certificate.serial;
    issuer->is_root = cx_bytes_eq(certificate.issuer, certificate.subject);
    CX_TRY(crypto_sha256(issuer->certificate_der, issuer->sha256));
    CX_TRY(split_chain(issuer, chain));
    CX_TRY(pki_ocsp_issuer_hash(pki, PKI_OCSP_SHA1, &issuer->ocsp[PKI_OCSP_SHA1]));
    CX_TRY(pki_ocsp_issuer_hash(pki, PKI_OCSP_SHA256, &issuer->ocsp[PKI_OCSP_SHA256]));
    return dn_text(certificate.subject, arena, &issuer->subject_text);
}

static const struct issuer_entry *find_cached(struct issuer_cache *cache, struct cx_id issuer_id)
{
    pthread_mutex_lock(&cache->lock);
    const struct cached *cached = cx_map_get(&cache->map, cx_id_bytes(&issuer_id));
    pthread_mutex_unlock(&cache->lock);
    return cached ? &cached->issuer : NULL;
}

static cx_err keep(struct issuer_cache *cache, struct cached **cached,
                   const struct issuer_entry **ret_issuer)
{
    struct cx_bytes key = cx_id_bytes(&(*cached)->issuer.issuer_id);
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
        *ret_issuer = &there->issuer;
    return err;
}

cx_err issuer_get_any(struct core *core, struct cx_id issuer_id,
                      const struct issuer_entry **ret_issuer)
{
    const struct issuer_entry *found = find_cached(core->issuers, issuer_id);
    if (found) {
        *ret_issuer = found;
        return CX_OK;
    }
    CX_CLEANUP(cached_freep) struct cached *cached = calloc(1, sizeof(*cached));
    if (!cached)
        return CX_ERR(NOMEM);
    cached->arena = ARENA_INIT(ISSUER_ARENA_MAX);
    struct issuer_read read = {issuer_id, cached, CX_BYTES_NONE};
    CX_TRY(store_read(core->store, read_issuer, &read));
    CX_TRY(parse_issuer(cached, read.chain));
    return keep(core->issuers, &cached, ret_issuer);
}

cx_err issuer_get(struct core *core, struct cx_id tenant_id, struct cx_id issuer_id,
                  const struct issuer_entry **ret_issuer)
{
    const struct issuer_entry *issuer = NULL;
    CX_TRY(issuer_get_any(core, issuer_id, &issuer));
    if (!cx_id_eq(issuer->tenant_id, tenant_id))
        return CX_ERR(NOTFOUND);
    *ret_issuer = issuer;
    return CX_OK;
}

cx_err issuer_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                   size_t limit, struct issuer_listed *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT issuer_id, created_us, state FROM issuer WHERE tenant_id = $1 "
                         "AND (created_us, issuer_id) < ($2, $3) "
                         "ORDER BY created_us DESC, issuer_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        rows[count].key = (struct page_key){store_col_int(q, 1), store_col_id(q, 0)};
        rows[count++].active = cx_str_is(store_col_text(q, 2), "active");
    }
    *ret_count = count;
    return CX_OK;
}

cx_err issuer_is_active(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                        bool *ret_active)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(
        store_prepare(tx, "SELECT state FROM issuer WHERE tenant_id = $1 AND issuer_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, issuer_id);
    CX_TRY(store_step(q, &row));
    *ret_active = row && cx_str_is(store_col_text(q, 0), "active");
    return CX_OK;
}

cx_err issuer_is_revoked(struct store_tx *tx, const struct issuer_entry *issuer, bool *ret_revoked)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM certificate "
                         "WHERE tenant_id = $1 AND sha256 = $2 AND revoked_us IS NOT NULL",
                         &q));
    store_bind_id(q, 1, issuer->tenant_id);
    store_bind_bytes(q, 2, CX_BYTES(issuer->sha256, sizeof(issuer->sha256)));
    return store_step(q, ret_revoked);
}

struct all_read {
    struct cx_id tenant_id;
    struct issuer_listed *rows;
    size_t count;
};

static cx_err read_all(struct store_tx *tx, void *arg)
{
    struct all_read *read = arg;
    struct page_key start = PAGE_START;
    return issuer_page(tx, read->tenant_id, &start, ISSUERS_LISTED_MAX, read->rows, &read->count);
}

cx_err issuer_each(struct core *core, struct cx_id tenant_id, struct arena *arena,
                   const struct issuer_entry ***ret_issuers, size_t *ret_count)
{
    struct all_read read = {.tenant_id = tenant_id};
    const struct issuer_entry **issuers = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, ISSUERS_LISTED_MAX, &read.rows));
    CX_TRY(store_read(core->store, read_all, &read));
    CX_TRY(arena_alloc_array(arena, read.count, sizeof(*issuers), (void **)&issuers));
    for (size_t i = 0; i < read.count; i++)
        CX_TRY(issuer_get(core, tenant_id, read.rows[i].key.id, &issuers[i]));
    *ret_issuers = issuers;
    *ret_count = read.count;
    return CX_OK;
}

struct active_read {
    struct cx_id tenant_id;
    struct cx_id *ids;
    size_t count;
};

static cx_err read_active(struct store_tx *tx, void *arg)
{
    struct active_read *read = arg;
    struct store_stmt *q = NULL;
    read->count = 0;
    CX_TRY(store_prepare(
        tx, "SELECT issuer_id FROM issuer WHERE tenant_id = $1 AND state = 'active' LIMIT $2", &q));
    store_bind_id(q, 1, read->tenant_id);
    store_bind_int(q, 2, ISSUERS_LISTED_MAX);
    while (read->count < ISSUERS_LISTED_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        read->ids[read->count++] = store_col_id(q, 0);
    }
    return CX_OK;
}

cx_err issuer_default(struct core *core, struct cx_id tenant_id, struct arena *arena,
                      struct cx_diag *diag, const struct issuer_entry **ret_issuer)
{
    struct active_read read = {.tenant_id = tenant_id};
    const struct issuer_entry *only = NULL;
    size_t below = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, ISSUERS_LISTED_MAX, &read.ids));
    CX_TRY(store_read(core->store, read_active, &read));
    for (size_t i = 0; i < read.count; i++) {
        const struct issuer_entry *issuer = NULL;
        CX_TRY(issuer_get(core, tenant_id, read.ids[i], &issuer));
        below += !issuer->is_root;
        if (!only || (only->is_root && !issuer->is_root))
            only = issuer;
    }
    if (read.count == 0)
        return cx_refuse(diag, CX_ERR(POLICY), "issuer_id", "issuer-missing",
                         "There is no active issuer yet.");
    if (below > 1 || (below == 0 && read.count > 1))
        return cx_refuse(diag, CX_ERR(POLICY), "issuer_id", "issuer-ambiguous",
                         "There is more than one active issuer: say which.");
    *ret_issuer = only;
    return CX_OK;
}
