#include "core/provisioning/scim_store.h"

#include "core/access/group_store.h"
#include "core/access/state_store.h"
#include "core/change/change.h"

enum { GROUP_ROLES_MAX = 256 };

/* ---- directories ---- */

#define CLIENT_COLUMNS                                                                             \
    "user_id, token_id, binding_id, expires_us, created_us, changed_us, changed_by_id, revoked_us"

static struct scim_client client_of(const struct store_stmt *q)
{
    return (struct scim_client){.user_id = store_col_id(q, 0),
                                .token_id = store_col_id(q, 1),
                                .binding_id = store_col_id(q, 2),
                                .expires_us = store_col_int(q, 3),
                                .created_us = store_col_int(q, 4),
                                .changed_us = store_col_int(q, 5),
                                .changed_by_id = store_col_id(q, 6),
                                .revoked_us = store_col_int(q, 7)};
}

cx_err scim_client_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        struct scim_client *ret_client)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " CLIENT_COLUMNS " FROM scim_client "
                         "WHERE tenant_id = $1 AND user_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    *ret_client = client_of(q);
    return CX_OK;
}

cx_err scim_client_list(struct store_tx *tx, struct cx_id tenant_id, struct scim_client *rows,
                        size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " CLIENT_COLUMNS " FROM scim_client WHERE tenant_id = $1 "
                         "ORDER BY created_us DESC, user_id DESC",
                         &q));
    store_bind_id(q, 1, tenant_id);
    while (count < SCIM_CLIENTS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        rows[count++] = client_of(q);
    }
    *ret_count = count;
    return CX_OK;
}

cx_err scim_client_rotate(struct store_tx *tx, struct cx_id tenant_id,
                          const struct scim_client *client)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE scim_client SET token_id = $3, binding_id = $4, expires_us = $5, "
                         "changed_us = $6, changed_by_id = $7 "
                         "WHERE tenant_id = $1 AND user_id = $2 AND revoked_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, client->user_id);
    store_bind_id(q, 3, client->token_id);
    store_bind_id(q, 4, client->binding_id);
    store_bind_int(q, 5, client->expires_us);
    store_bind_int(q, 6, client->changed_us);
    store_bind_id(q, 7, client->changed_by_id);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1
               ? change_note_id(tx, tenant_id, CHANGE_SCIM_CLIENT, client->user_id)
               : CX_ERR(CONFLICT);
}

cx_err scim_client_revoke(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                          cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE scim_client SET revoked_us = $3 "
                         "WHERE tenant_id = $1 AND user_id = $2 AND revoked_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_exec(q));
    return change_note_id(tx, tenant_id, CHANGE_SCIM_CLIENT, user_id);
}

/* ---- groups ---- */

#define GROUP_COLUMNS                                                                              \
    "s.group_id, s.client_id, g.name, s.display_name, s.external_id, s.made_here, "                \
    "s.privileged_allowed, s.marked_by_id, s.created_us, s.changed_us, s.removed_us"
#define GROUP_SELECT                                                                               \
    "SELECT " GROUP_COLUMNS " FROM scim_group s JOIN access_group g "                              \
    "ON g.tenant_id = s.tenant_id AND g.group_id = s.group_id WHERE s.tenant_id = $1 "
#define GROUP_OWN GROUP_SELECT "AND s.client_id = $2 AND s.removed_us IS NULL "
#define GROUP_ORDER " ORDER BY s.created_us, s.group_id LIMIT $3 OFFSET $4"

static cx_err group_of(const struct store_stmt *q, struct arena *arena,
                       struct scim_group *ret_group)
{
    struct scim_group group = {.group_id = store_col_id(q, 0),
                               .client_id = store_col_id(q, 1),
                               .made_here = store_col_int(q, 5) != 0,
                               .privileged_allowed = store_col_int(q, 6) != 0,
                               .marked_by_id = store_col_id(q, 7),
                               .created_us = store_col_int(q, 8),
                               .changed_us = store_col_int(q, 9),
                               .removed_us = store_col_int(q, 10)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &group.name));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &group.display_name));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &group.external_id));
    *ret_group = group;
    return CX_OK;
}

