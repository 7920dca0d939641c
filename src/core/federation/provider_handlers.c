/*
 * Operations on OpenID Connect providers. A rule that gives a role, or a membership, is a binding in waiting: only who may
 * create bindings everywhere sets rules.
 */
#include "api_routes.h"
#include "base/cleanup.h"
#include "codec/hex.h"
#include "core/access/group_store.h"
#include "core/access/state_store.h"
#include "core/change/change.h"
#include "core/change/rollback.h"
#include "core/federation/grants.h"
#include "core/federation/oidc_redeem.h"
#include "core/field.h"

enum { LIST_MAX = 4096, WORDS_MAX = 16 };

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "provider_id", "oidc-provider-unknown",
                     "There is no such identity provider.");
}

/* ---- views ---- */

static cx_err split(struct cx_str text, struct arena *arena, const struct cx_str **ret_words,
                    size_t *ret_count)
{
    struct cx_str *words = NULL;
    size_t count = 0, start = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, WORDS_MAX, &words));
    for (size_t i = 0; i <= text.len && count < WORDS_MAX; i++) {
        if (i < text.len && text.ptr[i] != ' ')
            continue;
        if (i > start)
            words[count++] = (struct cx_str){text.ptr + start, i - start};
        start = i + 1;
    }
    *ret_words = words;
    *ret_count = count;
    return CX_OK;
}

static cx_err view_rules(const struct oidc_provider *row, struct arena *arena,
                         struct api_oidc_provider_view *view)
{
    struct api_oidc_rule *rules = NULL;
    char id[CX_ID_TEXT_MAX];
    CX_TRY(ARENA_NEW_ARRAY(arena, row->rule_count, &rules));
    for (size_t i = 0; i < row->rule_count; i++) {
        const struct oidc_rule *rule = &row->rules[i];
        rules[i].claim = rule->claim_value;
        cx_id_format(CX_ID_GROUP, rule->group_id, id);
        CX_TRY(rule->role.len
                   ? arena_printf(arena, &rules[i].gives, "role:%.*s", CX_STR_ARG(rule->role))
                   : arena_printf(arena, &rules[i].gives, "group:%s", id));
    }
    view->has_rules = true;
    view->rules = rules;
    view->rules_count = row->rule_count;
    return CX_OK;
}

static cx_err view_of(struct api_request *request, const struct oidc_provider *row,
                      struct api_oidc_provider_view *ret_view)
{
    struct arena *arena = request->arena;
    struct api_oidc_provider_view view = {
        .id = row->provider_id,
        .name = row->name,
        .state = row->active ? API_OIDC_PROVIDER_STATE_ACTIVE : API_OIDC_PROVIDER_STATE_DISABLED,
        .issuer = row->issuer,
        .client_id = row->client_id,
        .has_client_secret = row->has_secret,
        .groups_claim = row->groups_claim,
        .userinfo = row->userinfo,
        .provision = row->provision,
        .has_ca_certificates = row->ca_pem.len != 0,
        .ca_certificates = row->ca_pem,
        .created = row->created_us,
        .changed = row->changed_us,
    };
    CX_TRY(oidc_redirect_uri(request->core, arena, &view.redirect_uri));
    CX_TRY(split(row->scopes, arena, &view.scopes, &view.scopes_count));
    CX_TRY(split(row->factor_acr, arena, &view.factor_acrs, &view.factor_acrs_count));
    CX_TRY(split(row->factor_amr, arena, &view.factor_amrs, &view.factor_amrs_count));
    if (row->rules)
        CX_TRY(view_rules(row, arena, &view));
    *ret_view = view;
    return CX_OK;
}

struct showing {
    struct api_request *request;
    struct cx_id provider_id;
    struct oidc_provider row;
};

static cx_err read_provider(struct store_tx *tx, void *arg)
{
    struct showing *s = arg;
    return oidc_provider_find(tx, s->request->principal.tenant_id, s->provider_id,
                              s->request->arena, &s->row);
}

