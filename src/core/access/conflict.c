#include "core/access/conflict.h"
#include "core/access/person.h"
#include "base/cleanup.h"
#include "core/access/service_store.h"
#include "core/approval/break_glass.h"

enum { CONFLICTS_MAX = 512, CHECK_ARENA_MAX = 64 * 1024 * 1024 };

/* Who administers does not audit, judge or guard what they do; who audits changes nothing. The last pair holds for
 * roles of a tenant's own too: no role joins giving rights and deciding what excludes what. */
static const char *const BUILTIN[][2] = {
    {"administrator", "auditor"},
    {"administrator", "security-officer"},
    {"administrator", "key-custodian"},
    {"security-officer", "key-custodian"},
    {"auditor", "manager"},
    {"auditor", "requester"},
    {"auditor", "approver"},
    {"auditor", "operator"},
    {"auditor", "incident-manager"},
    {"auditor", "security-officer"},
    {"binding.create", "conflict.create"},
};
enum { BUILTIN_COUNT = sizeof(BUILTIN) / sizeof(BUILTIN[0]) };

cx_err access_conflicts(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                        struct access_conflict **ret_conflicts, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    struct access_conflict *list = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, CONFLICTS_MAX, &list));
    for (size_t i = 0; i < BUILTIN_COUNT; i++)
        list[count++] =
            (struct access_conflict){cx_str_from(BUILTIN[i][0]), cx_str_from(BUILTIN[i][1]), true};
    CX_TRY(store_prepare(
        tx, "SELECT one, other FROM role_conflict WHERE tenant_id = $1 ORDER BY one, other", &q));
    store_bind_id(q, 1, tenant_id);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        if (count == CONFLICTS_MAX)
            return CX_ERR(LIMIT);
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &list[count].one));
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &list[count++].other));
    }
    *ret_conflicts = list;
    *ret_count = count;
    return CX_OK;
}

static bool rights_hold(const struct access_rights *rights, struct cx_str term)
{
    const struct access_held *held = NULL;
    size_t count = access_rights_held(rights, &held);
    enum permission permission = PERMISSION_COUNT;
    if (cx_is_ok(access_permission_from_name(term, &permission)))
        return access_rights_anywhere(rights, permission);
    for (size_t i = 0; i < count; i++)
        if (cx_str_eq(held[i].binding->role, term))
            return true;
    return false;
}

/* What a person has, and every service account of theirs. */
struct person {
    struct access_rights **rights;
    size_t count;
};

static void person_clear(struct person *person)
{
    for (size_t i = 0; i < person->count; i++)
        access_rights_release(person->rights[i]);
    person->count = 0;
}

static bool holds(const struct person *person, struct cx_str term)
{
    for (size_t i = 0; i < person->count; i++)
        if (rights_hold(person->rights[i], term))
            return true;
    return false;
}

static cx_err check_rights(const struct person *rights, const struct access_conflict *conflicts,
                           size_t count, struct cx_id user_id, struct cx_diag *diag)
{
    char person[CX_ID_TEXT_MAX];
    cx_id_format(CX_ID_USER, user_id, person);
    for (size_t i = 0; i < count; i++)
        if (holds(rights, conflicts[i].one) && holds(rights, conflicts[i].other))
            return cx_refuse(diag, CX_ERR(POLICY), "", "roles-conflict",
                             "Nobody holds both %.*s and %.*s, service accounts of theirs "
                             "included, and %s would.",
                             CX_STR_ARG(conflicts[i].one), CX_STR_ARG(conflicts[i].other), person);
    return CX_OK;
}

/* Whatever way a role came by: what was not opened for a time is none of a break-glass account's. */
static cx_err check_break_glass(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                                const struct access_rights *rights, struct cx_diag *diag)
{
    const struct access_held *held = NULL;
    size_t count = access_rights_held(rights, &held);
    bool is = false, other = false;
    for (size_t i = 0; i < count; i++)
        other = other || !held[i].binding->break_glass;
    if (other)
        CX_TRY(break_glass_is_account(tx, tenant_id, user_id, &is));
    return is ? cx_refuse(diag, CX_ERR(POLICY), "", "break-glass-account",
                          "A break-glass account gets rights by being opened only.")
              : CX_OK;
}

/* What has yet to begin counts as begun: it will arrive without anybody looking. */
static void begin_all(struct access_state *state)
{
    for (size_t i = 0; i < state->binding_count; i++)
        state->bindings[i].start_us = 0;
}

static cx_err add_account(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                          cx_time now_us, struct arena *scratch, struct person *person)
{
    const struct access_subject_ids who = {.user_id = user_id};
    struct access_state state;
    CX_TRY(access_state_of(tx, tenant_id, who, ACCESS_NOW, scratch, &state));
    begin_all(&state);
    CX_TRY(access_rights_compile(&state, who, now_us, &person->rights[person->count]));
    person->count++;
    return CX_OK;
}

static cx_err check_person(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           cx_time now_us, struct arena *scratch, struct cx_diag *diag)
{
    CX_CLEANUP(person_clear) struct person person = {NULL, 0};
    struct access_conflict *conflicts = NULL;
    struct cx_id *accounts = NULL;
    size_t count = 0, account_count = 0;
    CX_TRY(access_conflicts(tx, tenant_id, scratch, &conflicts, &count));
    CX_TRY(access_accounts_of(tx, tenant_id, user_id, false, scratch, &accounts, &account_count));
    CX_TRY(ARENA_NEW_ARRAY(scratch, account_count + 1, &person.rights));
    CX_TRY(add_account(tx, tenant_id, user_id, now_us, scratch, &person));
    for (size_t i = 0; i < account_count; i++)
        if (!cx_id_eq(accounts[i], user_id))
            CX_TRY(add_account(tx, tenant_id, accounts[i], now_us, scratch, &person));
    CX_TRY(check_rights(&person, conflicts, count, user_id, diag));
    return check_break_glass(tx, tenant_id, user_id, person.rights[0], diag);
}

