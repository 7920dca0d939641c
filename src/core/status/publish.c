/*
 * Publishing CRLs: claim some shards, then read and sign them (keys chooses the numbers), store them, write the files. The
 * rows are stored before the files, so that a crash leaves at worst older files, which the next start replaces; a number
 * is never used twice, because keys remembers the last one itself. Small CRLs are stored together, large ones each alone:
 * no large write stands between a revocation and its commit when many shards are due.
 */
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "core/core.h"
#include "core/status/status_internal.h"
#include "core/status/status_store.h"
#include "os/file.h"
#include "pki/crl_view.h"

enum {
    PUBLISH_BATCH = 32,
    /* Who dies while publishing keeps a revocation off the CRL that long. A batch takes less (docs/performance.md); were
     * it to take longer, another node would sign the shard too, which costs a number and no more. */
    PUBLISH_LEASE_S = 15,
    PUBLISH_RETRY_S = 1,            /* keys was away: it comes back within a second */
    PUBLISH_GROUP_MAX = 128 * 1024, /* octets of CRLs after which a group is stored */
    PUBLISH_ARENA_MAX =
        64 * 1024 * 1024, /* a group's entries and CRLs, the last one a full shard */
    CRL_FILE_MAX = 8 * 1024 * 1024,
    SINCE_MAX = 1024,
};

struct batch {
    struct cx_id tenant_id;
    cx_time now_us, renew_us, lease_us;
    struct crl_due due[PUBLISH_BATCH];
    size_t count;
};

struct publication {
    struct cx_id tenant_id;
    cx_time now_us;
    struct arena *arena;
    const struct crl_due *due;
    struct keys_revoked *entries;
    size_t entry_count;
    struct crl_published signed_crl;
};

static cx_err claim(struct store_tx *tx, void *arg)
{
    struct batch *batch = arg;
    batch->count = 0;
    return crl_shard_claim(tx, batch->tenant_id, batch->now_us, batch->renew_us, batch->lease_us,
                           PUBLISH_BATCH, batch->due, &batch->count);
}

static cx_err read_entries(struct store_tx *tx, void *arg)
{
    struct publication *it = arg;
    return crl_shard_entries(tx, it->tenant_id, it->due->issuer_id, it->due->shard, it->now_us,
                             it->arena, &it->entries, &it->entry_count);
}

struct group {
    struct publication its[PUBLISH_BATCH];
    size_t count;
    const struct batch *batch;
    const struct crl_due *unsigned_due[PUBLISH_BATCH]; /* keys was away */
    size_t unsigned_count;
};

static cx_err store_group(struct store_tx *tx, void *arg)
{
    const struct group *group = arg;
    for (size_t i = 0; i < group->count; i++) {
        const struct publication *it = &group->its[i];
        cx_err err = crl_shard_publish(tx, it->tenant_id, &it->signed_crl, it->due->dirty_count);
        if (err.code != CX_E_CONFLICT) /* conflict: a newer one is stored already */
            CX_TRY(err);
    }
    const struct batch *batch = group->batch;
    for (size_t i = 0; i < group->unsigned_count; i++)
        CX_TRY(crl_shard_release(tx, batch->tenant_id, group->unsigned_due[i], batch->lease_us,
                                 batch->now_us + PUBLISH_RETRY_S * CX_US_PER_S));
    return CX_OK;
}

static cx_err sign(struct core *core, struct publication *it)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct crl_published *out = &it->signed_crl;
    *out = (struct crl_published){
        .issuer_id = it->due->issuer_id,
        .shard = it->due->shard,
        .this_update_us = it->now_us - it->now_us % CX_US_PER_S,
    };
    out->next_update_us = out->this_update_us + STATUS_CRL_LIFE_S * CX_US_PER_S;
    cx_err err =
        keys_sign_crl(core->keys, it->tenant_id, out->issuer_id, out->shard, it->due->number + 1,
                      out->this_update_us, out->next_update_us, it->entries, it->entry_count,
                      it->arena, &diag, &out->number, &out->crl);
    if (cx_failed(err))
        cx_log_err(CX_LOG_WARN, err, "crl-not-signed", "rule", diag.rule, "text", diag.text, NULL);
    return err;
}

static cx_err make_folders(const struct core *core, const char *issuer)
{
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/crl", CX_STR_ARG(core->options.public_dir)));
    CX_TRY(os_mkdir(path, 0755, (uid_t)-1, (gid_t)-1));
    CX_TRY(os_path(path, "%.*s/crl/%s", CX_STR_ARG(core->options.public_dir), issuer));
    return os_mkdir(path, 0755, (uid_t)-1, (gid_t)-1);
}