static cx_err show(struct api_request *request, struct cx_id provider_id,
                   struct api_oidc_provider_view *ret_view)
{
    struct showing s = {.request = request, .provider_id = provider_id};
    cx_err err = store_read(request->core->store, read_provider, &s);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    return view_of(request, &s.row, ret_view);
}

cx_err handle_oidc_provider_get(struct api_request *request,
                                const struct api_oidc_provider_get_in *in,
                                struct api_oidc_provider_get_out *ret_out)
{
    return show(request, in->provider_id, &ret_out->body);
}

struct listing {
    struct api_request *request;
    struct page_key after;
    size_t limit, count;
    struct oidc_provider *rows;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct listing *l = arg;
    return oidc_provider_page(tx, l->request->principal.tenant_id, &l->after, l->limit,
                              l->request->arena, l->rows, &l->count);
}

cx_err handle_oidc_provider_list(struct api_request *request,
                                 const struct api_oidc_provider_list_in *in,
                                 struct api_oidc_provider_list_out *ret_out)
{
    struct listing l = {.request = request, .limit = (size_t)in->limit};
    struct api_oidc_provider_view *items = NULL;
    CX_TRY(page_cursor_parse("oidc-provider", in->cursor, request->diag, &l.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, l.limit, &l.rows));
    CX_TRY(store_read(request->core->store, read_page, &l));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, l.count, &items));
    for (size_t i = 0; i < l.count; i++)
        CX_TRY(view_of(request, &l.rows[i], &items[i]));
    struct api_oidc_provider_page page = {.items = items, .items_count = l.count};
    page.has_next_cursor = l.count == l.limit;
    if (page.has_next_cursor) {
        struct page_key key = {l.rows[l.count - 1].created_us, l.rows[l.count - 1].provider_id};
        CX_TRY(page_cursor_write(request->arena, "oidc-provider", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

/* ---- settings ---- */

/* What create and update share, in one shape. */
struct settings {
    struct api_request *request;
    struct row_oidc_provider row;
    struct oidc_rule *rules;
    size_t rule_count;
    bool create;
};

static cx_err join(struct arena *arena, const struct cx_str *words, size_t count,
                   struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(LIST_MAX);
    for (size_t i = 0; i < count; i++)
        CX_TRY(cx_buf_addf(&text, "%s%.*s", i ? " " : "", CX_STR_ARG(words[i])));
    return arena_copy_str(arena, (struct cx_str){(const char *)text.ptr, text.len}, ret_text);
}

static cx_err read_rule(struct api_request *request, const struct api_oidc_rule *in,
                        struct oidc_rule *ret_rule)
{
    struct oidc_rule rule = {.claim_value = in->claim, .role = CX_STR("")};
    struct cx_str rest = in->gives;
    if (cx_str_starts(rest, CX_STR("role:"))) {
        rule.role = (struct cx_str){rest.ptr + 5, rest.len - 5};
        *ret_rule = rule;
        return CX_OK;
    }
    if (cx_str_starts(rest, CX_STR("group:")) &&
        cx_is_ok(cx_id_parse(CX_ID_GROUP, (struct cx_str){rest.ptr + 6, rest.len - 6},
                             &rule.group_id))) {
        *ret_rule = rule;
        return CX_OK;
    }
    return cx_refuse(request->diag, CX_ERR(PARSE), "rules", "oidc-rule",
                     "A rule gives role:NAME or group:ID.");
}

static cx_err check_rule_right(const struct api_request *request, size_t count)
{
    if (!count || access_may(&request->principal, PERMISSION_BINDING_CREATE, NULL))
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(DENIED), "rules", "permission-missing",
                     "A rule gives rights: only who may create bindings sets it.");
}

static cx_err read_rules(struct settings *s, const struct api_oidc_rule *in, size_t count)
{
    struct api_request *request = s->request;
    CX_TRY(check_rule_right(request, count));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &s->rules));
    for (size_t i = 0; i < count; i++)
        CX_TRY(read_rule(request, &in[i], &s->rules[i]));
    s->rule_count = count;
    return CX_OK;
}

