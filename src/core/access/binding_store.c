#include "core/access/binding_store.h"
#include "core/access/freeze.h"
#include "core/approval/break_glass.h"
#include "core/approval/rule_store.h"
#include "core/change/change.h"
#include "core/core.h"
#include "core/field.h"
#include "core/setting/setting.h"

static const char *const STANDINGS[BINDING_STANDING_COUNT] = {"", "eligible", "proposed",
                                                              "declined"};
static const char *const SUBJECTS[ACCESS_SUBJECT_COUNT] = {"user", "group", "token"};

static cx_err check_scope(const struct access_grant *grant, struct cx_diag *diag)
{
    bool scoped = grant->group_count || grant->tags.len;
    if (grant->everywhere && scoped)
        return cx_refuse(diag, CX_ERR(POLICY), "all", "scope-both",
                         "Give either all, or groups and tags.");
    if (!grant->everywhere && !scoped)
        return cx_refuse(diag, CX_ERR(POLICY), "all", "scope-missing",
                         "Say where: groups, tags, or all for the whole tenant.");
    if (grant->expires_us <= grant->start_us || grant->expires_us <= grant->now_us)
        return cx_refuse(diag, CX_ERR(POLICY), "expires", "binding-over",
                         "The end has to come after the start and after now.");
    return CX_OK;
}

cx_err access_grant_prepare(struct core *core, struct cx_id tenant_id,
                            const struct access_grant *grant, struct arena *arena,
                            struct cx_diag *diag, struct access_grant_row *ret_row)
{
    struct access_grant_row made = {
        .groups = grant->groups, .group_count = grant->group_count, .first = grant->first};
    CX_TRY(check_scope(grant, diag));
    made.row = (struct row_role_binding){
        .tenant_id = tenant_id,
        .subject_type = cx_str_from(SUBJECTS[grant->subject]),
        .subject_id = grant->subject_id,
        .role = grant->role,
        .everywhere = grant->everywhere,
        .tags = CX_STR(""),
        .start_us = grant->start_us,
        .has_expires_us = grant->expires_us != CX_TIME_NEVER,
        .expires_us = grant->expires_us,
        .created_us = grant->now_us,
        .has_created_by_id = !cx_id_is_zero(grant->by),
        .created_by_id = grant->by,
        .has_standing = grant->standing != BINDING_BOUND,
        .standing = cx_str_from(STANDINGS[grant->standing]),
        .has_source_id = !cx_id_is_zero(grant->source_id),
        .source_id = grant->source_id,
        .has_break_glass = grant->break_glass,
        .break_glass = grant->break_glass,
    };
    if (grant->tags.len) {
        CX_TRY(tag_expression_parse(arena, grant->tags, diag, &made.tags));
        CX_TRY(tag_expression_write(arena, &made.tags, &made.row.tags));
    }
    CX_TRY(cx_id_new(core->rng, &made.row.binding_id));
    struct field_place reason = {tenant_id, "role_binding", "reason", made.row.binding_id};
    CX_TRY(field_seal_text(core, reason, grant->reason, arena, &made.row.reason));
    *ret_row = made;
    return CX_OK;
}

static cx_err check_role(struct store_tx *tx, const struct access_grant_row *grant,
                         struct cx_diag *diag)
{
    const struct row_role_binding *row = &grant->row;
    struct permission_set permissions;
    bool known = false;
    CX_TRY(
        access_role_permissions(tx, row->tenant_id, row->role, ACCESS_NOW, &permissions, &known));
    if (!known)
        return cx_refuse(diag, CX_ERR(POLICY), "role", "role-unknown", "There is no role %.*s.",
                         CX_STR_ARG(row->role));
    if (!access_is_privileged(&permissions) || grant->first ||
        cx_str_is(row->subject_type, SUBJECTS[ACCESS_TOKEN])) /* a token ends by itself */
        return CX_OK;
    if (!row->has_expires_us)
        return cx_refuse(diag, CX_ERR(POLICY), "expires", "binding-needs-end",
                         "The role %.*s is privileged: say when the binding ends.",
                         CX_STR_ARG(row->role));
    const struct setting_question question = {row->tenant_id,
                                              SETTING_PRIVILEGED_BINDING_LIFE,
                                              "A binding to a privileged role",
                                              "expires",
                                              "binding-too-long",
                                              row->expires_us - row->start_us,
                                              row->created_us};
    return setting_check_life(tx, &question, diag);
}

