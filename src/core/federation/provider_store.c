#include "core/federation/provider_store.h"
#include "core/change/change.h"

#define PROVIDER_COLUMNS                                                                           \
    "provider_id, name, state, issuer, client_id, client_secret, scopes, groups_claim, userinfo, " \
    "provision, factor_acr, factor_amr, ca_pem, created_us, changed_us, changed_by_id"
#define IDENTITY_COLUMNS "identity_id, provider_id, user_id, subject, created_us, last_login_us"

static cx_err provider_of(const struct store_stmt *q, struct cx_id tenant_id, struct arena *arena,
                          struct oidc_provider *ret_provider)
{
    struct oidc_provider provider = {.tenant_id = tenant_id,
                                     .provider_id = store_col_id(q, 0),
                                     .active = cx_str_is(store_col_text(q, 2), "active"),
                                     .has_secret = !store_col_is_null(q, 5),
                                     .userinfo = store_col_int(q, 8) == 1,
                                     .provision = store_col_int(q, 9) == 1,
                                     .created_us = store_col_int(q, 13),
                                     .changed_us = store_col_int(q, 14),
                                     .changed_by_id = store_col_id(q, 15)};
    CX_TRY(arena_copy_str(arena, store_col_text(q, 1), &provider.name));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 3), &provider.issuer));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 4), &provider.client_id));
    CX_TRY(arena_copy(arena, store_col_sealed(q, 5).envelope, &provider.client_secret.envelope));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 6), &provider.scopes));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 7), &provider.groups_claim));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 10), &provider.factor_acr));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 11), &provider.factor_amr));
    CX_TRY(arena_copy_str(arena, store_col_text(q, 12), &provider.ca_pem));
    *ret_provider = provider;
    return CX_OK;
}

static cx_err read_rules(struct store_tx *tx, struct arena *arena, struct oidc_provider *provider)
{
    struct store_stmt *q = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, OIDC_RULES_MAX, &provider->rules));
    CX_TRY(store_prepare(tx,
                         "SELECT claim_value, group_id, role FROM oidc_rule WHERE tenant_id = $1 "
                         "AND provider_id = $2 ORDER BY position",
                         &q));
    store_bind_id(q, 1, provider->tenant_id);
    store_bind_id(q, 2, provider->provider_id);
    while (provider->rule_count < OIDC_RULES_MAX) {
        struct oidc_rule *rule = &provider->rules[provider->rule_count];
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            break;
        CX_TRY(arena_copy_str(arena, store_col_text(q, 0), &rule->claim_value));
        if (!store_col_is_null(q, 1))
            rule->group_id = store_col_id(q, 1);
        CX_TRY(arena_copy_str(arena, store_col_text(q, 2), &rule->role));
        provider->rule_count++;
    }
    return CX_OK;
}

cx_err oidc_provider_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id provider_id,
                          struct arena *arena, struct oidc_provider *ret_provider)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " PROVIDER_COLUMNS " FROM oidc_provider "
                         "WHERE tenant_id = $1 AND provider_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, provider_id);
    CX_TRY(store_step(q, &row));
    if (!row)
        return CX_ERR(NOTFOUND);
    CX_TRY(provider_of(q, tenant_id, arena, ret_provider));
    return read_rules(tx, arena, ret_provider);
}

cx_err oidc_provider_by_name(struct store_tx *tx, struct cx_id tenant_id, struct cx_str name,
                             struct arena *arena, struct oidc_provider *ret_provider)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " PROVIDER_COLUMNS " FROM oidc_provider "
                         "WHERE tenant_id = $1 AND name = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_text(q, 2, name);
    CX_TRY(store_step(q, &row));
    return row ? provider_of(q, tenant_id, arena, ret_provider) : CX_ERR(NOTFOUND);
}

cx_err oidc_provider_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                          size_t limit, struct arena *arena, struct oidc_provider *rows,
                          size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " PROVIDER_COLUMNS " FROM oidc_provider WHERE tenant_id = $1 "
                         "AND (created_us, provider_id) < ($2, $3) "
                         "ORDER BY created_us DESC, provider_id DESC LIMIT $4",
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
        CX_TRY(provider_of(q, tenant_id, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err oidc_provider_replace(struct store_tx *tx, const struct row_oidc_provider *row)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE oidc_provider SET client_id = $3, scopes = $4, groups_claim = $5, "
                         "userinfo = $6, provision = $7, factor_acr = $8, factor_amr = $9, "
                         "ca_pem = $10, changed_us = $11, changed_by_id = $12 "
                         "WHERE tenant_id = $1 AND provider_id = $2",
                         &q));
    store_bind_id(q, 1, row->tenant_id);
    store_bind_id(q, 2, row->provider_id);
    store_bind_text(q, 3, row->client_id);
    store_bind_text(q, 4, row->scopes);
    store_bind_text(q, 5, row->groups_claim);
    store_bind_int(q, 6, row->userinfo);
    store_bind_int(q, 7, row->provision);
    store_bind_text(q, 8, row->factor_acr);
    store_bind_text(q, 9, row->factor_amr);
    store_bind_text(q, 10, row->ca_pem);
    store_bind_int(q, 11, row->changed_us);
    store_bind_id(q, 12, row->changed_by_id);
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(NOTFOUND);
    return row->has_client_secret ? row_oidc_provider_set_client_secret(
                                        tx, row->tenant_id, row->provider_id, row->client_secret)
                                  : CX_OK;
}

