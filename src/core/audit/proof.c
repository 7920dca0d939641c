#include "core/audit/proof.h"
#include "base/cleanup.h"
#include "core/audit/audit_list.h"
#include "core/audit/export.h"
#include "core/core.h"
#include "core/protect/protect.h"
#include "store/rows.h"

struct search {
    struct cx_id tenant_id, object_id;
    struct cx_str action;
    struct arena *arena;
    struct audit_record record;
    struct cx_sealed sealed;
    bool sequenced;
    uint64_t index;
};

static cx_err find_entry(struct store_tx *tx, void *arg)
{
    struct search *it = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT leaf_index, details, " AUDIT_RECORD_COLUMNS " FROM audit_entry "
                         "WHERE tenant_id = $1 AND object_id = $2 AND action = $3 "
                         "AND outcome = 'done' ORDER BY time_us DESC, entry_id DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, it->tenant_id);
    store_bind_id(q, 2, it->object_id);
    store_bind_text(q, 3, it->action);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    it->sequenced = !store_col_is_null(q, 0);
    it->index = (uint64_t)store_col_int(q, 0);
    it->record = audit_record_read(q, 2);
    CX_TRY(arena_copy(it->arena, store_col_sealed(q, 1).envelope, &it->sealed.envelope));
    CX_TRY(arena_copy_str(it->arena, it->record.action, &it->record.action));
    CX_TRY(arena_copy_str(it->arena, it->record.outcome, &it->record.outcome));
    CX_TRY(arena_copy_str(it->arena, it->record.object_type, &it->record.object_type));
    return arena_copy(it->arena, it->record.commitment, &it->record.commitment);
}

struct proving {
    struct cx_id tenant_id;
    uint64_t index, size;
    struct merkle_prover prover;
};

static cx_err read_hashes(struct store_tx *tx, void *arg)
{
    struct proving *it = arg;
    struct store_stmt *q = NULL;
    CX_TRY(merkle_prover_start(it->size, it->index, &it->prover));
    CX_TRY(store_prepare(tx,
                         "SELECT leaf_hash FROM audit_entry WHERE tenant_id = $1 "
                         "AND leaf_index >= 0 AND leaf_index < $2 ORDER BY leaf_index",
                         &q));
    store_bind_id(q, 1, it->tenant_id);
    store_bind_int(q, 2, (int64_t)it->size);
    for (;;) {
        struct merkle_hash hash;
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        struct cx_bytes bytes = store_col_bytes(q, 0);
        if (bytes.len != MERKLE_HASH_LEN)
            return CX_ERR(CRYPTO);
        memcpy(hash.b, bytes.ptr, MERKLE_HASH_LEN);
        CX_TRY(merkle_prover_take(&it->prover, &hash));
    }
}

static cx_err write_details(struct core *core, const struct search *entry, struct arena *arena,
                            struct json_writer *json)
{
    const struct protect_place place = {.tenant_id = entry->tenant_id,
                                        PLACE_AUDIT_ENTRY_DETAILS,
                                        .row = cx_id_bytes(&entry->record.entry_id)};
    struct cx_bytes plaintext;
    struct cx_str details;
    CX_TRY(protect_open(core->protect, &place, entry->sealed, arena, &plaintext));
    if (plaintext.len < AUDIT_SALT_LEN)
        return CX_ERR(CRYPTO);
    CX_TRY(cx_str_view(CX_BYTES(plaintext.ptr + AUDIT_SALT_LEN, plaintext.len - AUDIT_SALT_LEN),
                       &details));
    CX_TRY(json_write_str(json, "details", details));
    return json_write_hex(json, "salt", CX_BYTES(plaintext.ptr, AUDIT_SALT_LEN));
}

static cx_err write_path(const struct merkle_proof *path, struct json_writer *json)
{
    CX_TRY(json_begin_array(json, "path"));
    for (size_t i = 0; i < path->count; i++)
        CX_TRY(json_write_hex(json, NULL, CX_BYTES(path->path[i].b, MERKLE_HASH_LEN)));
    return json_end(json);
}

static cx_err write_proof(struct core *core, const struct search *entry,
                          const struct proving *proving, const struct audit_latest *latest,
                          struct arena *arena, struct json_writer *json, const char *key)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf leaf = CX_BUF_INIT(AUDIT_LEAF_MAX);
    struct merkle_proof path;
    struct cx_str text;
    CX_TRY(merkle_prover_finish(&proving->prover, &path));
    CX_TRY(audit_leaf_write(&entry->record, &leaf));
    CX_TRY(cx_str_view(cx_buf_view(&leaf), &text));
    CX_TRY(json_begin_object(json, key));
    CX_TRY(json_write_str(json, "leaf", text));
    CX_TRY(write_details(core, entry, arena, json));
    CX_TRY(json_write_i64(json, "index", (int64_t)proving->index));
    CX_TRY(json_write_i64(json, "size", (int64_t)proving->size));
    CX_TRY(write_path(&path, json));
    CX_TRY(json_write_str(json, "checkpoint", latest->note));
    CX_TRY(json_write_str(json, "vkey", latest->vkey));
    return json_end(json);
}

cx_err audit_proof_write(struct core *core, struct cx_id tenant_id, const char *action,
                         struct cx_id object_id, struct arena *arena, struct cx_diag *diag,
                         struct json_writer *json, const char *key)
{
    struct search entry = {.tenant_id = tenant_id,
                           .object_id = object_id,
                           .action = cx_str_from(action),
                           .arena = arena};
    struct audit_latest latest = {.size = 0};
    cx_err err = store_read(core->store, find_entry, &entry);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(diag, err, "", "proof-entry", "The log has no such entry.");
    CX_TRY(err);
    err = audit_latest_checkpoint(core, tenant_id, arena, &latest);
    if (err.code != CX_E_NOTFOUND)
        CX_TRY(err);
    if (!entry.sequenced || latest.size <= entry.index)
        return cx_refuse(diag, CX_ERR(NOTFOUND), "", "audit-checkpoint",
                         "No signed checkpoint covers the entry yet: ask again in a second.");
    struct proving proving = {.tenant_id = tenant_id, .index = entry.index, .size = latest.size};
    CX_TRY(store_read(core->store, read_hashes, &proving));
    return write_proof(core, &entry, &proving, &latest, arena, json, key);
}