static cx_err write_groups(struct store_tx *tx, const struct access_grant_row *grant,
                           struct cx_diag *diag)
{
    for (size_t i = 0; i < grant->group_count; i++) {
        struct row_binding_group row = {grant->row.tenant_id, grant->row.binding_id,
                                        grant->groups[i]};
        struct store_stmt *q = NULL;
        bool active = false;
        CX_TRY(store_prepare(
            tx, "SELECT 1 FROM access_group WHERE tenant_id = $1 AND group_id = $2", &q));
        store_bind_id(q, 1, row.tenant_id);
        store_bind_id(q, 2, row.group_id);
        CX_TRY(store_step(q, &active));
        if (!active)
            return cx_refuse(diag, CX_ERR(POLICY), "groups", "group-unknown",
                             "There is no such group.");
        for (size_t j = 0; j < i; j++)
            if (cx_id_eq(grant->groups[i], grant->groups[j]))
                return cx_refuse(diag, CX_ERR(POLICY), "groups", "group-duplicate",
                                 "A group appears twice.");
        CX_TRY(row_binding_group_insert(tx, &row));
    }
    return CX_OK;
}

static cx_err write_tags(struct store_tx *tx, const struct access_grant_row *grant)
{
    for (size_t c = 0; c < grant->tags.count; c++) {
        const struct tag_clause *clause = &grant->tags.clauses[c];
        for (size_t t = 0; t < clause->count; t++) {
            struct row_binding_tag row = {.tenant_id = grant->row.tenant_id,
                                          .binding_id = grant->row.binding_id,
                                          .clause = (int64_t)c,
                                          .name = clause->tags[t].name,
                                          .value = clause->tags[t].value};
            CX_TRY(row_binding_tag_insert(tx, &row));
        }
    }
    return CX_OK;
}

void access_grant_stand(struct access_grant_row *grant, enum binding_standing standing)
{
    grant->row.has_standing = standing != BINDING_BOUND;
    grant->row.standing = cx_str_from(STANDINGS[standing]);
}

static cx_err refuse_break_glass(struct store_tx *tx, const struct row_role_binding *row,
                                 struct cx_diag *diag)
{
    bool is = false;
    if (row->break_glass)
        return CX_OK;
    CX_TRY(break_glass_is_account(tx, row->tenant_id, row->subject_id, &is));
    return is ? cx_refuse(diag, CX_ERR(POLICY), "user_id", "break-glass-account",
                          "A break-glass account gets rights by being opened only.")
              : CX_OK;
}

/* Whether a rule about giving roles has a say: it has none in what the system gives, in what narrows a token, and in what
 * an eligible binding, which was given by the rule, is activated to. */
static bool is_ruled(const struct row_role_binding *row)
{
    return row->has_created_by_id && !row->has_source_id && !row->break_glass &&
           !cx_str_is(row->subject_type, SUBJECTS[ACCESS_TOKEN]) &&
           !cx_str_is(row->standing, STANDINGS[BINDING_PROPOSED]);
}

cx_err access_grant_write(struct store_tx *tx, const struct access_grant_row *grant,
                          struct cx_diag *diag)
{
    CX_TRY(refuse_break_glass(tx, &grant->row, diag));
    if (is_ruled(&grant->row))
        CX_TRY(approval_check_grant(tx, grant->row.tenant_id, grant->row.role, diag));
    CX_TRY(check_role(tx, grant, diag));
    CX_TRY(row_role_binding_insert(tx, &grant->row));
    CX_TRY(write_groups(tx, grant, diag));
    CX_TRY(write_tags(tx, grant));
    CX_TRY(change_note_id(tx, grant->row.tenant_id, CHANGE_BINDING, grant->row.binding_id));
    return access_changed(tx, grant->row.tenant_id);
}

#define BINDING_COLUMNS                                                                            \
    "binding_id, subject_type, subject_id, role, tags, everywhere, start_us, expires_us, reason, " \
    "created_us, created_by_id, ended_us, ended_by_id, standing, source_id, break_glass"

