#include "core/client_certificate/client_certificate_store.h"

enum { HASH_LEN = 32 };

static cx_err hash_of(const struct store_stmt *q, int column, uint8_t ret_hash[static HASH_LEN])
{
    struct cx_bytes hash = store_col_bytes(q, column);
    if (hash.len != HASH_LEN)
        return CX_ERR(STORE);
    memcpy(ret_hash, hash.ptr, HASH_LEN);
    return CX_OK;
}

cx_err client_ca_list(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                      struct client_ca_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT ca_id, name, certificate, sha256, not_after_us, created_us, "
                         "created_by_id FROM client_ca WHERE tenant_id = $1 "
                         "AND removed_us IS NULL ORDER BY created_us, ca_id LIMIT $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, CLIENT_CAS_MAX);
    while (count < CLIENT_CAS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        struct client_ca_row *ca = &rows[count++];
        *ca = (struct client_ca_row){.ca_id = store_col_id(q, 0),
                                     .not_after_us = store_col_int(q, 4),
                                     .created_us = store_col_int(q, 5),
                                     .created_by_id = store_col_id(q, 6)};
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &ca->name));
        CX_TRY(arena_copy(arena, store_col_bytes(q, 2), &ca->certificate));
        CX_TRY(hash_of(q, 3, ca->sha256));
    }
    *ret_count = count;
    return CX_OK;
}

static cx_err remove_row(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                         struct cx_id id, struct cx_id by, cx_time now_us, int64_t *ret_changes)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, id);
    store_bind_int(q, 3, now_us);
    if (cx_id_is_zero(by))
        store_bind_null(q, 4);
    else
        store_bind_id(q, 4, by);
    CX_TRY(store_exec(q));
    *ret_changes = store_changes(q);
    return CX_OK;
}

cx_err client_ca_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id ca_id,
                        struct cx_id by, cx_time now_us)
{
    int64_t changes = 0;
    CX_TRY(remove_row(tx,
                      "UPDATE client_ca SET removed_us = $3, removed_by_id = $4 "
                      "WHERE tenant_id = $1 AND ca_id = $2 AND removed_us IS NULL",
                      tenant_id, ca_id, by, now_us, &changes));
    return changes == 1 ? CX_OK : CX_ERR(NOTFOUND);
}

#define BINDING_SELECT                                                                             \
    "SELECT binding_id, user_id, matches, spki_sha256, issuer_sha256, serial, subject, "           \
    "not_after_us, created_us, last_used_us, created_by_id FROM client_certificate "               \
    "WHERE tenant_id = $1 AND removed_us IS NULL "

static cx_err binding_of(const struct store_stmt *q, struct arena *arena,
                         struct client_binding_row *ret_binding)
{
    struct client_binding_row binding = {.binding_id = store_col_id(q, 0),
                                         .user_id = store_col_id(q, 1),
                                         .whole = !cx_str_is(store_col_text(q, 2), "key"),
                                         .not_after_us = store_col_int(q, 7),
                                         .created_us = store_col_int(q, 8),
                                         .last_used_us = store_col_int(q, 9),
                                         .created_by_id = store_col_id(q, 10)};
    CX_TRY(hash_of(q, 3, binding.spki_sha256));
    CX_TRY(hash_of(q, 4, binding.issuer_sha256));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 5), &binding.serial));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 6).envelope, &binding.subject.envelope));
    *ret_binding = binding;
    return CX_OK;
}

cx_err client_binding_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                           struct arena *arena, struct client_binding_row *ret_binding)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, BINDING_SELECT "AND binding_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, binding_id);
    CX_TRY(store_step(q, &row));
    return row ? binding_of(q, arena, ret_binding) : CX_ERR(NOTFOUND);
}

cx_err client_binding_find_key(struct store_tx *tx, struct cx_id tenant_id,
                               const uint8_t spki_sha256[static HASH_LEN], struct arena *arena,
                               struct client_binding_row *ret_binding)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, BINDING_SELECT "AND spki_sha256 = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, CX_BYTES(spki_sha256, HASH_LEN));
    CX_TRY(store_step(q, &row));
    return row ? binding_of(q, arena, ret_binding) : CX_ERR(NOTFOUND);
}

cx_err client_binding_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           struct arena *arena, struct client_binding_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx, BINDING_SELECT "AND user_id = $2 ORDER BY created_us, binding_id LIMIT $3", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, CLIENT_CERTIFICATES_PER_USER_MAX);
    while (count < CLIENT_CERTIFICATES_PER_USER_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(binding_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err client_binding_use(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                          cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE client_certificate SET last_used_us = $3 WHERE tenant_id = $1 "
                         "AND binding_id = $2 AND removed_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, binding_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err client_binding_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                             struct cx_id by, cx_time now_us)
{
    int64_t changes = 0;
    return remove_row(tx,
                      "UPDATE client_certificate SET removed_us = $3, removed_by_id = $4 "
                      "WHERE tenant_id = $1 AND binding_id = $2 AND removed_us IS NULL",
                      tenant_id, binding_id, by, now_us, &changes);
}

cx_err client_binding_remove_all(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                                 struct cx_id by, cx_time now_us)
{
    int64_t changes = 0;
    return remove_row(tx,
                      "UPDATE client_certificate SET removed_us = $3, removed_by_id = $4 "
                      "WHERE tenant_id = $1 AND user_id = $2 AND removed_us IS NULL",
                      tenant_id, user_id, by, now_us, &changes);
}
