#include "core/federation/grants.h"

#include "base/cleanup.h"
#include "core/access/conflict.h"
#include "core/access/group_store.h"
#include "core/approval/rule_store.h"
#include "core/field.h"
#include "core/incident/alert.h"

enum { TEXT_MAX = 16 * 1024 };

static bool is_claimed(const struct oidc_words *claimed, struct cx_str value)
{
    for (size_t i = 0; i < claimed->count; i++)
        if (cx_str_eq(claimed->items[i], value))
            return true;
    return false;
}

static void add_group(struct oidc_grants *grants, struct cx_id group_id)
{
    for (size_t i = 0; i < grants->group_count; i++)
        if (cx_id_eq(grants->groups[i], group_id))
            return;
    grants->groups[grants->group_count++] = group_id;
}

static cx_err add_role(struct api_request *request, struct oidc_grants *grants, struct cx_str role)
{
    struct cx_str reason = CX_STR_NONE;
    for (size_t i = 0; i < grants->role_count; i++)
        if (cx_str_eq(grants->roles[i].row.role, role))
            return CX_OK;
    CX_TRY(
        arena_printf(request->arena, &reason, "login at %.*s", CX_STR_ARG(grants->provider->name)));
    struct access_grant grant = {
        .subject = ACCESS_USER,
        .subject_id = grants->user_id,
        .role = role,
        .everywhere = true,
        .start_us = request->now_us,
        .expires_us = request->now_us + OIDC_ROLE_LIFE_DAYS * CX_US_PER_DAY,
        .reason = reason,
        .by = grants->provider->changed_by_id, /* who set the rule gave the role */
        .now_us = request->now_us,
    };
    return access_grant_prepare(request->core, grants->provider->tenant_id, &grant, request->arena,
                                request->diag, &grants->roles[grants->role_count++]);
}

struct withholding {
    struct oidc_grants *grants;
    cx_time now_us;
};

static cx_err read_withheld(struct store_tx *tx, void *arg)
{
    struct withholding *w = arg;
    struct oidc_grants *grants = w->grants;
    struct cx_id tenant_id = grants->provider->tenant_id;
    for (size_t i = 0; i < grants->role_count; i++)
        CX_TRY(approval_may_apply(tx, tenant_id, APPROVAL_ROLE_GRANT, grants->roles[i].row.role,
                                  &grants->role_withheld[i]));
    for (size_t i = 0; i < grants->group_count; i++) {
        cx_err err = approval_check_group(tx, tenant_id, grants->groups[i], w->now_us, NULL);
        grants->group_withheld[i] = err.code == CX_E_POLICY;
        if (err.code != CX_E_POLICY)
            CX_TRY(err);
    }
    return CX_OK;
}

cx_err oidc_grants_prepare(struct api_request *request, const struct oidc_provider *provider,
                           struct cx_id user_id, const struct oidc_words *claimed,
                           struct oidc_grants *ret_grants)
{
    struct oidc_grants grants = {.provider = provider, .user_id = user_id};
    CX_TRY(ARENA_NEW_ARRAY(request->arena, provider->rule_count, &grants.groups));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, provider->rule_count, &grants.roles));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, provider->rule_count, &grants.group_withheld));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, provider->rule_count, &grants.role_withheld));
    for (size_t i = 0; i < provider->rule_count; i++) {
        const struct oidc_rule *rule = &provider->rules[i];
        if (!is_claimed(claimed, rule->claim_value))
            continue;
        if (rule->role.len)
            CX_TRY(add_role(request, &grants, rule->role));
        else
            add_group(&grants, rule->group_id);
    }
    grants.only_take = cx_id_eq(provider->changed_by_id, user_id);
    struct withholding withholding = {&grants, request->now_us};
    CX_TRY(store_read(request->core->store, read_withheld, &withholding));
    *ret_grants = grants;
    return CX_OK;
}

