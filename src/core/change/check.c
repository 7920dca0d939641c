#include "core/change/check.h"
#include "base/cleanup.h"
#include "base/map.h"
#include "codec/json.h"
#include "core/change/change.h"
#include "core/core.h"

enum { OBJECTS_MAX = 4000000 };

/* The newest version of an object. */
struct known {
    struct cx_str key, content;
    bool seen;
};

struct checking {
    struct cx_id tenant_id;
    struct arena *arena;
    enum change_object object;
    struct cx_map map; /* key → struct known in arena */
    struct change_report *report;
};

static void find(struct checking *it, const char *rule, const char *object, struct cx_str key,
                 struct cx_str field)
{
    struct change_report *report = it->report;
    report->finding_count++;
    if (report->told_count < CHANGE_FINDINGS_MAX)
        report->findings[report->told_count++] = (struct change_finding){rule, object, key, field};
}

static cx_err load_newest(struct store_tx *tx, struct checking *it)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT s.object_key, s.content FROM state_change s "
                         "WHERE s.tenant_id = $1 AND s.object = $2 AND NOT EXISTS (SELECT 1 "
                         "FROM state_change n WHERE n.tenant_id = $1 AND n.object = $2 "
                         "AND n.object_key = s.object_key AND n.version > s.version)",
                         &q));
    store_bind_id(q, 1, it->tenant_id);
    store_bind_text(q, 2, cx_str_from(change_object_name(it->object)));
    for (;;) {
        struct known *known = NULL;
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        CX_TRY(ARENA_NEW(it->arena, &known));
        CX_TRY(arena_copy_str(it->arena, store_col_text(q, 0), &known->key));
        CX_TRY(arena_copy_str(it->arena, store_col_text(q, 1), &known->content));
        CX_TRY(cx_map_put(&it->map, cx_str_bytes(known->key), known, NULL));
    }
}

/* The first member whose value is not the same; none when only columns that the version does not know are there. */
static cx_err differing(struct checking *it, struct cx_str recorded, struct cx_str live,
                        struct cx_str *ret_field)
{
    json_auto_t *was = NULL, *is = NULL;
    struct cx_diag ignored = CX_DIAG_INIT;
    const char *name;
    json_t *value;
    *ret_field = CX_STR_NONE;
    if (cx_failed(json_parse(cx_str_bytes(recorded), CHANGE_CONTENT_MAX, &ignored, &was)))
        return arena_copy_str(it->arena, CX_STR(""), ret_field);
    CX_TRY(json_parse(cx_str_bytes(live), CHANGE_CONTENT_MAX, &ignored, &is));
    json_object_foreach(was, name, value)
    {
        if (!json_equal(value, json_object_get(is, name)))
            return arena_copy_str(it->arena, cx_str_from(name), ret_field);
    }
    return CX_OK;
}

static cx_err compare_row(struct checking *it, const struct change_row *row)
{
    const char *object = change_object_name(it->object);
    struct known *known = cx_map_get(&it->map, cx_str_bytes(row->key));
    struct cx_str field;
    it->report->object_count++;
    if (!known) {
        find(it, "row-unknown", object, row->key, CX_STR(""));
        return CX_OK;
    }
    known->seen = true;
    if (cx_str_eq(known->content, row->content))
        return CX_OK;
    CX_TRY(differing(it, known->content, row->content, &field));
    if (field.ptr)
        find(it, "row-changed", object, row->key, field);
    return CX_OK;
}

static bool tell_unseen(struct cx_bytes key, void *value, void *arg)
{
    const struct known *known = value;
    struct checking *it = arg;
    (void)key;
    if (!known->seen)
        find(it, "row-deleted", change_object_name(it->object), known->key, CX_STR(""));
    return true;
}

static cx_err check_object(struct store_tx *tx, struct checking *it)
{
    const struct change_key all = {.kind = CHANGE_KEY_ALL};
    struct change_row *rows = NULL;
    size_t count = 0;
    cx_map_clear(&it->map, NULL);
    it->map = CX_MAP_INIT(OBJECTS_MAX);
    CX_TRY(load_newest(tx, it));
    CX_TRY(change_rows_read(tx, it->tenant_id, it->object, &all, it->arena, &rows, &count));
    for (size_t i = 0; i < count; i++)
        CX_TRY(compare_row(it, &rows[i]));
    cx_map_each(&it->map, tell_unseen, it);
    return CX_OK;
}