static bool file_holds(const char *path, struct cx_bytes content)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf there = CX_BUF_INIT(CRL_FILE_MAX);
    return cx_is_ok(os_file_read(path, CRL_FILE_MAX, &there)) &&
           cx_bytes_eq(cx_buf_view(&there), content);
}

/* Numbers that relying parties see never go back (RFC 5280 §5.2.3), not even when the database is a restored, older copy. */
static bool file_is_newer(const char *path, uint64_t number)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf there = CX_BUF_INIT(CRL_FILE_MAX);
    struct pki_crl_view view;
    uint64_t published = 0;
    return cx_is_ok(os_file_read(path, CRL_FILE_MAX, &there)) &&
           cx_is_ok(pki_crl_view_parse(cx_buf_view(&there), &view)) &&
           cx_is_ok(pki_crl_view_number(&view, &published)) && published > number;
}

/* *ret_changed: the file did not hold this CRL yet. CX_E_CONFLICT: it holds one with a higher number. */
static cx_err write_crl(const struct core *core, const struct crl_published *published,
                        bool *ret_changed)
{
    char issuer[CX_ID_TEXT_MAX], path[OS_PATH_MAX];
    cx_id_format(CX_ID_ISSUER, published->issuer_id, issuer);
    CX_TRY(make_folders(core, issuer));
    CX_TRY(os_path(path, "%.*s/crl/%s/%u.crl", CX_STR_ARG(core->options.public_dir), issuer,
                   published->shard));
    if (file_is_newer(path, published->number))
        return CX_ERR(CONFLICT);
    *ret_changed = !file_holds(path, published->crl);
    return *ret_changed ? os_file_write(path, published->crl, 0644) : CX_OK;
}

struct shard_key {
    struct cx_id issuer_id;
    uint32_t shard;
};
_Static_assert(sizeof(struct shard_key) == 20, "the key has no padding");

static bool is_written(const struct status_service *service, const struct crl_published *crl)
{
    const struct shard_key key = {crl->issuer_id, crl->shard};
    return crl->number > 0 &&
           (uintptr_t)cx_map_get(&service->written, CX_BYTES(&key, sizeof(key))) == crl->number;
}

static void note_written(struct status_service *service, const struct crl_published *crl)
{
    const struct shard_key key = {crl->issuer_id, crl->shard};
    /* Without memory for it the file is read and compared again. */
    CX_IGNORE(cx_map_put(&service->written, CX_BYTES(&key, sizeof(key)),
                         (void *)(uintptr_t)crl->number, NULL)); /* a number, not a pointer */
}

static void log_full(const struct crl_due *due)
{
    char issuer[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_ISSUER, due->issuer_id, issuer);
    cx_log_err(CX_LOG_ERROR, CX_ERR(LIMIT), "crl-too-many-entries", "issuer", issuer, NULL);
}

static bool keys_was_away(cx_err err)
{
    return err.code == CX_E_BUSY || err.code == CX_E_IO;
}

/* Reads and signs shards of the batch from *next on until the group is large enough. What keys could not sign is
 * claimed again soon when keys was away, after its lease when keys refused: one shard's trouble is not the others'. */
static cx_err fill_group(struct core *core, const struct batch *batch, struct arena *arena,
                         size_t *next, struct group *group)
{
    size_t octets = 0;
    while (*next < batch->count && octets < PUBLISH_GROUP_MAX) {
        struct publication *it = &group->its[group->count];
        *it = (struct publication){.tenant_id = batch->tenant_id,
                                   .now_us = batch->now_us,
                                   .arena = arena,
                                   .due = &batch->due[(*next)++]};
        cx_err err = store_read(core->store, read_entries, it);
        if (err.code == CX_E_LIMIT) {
            log_full(it->due);
            continue;
        }
        CX_TRY(err);
        err = sign(core, it);
        if (keys_was_away(err))
            group->unsigned_due[group->unsigned_count++] = it->due;
        if (cx_failed(err))
            continue;
        octets += it->signed_crl.crl.len;
        group->count++;
    }
    return CX_OK;
}

static cx_err publish_group(struct status_service *service, const struct batch *batch, size_t *next)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(PUBLISH_ARENA_MAX);
    struct core *core = service->core;
    struct group *group = NULL;
    CX_TRY(ARENA_NEW(&arena, &group));
    group->batch = batch;
    CX_TRY(fill_group(core, batch, &arena, next, group));
    cx_fault_point("crl-signed");
    if (group->count + group->unsigned_count == 0)
        return CX_OK;
    CX_TRY(store_write(core->store, store_group, group));
    cx_fault_point("crl-stored");
    /* Another node may have revoked what this one publishes: nothing of the shard is answered from memory any
     * more. catch_up will not do it, since it finds the file written. */
    for (size_t i = 0; i < group->count; i++)
        ocsp_cache_drop_shard(service->ocsp, group->its[i].due->issuer_id,
                              group->its[i].due->shard);
    for (size_t i = 0; i < group->count; i++) {
        bool changed = false;
        cx_err err = write_crl(core, &group->its[i].signed_crl, &changed);
        if (err.code == CX_E_CONFLICT) /* another node was faster with a newer one */
            continue;
        CX_TRY(err);
        note_written(service, &group->its[i].signed_crl);
    }
    return CX_OK;
}