cx_err oidc_rules_replace(struct store_tx *tx, struct cx_id tenant_id, struct cx_id provider_id,
                          const struct oidc_rule *rules, size_t count)
{
    struct store_stmt *q = NULL;
    CX_TRY(
        store_prepare(tx, "DELETE FROM oidc_rule WHERE tenant_id = $1 AND provider_id = $2", &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, provider_id);
    CX_TRY(store_exec(q));
    for (size_t i = 0; i < count; i++) {
        const struct row_oidc_rule row = {.tenant_id = tenant_id,
                                          .provider_id = provider_id,
                                          .position = (int64_t)i,
                                          .claim_value = rules[i].claim_value,
                                          .has_group_id = !cx_id_is_zero(rules[i].group_id),
                                          .group_id = rules[i].group_id,
                                          .role = rules[i].role};
        CX_TRY(row_oidc_rule_insert(tx, &row));
    }
    return CX_OK;
}

cx_err oidc_provider_set_state(struct store_tx *tx, struct cx_id tenant_id,
                               struct cx_id provider_id, bool active)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE oidc_provider SET state = $3 "
                         "WHERE tenant_id = $1 AND provider_id = $2",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, provider_id);
    store_bind_text(q, 3, active ? CX_STR("active") : CX_STR("disabled"));
    CX_TRY(store_exec(q));
    if (store_changes(q) != 1)
        return CX_ERR(NOTFOUND);
    return change_note_id(tx, tenant_id, CHANGE_OIDC_PROVIDER, provider_id);
}

static cx_err identity_of(const struct store_stmt *q, struct arena *arena,
                          struct oidc_identity *ret_identity)
{
    struct oidc_identity identity = {.identity_id = store_col_id(q, 0),
                                     .provider_id = store_col_id(q, 1),
                                     .user_id = store_col_id(q, 2),
                                     .created_us = store_col_int(q, 4),
                                     .last_login_us = store_col_int(q, 5)};
    CX_TRY(arena_copy(arena, store_col_sealed(q, 3).envelope, &identity.subject.envelope));
    *ret_identity = identity;
    return CX_OK;
}

cx_err oidc_identity_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id identity_id,
                          struct arena *arena, struct oidc_identity *ret_identity)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " IDENTITY_COLUMNS " FROM oidc_identity "
                         "WHERE tenant_id = $1 AND identity_id = $2 AND removed_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, identity_id);
    CX_TRY(store_step(q, &row));
    return row ? identity_of(q, arena, ret_identity) : CX_ERR(NOTFOUND);
}

cx_err oidc_identity_by_subject(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_bytes subject_index, struct arena *arena,
                                struct oidc_identity *ret_identity)
{
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(store_prepare(tx,
                         "SELECT " IDENTITY_COLUMNS " FROM oidc_identity "
                         "WHERE tenant_id = $1 AND subject_index = $2 AND removed_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_bytes(q, 2, subject_index);
    CX_TRY(store_step(q, &row));
    return row ? identity_of(q, arena, ret_identity) : CX_ERR(NOTFOUND);
}

cx_err oidc_identity_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                          size_t limit, struct arena *arena, struct oidc_identity *rows,
                          size_t *ret_count)
{
    struct store_stmt *q = NULL;
    size_t count = 0;
    CX_TRY(store_prepare(tx,
                         "SELECT " IDENTITY_COLUMNS " FROM oidc_identity WHERE tenant_id = $1 "
                         "AND removed_us IS NULL AND (created_us, identity_id) < ($2, $3) "
                         "ORDER BY created_us DESC, identity_id DESC LIMIT $4",
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
        CX_TRY(identity_of(q, arena, &rows[count++]));
    }
    *ret_count = count;
    return CX_OK;
}

cx_err oidc_identity_note_login(struct store_tx *tx, struct cx_id tenant_id,
                                struct cx_id identity_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE oidc_identity SET last_login_us = $3 "
                         "WHERE tenant_id = $1 AND identity_id = $2 AND removed_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, identity_id);
    store_bind_int(q, 3, now_us);
    CX_TRY(store_exec(q));
    return store_changes(q) == 1 ? CX_OK : CX_ERR(CONFLICT);
}

cx_err oidc_identity_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id identity_id,
                            cx_time now_us)
{
    struct store_stmt *q = NULL;
    CX_TRY(store_prepare(tx,
                         "UPDATE oidc_identity SET removed_us = $3 "
                         "WHERE tenant_id = $1 AND identity_id = $2 AND removed_us IS NULL",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, identity_id);
    store_bind_int(q, 3, now_us);
    return store_exec(q);
}

cx_err oidc_sessions_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id provider_id,
                         struct cx_id user_id, cx_time now_us)
{
    struct store_stmt *q = NULL;
    bool all = cx_id_is_zero(user_id);
    CX_TRY(store_prepare(tx,
                         all ? "UPDATE login_session SET ended_us = $3 WHERE tenant_id = $1 "
                               "AND provider_id = $2 AND ended_us IS NULL"
                             : "UPDATE login_session SET ended_us = $3 WHERE tenant_id = $1 "
                               "AND provider_id = $2 AND ended_us IS NULL AND user_id = $4",
                         &q));
    store_bind_id(q, 1, tenant_id);
    store_bind_id(q, 2, provider_id);
    store_bind_int(q, 3, now_us);
    if (!all)
        store_bind_id(q, 4, user_id);
    return store_exec(q);
}
