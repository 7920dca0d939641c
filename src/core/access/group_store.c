#include "core/access/group_store.h"
#include "core/access/binding_store.h"
#include "core/approval/break_glass.h"
#include "core/approval/rule_store.h"
#include "core/access/state_store.h"
#include "core/change/change.h"

static cx_err row_of(const struct store_stmt *q, struct arena *arena, struct group_row *ret_group)
{
    struct group_row row = {.group_id = store_col_id(q, 0), .created_us = store_col_int(q, 2)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &row.name));
    *ret_group = row;
    return CX_OK;
}

cx_err group_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                  struct arena *arena, struct group_row *ret_group)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT group_id, name, created_us FROM access_group "
                         "WHERE tenant_id = $1 AND group_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, group_id);
    CX_TRY(store_step(q, &row));
    return row ? row_of(q, arena, ret_group) : CX_ERR(NOTFOUND);
}

cx_err group_page(struct store_tx *tx, struct cx_id tenant_id, const struct access_scope *scope,
                  const struct page_key *after, size_t limit, struct arena *arena,
                  struct group_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT group_id, name, created_us FROM access_group "
                         "WHERE tenant_id = $1 AND (created_us, group_id) < ($2, $3) "
                         "AND " SCOPE_GROUPS("access_group.group_id", "$5", "$6", "$7", "$8", "$9",
                                             "$10") " ORDER BY created_us DESC, group_id DESC "
                                                    "LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    access_scope_bind(q, 5, scope);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(row_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

static cx_err read_ids(struct store_stmt *q, size_t max, struct arena *arena,
                       struct cx_id **ret_ids, size_t *ret_count)
{
    struct cx_id *ids = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, max, &ids));
    while (count < max) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        ids[count++] = store_col_id(q, 0);
    }
    *ret_ids = ids;
    *ret_count = count;
    return CX_OK;
}

cx_err group_members(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                     struct arena *arena, struct cx_id **ret_users, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT user_id FROM group_member WHERE tenant_id = $1 AND group_id = $2 "
                         "AND ended_us IS NULL ORDER BY user_id LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, group_id);
    store_bind_int(q, 3, GROUP_MEMBERS_SHOWN);
    return read_ids(q, GROUP_MEMBERS_SHOWN, arena, ret_users, ret_count);
}

cx_err group_nested(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                    struct arena *arena, struct cx_id **ret_groups, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT child_id FROM group_nesting WHERE tenant_id = $1 "
                         "AND parent_id = $2 AND ended_us IS NULL ORDER BY child_id LIMIT $3",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, group_id);
    store_bind_int(q, 3, GROUP_NESTED_SHOWN);
    return read_ids(q, GROUP_NESTED_SHOWN, arena, ret_groups, ret_count);
}

/* Whether the pair is there and has not ended; sql has the tenant, the group and the other in it. */
static cx_err is_there(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                       struct cx_id group_id, struct cx_id other_id, bool *ret_there)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, group_id);
    store_bind_id(q, 3, other_id);
    return store_step(q, ret_there);
}

static cx_err end_pair(struct store_tx *tx, enum change_object object, const char *sql,
                       struct cx_id tenant_id, struct cx_id group_id, struct cx_id other_id,
                       cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, group_id);
    store_bind_id(q, 3, other_id);
    store_bind_int(q, 4, now_us);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(NOTFOUND);
    CX_TRY(change_note_ids(tx, tenant_id, object, group_id, other_id));
    return access_changed(tx, tenant_id);
}

static cx_err refuse_break_glass(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                                 struct cx_diag *diag)
{
    bool is = false;
    CX_TRY(break_glass_is_account(tx, tenant_id, user_id, &is));
    return is ? cx_refuse(diag, CX_ERR(POLICY), "user_id", "break-glass-account",
                          "A break-glass account gets rights by being opened only.")
              : CX_OK;
}

cx_err group_add_member(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                        struct cx_id user_id, struct cx_id by, cx_time now_us, struct cx_diag *diag)
{
    struct row_group_member row = {.tenant_id = tenant_id,
                                   .group_id = group_id,
                                   .user_id = user_id,
                                   .added_us = now_us,
                                   .has_added_by_id = true,
                                   .added_by_id = by};
    bool there = false;
    CX_TRY(is_there(tx,
                    "SELECT 1 FROM group_member WHERE tenant_id = $1 AND group_id = $2 "
                    "AND user_id = $3 AND ended_us IS NULL",
                    tenant_id, group_id, user_id, &there));
    if (there)
        return CX_OK;
    CX_TRY(refuse_break_glass(tx, tenant_id, user_id, diag));
    CX_TRY(approval_check_group(tx, tenant_id, group_id, now_us, diag));
    CX_TRY(row_group_member_insert(tx, &row));
    CX_TRY(change_note_ids(tx, tenant_id, CHANGE_MEMBER, group_id, user_id));
    return access_changed(tx, tenant_id);
}

