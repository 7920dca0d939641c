#include "core/status/status_store.h"
#include "core/status/presign_store.h"

cx_err crl_shard_mark(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                      uint32_t shard)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE crl_shard SET dirty_count = dirty_count + 1 "
                         "WHERE tenant_id = $1 AND issuer_id = $2 AND shard = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, issuer_id);
    store_bind_int(q, 3, shard);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(INTERNAL);
}

cx_err certificate_revoke(struct store_tx *tx, struct cx_id tenant_id,
                          const struct certificate_row *certificate, uint8_t reason, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE certificate SET revoked_us = $3, revoke_reason = $4 "
                         "WHERE tenant_id = $1 AND certificate_id = $2 AND revoked_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate->certificate_id);
    store_bind_int(q, 3, now_us);
    store_bind_int(q, 4, reason);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    CX_TRY(presign_answer_mark(tx, tenant_id, certificate->certificate_id));
    return crl_shard_mark(tx, tenant_id, certificate->issuer_id, certificate->shard);
}

static cx_err add_due(struct store_stmt *q, size_t limit, struct crl_due *due, size_t *count)
{
    while (*count < limit) {
        bool row = false, known = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        struct crl_due found = {store_col_id(q, 0), (uint32_t)store_col_int(q, 1),
                                (uint64_t)store_col_int(q, 2), store_col_int(q, 3)};
        for (size_t i = 0; i < *count && !known; i++)
            known = due[i].shard == found.shard && cx_id_eq(due[i].issuer_id, found.issuer_id);
        if (!known)
            due[(*count)++] = found;
    }
    return CX_OK;
}

/* Two statements, each on its own index: an OR over both conditions would walk every shard. */
static cx_err list_due(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                       cx_time renew_us, size_t limit, struct crl_due *due, size_t *count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "SELECT issuer_id, shard, number, dirty_count FROM crl_shard WHERE tenant_id = $1 "
        "AND dirty_count > clean_count AND lease_until_us < $2 LIMIT $3",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    store_bind_int(q, 3, (int64_t)limit);
    CX_TRY(add_due(q, limit, due, count));
    CX_TRY(store_prepare(
        tx,
        "SELECT issuer_id, shard, number, dirty_count FROM crl_shard WHERE tenant_id = $1 "
        "AND next_update_us < $2 AND lease_until_us < $3 ORDER BY next_update_us LIMIT $4",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, renew_us);
    store_bind_int(q, 3, now_us);
    store_bind_int(q, 4, (int64_t)limit);
    return add_due(q, limit, due, count);
}

cx_err crl_shard_claim(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                       cx_time renew_us, cx_time lease_us, size_t limit, struct crl_due *due,
                       size_t *ret_count)
{
    size_t listed = 0, claimed = 0;
    CX_TRY(list_due(tx, tenant_id, now_us, renew_us, limit, due, &listed));
    for (size_t i = 0; i < listed; i++) {
        struct store_stmt *q = NULL;
        CX_TRY(store_prepare(tx,
                             "UPDATE crl_shard SET lease_until_us = $4 WHERE tenant_id = $1 "
                             "AND issuer_id = $2 AND shard = $3 AND lease_until_us < $5",
                             &q));
        store_bind_id(q, 1, tenant_id);
        store_bind_id(q, 2, due[i].issuer_id);
        store_bind_int(q, 3, due[i].shard);
        store_bind_int(q, 4, lease_us);
        store_bind_int(q, 5, now_us);
        CX_TRY(store_exec(q));
        if (store_changes(q) == 1)
            due[claimed++] = due[i];
    }
    *ret_count = claimed;
    return CX_OK;
}

/* "+": SQLite would else walk all certificates by expiry, for each shard. */
#define ENTRIES_OF_SHARD                                                                           \
    "FROM certificate WHERE tenant_id = $1 AND issuer_id = $2 AND shard = $3 "                     \
    "AND revoked_us IS NOT NULL AND +not_after_us > $4 "

cx_err crl_shard_release(struct store_tx *tx, struct cx_id tenant_id, const struct crl_due *due,
                         cx_time lease_us, cx_time retry_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE crl_shard SET lease_until_us = $5 WHERE tenant_id = $1 "
                         "AND issuer_id = $2 AND shard = $3 AND lease_until_us = $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, due->issuer_id);
    store_bind_int(q, 3, due->shard);
    store_bind_int(q, 4, lease_us);
    store_bind_int(q, 5, retry_us);
    return store_exec(q);
}

static cx_err count_entries(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                            uint32_t shard, cx_time ended_us, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, "SELECT COUNT(*) " ENTRIES_OF_SHARD, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, issuer_id);
    store_bind_int(q, 3, shard);
    store_bind_int(q, 4, ended_us);
    CX_TRY(store_step(q, &row));
    *ret_count = row ? (size_t)store_col_int(q, 0) : 0;
    return CX_OK;
}