static cx_err row_of(const struct store_stmt *q, struct arena *arena,
                     struct binding_row *ret_binding)
{
    struct binding_row row = {
        .binding_id = store_col_id(q, 0),
        .subject_id = store_col_id(q, 2),
        .everywhere = store_col_int(q, 5) == 1,
        .start_us = store_col_int(q, 6),
        .expires_us = store_col_is_null(q, 7) ? CX_TIME_NEVER : store_col_int(q, 7),
        .created_us = store_col_int(q, 9),
        .created_by_id = store_col_id(q, 10),
        .ended_us = store_col_int(q, 11),
        .ended_by_id = store_col_id(q, 12),
        .source_id = store_col_id(q, 14),
        .break_glass = store_col_int(q, 15) == 1,
    };
    for (int i = 1; i < BINDING_STANDING_COUNT; i++)
        if (cx_str_is(store_col_text(q, 13), STANDINGS[i]))
            row.standing = (enum binding_standing)i;
    for (int i = 0; i < ACCESS_SUBJECT_COUNT; i++)
        if (cx_str_is(store_col_text(q, 1), SUBJECTS[i]))
            row.subject = (enum access_subject)i;
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &row.role));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &row.tags));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 8).envelope, &row.reason.envelope));
    *ret_binding = row;
    return CX_OK;
}

static cx_err groups_of(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                        struct binding_row *binding)
{
    struct store_stmt *q = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, ACCESS_BINDING_GROUPS_MAX, &binding->groups));
    CX_TRY(store_prepare(tx,
                         "SELECT group_id FROM binding_group WHERE tenant_id = $1 "
                         "AND binding_id = $2 ORDER BY group_id",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, binding->binding_id);
    while (binding->group_count < ACCESS_BINDING_GROUPS_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        binding->groups[binding->group_count++] = store_col_id(q, 0);
    }
    return CX_OK;
}

cx_err binding_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                    struct arena *arena, struct binding_row *ret_binding)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(
        tx, "SELECT " BINDING_COLUMNS " FROM role_binding WHERE tenant_id = $1 AND binding_id = $2",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, binding_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    CX_TRY(row_of(q, arena, ret_binding));
    return groups_of(tx, tenant_id, arena, ret_binding);
}

cx_err binding_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                    size_t limit, struct arena *arena, struct binding_row *rows, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " BINDING_COLUMNS " FROM role_binding WHERE tenant_id = $1 "
                         "AND (created_us, binding_id) < ($2, $3) "
                         "ORDER BY created_us DESC, binding_id DESC LIMIT $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, after->time_us);
    store_bind_id(q, 3, after->id);
    store_bind_int(q, 4, (int64_t)limit);
    while (count < limit) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(row_of(q, arena, &rows[count++]));
    }
    for (size_t i = 0; i < count; i++)
        CX_TRY(groups_of(tx, tenant_id, arena, &rows[i]));
    *ret_count = count;
    return CX_OK;
}

static cx_err end_one(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                      struct cx_id by, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE role_binding SET ended_us = $3, ended_by_id = $4 "
                         "WHERE tenant_id = $1 AND binding_id = $2 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, binding_id);
    store_bind_int(q, 3, now_us);
    if (cx_id_is_zero(by))
        store_bind_null(q, 4);
    else
        store_bind_id(q, 4, by);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    return change_note_id(tx, tenant_id, CHANGE_BINDING, binding_id);
}

/* One after the other: each is an object of its own, with a version of its own. */
static cx_err end_each(struct store_tx *tx, const char *next, struct cx_id tenant_id,
                       struct cx_id of_id, struct cx_id by, cx_time now_us)
{
    for (;;) {
        struct store_stmt *q = NULL;
        bool row = false;
        CX_TRY(store_prepare(tx, next, &q));
        store_bind_id(q, 1, tenant_id);
        store_bind_id(q, 2, of_id);
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        CX_TRY(end_one(tx, tenant_id, store_col_id(q, 0), by, now_us));
    }
}

/* What an eligible binding was activated to ends with it. */
cx_err binding_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                   struct cx_id by, cx_time now_us)
{
    CX_TRY(end_one(tx, tenant_id, binding_id, by, now_us));
    CX_TRY(end_each(tx,
                    "SELECT binding_id FROM role_binding WHERE tenant_id = $1 AND source_id = $2 "
                    "AND ended_us IS NULL LIMIT 1",
                    tenant_id, binding_id, by, now_us));
    return access_changed(tx, tenant_id);
}

/* Activated bindings in force that rest on the eligible binding of a group. */
#define ACTIVATED_BY_GROUP                                                                         \
    "FROM role_binding b JOIN role_binding s ON s.tenant_id = b.tenant_id "                        \
    "AND s.binding_id = b.source_id WHERE b.tenant_id = $1 AND s.subject_type = 'group' "          \
    "AND b.standing IS NULL AND b.ended_us IS NULL AND b.source_id IS NOT NULL "                   \
    "AND b.expires_us > $3 "