cx_err publish_due(struct status_service *service, struct cx_id tenant_id, bool *ret_more)
{
    struct core *core = service->core;
    struct batch batch = {.tenant_id = tenant_id, .now_us = cx_now(core->clock)};
    batch.renew_us = batch.now_us + STATUS_CRL_RENEW_S * CX_US_PER_S;
    batch.lease_us = batch.now_us + PUBLISH_LEASE_S * CX_US_PER_S;
    CX_TRY(store_write(core->store, claim, &batch));
    *ret_more = batch.count == PUBLISH_BATCH;
    for (size_t next = 0; next < batch.count;)
        CX_TRY(publish_group(service, &batch, &next));
    return CX_OK;
}

struct since {
    struct cx_id tenant_id;
    struct crl_published after;
    struct crl_published *rows;
    size_t count;
};

static cx_err read_since(struct store_tx *tx, void *arg)
{
    struct since *since = arg;
    return crl_shard_since(tx, since->tenant_id, &since->after, SINCE_MAX, since->rows,
                           &since->count);
}

struct one {
    struct cx_id tenant_id;
    struct arena *arena;
    struct crl_published *row;
};

static cx_err read_one(struct store_tx *tx, void *arg)
{
    struct one *one = arg;
    return crl_shard_find(tx, one->tenant_id, one->row->issuer_id, one->row->shard, one->arena,
                          one->row);
}

static cx_err mark(struct store_tx *tx, void *arg)
{
    const struct one *one = arg;
    return crl_shard_mark(tx, one->tenant_id, one->row->issuer_id, one->row->shard);
}

static cx_err catch_up(struct status_service *service, struct cx_id tenant_id,
                       struct crl_published *row)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CRL_FILE_MAX);
    struct one one = {tenant_id, &arena, row};
    bool changed = false;
    if (is_written(service, row))
        return CX_OK;
    CX_TRY(store_read(service->core->store, read_one, &one));
    cx_err err = write_crl(service->core, row, &changed);
    if (err.code == CX_E_CONFLICT) { /* keys signs above the file's number: it remembers it */
        cx_log(CX_LOG_WARN, "crl-file-newer-than-database: was the database restored?", NULL);
        return store_write(service->core->store, mark, &one);
    }
    CX_TRY(err);
    note_written(service, row);
    if (changed) /* another node's work: what it revoked must not be answered from this node's memory */
        ocsp_cache_drop_shard(service->ocsp, row->issuer_id, row->shard);
    return CX_OK;
}

cx_err publish_files_since(struct status_service *service, struct cx_id tenant_id, cx_time since_us)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CRL_FILE_MAX);
    struct since since = {.tenant_id = tenant_id, .after = {.this_update_us = since_us}};
    CX_TRY(ARENA_NEW_ARRAY(&arena, SINCE_MAX, &since.rows));
    do {
        CX_TRY(store_read(service->core->store, read_since, &since));
        for (size_t i = 0; i < since.count; i++)
            CX_TRY(catch_up(service, tenant_id, &since.rows[i]));
        if (since.count > 0)
            since.after = since.rows[since.count - 1];
    } while (since.count == SINCE_MAX);
    return CX_OK;
}

cx_err publish_issuers(struct status_service *service, struct cx_id tenant_id)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(CRL_FILE_MAX);
    const struct issuer_entry **issuers = NULL;
    size_t count = 0;
    char path[OS_PATH_MAX];
    CX_TRY(os_path(path, "%.*s/issuer", CX_STR_ARG(service->core->options.public_dir)));
    CX_TRY(os_mkdir(path, 0755, (uid_t)-1, (gid_t)-1));
    CX_TRY(issuer_each(service->core, tenant_id, &arena, &issuers, &count));
    for (size_t i = 0; i < count; i++) {
        CX_TRY(os_path(path, "%.*s/issuer/%.*s.cer", CX_STR_ARG(service->core->options.public_dir),
                       CX_STR_ARG(issuers[i]->pki.issuer_ref)));
        if (!file_holds(path, issuers[i]->certificate_der))
            CX_TRY(os_file_write(path, issuers[i]->certificate_der, 0644));
    }
    return CX_OK;
}