cx_err oidc_grants_text(const struct oidc_grants *grants, bool withheld, struct arena *arena,
                        struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(TEXT_MAX);
    char id[CX_ID_TEXT_MAX];
    for (size_t i = 0; i < grants->role_count && !grants->only_take; i++)
        if (grants->role_withheld[i] == withheld)
            CX_TRY(cx_buf_addf(&text, "%s%.*s", text.len ? ", " : "",
                               CX_STR_ARG(grants->roles[i].row.role)));
    for (size_t i = 0; i < grants->group_count && !grants->only_take; i++) {
        if (grants->group_withheld[i] != withheld)
            continue;
        cx_id_format(CX_ID_GROUP, grants->groups[i], id);
        CX_TRY(cx_buf_addf(&text, "%sgroup %s", text.len ? ", " : "", id));
    }
    return arena_copy_str(arena, (struct cx_str){(const char *)text.ptr, text.len}, ret_text);
}

/* ---- what was given ---- */

struct given {
    struct cx_id id; /* a group, or a binding */
    struct cx_str role;
    bool lasting; /* a binding in force, and not near its end */
};
/* As many as rules can give, and as many again that are on their way out. */
enum { GIVEN_MAX = 2 * OIDC_RULES_MAX };

static const char memberships_sql[] = "SELECT group_id FROM oidc_membership WHERE tenant_id = $1 "
                                      "AND provider_id = $2 AND user_id = $3";
static const char bindings_sql[] =
    "SELECT o.binding_id, b.role, b.expires_us, b.ended_us FROM oidc_binding o "
    "JOIN role_binding b ON b.tenant_id = o.tenant_id AND b.binding_id = o.binding_id "
    "WHERE o.tenant_id = $1 AND o.provider_id = $2 AND o.user_id = $3";

struct whose {
    struct cx_id tenant_id, provider_id, user_id, by;
    cx_time now_us;
    bool *kept_last;
};

static cx_err read_given(struct store_tx *tx, const struct whose *whose, bool bindings,
                         struct arena *arena, struct given **ret_list, size_t *ret_count)
{
    struct store_stmt *q = NULL;
    struct given *list = NULL;
    size_t count = 0;
    cx_time lasting_us = whose->now_us + OIDC_ROLE_HALF_DAYS * CX_US_PER_DAY;
    CX_TRY(ARENA_NEW_ARRAY(arena, GIVEN_MAX, &list));
    CX_TRY(store_prepare(tx, bindings ? bindings_sql : memberships_sql, &q));
    store_bind_id(q, 1, whose->tenant_id);
    store_bind_id(q, 2, whose->provider_id);
    store_bind_id(q, 3, whose->user_id);
    while (count < GIVEN_MAX) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        struct given *given = &list[count++];
        given->id = store_col_id(q, 0);
        if (!bindings)
            continue;
        CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &given->role));
        given->lasting = store_col_is_null(q, 3) && store_col_int(q, 2) > lasting_us;
    }
    *ret_list = list;
    *ret_count = count;
    return CX_OK;
}

static cx_err forget(struct store_tx *tx, const struct whose *whose, const char *sql,
                     struct cx_id id)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx, sql, &q));
    store_bind_id(q, 1, whose->tenant_id);
    store_bind_id(q, 2, whose->provider_id);
    store_bind_id(q, 3, whose->user_id);
    store_bind_id(q, 4, id);
    return store_exec(q);
}

/* What somebody else ended already is ended. */
static cx_err take_group(struct store_tx *tx, const struct whose *whose, struct cx_id group_id)
{
    cx_err err = group_end_member(tx, whose->tenant_id, group_id, whose->user_id, whose->now_us);
    if (err.code != CX_E_NOTFOUND)
        CX_TRY(err);
    return forget(tx, whose,
                  "DELETE FROM oidc_membership WHERE tenant_id = $1 AND provider_id = $2 "
                  "AND user_id = $3 AND group_id = $4",
                  group_id);
}

