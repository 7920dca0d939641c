#include "core/audit/audit_list.h"
#include "core/core.h"
#include "core/protect/protect.h"
#include "crypto/hash.h"
#include "store/rows.h"

enum { ITEM_COLUMNS = 3 }; /* before those of the record */

#define ITEM_SELECT                                                                                \
    "SELECT leaf_index, leaf_hash, details, " AUDIT_RECORD_COLUMNS " FROM audit_entry "
/* What happened to an object is for those who reach the object. */
#define ITEM_SCOPE                                                                                 \
    "(($8 = 1 AND $11 = 1)"                                                                        \
    " OR (object_type = 'req' AND EXISTS (SELECT 1 FROM request r WHERE r.tenant_id = $1 "         \
    "AND r.request_id = audit_entry.object_id AND " SCOPE_OBJECT(                                  \
        "r", "request_tag", "request_id", "$8", "$9", "$10", "$11", "$12",                         \
        "$13") "))"                                                                                \
               " OR (object_type = 'crt' AND EXISTS (SELECT 1 FROM certificate c "                 \
               "WHERE c.tenant_id = $1 AND c.certificate_id = audit_entry.object_id "              \
               "AND " SCOPE_OBJECT("c", "certificate_tag", "certificate_id", "$8", "$9", "$10",    \
                                   "$11", "$12",                                                   \
                                   "$13") "))"                                                     \
                                          " OR (object_type = 'usr' AND " SCOPE_PEOPLE(            \
                                              "audit_entry.object_id", "$8", "$9", "$10", "$11",   \
                                              "$12", "$13") "))"
#define ITEM_FILTER                                                                                \
    "AND (time_us, entry_id) < ($2, $3) AND ($4 = '' OR action = $4) AND ($5 = 0 OR user_id = "    \
    "$6) AND " ITEM_SCOPE " "                                                                      \
    "ORDER BY time_us DESC, entry_id DESC LIMIT $7"

struct list {
    const struct audit_filter *filter;
    struct arena *arena;
    struct audit_item *items;
    size_t count;
};

/* Moves what the row lends into the arena. */
static cx_err copy_item(struct arena *arena, const struct store_stmt *q, struct audit_item *item)
{
    struct audit_record record = audit_record_read(q, ITEM_COLUMNS);
    struct cx_bytes sealed;
    CX_TRY(arena_copy_str(arena, record.action, &record.action));
    CX_TRY(arena_copy_str(arena, record.outcome, &record.outcome));
    CX_TRY(arena_copy_str(arena, record.object_type, &record.object_type));
    CX_TRY(arena_copy(arena, record.commitment, &record.commitment));
    CX_TRY(arena_copy(arena, store_col_bytes(q, 1), &item->leaf_hash));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 2).envelope, &sealed));
    item->record = record;
    item->sealed.envelope = sealed;
    item->sequenced = !store_col_is_null(q, 0);
    item->leaf_index = store_col_int(q, 0);
    return CX_OK;
}

static cx_err read_list(struct store_tx *tx, void *arg)
{
    struct list *list = arg;
    const struct audit_filter *filter = list->filter;
    struct store_stmt *q = NULL;
    list->count = 0;
    if (!filter->has_object_id) {
        CX_TRY(store_prepare(tx, ITEM_SELECT "WHERE tenant_id = $1 " ITEM_FILTER, &q));
    } else {
        CX_TRY(store_prepare(
            tx, ITEM_SELECT "WHERE tenant_id = $1 AND object_id = $14 " ITEM_FILTER, &q));
        store_bind_id(q, 14, filter->object_id);
    }
    store_bind_id(q, 1, filter->tenant_id);
    store_bind_int(q, 2, filter->after.time_us);
    store_bind_id(q, 3, filter->after.id);
    store_bind_text(q, 4, filter->action);
    store_bind_int(q, 5, filter->has_user_id);
    store_bind_id(q, 6, filter->user_id);
    store_bind_int(q, 7, (int64_t)filter->limit);
    access_scope_bind(q, 8, &filter->scope);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row || list->count == filter->limit)
            return CX_OK;
        CX_TRY(copy_item(list->arena, q, &list->items[list->count]));
        list->count++;
    }
}

cx_err audit_list_read(struct store *store, const struct audit_filter *filter, struct arena *arena,
                       struct audit_item **ret_items, size_t *ret_count)
{
    struct list list = {.filter = filter, .arena = arena};
    CX_TRY(ARENA_NEW_ARRAY(arena, filter->limit, &list.items));
    CX_TRY(store_read(store, read_list, &list));
    *ret_items = list.items;
    *ret_count = list.count;
    return CX_OK;
}

cx_err audit_details_open(struct core *core, const struct audit_item *item, struct arena *arena,
                          struct cx_str *ret_details)
{
    const struct protect_place place = {.tenant_id = item->record.tenant_id,
                                        PLACE_AUDIT_ENTRY_DETAILS,
                                        .row = cx_id_bytes(&item->record.entry_id)};
    struct cx_bytes plaintext;
    CX_TRY(protect_open(core->protect, &place, item->sealed, arena, &plaintext));
    if (plaintext.len < AUDIT_SALT_LEN)
        return CX_ERR(CRYPTO);
    struct cx_bytes salt = CX_BYTES(plaintext.ptr, AUDIT_SALT_LEN);
    struct cx_bytes details =
        CX_BYTES(plaintext.ptr + AUDIT_SALT_LEN, plaintext.len - AUDIT_SALT_LEN);
    uint8_t commitment[AUDIT_COMMITMENT_LEN];
    CX_TRY(audit_commitment(salt, details, commitment));
    if (!cx_bytes_eq(CX_BYTES(commitment, sizeof(commitment)), item->record.commitment))
        return CX_ERR(CRYPTO);
    return cx_str_view(details, ret_details);
}