/* UNION: the walk ends even if a cycle were there. */
static const char unfounded_sql[] =
    "WITH RECURSIVE held (group_id) AS (SELECT m.group_id FROM group_member m "
    "WHERE m.tenant_id = $1 AND m.user_id = $2 AND m.ended_us IS NULL UNION "
    "SELECT n.parent_id FROM group_nesting n JOIN held h ON n.child_id = h.group_id "
    "WHERE n.tenant_id = $1 AND n.ended_us IS NULL) "
    "SELECT b.binding_id " ACTIVATED_BY_GROUP
    "AND b.subject_id = $2 AND s.subject_id NOT IN (SELECT group_id FROM held) LIMIT 1";
static const char next_activated_sql[] =
    "SELECT b.subject_id " ACTIVATED_BY_GROUP "AND b.subject_id > $2 ORDER BY b.subject_id LIMIT 1";

static cx_err next_id(struct store_tx *tx, const char *sql, struct cx_id tenant_id,
                      struct cx_id of_id, cx_time now_us, bool *ret_there, struct cx_id *ret_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, of_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_step(q, ret_there));
    if (*ret_there)
        *ret_id = store_col_id(q, 0);
    return CX_OK;
}

static cx_err end_unfounded_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                               cx_time now_us)
{
    const struct cx_id nobody = {{0}};
    for (;;) {
        struct cx_id binding_id;
        bool there = false;
        CX_TRY(next_id(tx, unfounded_sql, tenant_id, user_id, now_us, &there, &binding_id));
        if (!there)
            return CX_OK;
        CX_TRY(binding_end(tx, tenant_id, binding_id, nobody, now_us));
    }
}

cx_err binding_end_unfounded(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                             cx_time now_us)
{
    bool there = true;
    if (!cx_id_is_zero(user_id))
        return end_unfounded_of(tx, tenant_id, user_id, now_us);
    for (;;) { /* in the order of their ids */
        CX_TRY(next_id(tx, next_activated_sql, tenant_id, user_id, now_us, &there, &user_id));
        if (!there)
            return CX_OK;
        CX_TRY(end_unfounded_of(tx, tenant_id, user_id, now_us));
    }
}

cx_err binding_end_break_glass(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                               struct cx_id by, cx_time now_us)
{
    CX_TRY(end_each(tx,
                    "SELECT binding_id FROM role_binding WHERE tenant_id = $1 AND subject_id = $2 "
                    "AND break_glass = 1 AND standing IS NULL AND ended_us IS NULL LIMIT 1",
                    tenant_id, user_id, by, now_us));
    return access_changed(tx, tenant_id);
}

cx_err binding_settle(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                      enum binding_standing from, enum binding_standing to, cx_time start_us,
                      cx_time expires_us)
{
    struct store_stmt *q = NULL;
    if (from == BINDING_BOUND)
        return CX_ERR(INTERNAL); /* what was in force ends, it is not unmade */
    CX_TRY(store_prepare(tx,
                         "UPDATE role_binding SET standing = $4, start_us = $5, expires_us = $6 "
                         "WHERE tenant_id = $1 AND binding_id = $2 AND standing = $3 "
                         "AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, binding_id);
    store_bind_text(q, 3, cx_str_from(STANDINGS[from]));
    if (to == BINDING_BOUND)
        store_bind_null(q, 4);
    else
        store_bind_text(q, 4, cx_str_from(STANDINGS[to]));
    store_bind_int(q, 5, start_us);
    if (expires_us == CX_TIME_NEVER)
        store_bind_null(q, 6);
    else
        store_bind_int(q, 6, expires_us);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(CONFLICT);
    CX_TRY(change_note_id(tx, tenant_id, CHANGE_BINDING, binding_id));
    return access_changed(tx, tenant_id);
}

cx_err binding_roles(struct store_tx *tx, struct cx_id tenant_id, struct cx_id subject_id,
                     cx_time now_us, struct arena *arena, struct role_names *ret_roles)
{
    enum { ROLES_MAX = 64 };
    struct store_stmt *q = NULL;
    struct role_names roles = {0};
    CX_TRY(ARENA_NEW_ARRAY(arena, ROLES_MAX, &roles.names));
    CX_TRY(store_prepare(
        tx,
        "SELECT DISTINCT role FROM role_binding WHERE tenant_id = $1 "
        "AND subject_id = $2 AND standing IS NULL AND ended_us IS NULL "
        "AND start_us <= $3 AND (expires_us IS NULL OR expires_us > $3) ORDER BY role",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, subject_id);
    store_bind_int(q, 3, now_us);
    while (roles.count < ROLES_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &roles.names[roles.count++]));
    }
    *ret_roles = roles;
    return CX_OK;
}

struct own_binding {
    struct cx_id binding_id;
    char role[64 + 1];
};
enum { OWN_MAX = 256 };

/* The user's own bindings everywhere, in force now. */
static cx_err own_everywhere(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                             cx_time now_us, struct own_binding ret_own[static OWN_MAX],
                             size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(
        tx,
        "SELECT binding_id, role FROM role_binding WHERE tenant_id = $1 "
        "AND subject_id = $2 AND everywhere = 1 AND standing IS NULL AND ended_us IS NULL "
        "AND start_us <= $3 AND (expires_us IS NULL OR expires_us > $3)",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, user_id);
    store_bind_int(q, 3, now_us);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        if (count == OWN_MAX)
            return CX_ERR(LIMIT);
        ret_own[count].binding_id = store_col_id(q, 0);
        snprintf(ret_own[count].role, sizeof(ret_own[count].role), "%.*s",
                 CX_STR_ARG(store_col_text(q, 1)));
        count++;
    }
    *ret_count = count;
    return CX_OK;
}