static cx_err read_groups(struct store_stmt *q, size_t limit, struct arena *arena,
                          struct scim_group *rows, size_t *ret_count)
{
    size_t count = 0;
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(group_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err scim_group_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                       struct cx_id group_id, struct arena *arena, struct scim_group *ret_group)
{
    struct store_stmt *q = NULL;
    bool row = false, any = cx_id_is_zero(client_id);
    CX_TRY(store_prepare(
        tx, any ? GROUP_SELECT "AND s.group_id = $2" : GROUP_OWN "AND s.group_id = $3", &q));
    store_bind_id(q, 1, tenant_id);
    if (!any)
        store_bind_id(q, 2, client_id);
    store_bind_id(q, any ? 2 : 3, group_id);
    CX_TRY(store_step(q, &row));
    return row ? group_of(q, arena, ret_group) : CX_ERR(NOTFOUND);
}

cx_err scim_group_search(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                         const struct scim_key *key, size_t offset, size_t limit,
                         struct arena *arena, struct scim_group *rows, size_t *ret_count)
{
    static const char *const texts[] = {
        [SCIM_ALL] = GROUP_OWN GROUP_ORDER,
        [SCIM_BY_ID] = GROUP_OWN "AND s.group_id = $5" GROUP_ORDER,
        [SCIM_BY_NAME] =
            GROUP_OWN "AND (s.display_name = $5 OR lower(s.display_name) = $6)" GROUP_ORDER,
        [SCIM_BY_EXTERNAL_ID] = GROUP_OWN "AND s.external_id = $5" GROUP_ORDER,
        [SCIM_BY_MEMBER] = GROUP_OWN
        "AND EXISTS (SELECT 1 FROM group_member m JOIN scim_user u ON u.tenant_id = m.tenant_id "
        "AND u.user_id = m.user_id WHERE m.tenant_id = $1 AND m.group_id = s.group_id "
        "AND m.user_id = $5 AND m.ended_us IS NULL AND u.client_id = $2 "
        "AND u.removed_us IS NULL)" GROUP_ORDER,
    };
    struct store_stmt *q = NULL;
    if (key->kind == SCIM_BY_EMAIL)
        return CX_ERR(USAGE);
    CX_TRY(store_prepare(tx, texts[key->kind], &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, client_id);
    store_bind_int(q, 3, (int64_t)limit);
    store_bind_int(q, 4, (int64_t)offset);
    if (key->kind == SCIM_BY_ID || key->kind == SCIM_BY_MEMBER)
        store_bind_id(q, 5, key->id);
    else if (key->kind != SCIM_ALL)
        store_bind_text(q, 5, key->text);
    if (key->kind == SCIM_BY_NAME)
        store_bind_text(q, 6, key->lower);
    return read_groups(q, limit, arena, rows, ret_count);
}

cx_err scim_group_total(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                        size_t *ret_total)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT count(*) FROM scim_group WHERE tenant_id = $1 AND client_id = $2 "
                         "AND removed_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, client_id);
    CX_TRY(store_step(q, &row));
    *ret_total = row ? (size_t)store_col_int(q, 0) : 0;
    return CX_OK;
}

cx_err scim_group_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                       size_t limit, struct arena *arena, struct scim_group *rows,
                       size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         GROUP_SELECT "AND s.removed_us IS NULL "
                                      "AND (s.created_us, s.group_id) < ($2, $3) "
                                      "ORDER BY s.created_us DESC, s.group_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    return read_groups(q, limit, arena, rows, ret_count);
}

cx_err scim_group_name_taken(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                             bool *ret_taken, bool *ret_removed)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT s.removed_us FROM access_group g LEFT JOIN scim_group s "
                         "ON s.tenant_id = g.tenant_id AND s.group_id = g.group_id "
                         "AND s.made_here = 1 WHERE g.tenant_id = $1 AND g.name = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, name);
    CX_TRY(store_step(q, ret_taken));
    *ret_removed = *ret_taken && !store_col_is_null(q, 0);
    return CX_OK;
}