static cx_err take_role(struct store_tx *tx, const struct whose *whose, struct cx_id binding_id)
{
    bool last = false;
    CX_TRY(binding_is_last_administrator(tx, whose->tenant_id, binding_id, whose->now_us, &last));
    *whose->kept_last = *whose->kept_last || last;
    if (last)
        return CX_OK;
    cx_err err = binding_end(tx, whose->tenant_id, binding_id, whose->by, whose->now_us);
    if (err.code != CX_E_CONFLICT)
        CX_TRY(err);
    return forget(tx, whose,
                  "DELETE FROM oidc_binding WHERE tenant_id = $1 AND provider_id = $2 "
                  "AND user_id = $3 AND binding_id = $4",
                  binding_id);
}

static bool wants_group(const struct oidc_grants *grants, struct cx_id group_id)
{
    for (size_t i = 0; i < grants->group_count; i++)
        if (cx_id_eq(grants->groups[i], group_id))
            return true;
    return false;
}

/* ret_withheld: wanted, but not given anew. */
static bool wants_role(const struct oidc_grants *grants, struct cx_str role, bool *ret_withheld)
{
    *ret_withheld = false;
    for (size_t i = 0; i < grants->role_count; i++) {
        if (!cx_str_eq(grants->roles[i].row.role, role))
            continue;
        *ret_withheld = grants->role_withheld[i];
        return true;
    }
    return false;
}

static cx_err is_member(struct store_tx *tx, const struct whose *whose, struct cx_id group_id,
                        bool *ret_member)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT 1 FROM group_member WHERE tenant_id = $1 AND group_id = $2 "
                         "AND user_id = $3 AND ended_us IS NULL",
                         &q));
    store_bind_id(q, 1, whose->tenant_id);
    store_bind_id(q, 2, group_id);
    store_bind_id(q, 3, whose->user_id);
    return store_step(q, ret_member);
}

/* A member by hand stays one by hand. */
static cx_err give_group(struct store_tx *tx, const struct whose *whose, struct cx_id group_id,
                         struct cx_diag *diag)
{
    const struct row_oidc_membership row = {whose->tenant_id, whose->provider_id, whose->user_id,
                                            group_id};
    bool member = false;
    CX_TRY(is_member(tx, whose, group_id, &member));
    if (member)
        return CX_OK;
    CX_TRY(group_add_member(tx, whose->tenant_id, group_id, whose->user_id, whose->by,
                            whose->now_us, diag));
    return row_oidc_membership_insert(tx, &row);
}

static cx_err sync_groups(struct store_tx *tx, const struct whose *whose,
                          const struct oidc_grants *grants, struct arena *arena,
                          struct cx_diag *diag)
{
    struct given *given = NULL;
    size_t count = 0;
    CX_TRY(read_given(tx, whose, false, arena, &given, &count));
    for (size_t i = 0; i < count; i++) {
        bool member = false;
        CX_TRY(is_member(tx, whose, given[i].id, &member));
        if (!member || !wants_group(grants, given[i].id))
            CX_TRY(take_group(tx, whose, given[i].id));
    }
    for (size_t i = 0; i < grants->group_count && !grants->only_take; i++)
        if (!grants->group_withheld[i])
            CX_TRY(give_group(tx, whose, grants->groups[i], diag));
    return CX_OK;
}

/* One that nears its end makes way for a new one, unless nothing new is given. The new one comes first, so that the last
 * administrator is one all the time. */
static cx_err sync_roles(struct store_tx *tx, const struct whose *whose,
                         const struct oidc_grants *grants, struct arena *arena,
                         struct cx_diag *diag)
{
    struct given *given = NULL;
    size_t count = 0;
    CX_TRY(read_given(tx, whose, true, arena, &given, &count));
    for (size_t i = 0; i < grants->role_count && !grants->only_take; i++) {
        const struct access_grant_row *role = &grants->roles[i];
        const struct row_oidc_binding row = {whose->tenant_id, whose->provider_id, whose->user_id,
                                             role->row.binding_id};
        bool held = false;
        for (size_t j = 0; j < count && !held; j++)
            held = given[j].lasting && cx_str_eq(given[j].role, role->row.role);
        if (held || grants->role_withheld[i])
            continue;
        CX_TRY(access_grant_write(tx, role, diag));
        CX_TRY(row_oidc_binding_insert(tx, &row));
    }
    for (size_t i = 0; i < count; i++) {
        bool withheld = false, wanted = wants_role(grants, given[i].role, &withheld);
        if (!wanted || (!given[i].lasting && !withheld && !grants->only_take))
            CX_TRY(take_role(tx, whose, given[i].id));
    }
    return CX_OK;
}

