#include "core/audit/export.h"
#include "base/cleanup.h"
#include "codec/json_write.h"
#include "core/audit/audit_internal.h"
#include "core/core.h"
#include "pki/note.h"

enum {
    EXPORT_PAGE = 500, /* entries of one read */
    EXPORT_CHECKPOINT_EVERY =
        1000, /* entries between checkpoint lines; the last one is always there */
    EXPORT_NOTE_MAX = NOTE_MAX
};

struct audit_export {
    struct core *core;
    struct cx_id tenant_id;
    struct cx_str vkey;
    uint64_t from, next, end; /* end: size of the checkpoint that closes the export */
    struct cx_str note;       /* that checkpoint */
    struct merkle_tree tree;  /* of the entries before from: its frontier starts the verification */
    uint64_t last_checkpoint;
    bool begun;
};

struct checkpoint_query {
    struct cx_id tenant_id;
    uint64_t at_least; /* the smallest checkpoint of this size or more … */
    bool newest;       /* … or the newest */
    struct arena *arena;
    uint64_t size;
    struct cx_str note;
};

static cx_err find_checkpoint(struct store_tx *tx, void *arg)
{
    struct checkpoint_query *it = arg;
    struct store_stmt *q = NULL;
    if (it->newest) {
        CX_TRY(store_prepare(tx,
                             "SELECT size, note FROM audit_checkpoint WHERE tenant_id = $1 "
                             "ORDER BY size DESC LIMIT 1",
                             &q));
    } else {
        CX_TRY(store_prepare(tx,
                             "SELECT size, note FROM audit_checkpoint WHERE tenant_id = $1 "
                             "AND size >= $2 ORDER BY size LIMIT 1",
                             &q));
        store_bind_int(q, 2, (int64_t)it->at_least);
    }
    store_bind_id(q, 1, it->tenant_id);
    bool row = false;
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    it->size = (uint64_t)store_col_int(q, 0);
    return arena_copy_str(it->arena, store_col_text(q, 1), &it->note);
}

/* hash is the stored one: verification compares it with the leaf. */
typedef cx_err (*leaf_visit)(void *arg, uint64_t index, struct cx_bytes leaf, struct cx_bytes hash);

struct page {
    const struct audit_export *export_;
    uint64_t first, end;
    leaf_visit visit;
    void (*restart)(void *arg);
    void *arg;
    uint64_t count;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct page *page = arg;
    page->count = 0;
    page->restart(page->arg);
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT leaf_index, leaf_hash, " AUDIT_RECORD_COLUMNS " FROM audit_entry "
                         "WHERE tenant_id = $1 AND leaf_index >= $2 AND leaf_index < $3 "
                         "ORDER BY leaf_index LIMIT $4",
                         &q));
    store_bind_id(q, 1, page->export_->tenant_id);
    store_bind_int(q, 2, (int64_t)page->first);
    store_bind_int(q, 3, (int64_t)page->end);
    store_bind_int(q, 4, EXPORT_PAGE);
    uint8_t memory[AUDIT_LEAF_MAX];
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        const struct audit_record record = audit_record_read(q, 2);
        struct cx_buf leaf = {.ptr = memory, .cap = sizeof(memory), .max = sizeof(memory)};
        CX_TRY(audit_leaf_write(&record, &leaf));
        CX_TRY(page->visit(page->arg, (uint64_t)store_col_int(q, 0), cx_buf_view(&leaf),
                           store_col_bytes(q, 1)));
        page->count++;
    }
}

/* ---- entries before the first one exported: only their hashes count ---- */

struct skip {
    struct merkle_tree start, tree;
};

static void skip_restart(void *arg)
{
    struct skip *skip = arg;
    skip->tree = skip->start;
}

static cx_err skip_leaf(void *arg, uint64_t index, struct cx_bytes leaf, struct cx_bytes stored)
{
    (void)stored;
    struct skip *skip = arg;
    struct merkle_hash hash;
    if (index != skip->tree.size)
        return CX_ERR(STORE); /* a gap: the export would not verify anyway */
    CX_TRY(merkle_leaf(leaf, &hash));
    return merkle_append(&skip->tree, &hash);
}

static cx_err skip_to(struct audit_export *it)
{
    struct skip skip = {0};
    while (it->tree.size < it->from) {
        skip.start = it->tree;
        struct page page = {.export_ = it,
                            .first = it->tree.size,
                            .end = it->from,
                            .visit = skip_leaf,
                            .restart = skip_restart,
                            .arg = &skip};
        CX_TRY(store_read(it->core->store, read_page, &page));
        if (page.count == 0)
            return CX_ERR(STORE);
        it->tree = skip.tree;
    }
    return CX_OK;
}

/* ---- lines ---- */

struct lines {
    struct cx_buf *out;
    size_t start_len; /* a repeated read starts over */
};

static void lines_restart(void *arg)
{
    struct lines *lines = arg;
    lines->out->len = lines->start_len;
}

static cx_err entry_line(void *arg, uint64_t index, struct cx_bytes leaf, struct cx_bytes stored)
{
    struct lines *lines = arg;
    struct json_writer json = json_writer(lines->out);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_i64(&json, "index", (int64_t)index));
    CX_TRY(json_write_hex(&json, "hash", stored));
    CX_TRY(json_write_raw(&json, "leaf", leaf));
    CX_TRY(json_end(&json));
    return cx_buf_add_u8(lines->out, '\n');
}

