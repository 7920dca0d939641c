#include "core/access/state_store.h"

enum { ROLES_SEEN_MAX = 64 };

#define AT(row, since) row since " <= $2 AND (" row "ended_us IS NULL OR " row "ended_us > $2)"

/* A list that grows in the arena. */
struct rows {
    struct arena *arena;
    void *items;
    size_t size, count, room;
};

static cx_err rows_add(struct rows *rows, void **ret_item)
{
    if (rows->count == rows->room) {
        size_t room = rows->room ? rows->room * 2 : 16;
        void *larger = NULL;
        CX_TRY(arena_alloc_array(rows->arena, room, rows->size, &larger));
        if (rows->count)
            memcpy(larger, rows->items, rows->count * rows->size);
        rows->items = larger;
        rows->room = room;
    }
    *ret_item = (uint8_t *)rows->items + rows->count++ * rows->size;
    return CX_OK;
}

static cx_err read_pairs(struct store_stmt *q, struct rows *rows)
{
    for (;;) {
        bool row = false;
        void *item = NULL;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        CX_TRY(rows_add(rows, &item));
        struct cx_id pair[2] = {store_col_id(q, 0), store_col_id(q, 1)};
        memcpy(item, pair, sizeof(pair));
    }
}
_Static_assert(sizeof(struct access_member) == 2 * sizeof(struct cx_id) &&
                   sizeof(struct access_nesting) == 2 * sizeof(struct cx_id),
               "rows of two identifiers");

static cx_err read_members(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           cx_time at_us, struct arena *arena, struct access_state *state)
{
    struct store_stmt *q = NULL;
    struct rows rows = {.arena = arena, .size = sizeof(struct access_member)};
    bool all = cx_id_is_zero(user_id);
    CX_TRY(store_prepare(tx,
                         all ? "SELECT group_id, user_id FROM group_member WHERE tenant_id = $1 "
                               "AND " AT("", "added_us")
                             : "SELECT group_id, user_id FROM group_member WHERE tenant_id = $1 "
                               "AND user_id = $3 AND " AT("", "added_us"),
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, at_us);
    if (!all)
        store_bind_id(q, 3, user_id);
    CX_TRY(read_pairs(q, &rows));
    state->members = rows.items;
    state->member_count = rows.count;
    return CX_OK;
}

static cx_err read_nestings(struct store_tx *tx, struct cx_id tenant_id, cx_time at_us,
                            struct arena *arena, struct access_state *state)
{
    struct store_stmt *q = NULL;
    struct rows rows = {.arena = arena, .size = sizeof(struct access_nesting)};
    CX_TRY(store_prepare(tx,
                         "SELECT parent_id, child_id FROM group_nesting WHERE tenant_id = $1 "
                         "AND " AT("", "added_us"),
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, at_us);
    CX_TRY(read_pairs(q, &rows));
    state->nestings = rows.items;
    state->nesting_count = rows.count;
    return CX_OK;
}

#define BINDING_SELECT                                                                             \
    "SELECT b.binding_id, b.subject_type, b.subject_id, b.role, b.everywhere, b.tags, "            \
    "b.start_us, b.expires_us, b.break_glass FROM role_binding b WHERE b.tenant_id = $1 "          \
    "AND b.standing IS NULL AND " AT("b.", "created_us")
#define BINDING_OF                                                                                 \
    " AND b.subject_id IN (WITH RECURSIVE up (group_id) AS ("                                      \
    "SELECT m.group_id FROM group_member m WHERE m.tenant_id = $1 AND m.user_id = $3 "             \
    "AND " AT("m.", "added_us") " UNION SELECT n.parent_id FROM group_nesting n JOIN up u "        \
                                "ON n.child_id = u.group_id WHERE n.tenant_id = $1 AND " AT(       \
                                    "n.", "added_us") ") "                                         \
                                                      "SELECT group_id FROM up UNION ALL SELECT "  \
                                                      "$3 UNION ALL SELECT $4)"

static cx_err subject_of(struct cx_str name, enum access_subject *ret_subject)
{
    static const char *const names[] = {"user", "group", "token"};
    for (int i = 0; i < ACCESS_SUBJECT_COUNT; i++) {
        if (cx_str_is(name, names[i])) {
            *ret_subject = (enum access_subject)i;
            return CX_OK;
        }
    }
    return CX_ERR(STORE);
}

static cx_err read_bindings(struct store_tx *tx, struct cx_id tenant_id,
                            const struct access_subject_ids *who, cx_time at_us, struct rows *rows)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, who ? BINDING_SELECT BINDING_OF : BINDING_SELECT, &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, at_us);
    if (who) {
        store_bind_id(q, 3, who->user_id);
        store_bind_id(q, 4, who->token_id);
    }
    for (;;) {
        bool row = false;
        void *item = NULL;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        CX_TRY(rows_add(rows, &item));
        struct access_binding *binding = item;
        *binding = (struct access_binding){
            .binding_id = store_col_id(q, 0),
            .subject_id = store_col_id(q, 2),
            .everywhere = store_col_int(q, 4) == 1,
            .start_us = store_col_int(q, 6),
            .expires_us = store_col_is_null(q, 7) ? CX_TIME_NEVER : store_col_int(q, 7),
            .break_glass = store_col_int(q, 8) == 1};
        CX_TRY(subject_of(store_col_text(q, 1), &binding->subject));
        CX_TRY(arena_copy_str(rows->arena, store_col_text(q, 3), &binding->role));
        if (store_col_text(q, 5).len == 0)
            continue;
        struct tag_expression *tags = NULL;
        CX_TRY(ARENA_NEW(rows->arena, &tags));
        CX_TRY(tag_expression_parse(rows->arena, store_col_text(q, 5), NULL, tags));
        binding->tags = tags;
    }
}

