#include "core/access/adopt.h"
#include "base/cleanup.h"
#include "core/access/access_store.h"
#include "core/access/binding_store.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"

enum { ADOPT_ARENA_MAX = 1024 * 1024 };

/* The bits of api_token.roles, and so the roles there were. */
static const char *const OLD_ROLES[] = {"administrator", "requester", "approver", "operator",
                                        "auditor"};
enum { OLD_ROLE_COUNT = sizeof(OLD_ROLES) / sizeof(OLD_ROLES[0]) };

struct old_grant {
    bool found;
    struct cx_id tenant_id, subject_id, granted_by_id;
    char role[64 + 1];
    cx_time expires_us; /* of a token */
    int64_t was, bits;  /* of a token: api_token.roles as found, and without the role adopted now */
};

static cx_err find_grant(struct store_tx *tx, void *arg)
{
    struct old_grant *grant = arg;
    struct store_stmt *q = NULL;
    *grant = (struct old_grant){0};
    CX_TRY(store_prepare(
        tx, "SELECT tenant_id, user_id, granted_by_id, role FROM role_grant LIMIT 1", &q));
    CX_TRY(store_step(q, &grant->found));
    if (!grant->found)
        return CX_OK;
    grant->tenant_id = store_col_id(q, 0);
    grant->subject_id = store_col_id(q, 1);
    grant->granted_by_id = store_col_id(q, 2);
    snprintf(grant->role, sizeof(grant->role), "%.*s", CX_STR_ARG(store_col_text(q, 3)));
    return CX_OK;
}

static cx_err find_token(struct store_tx *tx, void *arg)
{
    struct old_grant *grant = arg;
    struct store_stmt *q = NULL;
    *grant = (struct old_grant){0};
    CX_TRY(store_prepare(tx,
                         "SELECT tenant_id, token_id, roles, expires_us FROM api_token "
                         "WHERE roles > $1 AND roles < $2 LIMIT 1",
                         &q));
    store_bind_int(q, 1, ACCESS_TOKEN_NARROWED);
    store_bind_int(q, 2, ACCESS_TOKEN_UNNARROWED);
    CX_TRY(store_step(q, &grant->found));
    if (!grant->found)
        return CX_OK;
    grant->tenant_id = store_col_id(q, 0);
    grant->subject_id = store_col_id(q, 1);
    grant->was = grant->bits = store_col_int(q, 2);
    grant->expires_us = store_col_int(q, 3);
    for (int i = 0; i < OLD_ROLE_COUNT && grant->role[0] == '\0'; i++)
        if (grant->bits >> i & 1) {
            snprintf(grant->role, sizeof(grant->role), "%s", OLD_ROLES[i]);
            grant->bits &= ~((int64_t)1 << i);
        }
    return CX_OK;
}

struct adoption {
    const struct old_grant *old;
    struct access_grant_row row;
    bool token, over; /* over: nothing to bind, the token has expired */
};

static cx_err write_adoption(struct store_tx *tx, void *arg)
{
    const struct adoption *adoption = arg;
    const struct old_grant *old = adoption->old;
    struct store_stmt *q = NULL;
    if (!adoption->over)
        CX_TRY(access_grant_write(tx, &adoption->row, NULL));
    CX_TRY(store_prepare(tx,
                         adoption->token ? "UPDATE api_token SET roles = $3 WHERE tenant_id = $1 "
                                           "AND token_id = $2 AND roles = $4"
                                         : "DELETE FROM role_grant WHERE tenant_id = $1 "
                                           "AND user_id = $2 AND role = $3",
                         &q));
    store_bind_id(q, 1, old->tenant_id);
    store_bind_id(q, 2, old->subject_id);
    if (adoption->token) {
        store_bind_int(q, 3, old->bits);
        store_bind_int(q, 4, old->was);
    } else {
        store_bind_text(q, 3, cx_str_from(old->role));
    }
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT); /* another node was first */
}

/* Whom the host made administrator stays one without an end, as init makes the first; what a person gave ends. */
static cx_err adopt_one(struct core *core, const struct old_grant *old, bool token)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(ADOPT_ARENA_MAX);
    cx_time now_us = cx_now(core->clock);
    struct adoption adoption = {
        .old = old, .token = token, .over = token && old->expires_us <= now_us};
    struct permission_set permissions;
    bool lasting = cx_id_is_zero(old->granted_by_id) ||
                   (access_builtin_find(cx_str_from(old->role), &permissions) &&
                    !access_is_privileged(&permissions));
    struct access_grant grant = {
        .subject = token ? ACCESS_TOKEN : ACCESS_USER,
        .subject_id = old->subject_id,
        .role = cx_str_from(old->role),
        .everywhere = true,
        .start_us = now_us,
        .expires_us = token     ? old->expires_us
                      : lasting ? CX_TIME_NEVER
                                : now_us + ACCESS_PRIVILEGED_LIFE_DAYS * CX_US_PER_DAY,
        .reason = CX_STR("held before there were bindings"),
        .by = old->granted_by_id,
        .now_us = now_us,
        .first = lasting,
    };
    struct field_detail details[] = {{"role", cx_str_from(old->role)}};
    struct audit_event event = {.action = "system.binding.adopt",
                                .tenant_id = old->tenant_id,
                                .object_type = token ? CX_ID_TOKEN : CX_ID_USER,
                                .object_id = old->subject_id};
    if (!adoption.over)
        CX_TRY(access_grant_prepare(core, old->tenant_id, &grant, &arena, NULL, &adoption.row));
    CX_TRY(field_details(&arena, details, 1, &event.details));
    return audit_commit(core, &event, write_adoption, &adoption);
}

static cx_err adopt_all(struct core *core, store_fn find, bool token)
{
    for (;;) {
        struct old_grant old;
        CX_TRY(store_read(core->store, find, &old));
        if (!old.found)
            return CX_OK;
        cx_err err = adopt_one(core, &old, token);
        if (cx_failed(err) && err.code != CX_E_CONFLICT)
            return err;
    }
}

cx_err access_adopt(struct core *core)
{
    CX_TRY(adopt_all(core, find_grant, false));
    return adopt_all(core, find_token, true);
}
