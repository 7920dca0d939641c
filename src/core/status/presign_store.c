#include "core/status/presign_store.h"

static void bind_issuer(struct store_stmt *q, struct cx_id tenant_id, struct cx_id issuer_id)
{
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, issuer_id);
}

cx_err presign_responder_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                              struct arena *arena, struct presign_responder *ret_responder)
{
    struct store_stmt *q = NULL;
    struct presign_responder responder = {0};
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT generation, certificate, walked_us, walked_id, batch_count "
                         "FROM ocsp_responder WHERE tenant_id = $1 AND issuer_id = $2",
                         &q));
    bind_issuer(q, tenant_id, issuer_id);
    CX_TRY(store_step(q, &row));
    if (row) {
        responder.generation = store_col_int(q, 0);
        CX_TRY(arena_copy(arena, store_col_bytes(q, 1), &responder.certificate));
        responder.walked_us = store_col_int(q, 2);
        responder.walked_id = store_col_id(q, 3);
        responder.batch_count = store_col_int(q, 4);
    }
    *ret_responder = responder;
    return CX_OK;
}

static cx_err insert_responder(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "INSERT INTO ocsp_responder (tenant_id, issuer_id, generation, certificate, walked_us, "
        "walked_id, batch_count) VALUES ($1, $2, 1, $3, 0, $4, 0) ON CONFLICT DO NOTHING",
        &q));
    bind_issuer(q, tenant_id, issuer_id);
    store_bind_bytes(q, 3, CX_BYTES("", 0));
    store_bind_id(q, 4, (struct cx_id){{0}});
    return store_exec(q);
}