static cx_err read_groups(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                          struct access_binding *binding)
{
    struct store_stmt *q = NULL;
    struct rows rows = {.arena = arena, .size = sizeof(struct cx_id)};
    CX_TRY(store_prepare(tx,
                         "SELECT group_id FROM binding_group WHERE tenant_id = $1 "
                         "AND binding_id = $2 ORDER BY group_id",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, binding->binding_id);
    for (;;) {
        bool row = false;
        void *item = NULL;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(rows_add(&rows, &item));
        *(struct cx_id *)item = store_col_id(q, 0);
    }
    binding->groups = rows.items;
    binding->group_count = rows.count;
    return CX_OK;
}

/* Permissions that the contract no longer has are nobody's. */
static cx_err read_custom(struct store_tx *tx, struct cx_id tenant_id, struct cx_str role,
                          cx_time at_us, struct permission_set *set, bool *ret_known)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, "SELECT 1 FROM custom_role WHERE tenant_id = $1 AND name = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, role);
    CX_TRY(store_step(q, ret_known));
    CX_TRY(store_prepare(tx,
                         "SELECT permission FROM custom_role_permission WHERE tenant_id = $1 "
                         "AND role = $3 AND " AT("", "added_us"),
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, at_us);
    store_bind_text(q, 3, role);
    for (;;) {
        enum permission permission = PERMISSION_COUNT;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        if (cx_is_ok(access_permission_from_name(store_col_text(q, 0), &permission)))
            permission_set_add(set, permission);
    }
}

cx_err access_role_permissions(struct store_tx *tx, struct cx_id tenant_id, struct cx_str role,
                               cx_time at_us, struct permission_set *ret_permissions,
                               bool *ret_known)
{
    struct permission_set set = {{0}};
    bool known = access_builtin_find(role, &set);
    if (!known)
        CX_TRY(read_custom(tx, tenant_id, role, at_us, &set, &known));
    *ret_permissions = set;
    if (ret_known)
        *ret_known = known;
    return CX_OK;
}

/* Scopes and permissions of bindings read already: one statement at a time belongs to a closure. */
static cx_err complete_bindings(struct store_tx *tx, struct cx_id tenant_id, cx_time at_us,
                                struct rows *rows)
{
    struct access_binding *bindings = rows->items;
    const struct access_binding *seen[ROLES_SEEN_MAX];
    size_t seen_count = 0;
    for (size_t i = 0; i < rows->count; i++) {
        struct access_binding *binding = &bindings[i];
        const struct access_binding *same = NULL;
        if (!binding->everywhere)
            CX_TRY(read_groups(tx, tenant_id, rows->arena, binding));
        for (size_t s = 0; s < seen_count && !same; s++)
            same = cx_str_eq(seen[s]->role, binding->role) ? seen[s] : NULL;
        if (same) {
            binding->permissions = same->permissions;
            continue;
        }
        CX_TRY(access_role_permissions(tx, tenant_id, binding->role, at_us, &binding->permissions,
                                       NULL));
        if (seen_count < ROLES_SEEN_MAX)
            seen[seen_count++] = binding;
    }
    return CX_OK;
}

static cx_err load(struct store_tx *tx, struct cx_id tenant_id,
                   const struct access_subject_ids *who, cx_time at_us, struct arena *arena,
                   struct access_state *ret_state)
{
    struct access_state state = {0};
    struct rows bindings = {.arena = arena, .size = sizeof(struct access_binding)};
    CX_TRY(read_members(tx, tenant_id, who ? who->user_id : (struct cx_id){{0}}, at_us, arena,
                        &state));
    CX_TRY(read_nestings(tx, tenant_id, at_us, arena, &state));
    CX_TRY(read_bindings(tx, tenant_id, who, at_us, &bindings));
    CX_TRY(complete_bindings(tx, tenant_id, at_us, &bindings));
    state.bindings = bindings.items;
    state.binding_count = bindings.count;
    *ret_state = state;
    return CX_OK;
}

cx_err access_state_of(struct store_tx *tx, struct cx_id tenant_id, struct access_subject_ids who,
                       cx_time at_us, struct arena *arena, struct access_state *ret_state)
{
    return load(tx, tenant_id, &who, at_us, arena, ret_state);
}

cx_err access_state_all(struct store_tx *tx, struct cx_id tenant_id, cx_time at_us,
                        struct arena *arena, struct access_state *ret_state)
{
    return load(tx, tenant_id, NULL, at_us, arena, ret_state);
}

cx_err access_generation(struct store_tx *tx, struct cx_id tenant_id, int64_t *ret_generation)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx, "SELECT generation FROM access_generation WHERE tenant_id = $1", &q));
    store_bind_id(q, 1, tenant_id);
    CX_TRY(store_step(q, &row));
    *ret_generation = row ? store_col_int(q, 0) : 0;
    return CX_OK;
}