static cx_err tell_entry(struct checking *it, const char *rule, struct cx_id entry_id)
{
    struct cx_str entry;
    char text[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_AUDIT, entry_id, text);
    CX_TRY(arena_copy_str(it->arena, cx_str_from(text), &entry));
    find(it, rule, "", entry, CX_STR(""));
    return CX_OK;
}

/* What one entry brought, against the hash in its leaf. */
struct brought {
    struct cx_id entry_id;
    bool begun, tied;
    uint8_t said[CHANGE_HASH_LEN], hash[CHANGE_HASH_LEN];
};

static cx_err end_entry(struct checking *it, const struct brought *brought)
{
    if (!brought->begun)
        return CX_OK;
    if (!brought->tied)
        return tell_entry(it, "version-untied", brought->entry_id);
    return cx_bytes_eq(CX_BYTES(brought->said, CHANGE_HASH_LEN),
                       CX_BYTES(brought->hash, CHANGE_HASH_LEN))
               ? CX_OK
               : tell_entry(it, "version-altered", brought->entry_id);
}

static cx_err begin_entry(struct checking *it, struct brought *brought, const struct store_stmt *q)
{
    struct cx_id entry_id = store_col_id(q, 0);
    struct cx_bytes said = store_col_bytes(q, 5);
    if (brought->begun && cx_id_eq(entry_id, brought->entry_id))
        return CX_OK;
    CX_TRY(end_entry(it, brought));
    *brought =
        (struct brought){.entry_id = entry_id, .begun = true, .tied = said.len == CHANGE_HASH_LEN};
    if (brought->tied)
        memcpy(brought->said, said.ptr, CHANGE_HASH_LEN);
    return CX_OK;
}

static cx_err check_versions(struct store_tx *tx, struct checking *it)
{
    struct brought brought = {.begun = false};
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT s.entry_id, s.object, s.object_key, s.version, s.content, "
                         "e.state_hash FROM state_change s LEFT JOIN audit_entry e "
                         "ON e.tenant_id = s.tenant_id AND e.entry_id = s.entry_id "
                         "WHERE s.tenant_id = $1 ORDER BY s.entry_id, s.position",
                         &q));
    store_bind_id(q, 1, it->tenant_id);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return end_entry(it, &brought);
        CX_TRY(begin_entry(it, &brought, q));
        CX_TRY(change_hash_add(brought.hash, store_col_text(q, 1), store_col_text(q, 2),
                               store_col_int(q, 3), store_col_text(q, 4)));
        it->report->version_count++;
    }
}

/* Entries whose versions are all gone: where some are left, the hash is not theirs. */
static cx_err check_entries(struct store_tx *tx, struct checking *it)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT e.entry_id FROM audit_entry e WHERE e.tenant_id = $1 "
                         "AND e.state_hash IS NOT NULL AND NOT EXISTS (SELECT 1 FROM "
                         "state_change s WHERE s.tenant_id = $1 AND s.entry_id = e.entry_id)",
                         &q));
    store_bind_id(q, 1, it->tenant_id);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        CX_TRY(tell_entry(it, "version-missing", store_col_id(q, 0)));
    }
}

static cx_err check_tenant(struct store_tx *tx, void *arg)
{
    struct checking *it = arg;
    *it->report = (struct change_report){0};
    CX_TRY(change_recorded(tx, it->tenant_id, &it->report->recorded));
    for (int i = 0; it->report->recorded && i < CHANGE_OBJECT_COUNT; i++) {
        it->object = (enum change_object)i;
        CX_TRY(check_object(tx, it));
    }
    CX_TRY(check_versions(tx, it));
    return check_entries(tx, it);
}

cx_err change_check(struct core *core, struct cx_id tenant_id, struct arena *arena,
                    struct change_report *ret_report)
{
    struct checking it = {.tenant_id = tenant_id,
                          .arena = arena,
                          .map = CX_MAP_INIT(OBJECTS_MAX),
                          .report = ret_report};
    cx_err err = store_read(core->store, check_tenant, &it);
    cx_map_clear(&it.map, NULL);
    return err;
}