static cx_err seal_secret(struct settings *s, bool has_secret, struct cx_str secret)
{
    struct field_place place = {s->row.tenant_id, "oidc_provider", "client_secret",
                                s->row.provider_id};
    s->row.has_client_secret = has_secret;
    return has_secret ? field_seal_text(s->request->core, place, secret, s->request->arena,
                                        &s->row.client_secret)
                      : CX_OK;
}

static cx_err fill(struct settings *s, const struct api_oidc_provider_update_in *in)
{
    struct api_request *request = s->request;
    struct row_oidc_provider *row = &s->row;
    row->tenant_id = request->principal.tenant_id;
    row->client_id = in->client_id;
    row->groups_claim = in->has_groups_claim ? in->groups_claim : CX_STR("groups");
    row->userinfo = in->userinfo;
    row->provision = in->provision;
    row->ca_pem = in->has_ca_certificates ? in->ca_certificates : CX_STR("");
    row->changed_us = request->now_us;
    row->changed_by_id = request->principal.user_id;
    CX_TRY(join(request->arena, in->scopes, in->scopes_count, &row->scopes));
    CX_TRY(join(request->arena, in->factor_acrs, in->factor_acrs_count, &row->factor_acr));
    CX_TRY(join(request->arena, in->factor_amrs, in->factor_amrs_count, &row->factor_amr));
    CX_TRY(seal_secret(s, in->has_client_secret, in->client_secret));
    return read_rules(s, in->rules, in->rules_count);
}

static cx_err check_rule(struct store_tx *tx, const struct settings *s,
                         const struct oidc_rule *rule)
{
    struct api_request *request = s->request;
    struct permission_set permissions;
    struct group_row group;
    bool known = true;
    if (rule->role.len)
        return access_role_permissions(tx, s->row.tenant_id, rule->role, ACCESS_NOW, &permissions,
                                       &known)
                               .code == CX_E_OK &&
                       known
                   ? CX_OK
                   : cx_refuse(request->diag, CX_ERR(POLICY), "rules", "role-unknown",
                               "There is no role %.*s.", CX_STR_ARG(rule->role));
    cx_err err = group_find(tx, s->row.tenant_id, rule->group_id, request->arena, &group);
    return err.code == CX_E_NOTFOUND ? cx_refuse(request->diag, CX_ERR(POLICY), "rules",
                                                 "group-unknown", "There is no such group.")
                                     : err;
}

static cx_err write_settings(struct store_tx *tx, void *arg)
{
    const struct settings *s = arg;
    for (size_t i = 0; i < s->rule_count; i++)
        CX_TRY(check_rule(tx, s, &s->rules[i]));
    CX_TRY(s->create ? row_oidc_provider_insert(tx, &s->row) : oidc_provider_replace(tx, &s->row));
    CX_TRY(oidc_rules_replace(tx, s->row.tenant_id, s->row.provider_id, s->rules, s->rule_count));
    return change_note_id(tx, s->row.tenant_id, CHANGE_OIDC_PROVIDER, s->row.provider_id);
}

static cx_err describe(const struct settings *s, struct cx_str name, struct cx_str *ret_details)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(FIELD_DETAILS_MAX / 2);
    char id[CX_ID_TEXT_MAX];
    for (size_t i = 0; i < s->rule_count && text.len < FIELD_DETAILS_MAX / 4; i++) {
        cx_id_format(CX_ID_GROUP, s->rules[i].group_id, id);
        CX_TRY(cx_buf_addf(&text, "%s%.*s gives %.*s", i ? "; " : "",
                           CX_STR_ARG(s->rules[i].claim_value),
                           CX_STR_ARG(s->rules[i].role.len ? s->rules[i].role : cx_str_from(id))));
    }
    struct field_detail details[] = {
        {"name", name},
        {"issuer", s->row.issuer},
        {"client_id", s->row.client_id},
        {"client_secret", s->row.has_client_secret ? CX_STR("set") : CX_STR("not set")},
        {"factor_acrs", s->row.factor_acr},
        {"factor_amrs", s->row.factor_amr},
        {"provision", s->row.provision ? CX_STR("true") : CX_STR("false")},
        {"rules", {(const char *)text.ptr, text.len}}};
    return field_details(s->request->arena, details, 8, ret_details);
}