cx_err scim_group_update(struct store_tx *tx, struct cx_id tenant_id,
                         const struct scim_group *group)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE scim_group SET client_id = $3, display_name = $4, "
                         "external_id = $5, privileged_allowed = $6, marked_by_id = $7, "
                         "changed_us = $8, removed_us = $9 "
                         "WHERE tenant_id = $1 AND group_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, group->group_id);
    store_bind_id(q, 3, group->client_id);
    store_bind_text(q, 4, group->display_name);
    store_bind_text(q, 5, group->external_id);
    store_bind_int(q, 6, group->privileged_allowed);
    store_bind_id(q, 7, group->marked_by_id);
    store_bind_int(q, 8, group->changed_us);
    if (group->removed_us)
        store_bind_int(q, 9, group->removed_us);
    else
        store_bind_null(q, 9);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? change_note_id(tx, tenant_id, CHANGE_SCIM_GROUP, group->group_id)
                                 : CX_ERR(NOTFOUND);
}

/* UNION: the walk ends even if a cycle were there. */
static const char roles_sql[] =
    "WITH RECURSIVE above (group_id, level) AS (SELECT $2, 0 UNION SELECT n.parent_id, a.level + 1 "
    "FROM group_nesting n JOIN above a ON n.child_id = a.group_id WHERE n.tenant_id = $1 "
    "AND n.ended_us IS NULL AND a.level < 32) "
    "SELECT DISTINCT b.role FROM role_binding b JOIN above a ON b.subject_id = a.group_id "
    "WHERE b.tenant_id = $1 AND b.subject_type = 'group' AND b.ended_us IS NULL "
    "AND (b.expires_us IS NULL OR b.expires_us > $3) "
    "AND (b.standing IS NULL OR b.standing = 'eligible') ORDER BY b.role";

static cx_err roles_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                       cx_time now_us, struct arena *arena, struct cx_str *roles, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx, roles_sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, group_id);
    store_bind_int(q, 3, now_us);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        if (count == GROUP_ROLES_MAX)
            return CX_ERR(LIMIT);
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &roles[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err scim_group_is_privileged(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                                cx_time now_us, struct arena *arena, bool *ret_privileged)
{
    struct cx_str roles[GROUP_ROLES_MAX];
    size_t count = 0;
    *ret_privileged = false;
    CX_TRY(roles_of(tx, tenant_id, group_id, now_us, arena, roles, &count));
    for (size_t i = 0; i < count && !*ret_privileged; i++) {
        struct permission_set permissions;
        CX_TRY(access_role_permissions(tx, tenant_id, roles[i], ACCESS_NOW, &permissions, NULL));
        *ret_privileged = access_is_privileged(&permissions);
    }
    return CX_OK;
}

/* ---- members ---- */

cx_err scim_members(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                    struct cx_id group_id, struct arena *arena, struct cx_id **ret_users,
                    size_t *ret_count)
{
    struct store_stmt *q = NULL;
    struct cx_id *users = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, GROUP_MEMBERS_SHOWN, &users));
    CX_TRY(store_prepare(tx,
                         "SELECT m.user_id FROM group_member m JOIN scim_user u "
                         "ON u.tenant_id = m.tenant_id AND u.user_id = m.user_id "
                         "WHERE m.tenant_id = $1 AND m.group_id = $3 AND m.ended_us IS NULL "
                         "AND u.client_id = $2 AND u.removed_us IS NULL "
                         "ORDER BY m.user_id LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, client_id);
    store_bind_id(q, 3, group_id);
    store_bind_int(q, 4, GROUP_MEMBERS_SHOWN);
    while (count < GROUP_MEMBERS_SHOWN) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        users[count++] = store_col_id(q, 0);
    }
    *ret_users = users;
    *ret_count = count;
    return CX_OK;
}

cx_err scim_is_member(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                      struct cx_id user_id, bool *ret_member)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM group_member WHERE tenant_id = $1 AND group_id = $2 "
                         "AND user_id = $3 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, group_id);
    store_bind_id(q, 3, user_id);
    return store_step(q, ret_member);
}

cx_err scim_groups_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id client_id,
                      struct cx_id user_id, struct arena *arena, struct scim_group **ret_groups,
                      size_t *ret_count)
{
    const struct scim_key key = {.kind = SCIM_BY_MEMBER, .id = user_id};
    struct scim_group *rows = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, SCIM_GROUPS_SHOWN, &rows));
    CX_TRY(scim_group_search(tx, tenant_id, client_id, &key, 0, SCIM_GROUPS_SHOWN, arena, rows,
                             ret_count));
    *ret_groups = rows;
    return CX_OK;
}