cx_err access_changed(struct store_tx *tx, struct cx_id tenant_id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "INSERT INTO access_generation (tenant_id, generation) VALUES ($1, 1) "
                         "ON CONFLICT (tenant_id) DO UPDATE SET generation = "
                         "access_generation.generation + 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    return store_exec(q);
}

static cx_err read_ids(struct store_stmt *q, struct arena *arena, struct cx_id **ret_ids,
                       size_t *ret_count)
{
    struct rows rows = {.arena = arena, .size = sizeof(struct cx_id)};
    for (;;) {
        bool row = false;
        void *item = NULL;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(rows_add(&rows, &item));
        *(struct cx_id *)item = store_col_id(q, 0);
    }
    *ret_ids = rows.items;
    *ret_count = rows.count;
    return CX_OK;
}

cx_err access_groups_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        cx_time at_us, struct arena *arena, struct cx_id **ret_groups,
                        size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT group_id FROM group_member WHERE tenant_id = $1 AND user_id = $3 "
                         "AND " AT("", "added_us") " ORDER BY group_id",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_int(q, 2, at_us);
    store_bind_id(q, 3, user_id);
    return read_ids(q, arena, ret_groups, ret_count);
}

cx_err access_people_at(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                        cx_time at_us, struct arena *arena, struct cx_id **ret_users,
                        size_t *ret_count)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(
        tx,
        "WITH RECURSIVE down (group_id) AS (SELECT $2 UNION SELECT n.child_id FROM group_nesting n "
        "JOIN down d ON n.parent_id = d.group_id WHERE n.tenant_id = $1 AND n.added_us <= $3 "
        "AND (n.ended_us IS NULL OR n.ended_us > $3)) "
        "SELECT DISTINCT m.user_id FROM group_member m WHERE m.tenant_id = $1 "
        "AND m.added_us <= $3 AND (m.ended_us IS NULL OR m.ended_us > $3) "
        "AND m.group_id IN (SELECT group_id FROM down) ORDER BY m.user_id",
        &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, group_id);
    store_bind_int(q, 3, at_us);
    return read_ids(q, arena, ret_users, ret_count);
}

cx_err access_people_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id group_id,
                        struct arena *arena, struct cx_id **ret_users, size_t *ret_count)
{
    /* The end of time itself would be after what has no end. */
    return access_people_at(tx, tenant_id, group_id, CX_TIME_NEVER - 1, arena, ret_users,
                            ret_count);
}