cx_err handle_oidc_provider_create(struct api_request *request,
                                   const struct api_oidc_provider_create_in *in,
                                   struct api_oidc_provider_create_out *ret_out)
{
    struct settings s = {.request = request,
                         .create = true,
                         .row = {.name = in->name,
                                 .state = CX_STR("active"),
                                 .issuer = in->issuer,
                                 .created_us = request->now_us}};
    const struct api_oidc_provider_update_in rest = {
        .client_id = in->client_id,
        .has_client_secret = in->has_client_secret,
        .client_secret = in->client_secret,
        .scopes = in->scopes,
        .scopes_count = in->scopes_count,
        .has_groups_claim = in->has_groups_claim,
        .groups_claim = in->groups_claim,
        .userinfo = in->userinfo,
        .provision = in->provision,
        .factor_acrs = in->factor_acrs,
        .factor_acrs_count = in->factor_acrs_count,
        .factor_amrs = in->factor_amrs,
        .factor_amrs_count = in->factor_amrs_count,
        .has_ca_certificates = in->has_ca_certificates,
        .ca_certificates = in->ca_certificates,
        .rules = in->rules,
        .rules_count = in->rules_count,
    };
    CX_TRY(cx_id_new(request->core->rng, &s.row.provider_id));
    CX_TRY(fill(&s, &rest));
    struct audit_event event = {.object_type = CX_ID_OIDC_PROVIDER, .object_id = s.row.provider_id};
    CX_TRY(describe(&s, in->name, &event.details));
    cx_err err = api_commit(request, &event, write_settings, &s);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "name", "oidc-provider-name-taken",
                         "There is an identity provider of this name.");
    CX_TRY(err);
    return show(request, s.row.provider_id, &ret_out->body);
}

cx_err handle_oidc_provider_update(struct api_request *request,
                                   const struct api_oidc_provider_update_in *in,
                                   struct api_oidc_provider_update_out *ret_out)
{
    struct settings s = {.request = request, .row = {.provider_id = in->provider_id}};
    struct audit_event event = {.object_type = CX_ID_OIDC_PROVIDER, .object_id = in->provider_id};
    CX_TRY(show(request, in->provider_id, &ret_out->body)); /* what there is, and that it is */
    s.row.issuer = ret_out->body.issuer;
    CX_TRY(fill(&s, in));
    CX_TRY(describe(&s, ret_out->body.name, &event.details));
    CX_TRY(api_commit(request, &event, write_settings, &s));
    return show(request, in->provider_id, &ret_out->body);
}

/* ---- rollback ---- */

static cx_err recorded_rule(const json_t *item, struct arena *arena, struct oidc_rule *ret_rule)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf group = CX_BUF_INIT(sizeof(struct cx_id));
    struct oidc_rule rule = {.role = CX_STR("")};
    struct cx_str hex = CX_STR_NONE;
    CX_TRY(change_rollback_text(item, "claim_value", arena, &rule.claim_value));
    CX_TRY(change_rollback_text(item, "role", arena, &rule.role));
    CX_TRY(change_rollback_text(item, "group_id", arena, &hex));
    CX_TRY(hex_decode(hex, &group));
    if (group.len == sizeof(rule.group_id.b))
        memcpy(rule.group_id.b, group.ptr, sizeof(rule.group_id.b));
    *ret_rule = rule;
    return CX_OK;
}

