#include "core/change/change.h"
#include "base/cleanup.h"
#include "codec/json_write.h"
#include "crypto/hash.h"
#include "store/rows.h"

enum { NOTE_ARENA_MAX = 256 * 1024 * 1024, PIECE_MAX = 4 * 1024 * 1024 };

void change_tie_begin(struct store_tx *tx, struct change_tie *tie, struct cx_id tenant_id,
                      struct cx_id entry_id)
{
    *tie = (struct change_tie){.tenant_id = tenant_id, .entry_id = entry_id};
    store_tx_attach(tx, tie);
}

cx_err change_hash_add(uint8_t hash[static CHANGE_HASH_LEN], struct cx_str object,
                       struct cx_str key, int64_t version, struct cx_str content)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf piece = CX_BUF_INIT(PIECE_MAX);
    struct json_writer json = json_writer(&piece);
    uint8_t before[CHANGE_HASH_LEN];
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_str(&json, "object", object));
    CX_TRY(json_write_str(&json, "key", key));
    CX_TRY(json_write_i64(&json, "version", version));
    CX_TRY(json_write_str(&json, "content", content));
    CX_TRY(json_end(&json));
    memcpy(before, hash, sizeof(before));
    const struct cx_bytes pieces[] = {CX_BYTES(before, sizeof(before)), cx_buf_view(&piece)};
    return crypto_digest(CRYPTO_SHA256, pieces, 2, hash);
}

struct newest {
    int64_t version; /* 0: none */
    bool same;
};

static cx_err find_newest(struct store_tx *tx, const struct row_state_change *row,
                          struct newest *ret_newest)
{
    struct store_stmt *q = NULL;
    bool found = false;
    CX_TRY(store_prepare(tx,
                         "SELECT version, content FROM state_change WHERE tenant_id = $1 "
                         "AND object = $2 AND object_key = $3 ORDER BY version DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_text(q, 2, row->object);
    store_bind_text(q, 3, row->object_key);
    CX_TRY(store_step(q, &found));
    *ret_newest = (struct newest){0};
    if (found)
        *ret_newest =
            (struct newest){store_col_int(q, 0), cx_str_eq(store_col_text(q, 1), row->content)};
    return CX_OK;
}

static cx_err note_row(struct store_tx *tx, struct change_tie *tie, enum change_object object,
                       const struct change_row *is)
{
    struct newest newest;
    struct row_state_change row = {.tenant_id = tie->tenant_id,
                                   .object = cx_str_from(change_object_name(object)),
                                   .object_key = is->key,
                                   .content = is->content,
                                   .entry_id = tie->entry_id,
                                   .position = tie->count};
    CX_TRY(find_newest(tx, &row, &newest));
    if (newest.same)
        return CX_OK;
    row.version = newest.version + 1;
    CX_TRY(row_state_change_insert(tx, &row));
    CX_TRY(change_hash_add(tie->hash, row.object, row.object_key, row.version, row.content));
    tie->count++;
    return CX_OK;
}

static cx_err note_rows(struct store_tx *tx, struct change_tie *tie, enum change_object object,
                        const struct change_key *key)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(NOTE_ARENA_MAX);
    struct change_row *rows = NULL;
    size_t count = 0;
    CX_TRY(change_rows_read(tx, tie->tenant_id, object, key, &arena, &rows, &count));
    for (size_t i = 0; i < count; i++)
        CX_TRY(note_row(tx, tie, object, &rows[i]));
    return CX_OK;
}

cx_err change_recorded(struct store_tx *tx, struct cx_id tenant_id, bool *ret_recorded)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT 1 FROM state_change WHERE tenant_id = $1 LIMIT 1", &q));
    store_bind_id(q, 1, tenant_id);
    return store_step(q, ret_recorded);
}

cx_err change_mark_adopted(struct store_tx *tx, struct cx_id tenant_id, enum change_object object)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "INSERT INTO state_adopted (tenant_id, object) VALUES ($1, $2) "
                         "ON CONFLICT DO NOTHING",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, cx_str_from(change_object_name(object)));
    return store_exec(q);
}

static cx_err note_everything(struct store_tx *tx, struct change_tie *tie)
{
    const struct change_key all = {.kind = CHANGE_KEY_ALL};
    for (int i = 0; i < CHANGE_OBJECT_COUNT; i++) {
        CX_TRY(note_rows(tx, tie, (enum change_object)i, &all));
        CX_TRY(change_mark_adopted(tx, tie->tenant_id, (enum change_object)i));
    }
    return CX_OK;
}

cx_err change_note(struct store_tx *tx, struct cx_id tenant_id, enum change_object object,
                   const struct change_key *key)
{
    struct change_tie *tie = store_tx_attached(tx);
    bool recorded = false;
    if (!tie || !cx_id_eq(tie->tenant_id, tenant_id))
        return CX_ERR(INTERNAL);
    CX_TRY(change_recorded(tx, tenant_id, &recorded));
    return recorded ? note_rows(tx, tie, object, key) : note_everything(tx, tie);
}

cx_err change_note_all(struct store_tx *tx, struct cx_id tenant_id, enum change_object object)
{
    const struct change_key key = {.kind = CHANGE_KEY_ALL};
    return change_note(tx, tenant_id, object, &key);
}

cx_err change_note_id(struct store_tx *tx, struct cx_id tenant_id, enum change_object object,
                      struct cx_id id)
{
    const struct change_key key = {.kind = CHANGE_KEY_ID, .id = id};
    return change_note(tx, tenant_id, object, &key);
}

cx_err change_note_ids(struct store_tx *tx, struct cx_id tenant_id, enum change_object object,
                       struct cx_id id, struct cx_id other_id)
{
    const struct change_key key = {.kind = CHANGE_KEY_IDS, .id = id, .other_id = other_id};
    return change_note(tx, tenant_id, object, &key);
}

cx_err change_note_text(struct store_tx *tx, struct cx_id tenant_id, enum change_object object,
                        struct cx_str text)
{
    const struct change_key key = {.kind = CHANGE_KEY_TEXT, .text = text};
    return change_note(tx, tenant_id, object, &key);
}
