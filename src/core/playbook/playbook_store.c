#include "core/playbook/playbook_store.h"
#include "core/change/change.h"

#define COLUMNS                                                                                    \
    "SELECT p.name, p.version, p.state, p.content, p.effective_us, p.created_us, "                 \
    "p.created_by_id FROM playbook_version p WHERE p.tenant_id = $1 "
/* No later version of the name; with a time: none that has come into force by then. */
#define NEWEST                                                                                     \
    "AND NOT EXISTS (SELECT 1 FROM playbook_version n WHERE n.tenant_id = p.tenant_id "            \
    "AND n.name = p.name AND n.version > p.version) "
#define IN_FORCE(at)                                                                               \
    "AND p.state = 'active' AND p.effective_us <= " at                                             \
    " AND NOT EXISTS (SELECT 1 FROM playbook_version n WHERE n.tenant_id = p.tenant_id "           \
    "AND n.name = p.name AND n.version > p.version AND n.effective_us <= " at ") "

static cx_err row_of(const struct store_stmt *q, struct arena *arena, struct playbook_row *ret_row)
{
    struct playbook_row row = {.version = store_col_int(q, 1),
                               .retired = cx_str_is(store_col_text(q, 2), "retired"),
                               .effective_us = store_col_int(q, 4),
                               .created_us = store_col_int(q, 5),
                               .created_by_id = store_col_id(q, 6)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &row.name));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.content));
    *ret_row = row;
    return CX_OK;
}

static cx_err rows_of(struct store_stmt *q, size_t max, struct arena *arena,
                      struct playbook_row *rows, size_t *ret_count)
{
    size_t count = 0;
    while (count < max) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(row_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

static cx_err one_of(struct store_stmt *q, struct arena *arena, struct playbook_row *ret_row)
{
    bool row = false;
    CX_TRY(store_step(q, &row));
    return row ? row_of(q, arena, ret_row) : CX_ERR(NOTFOUND);
}

cx_err playbook_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                     int64_t version, struct arena *arena, struct playbook_row *ret_row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         version ? COLUMNS "AND p.name = $2 AND p.version = $3"
                                 : COLUMNS "AND p.name = $2 " NEWEST,
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, name);
    if (version)
        store_bind_int(q, 3, version);
    return one_of(q, arena, ret_row);
}

cx_err playbook_in_force(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                         cx_time now_us, struct arena *arena, struct playbook_row *ret_row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, COLUMNS "AND p.name = $2 " IN_FORCE("$3"), &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, name);
    store_bind_int(q, 3, now_us);
    return one_of(q, arena, ret_row);
}

cx_err playbook_newest_all(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                           struct playbook_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, COLUMNS NEWEST "ORDER BY p.name", &q));
    store_bind_id(q, 1, tenant_id);
    return rows_of(q, PLAYBOOKS_MAX, arena, rows, ret_count);
}

cx_err playbook_in_force_all(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                             struct arena *arena, struct playbook_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, COLUMNS IN_FORCE("$2") "ORDER BY p.name", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, now_us);
    return rows_of(q, PLAYBOOKS_MAX, arena, rows, ret_count);
}

cx_err playbook_versions_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                            struct arena *arena, struct playbook_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, COLUMNS "AND p.name = $2 ORDER BY p.version DESC", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, name);
    return rows_of(q, PLAYBOOK_VERSIONS_MAX, arena, rows, ret_count);
}

struct counts {
    int64_t names, last;
};

/* How many other names there are, and the last version of this one. */
static cx_err count(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                    struct counts *ret_counts)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT COUNT(DISTINCT CASE WHEN name = $2 THEN NULL ELSE name END), "
                         "COALESCE(MAX(CASE WHEN name = $2 THEN version ELSE 0 END), 0) "
                         "FROM playbook_version WHERE tenant_id = $1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, name);
    CX_TRY(store_step(q, &row));
    *ret_counts = (struct counts){store_col_int(q, 0), store_col_int(q, 1)};
    return CX_OK;
}

cx_err playbook_add(struct store_tx *tx, struct row_playbook_version *row)
{
    struct counts there;
    CX_TRY(count(tx, row->tenant_id, row->name, &there));
    if (there.names >= PLAYBOOKS_MAX || there.last >= PLAYBOOK_VERSIONS_MAX)
        return CX_ERR(LIMIT);
    row->version = there.last + 1;
    CX_TRY(row_playbook_version_insert(tx, row));
    return change_note_text(tx, row->tenant_id, CHANGE_PLAYBOOK, row->name);
}