cx_err binding_replace(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       const struct access_grant_row *grants, size_t count, struct cx_id by,
                       cx_time now_us, struct cx_diag *diag)
{
    struct own_binding own[OWN_MAX];
    size_t own_count = 0;
    CX_TRY(own_everywhere(tx, tenant_id, user_id, now_us, own, &own_count));
    for (size_t i = 0; i < own_count; i++) {
        bool wanted = false;
        for (size_t g = 0; g < count && !wanted; g++)
            wanted = cx_str_is(grants[g].row.role, own[i].role);
        if (!wanted)
            CX_TRY(binding_end(tx, tenant_id, own[i].binding_id, by, now_us));
    }
    for (size_t g = 0; g < count; g++) {
        bool held = false;
        for (size_t i = 0; i < own_count && !held; i++)
            held = cx_str_is(grants[g].row.role, own[i].role);
        if (!held)
            CX_TRY(access_grant_write(tx, &grants[g], diag));
    }
    return CX_OK;
}

/* A program cannot repair a tenant: service accounts do not count. */
#define FROM_ADMINISTRATORS                                                                        \
    " FROM role_binding b JOIN tenant_user u ON u.tenant_id = b.tenant_id "                        \
    "AND u.user_id = b.subject_id WHERE b.tenant_id = $1 AND b.subject_type = 'user' "             \
    "AND b.role = $2 AND b.everywhere = 1 AND b.standing IS NULL AND b.break_glass IS NULL "       \
    "AND b.ended_us IS NULL AND b.start_us <= $3 "                                                 \
    "AND (b.expires_us IS NULL OR b.expires_us > $3) AND u.state = 'active' "                      \
    "AND u.kind = 'person' AND " ACCESS_NOT_FROZEN("u.user_id")

cx_err binding_is_last_administrator(struct store_tx *tx, struct cx_id tenant_id,
                                     struct cx_id binding_id, cx_time now_us, bool *ret_last)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    bool same = false;
    CX_TRY(store_prepare(tx, "SELECT b.binding_id" FROM_ADMINISTRATORS " LIMIT 2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, ACCESS_ADMINISTRATOR);
    store_bind_int(q, 3, now_us);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        same = same || cx_id_eq(store_col_id(q, 0), binding_id);
        count++;
    }
    *ret_last = same && count == 1;
    return CX_OK;
}

cx_err binding_is_administrator(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                                cx_time now_us, bool *ret_is)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, "SELECT 1" FROM_ADMINISTRATORS " AND u.user_id = $4 LIMIT 1", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, ACCESS_ADMINISTRATOR);
    store_bind_int(q, 3, now_us);
    store_bind_id(q, 4, user_id);
    return store_step(q, ret_is);
}

cx_err binding_count_administrators(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                                    int64_t *ret_count)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, "SELECT COUNT(DISTINCT u.user_id)" FROM_ADMINISTRATORS, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, ACCESS_ADMINISTRATOR);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_step(q, &row));
    *ret_count = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}