cx_err group_end_member(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                        struct cx_id user_id, cx_time now_us)
{
    CX_TRY(end_pair(tx, CHANGE_MEMBER,
                    "UPDATE group_member SET ended_us = $4 WHERE tenant_id = $1 AND group_id = $2 "
                    "AND user_id = $3 AND ended_us IS NULL",
                    tenant_id, group_id, user_id, now_us));
    return binding_end_unfounded(tx, tenant_id, user_id, now_us);
}

struct span {
    int64_t levels; /* below (above) the group */
    bool meets;     /* the other group is among them */
};

/* UNION, and a bound beyond what is allowed: the walk ends even if a cycle were there. */
#define WALK(next, known)                                                                          \
    "WITH RECURSIVE walk (group_id, level) AS (SELECT $2, 0 UNION SELECT n." next ", w.level + 1 " \
    "FROM group_nesting n JOIN walk w ON n." known " = w.group_id WHERE n.tenant_id = $1 "         \
    "AND n.ended_us IS NULL AND w.level < 32) "                                                    \
    "SELECT MAX(level), MAX(CASE WHEN group_id = $3 THEN 1 ELSE 0 END) FROM walk"

static cx_err measure(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                      struct cx_id group_id, struct cx_id other_id, struct span *ret_span)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, group_id);
    store_bind_id(q, 3, other_id);
    CX_TRY(store_step(q, &row));
    *ret_span = (struct span){store_col_int(q, 0), store_col_int(q, 1) == 1};
    return CX_OK;
}

cx_err group_add_nesting(struct store_tx *tx, struct cx_id tenant_id, struct cx_id parent_id,
                         struct cx_id child_id, struct cx_id by, cx_time now_us,
                         struct cx_diag *diag)
{
    struct row_group_nesting row = {.tenant_id = tenant_id,
                                    .parent_id = parent_id,
                                    .child_id = child_id,
                                    .added_us = now_us,
                                    .has_added_by_id = true,
                                    .added_by_id = by};
    struct span below, above;
    bool there = false;
    CX_TRY(is_there(tx,
                    "SELECT 1 FROM group_nesting WHERE tenant_id = $1 AND parent_id = $2 "
                    "AND child_id = $3 AND ended_us IS NULL",
                    tenant_id, parent_id, child_id, &there));
    if (there)
        return CX_OK;
    CX_TRY(measure(tx, WALK("child_id", "parent_id"), tenant_id, child_id, parent_id, &below));
    CX_TRY(measure(tx, WALK("parent_id", "child_id"), tenant_id, parent_id, child_id, &above));
    if (below.meets || above.meets)
        return cx_refuse(diag, CX_ERR(POLICY), "child_id", "group-cycle",
                         "A group cannot lie in itself, neither directly nor through others.");
    if (below.levels + above.levels + 2 > GROUP_DEPTH_MAX)
        return cx_refuse(diag, CX_ERR(POLICY), "child_id", "group-depth",
                         "Groups nest at most %d levels deep.", GROUP_DEPTH_MAX);
    CX_TRY(approval_check_group(tx, tenant_id, parent_id, now_us, diag));
    CX_TRY(row_group_nesting_insert(tx, &row));
    CX_TRY(change_note_ids(tx, tenant_id, CHANGE_NESTING, parent_id, child_id));
    return access_changed(tx, tenant_id);
}

cx_err group_end_nesting(struct store_tx *tx, struct cx_id tenant_id, struct cx_id parent_id,
                         struct cx_id child_id, cx_time now_us)
{
    const struct cx_id everybody = {{0}};
    CX_TRY(end_pair(tx, CHANGE_NESTING,
                    "UPDATE group_nesting SET ended_us = $4 WHERE tenant_id = $1 "
                    "AND parent_id = $2 AND child_id = $3 AND ended_us IS NULL",
                    tenant_id, parent_id, child_id, now_us));
    return binding_end_unfounded(tx, tenant_id, everybody, now_us);
}