/* A service account is each of its owners'. */
cx_err access_conflict_check(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                             cx_time now_us, struct cx_diag *diag)
{
    CX_CLEANUP(arena_clear) struct arena scratch = ARENA_INIT(CHECK_ARENA_MAX);
    struct cx_id *people = NULL;
    size_t count = 0;
    cx_err err = service_people(tx, tenant_id, user_id, &scratch, &people, &count);
    if (err.code == CX_E_NOTFOUND || (cx_is_ok(err) && count == 0))
        return check_person(tx, tenant_id, user_id, now_us, &scratch, diag);
    CX_TRY(err);
    for (size_t i = 0; i < count; i++)
        CX_TRY(check_person(tx, tenant_id, people[i], now_us, &scratch, diag));
    return CX_OK;
}

static cx_err check_each(struct store_tx *tx, struct cx_id tenant_id, const struct cx_id *users,
                         size_t count, cx_time now_us, struct cx_diag *diag)
{
    for (size_t i = 0; i < count; i++)
        CX_TRY(access_conflict_check(tx, tenant_id, users[i], now_us, diag));
    return CX_OK;
}

cx_err access_conflict_check_group(struct store_tx *tx, struct cx_id tenant_id,
                                   struct cx_id group_id, cx_time now_us, struct arena *arena,
                                   struct cx_diag *diag)
{
    struct cx_id *users = NULL;
    size_t count = 0;
    CX_TRY(access_people_of(tx, tenant_id, group_id, arena, &users, &count));
    return check_each(tx, tenant_id, users, count, now_us, diag);
}

/* Whom the bindings of a role name: users, and groups, whose people are found one by one. */
static cx_err subjects_of_role(struct store_tx *tx, struct cx_id tenant_id, struct cx_str role,
                               bool groups, struct arena *arena, struct cx_id **ret_ids,
                               size_t *ret_count)
{
    struct access_state state;
    struct cx_id *ids = NULL;
    size_t found = 0, count = 0;
    CX_TRY(access_state_all(tx, tenant_id, ACCESS_NOW, arena, &state));
    CX_TRY(ARENA_NEW_ARRAY(arena, state.binding_count, &ids));
    for (size_t i = 0; i < state.binding_count; i++) {
        const struct access_binding *binding = &state.bindings[i];
        bool same = role.len == 0 || cx_str_eq(binding->role, role);
        if (same && binding->subject == (groups ? ACCESS_GROUP : ACCESS_USER))
            ids[found++] = binding->subject_id;
    }
    qsort(ids, found, sizeof(*ids), access_id_compare);
    for (size_t i = 0; i < found; i++)
        if (count == 0 || !cx_id_eq(ids[count - 1], ids[i]))
            ids[count++] = ids[i];
    *ret_ids = ids;
    *ret_count = count;
    return CX_OK;
}

cx_err access_conflict_check_role(struct store_tx *tx, struct cx_id tenant_id, struct cx_str role,
                                  cx_time now_us, struct arena *arena, struct cx_diag *diag)
{
    struct cx_id *users = NULL, *groups = NULL;
    size_t user_count = 0, group_count = 0;
    CX_TRY(subjects_of_role(tx, tenant_id, role, false, arena, &users, &user_count));
    CX_TRY(subjects_of_role(tx, tenant_id, role, true, arena, &groups, &group_count));
    CX_TRY(check_each(tx, tenant_id, users, user_count, now_us, diag));
    for (size_t i = 0; i < group_count; i++)
        CX_TRY(access_conflict_check_group(tx, tenant_id, groups[i], now_us, arena, diag));
    return CX_OK;
}

static bool decides(const struct permission_set *permissions)
{
    return permission_set_has(permissions, PERMISSION_REQUEST_APPROVE) ||
           permission_set_has(permissions, PERMISSION_REQUEST_REJECT);
}

/* Whether a term is a role by which the delegator decides, or the deciding itself. */
static bool is_delegated(const struct access_rights *rights, struct cx_str term)
{
    const struct access_held *held = NULL;
    size_t count = access_rights_held(rights, &held);
    if (cx_str_is(term, permission_name(PERMISSION_REQUEST_APPROVE)) ||
        cx_str_is(term, permission_name(PERMISSION_REQUEST_REJECT)))
        return true;
    for (size_t i = 0; i < count; i++)
        if (decides(&held[i].binding->permissions) && cx_str_eq(held[i].binding->role, term))
            return true;
    return false;
}

cx_err access_conflict_check_delegate(struct store_tx *tx, const struct principal *delegate,
                                      const struct principal *delegator, struct arena *arena,
                                      struct cx_diag *diag)
{
    struct access_conflict *conflicts = NULL;
    size_t count = 0;
    CX_TRY(access_conflicts(tx, delegate->tenant_id, arena, &conflicts, &count));
    for (size_t i = 0; i < count; i++) {
        struct cx_str one = conflicts[i].one, other = conflicts[i].other;
        if ((is_delegated(delegator->rights, one) && rights_hold(delegate->rights, other)) ||
            (is_delegated(delegator->rights, other) && rights_hold(delegate->rights, one)))
            return cx_refuse(diag, CX_ERR(DENIED), "delegation_id", "roles-conflict",
                             "Nobody holds both %.*s and %.*s, by delegation neither.",
                             CX_STR_ARG(one), CX_STR_ARG(other));
    }
    return CX_OK;
}