/* What fill takes from a document, from a version: the secret is not recorded, and the one there is stays. */
static cx_err fill_recorded(struct settings *s, const json_t *root)
{
    struct api_request *request = s->request;
    struct row_oidc_provider *row = &s->row;
    const json_t *rules = json_object_get(root, "rules");
    row->tenant_id = request->principal.tenant_id;
    row->userinfo = json_integer_value(json_object_get(root, "userinfo"));
    row->provision = json_integer_value(json_object_get(root, "provision"));
    row->changed_us = request->now_us;
    row->changed_by_id = request->principal.user_id;
    CX_TRY(change_rollback_text(root, "client_id", request->arena, &row->client_id));
    CX_TRY(change_rollback_text(root, "scopes", request->arena, &row->scopes));
    CX_TRY(change_rollback_text(root, "groups_claim", request->arena, &row->groups_claim));
    CX_TRY(change_rollback_text(root, "factor_acr", request->arena, &row->factor_acr));
    CX_TRY(change_rollback_text(root, "factor_amr", request->arena, &row->factor_amr));
    CX_TRY(change_rollback_text(root, "ca_pem", request->arena, &row->ca_pem));
    s->rule_count = json_array_size(rules);
    CX_TRY(check_rule_right(request, s->rule_count));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, s->rule_count, &s->rules));
    for (size_t i = 0; i < s->rule_count; i++)
        CX_TRY(recorded_rule(json_array_get(rules, i), request->arena, &s->rules[i]));
    return CX_OK;
}

cx_err handle_oidc_provider_rollback(struct api_request *request,
                                     const struct api_oidc_provider_rollback_in *in,
                                     struct api_oidc_provider_rollback_out *ret_out)
{
    struct settings s = {.request = request, .row = {.provider_id = in->provider_id}};
    struct audit_event event = {.object_type = CX_ID_OIDC_PROVIDER, .object_id = in->provider_id};
    json_auto_t *root = NULL;
    struct cx_str key = CX_STR_NONE;
    CX_TRY(show(request, in->provider_id, &ret_out->body));
    CX_TRY(page_hex_write(request->arena, cx_id_bytes(&in->provider_id), &key));
    CX_TRY(change_rollback_read(request->core, request->principal.tenant_id, CHANGE_OIDC_PROVIDER,
                                key, in->version, request->arena, request->diag, &root));
    s.row.issuer = ret_out->body.issuer;
    CX_TRY(fill_recorded(&s, root));
    CX_TRY(describe(&s, ret_out->body.name, &event.details));
    CX_TRY(api_commit(request, &event, write_settings, &s));
    return show(request, in->provider_id, &ret_out->body);
}

/* ---- state ---- */

struct switching {
    struct api_request *request;
    struct cx_id provider_id;
    bool active;
    bool kept_last;
};

static cx_err write_state(struct store_tx *tx, void *arg)
{
    struct switching *s = arg;
    const struct principal *me = &s->request->principal;
    struct cx_id all = {{0}};
    CX_TRY(oidc_provider_set_state(tx, me->tenant_id, s->provider_id, s->active));
    if (s->active)
        return CX_OK;
    CX_TRY(oidc_sessions_end(tx, me->tenant_id, s->provider_id, all, s->request->now_us));
    const struct oidc_taking taking = {me->tenant_id, s->provider_id, all, me->user_id,
                                       s->request->now_us};
    return oidc_grants_take_back(tx, &taking, s->request->arena, &s->kept_last);
}

static cx_err set_state(struct api_request *request, struct cx_id provider_id, bool active,
                        struct api_oidc_provider_view *ret_view)
{
    struct switching s = {request, provider_id, active, false};
    struct audit_event event = {.object_type = CX_ID_OIDC_PROVIDER, .object_id = provider_id};
    cx_err err = api_commit(request, &event, write_state, &s);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    if (s.kept_last)
        CX_TRY(oidc_grants_say_kept(request, request->principal.tenant_id, provider_id));
    return show(request, provider_id, ret_view);
}

cx_err handle_oidc_provider_disable(struct api_request *request,
                                    const struct api_oidc_provider_disable_in *in,
                                    struct api_oidc_provider_disable_out *ret_out)
{
    return set_state(request, in->provider_id, false, &ret_out->body);
}

cx_err handle_oidc_provider_enable(struct api_request *request,
                                   const struct api_oidc_provider_enable_in *in,
                                   struct api_oidc_provider_enable_out *ret_out)
{
    return set_state(request, in->provider_id, true, &ret_out->body);
}