static cx_err header_line(const struct audit_export *it, struct cx_buf *out)
{
    struct json_writer json = json_writer(out);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_i64(&json, "certinext-audit-export", 1));
    CX_TRY(json_write_id(&json, "tenant", CX_ID_TENANT, it->tenant_id));
    CX_TRY(json_write_str(&json, "vkey", it->vkey));
    CX_TRY(json_write_i64(&json, "from", (int64_t)it->from));
    CX_TRY(json_begin_array(&json, "frontier"));
    for (size_t i = 0; i < merkle_frontier_count(it->tree.size); i++)
        CX_TRY(json_write_hex(&json, NULL, CX_BYTES(it->tree.frontier[i].b, MERKLE_HASH_LEN)));
    CX_TRY(json_end(&json));
    CX_TRY(json_write_i64(&json, "size", (int64_t)it->end));
    CX_TRY(json_write_str(&json, "checkpoint", it->note));
    CX_TRY(json_end(&json));
    return cx_buf_add_u8(out, '\n');
}

static cx_err checkpoint_line(uint64_t size, struct cx_str note, struct cx_buf *out)
{
    struct json_writer json = json_writer(out);
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_i64(&json, "size", (int64_t)size));
    CX_TRY(json_write_str(&json, "checkpoint", note));
    CX_TRY(json_end(&json));
    return cx_buf_add_u8(out, '\n');
}

cx_err audit_export_start(struct core *core, struct cx_id tenant_id, uint64_t from, uint64_t limit,
                          struct arena *arena, struct cx_diag *diag,
                          struct audit_export **ret_export)
{
    struct audit_export *it = NULL;
    CX_TRY(ARENA_NEW(arena, &it));
    *it = (struct audit_export){.core = core, .tenant_id = tenant_id, .from = from, .next = from};
    it->last_checkpoint = from;
    uint64_t wanted = limit > (uint64_t)INT64_MAX - from ? (uint64_t)INT64_MAX : from + limit;
    struct checkpoint_query query = {.tenant_id = tenant_id, .at_least = wanted, .arena = arena};
    cx_err found = store_read(core->store, find_checkpoint, &query);
    if (found.code == CX_E_NOTFOUND) {
        query.newest = true;
        found = store_read(core->store, find_checkpoint, &query);
    }
    if (found.code == CX_E_NOTFOUND || (cx_is_ok(found) && query.size <= from))
        return cx_refuse(diag, CX_ERR(NOTFOUND), "from_index", "audit-range",
                         "No checkpoint covers entries from this index on yet.");
    CX_TRY(found);
    it->end = query.size;
    it->note = query.note;
    CX_TRY(keys_checkpoint_key(core->keys, tenant_id, arena, &it->vkey));
    CX_TRY(skip_to(it));
    *ret_export = it;
    return CX_OK;
}

/* Writes the checkpoint that lies after the entries written so far, when it is time for one. */
static cx_err maybe_checkpoint(struct audit_export *it, uint64_t page_end, uint64_t *ret_stop)
{
    *ret_stop = page_end;
    if (it->next - it->last_checkpoint + EXPORT_PAGE < EXPORT_CHECKPOINT_EVERY)
        return CX_OK;
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(EXPORT_NOTE_MAX + 64);
    struct checkpoint_query query = {
        .tenant_id = it->tenant_id, .at_least = it->next + 1, .arena = &arena};
    CX_TRY(store_read(it->core->store, find_checkpoint, &query));
    if (query.size < page_end)
        *ret_stop = query.size;
    return CX_OK;
}

static cx_err add_checkpoint(struct audit_export *it, struct cx_buf *out)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(EXPORT_NOTE_MAX + 64);
    struct checkpoint_query query = {
        .tenant_id = it->tenant_id, .at_least = it->next, .arena = &arena};
    CX_TRY(store_read(it->core->store, find_checkpoint, &query));
    if (query.size != it->next)
        return CX_OK; /* this page ends between two */
    it->last_checkpoint = it->next;
    return checkpoint_line(query.size, query.note, out);
}

cx_err audit_export_next(void *state, struct cx_buf *out, bool *ret_done)
{
    struct audit_export *it = state;
    if (!it->begun) {
        it->begun = true;
        *ret_done = false;
        return header_line(it, out);
    }
    uint64_t stop = 0;
    uint64_t page_end = it->end - it->next > EXPORT_PAGE ? it->next + EXPORT_PAGE : it->end;
    CX_TRY(maybe_checkpoint(it, page_end, &stop));
    struct lines lines = {.out = out, .start_len = out->len};
    struct page page = {.export_ = it,
                        .first = it->next,
                        .end = stop,
                        .visit = entry_line,
                        .restart = lines_restart,
                        .arg = &lines};
    CX_TRY(store_read(it->core->store, read_page, &page));
    it->next = stop; /* missing entries show as a gap in the indexes, which verification reports */
    if (it->next == it->end)
        CX_TRY(checkpoint_line(it->end, it->note, out));
    else
        CX_TRY(add_checkpoint(it, out));
    *ret_done = it->next == it->end;
    return CX_OK;
}

cx_err audit_latest_checkpoint(struct core *core, struct cx_id tenant_id, struct arena *arena,
                               struct audit_latest *ret_latest)
{
    struct checkpoint_query query = {.tenant_id = tenant_id, .newest = true, .arena = arena};
    CX_TRY(store_read(core->store, find_checkpoint, &query));
    struct audit_latest latest = {.size = query.size, .note = query.note};
    CX_TRY(keys_checkpoint_key(core->keys, tenant_id, arena, &latest.vkey));
    struct note_key key;
    struct cx_str text;
    struct checkpoint checkpoint;
    CX_TRY(note_key_parse(latest.vkey, &key));
    CX_TRY(note_verify(latest.note, &key, &text));
    CX_TRY(checkpoint_parse(text, &checkpoint));
    if (checkpoint.size != latest.size)
        return CX_ERR(CRYPTO);
    memcpy(latest.root, checkpoint.root, sizeof(latest.root));
    *ret_latest = latest;
    return CX_OK;
}
