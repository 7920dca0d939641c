#include "core/change/rollback.h"
#include "base/cleanup.h"
#include "core/change/change.h"
#include "core/core.h"

struct reading {
    struct cx_id tenant_id, entry_id;
    struct cx_str object, key;
    int64_t version;
    struct arena *arena;
    struct cx_str content;
    bool holds;
};

static cx_err read_content(struct store_tx *tx, struct reading *it)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT content, entry_id FROM state_change WHERE tenant_id = $1 "
                         "AND object = $2 AND object_key = $3 AND version = $4",
                         &q));
    store_bind_id(q, 1, it->tenant_id);
    store_bind_text(q, 2, it->object);
    store_bind_text(q, 3, it->key);
    store_bind_int(q, 4, it->version);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    it->entry_id = store_col_id(q, 1);
    return arena_copy_str(it->arena, store_col_text(q, 0), &it->content);
}

/* All that the entry brought, against the hash in its leaf. */
static cx_err check_entry(struct store_tx *tx, struct reading *it)
{
    uint8_t hash[CHANGE_HASH_LEN] = {0}, said[CHANGE_HASH_LEN] = {0};
    bool tied = false;
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT s.object, s.object_key, s.version, s.content, e.state_hash "
                         "FROM state_change s JOIN audit_entry e ON e.tenant_id = s.tenant_id "
                         "AND e.entry_id = s.entry_id WHERE s.tenant_id = $1 AND s.entry_id = $2 "
                         "ORDER BY s.position",
                         &q));
    store_bind_id(q, 1, it->tenant_id);
    store_bind_id(q, 2, it->entry_id);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        struct cx_bytes state = store_col_bytes(q, 4);
        tied = state.len == CHANGE_HASH_LEN;
        if (tied)
            memcpy(said, state.ptr, CHANGE_HASH_LEN);
        CX_TRY(change_hash_add(hash, store_col_text(q, 0), store_col_text(q, 1),
                               store_col_int(q, 2), store_col_text(q, 3)));
    }
    it->holds = tied && cx_bytes_eq(CX_BYTES(said, sizeof(said)), CX_BYTES(hash, sizeof(hash)));
    return CX_OK;
}

static cx_err read_version(struct store_tx *tx, void *arg)
{
    CX_TRY(read_content(tx, arg));
    return check_entry(tx, arg);
}

cx_err change_rollback_read(struct core *core, struct cx_id tenant_id, enum change_object object,
                            struct cx_str key, int64_t version, struct arena *arena,
                            struct cx_diag *diag, json_t **ret_root)
{
    struct reading it = {.tenant_id = tenant_id,
                         .object = cx_str_from(change_object_name(object)),
                         .key = key,
                         .version = version,
                         .arena = arena};
    cx_err err = store_read(core->store, read_version, &it);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(diag, err, "version", "version-unknown",
                         "Of this object no such version is recorded.");
    CX_TRY(err);
    if (!it.holds)
        return cx_refuse(diag, CX_ERR(CONFLICT), "version", "version-altered",
                         "The record of this version is not the one that the audit log vouches "
                         "for: see certinext change check.");
    return json_parse(cx_str_bytes(it.content), CHANGE_CONTENT_MAX, diag, ret_root);
}

cx_err change_rollback_text(const json_t *root, const char *name, struct arena *arena,
                            struct cx_str *ret_text)
{
    const json_t *value = json_object_get(root, name);
    if (!json_is_string(value))
        return arena_copy_str(arena, CX_STR(""), ret_text);
    return arena_copy_str(
        arena, (struct cx_str){json_string_value(value), json_string_length(value)}, ret_text);
}