cx_err crl_shard_entries(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                         uint32_t shard, cx_time now_us, struct arena *arena,
                         struct keys_revoked **ret_entries, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    struct keys_revoked *entries = NULL;
    const cx_time ended_us = now_us - STATUS_KEEP_EXPIRED_S * CX_US_PER_S;
    size_t room = 0, count = 0;
    CX_TRY(count_entries(tx, tenant_id, issuer_id, shard, ended_us, &room));
    if (room > STATUS_CRL_ENTRIES_MAX)
        return CX_ERR(LIMIT);
    CX_TRY(ARENA_NEW_ARRAY(arena, room, &entries));
    CX_TRY(store_prepare(tx,
                         "SELECT serial, revoked_us, revoke_reason " ENTRIES_OF_SHARD
                         "ORDER BY revoked_us, serial",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, issuer_id);
    store_bind_int(q, 3, shard);
    store_bind_int(q, 4, ended_us);
    while (count < room) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        struct cx_bytes serial = store_col_bytes(q, 0);
        if (serial.len == 0 || serial.len > PKI_SERIAL_MAX)
            return CX_ERR(STORE);
        memcpy(entries[count].serial, serial.ptr, serial.len);
        entries[count].serial_len = (uint8_t)serial.len;
        entries[count].revoked_us = store_col_int(q, 1);
        entries[count++].reason = (uint8_t)store_col_int(q, 2);
    }
    *ret_entries = entries;
    *ret_count = count;
    return CX_OK;
}

static cx_err write_crl(struct store_tx *tx, struct cx_id tenant_id,
                        const struct crl_published *published)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "INSERT INTO crl_file (tenant_id, issuer_id, shard, crl) "
                         "VALUES ($1, $2, $3, $4) ON CONFLICT (tenant_id, issuer_id, shard) "
                         "DO UPDATE SET crl = excluded.crl",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, published->issuer_id);
    store_bind_int(q, 3, published->shard);
    store_bind_bytes(q, 4, published->crl);
    return store_exec(q);
}

cx_err crl_shard_publish(struct store_tx *tx, struct cx_id tenant_id,
                         const struct crl_published *published, int64_t clean_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(
        store_prepare(tx,
                      "UPDATE crl_shard SET number = $4, this_update_us = $5, next_update_us = $6, "
                      "clean_count = $7, lease_until_us = 0 "
                      "WHERE tenant_id = $1 AND issuer_id = $2 AND shard = $3 AND number < $4",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, published->issuer_id);
    store_bind_int(q, 3, published->shard);
    store_bind_int(q, 4, (int64_t)published->number);
    store_bind_int(q, 5, published->this_update_us);
    store_bind_int(q, 6, published->next_update_us);
    store_bind_int(q, 7, clean_count);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? write_crl(tx, tenant_id, published) : CX_ERR(CONFLICT);
}

cx_err crl_shard_since(struct store_tx *tx, struct cx_id tenant_id,
                       const struct crl_published *after, size_t limit, struct crl_published *rows,
                       size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx,
        "SELECT issuer_id, shard, number, this_update_us, next_update_us FROM crl_shard "
        "WHERE tenant_id = $1 AND number > 0 AND this_update_us >= $2 "
        "AND (this_update_us, issuer_id, shard) > ($2, $3, $4) "
        "ORDER BY this_update_us, issuer_id, shard LIMIT $5",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->this_update_us);
    store_bind_id(q, 3, after->issuer_id);
    store_bind_int(q, 4, after->shard);
    store_bind_int(q, 5, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        rows[count++] = (struct crl_published){.issuer_id = store_col_id(q, 0),
                                               .shard = (uint32_t)store_col_int(q, 1),
                                               .number = (uint64_t)store_col_int(q, 2),
                                               .this_update_us = store_col_int(q, 3),
                                               .next_update_us = store_col_int(q, 4)};
    }
    *ret_count = count;
    return CX_OK;
}

cx_err crl_shard_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                      uint32_t shard, struct arena *arena, struct crl_published *ret_published)
{
    struct store_stmt *q = NULL;
    struct crl_published published = {.issuer_id = issuer_id, .shard = shard};
    bool row = false;
    CX_TRY(
        store_prepare(tx,
                      "SELECT s.number, s.this_update_us, s.next_update_us, f.crl FROM crl_shard s "
                      "JOIN crl_file f ON f.tenant_id = s.tenant_id AND "
                      "f.issuer_id = s.issuer_id AND f.shard = s.shard "
                      "WHERE s.tenant_id = $1 AND s.issuer_id = $2 AND s.shard = $3",
                      &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, issuer_id);
    store_bind_int(q, 3, shard);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    published.number = (uint64_t)store_col_int(q, 0);
    published.this_update_us = store_col_int(q, 1);
    published.next_update_us = store_col_int(q, 2);
    CX_TRY(arena_copy(arena, store_col_bytes(q, 3), &published.crl));
    *ret_published = published;
    return CX_OK;
}

cx_err status_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                   struct cx_bytes serial, struct status_found *ret_status)
{
    struct store_stmt *q = NULL;
    struct status_found status = {0};
    CX_TRY(store_prepare(tx,
                         "SELECT revoked_us, revoke_reason FROM certificate "
                         "WHERE tenant_id = $1 AND issuer_id = $2 AND serial = $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, issuer_id);
    store_bind_bytes(q, 3, serial);
    CX_TRY(store_step(q, &status.found));
    if (status.found) {
        status.revoked_us = store_col_int(q, 0);
        status.reason = (uint8_t)store_col_int(q, 1);
    }
    *ret_status = status;
    return CX_OK;
}