cx_err presign_responder_set(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                             const struct presign_responder *before,
                             const struct presign_responder *after)
{
    struct store_stmt *q = NULL;
    if (before->generation == 0)
        CX_TRY(insert_responder(tx, tenant_id, issuer_id));
    CX_TRY(store_prepare(tx,
                         "UPDATE ocsp_responder SET generation = $4, certificate = $5, "
                         "walked_us = $6, walked_id = $7, batch_count = batch_count + 1 "
                         "WHERE tenant_id = $1 AND issuer_id = $2 AND batch_count = $3",
                         &q));
    bind_issuer(q, tenant_id, issuer_id);
    store_bind_int(q, 3, before->batch_count);
    store_bind_int(q, 4, after->generation);
    store_bind_bytes(q, 5, after->certificate);
    store_bind_int(q, 6, after->walked_us);
    store_bind_id(q, 7, after->walked_id);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

/* From five columns: certificate_id, serial, revoked_us, revoke_reason, not_after_us. */
static cx_err due_of(const struct store_stmt *q, int column, cx_time now_us,
                     struct presign_due *ret_due)
{
    struct cx_bytes serial = store_col_bytes(q, column + 1);
    if (serial.len == 0 || serial.len > PKI_SERIAL_MAX)
        return CX_ERR(STORE);
    *ret_due = (struct presign_due){.certificate_id = store_col_id(q, column),
                                    .status = {.serial_len = (uint8_t)serial.len,
                                               .revoked_us = store_col_int(q, column + 2),
                                               .reason = (uint8_t)store_col_int(q, column + 3)},
                                    .expired = store_col_int(q, column + 4) <= now_us};
    memcpy(ret_due->status.serial, serial.ptr, serial.len);
    return CX_OK;
}

cx_err presign_due(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                   cx_time now_us, size_t limit, struct presign_due *due, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    /* LEFT JOIN: the answers come first, for SQLite would else walk the certificates. */
    CX_TRY(store_prepare(tx,
                         "SELECT a.certificate_id, c.serial, c.revoked_us, c.revoke_reason, "
                         "c.not_after_us FROM ocsp_answer a LEFT JOIN certificate c ON "
                         "c.tenant_id = a.tenant_id AND c.certificate_id = a.certificate_id "
                         "WHERE a.tenant_id = $1 AND a.issuer_id = $2 AND a.renew_us <= $3 "
                         "ORDER BY a.renew_us LIMIT $4",
                         &q));
    bind_issuer(q, tenant_id, issuer_id);
    store_bind_int(q, 3, now_us);
    store_bind_int(q, 4, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(due_of(q, 0, now_us, &due[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err presign_walk(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                    cx_time now_us, cx_time until_us, size_t scan_max, size_t limit,
                    struct presign_responder *responder, struct presign_due *due, size_t *ret_count,
                    size_t *ret_scanned)
{
    struct store_stmt *q = NULL;
    size_t count = 0, scanned = 0;
    /* No "issued_us >=" beside the row comparison: SQLite would walk the certificates of all issuers by time. */
    CX_TRY(
        store_prepare(tx,
                      "SELECT c.issued_us, a.generation, c.certificate_id, c.serial, c.revoked_us, "
                      "c.revoke_reason, c.not_after_us FROM certificate c LEFT JOIN ocsp_answer a "
                      "ON a.tenant_id = c.tenant_id AND a.certificate_id = c.certificate_id "
                      "WHERE c.tenant_id = $1 AND c.issuer_id = $2 "
                      "AND (c.issued_us, c.certificate_id) > ($3, $4) AND c.issued_us <= $5 "
                      "ORDER BY c.issued_us, c.certificate_id LIMIT $6",
                      &q));
    bind_issuer(q, tenant_id, issuer_id);
    store_bind_int(q, 3, responder->walked_us);
    store_bind_id(q, 4, responder->walked_id);
    store_bind_int(q, 5, until_us);
    store_bind_int(q, 6, (int64_t)scan_max);
    while (count < limit && scanned < scan_max) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(due_of(q, 2, now_us, &due[count]));
        responder->walked_us = store_col_int(q, 0);
        responder->walked_id = due[count].certificate_id;
        scanned++;
        if (!due[count].expired && store_col_int(q, 1) != responder->generation)
            count++;
    }
    *ret_count = count;
    *ret_scanned = scanned;
    return CX_OK;
}

static cx_err is_status(struct store_tx *tx, const struct presign_answer *answer, bool *ret_is)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT revoked_us FROM certificate WHERE tenant_id = $1 AND certificate_id = $2", &q));
    store_bind_id(q, 1, answer->tenant_id);
    store_bind_id(q, 2, answer->certificate_id);
    CX_TRY(store_step(q, &row));
    *ret_is = row && store_col_int(q, 0) == answer->revoked_us;
    return CX_OK;
}

cx_err presign_answer_put(struct store_tx *tx, const struct presign_answer *answer)
{
    struct store_stmt *q = NULL;
    bool still = false;
    CX_TRY(is_status(tx, answer, &still));
    CX_TRY(store_prepare(
        tx,
        "INSERT INTO ocsp_answer (tenant_id, certificate_id, issuer_id, generation, revoked_us, "
        "this_update_us, next_update_us, renew_us, data, signature) "
        "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) "
        "ON CONFLICT (tenant_id, certificate_id) DO UPDATE SET "
        "generation = excluded.generation, revoked_us = excluded.revoked_us, "
        "this_update_us = excluded.this_update_us, next_update_us = excluded.next_update_us, "
        "renew_us = excluded.renew_us, data = excluded.data, signature = excluded.signature",
        &q));
    store_bind_id(q, 1, answer->tenant_id);
    store_bind_id(q, 2, answer->certificate_id);
    store_bind_id(q, 3, answer->issuer_id);
    store_bind_int(q, 4, answer->generation);
    store_bind_int(q, 5, answer->revoked_us);
    store_bind_int(q, 6, answer->this_update_us);
    store_bind_int(q, 7, answer->next_update_us);
    store_bind_int(q, 8, still ? answer->renew_us : 0);
    store_bind_bytes(q, 9, answer->data);
    store_bind_bytes(q, 10, answer->signature);
    return store_exec(q);
}

cx_err presign_answer_remove(struct store_tx *tx, struct cx_id tenant_id,
                             struct cx_id certificate_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "DELETE FROM ocsp_answer WHERE tenant_id = $1 AND certificate_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate_id);
    return store_exec(q);
}

cx_err presign_answer_mark(struct store_tx *tx, struct cx_id tenant_id, struct cx_id certificate_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx, "UPDATE ocsp_answer SET renew_us = 0 WHERE tenant_id = $1 AND certificate_id = $2",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, certificate_id);
    return store_exec(q);
}

cx_err presign_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                    struct cx_bytes serial, struct arena *arena, struct presign_found *ret_found)
{
    struct store_stmt *q = NULL;
    struct presign_found found = {0};
    CX_TRY(store_prepare(tx,
                         "SELECT c.revoked_us, c.revoke_reason, a.revoked_us, a.this_update_us, "
                         "a.next_update_us, a.data, a.signature, r.certificate "
                         "FROM certificate c LEFT JOIN ocsp_responder r "
                         "ON r.tenant_id = c.tenant_id AND r.issuer_id = c.issuer_id "
                         "LEFT JOIN ocsp_answer a ON a.tenant_id = c.tenant_id AND "
                         "a.certificate_id = c.certificate_id AND a.generation = r.generation "
                         "WHERE c.tenant_id = $1 AND c.issuer_id = $2 AND c.serial = $3",
                         &q));
    bind_issuer(q, tenant_id, issuer_id);
    store_bind_bytes(q, 3, serial);
    CX_TRY(store_step(q, &found.status.found));
    if (found.status.found) {
        found.status.revoked_us = store_col_int(q, 0);
        found.status.reason = (uint8_t)store_col_int(q, 1);
        found.has_answer =
            !store_col_is_null(q, 2) && store_col_int(q, 2) == found.status.revoked_us;
    }
    if (found.has_answer) {
        found.this_update_us = store_col_int(q, 3);
        found.next_update_us = store_col_int(q, 4);
        CX_TRY(arena_copy(arena, store_col_bytes(q, 5), &found.data));
        CX_TRY(arena_copy(arena, store_col_bytes(q, 6), &found.signature));
        CX_TRY(arena_copy(arena, store_col_bytes(q, 7), &found.certificate));
    }
    *ret_found = found;
    return CX_OK;
}