cx_err oidc_grants_write(struct store_tx *tx, struct api_request *request,
                         struct oidc_grants *grants)
{
    const struct oidc_provider *provider = grants->provider;
    const struct whose whose = {.tenant_id = provider->tenant_id,
                                .provider_id = provider->provider_id,
                                .user_id = grants->user_id,
                                .by = provider->changed_by_id,
                                .now_us = request->now_us,
                                .kept_last = &grants->kept_last};
    grants->kept_last = false;
    CX_TRY(sync_groups(tx, &whose, grants, request->arena, request->diag));
    CX_TRY(sync_roles(tx, &whose, grants, request->arena, request->diag));
    if (grants->only_take)
        return CX_OK;
    return access_conflict_check(tx, provider->tenant_id, grants->user_id, request->now_us,
                                 request->diag);
}

static cx_err take_from(struct store_tx *tx, const struct whose *whose, struct arena *arena)
{
    struct given *given = NULL;
    size_t count = 0;
    CX_TRY(read_given(tx, whose, false, arena, &given, &count));
    for (size_t i = 0; i < count; i++)
        CX_TRY(take_group(tx, whose, given[i].id));
    CX_TRY(read_given(tx, whose, true, arena, &given, &count));
    for (size_t i = 0; i < count; i++)
        CX_TRY(take_role(tx, whose, given[i].id));
    return CX_OK;
}

/* The next user after *at to whom the provider gave something. */
static cx_err next_user(struct store_tx *tx, struct cx_id tenant_id, struct cx_id provider_id,
                        struct cx_id *at, bool *ret_found)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "SELECT user_id FROM oidc_identity WHERE tenant_id = $1 "
                         "AND provider_id = $2 AND user_id > $3 ORDER BY user_id LIMIT 1",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, provider_id);
    store_bind_id(q, 3, *at);
    CX_TRY(store_step(q, ret_found));
    if (*ret_found)
        *at = store_col_id(q, 0);
    return CX_OK;
}

cx_err oidc_grants_take_back(struct store_tx *tx, const struct oidc_taking *taking,
                             struct arena *arena, bool *ret_kept_last)
{
    struct whose whose = {taking->tenant_id, taking->provider_id, taking->user_id,
                          taking->by,        taking->now_us,      ret_kept_last};
    bool found = true;
    *ret_kept_last = false;
    if (!cx_id_is_zero(taking->user_id))
        return take_from(tx, &whose, arena);
    for (;;) {
        CX_TRY(next_user(tx, taking->tenant_id, taking->provider_id, &whose.user_id, &found));
        if (!found)
            return CX_OK;
        CX_TRY(take_from(tx, &whose, arena));
    }
}

cx_err oidc_grants_say_kept(struct api_request *request, struct cx_id tenant_id,
                            struct cx_id provider_id)
{
    struct alert_draft alert = {
        .tenant_id = tenant_id,
        .rule = CX_STR("oidc-last-administrator"),
        .title = CX_STR("The last administrator's role was not taken back"),
        .summary = CX_STR("An OpenID Connect provider no longer gives the last administrator their "
                          "role. It stays, since nobody could administer the tenant without it. "
                          "Make another administrator, or have the provider corrected."),
        .impact = LEVEL_MEDIUM,
        .urgency = LEVEL_HIGH,
        .at_us = request->now_us,
        .now_us = request->now_us};
    CX_TRY(field_id_text(request->arena, CX_ID_OIDC_PROVIDER, provider_id, &alert.subject));
    return alert_raise(request->core, request->arena, &alert);
}
