#include "core/change/change_store.h"

#define ITEM_COLUMNS                                                                               \
    "s.object, s.object_key, s.version, s.content, s.position, s.entry_id, e.time_us, e.action, "  \
    "e.user_id, e.commitment, e.details, p.content, r.proposal_id "
#define ITEM_JOIN                                                                                  \
    "FROM state_change s JOIN audit_entry e ON e.tenant_id = s.tenant_id "                         \
    "AND e.entry_id = s.entry_id LEFT JOIN proposal r ON r.tenant_id = s.tenant_id "               \
    "AND r.entry_id = s.entry_id LEFT JOIN state_change p ON p.tenant_id = s.tenant_id "           \
    "AND p.object = s.object AND p.object_key = s.object_key "

static cx_err item_of(const struct store_stmt *q, struct arena *arena, struct change_item *ret_item)
{
    struct change_item item = {.version = store_col_int(q, 2),
                               .position = store_col_int(q, 4),
                               .entry_id = store_col_id(q, 5),
                               .time_us = store_col_int(q, 6)};
    if (!store_col_is_null(q, 8))
        item.user_id = store_col_id(q, 8);
    if (!store_col_is_null(q, 12))
        item.proposal_id = store_col_id(q, 12);
    CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &item.object));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &item.key));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &item.content));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 7), &item.action));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 9), &item.commitment));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 10).envelope, &item.details.envelope));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 11), &item.before));
    *ret_item = item;
    return CX_OK;
}

struct listing {
    const struct change_filter *filter;
    struct arena *arena;
    struct change_item *items;
    size_t count;
};

static cx_err read_list(struct store_tx *tx, void *arg)
{
    struct listing *list = arg;
    const struct change_filter *filter = list->filter;
    struct store_stmt *q = NULL;
    list->count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " ITEM_COLUMNS ITEM_JOIN
                         "AND p.version = s.version - 1 WHERE s.tenant_id = $1 "
                         "AND (s.entry_id, s.position) < ($3, $2) AND ($4 = '' OR s.object = $4) "
                         "AND ($5 = '' OR s.object_key = $5) "
                         "ORDER BY s.entry_id DESC, s.position DESC LIMIT $6",
                         &q));
    store_bind_id(q, 1, filter->tenant_id);
    store_bind_int(q, 2, filter->after.time_us);
    store_bind_id(q, 3, filter->after.id);
    store_bind_text(q, 4, filter->object);
    store_bind_text(q, 5, filter->key);
    store_bind_int(q, 6, (int64_t)filter->limit);
    while (list->count < filter->limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(item_of(q, list->arena, &list->items[list->count++]));
    }
    return CX_OK;
}

cx_err change_list_read(struct store *store, const struct change_filter *filter,
                        struct arena *arena, struct change_item **ret_items, size_t *ret_count)
{
    struct listing list = {.filter = filter, .arena = arena};
    CX_TRY(ARENA_NEW_ARRAY(arena, filter->limit, &list.items));
    CX_TRY(store_read(store, read_list, &list));
    *ret_items = list.items;
    *ret_count = list.count;
    return CX_OK;
}

struct picking {
    const struct change_pick *pick;
    struct arena *arena;
    struct change_item item;
};

static cx_err read_pick(struct store_tx *tx, void *arg)
{
    struct picking *it = arg;
    const struct change_pick *pick = it->pick;
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " ITEM_COLUMNS ITEM_JOIN
                         "AND p.version = CASE WHEN $5 = 0 THEN s.version - 1 ELSE $5 END "
                         "WHERE s.tenant_id = $1 AND s.object = $2 AND s.object_key = $3 "
                         "AND ($4 = 0 OR s.version = $4) ORDER BY s.version DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, pick->tenant_id);
    store_bind_text(q, 2, pick->object);
    store_bind_text(q, 3, pick->key);
    store_bind_int(q, 4, pick->version);
    store_bind_int(q, 5, pick->before_version);
    CX_TRY(store_step(q, &row));
    return row ? item_of(q, it->arena, &it->item) : CX_ERR(NOTFOUND);
}

cx_err change_pick_read(struct store *store, const struct change_pick *pick, struct arena *arena,
                        struct change_item *ret_item)
{
    struct picking it = {.pick = pick, .arena = arena};
    CX_TRY(store_read(store, read_pick, &it));
    *ret_item = it.item;
    return CX_OK;
}
