/* Operations on ACME directories. */
#include "api_routes.h"
#include "base/cleanup.h"
#include "core/access/access_store.h"
#include "core/change/change.h"
#include "core/field.h"
#include "core/issuance/issuer.h"
#include "core/policy/profile_store.h"
#include "core/protocol/acme/admin.h"
#include "core/protocol/acme/directory_store.h"
#include "core/protocol/acme/identifier.h"
#include "store/rows.h"

enum { HOUR_S = 3600 };

static cx_err view_challenges(uint32_t bits, struct arena *arena,
                              const enum api_acme_challenge **ret_list, size_t *ret_count)
{
    enum api_acme_challenge *list = NULL;
    size_t count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, API_ACME_CHALLENGE_COUNT, &list));
    for (int i = 0; i < API_ACME_CHALLENGE_COUNT; i++) {
        enum acme_challenge challenge;
        struct cx_str name = cx_str_from(api_enum_name(&api_enum_acme_challenge, i));
        if (acme_challenge_from_name(name, &challenge) && bits & 1u << challenge)
            list[count++] = (enum api_acme_challenge)i;
    }
    *ret_list = list;
    *ret_count = count;
    return CX_OK;
}

static cx_err view(struct api_request *request, const struct acme_directory *row,
                   struct api_acme_directory_view *ret_view)
{
    struct cx_str *profiles = NULL;
    struct cx_str url = CX_STR_NONE;
    struct acme_call call = {.request = request, .directory = *row};
    struct api_acme_directory_view made = {
        .id = row->directory_id,
        .name = row->name,
        .state = row->active ? API_ACME_DIRECTORY_STATE_ACTIVE : API_ACME_DIRECTORY_STATE_DISABLED,
        .issuer_id = row->issuer_id,
        .certificate_profiles_count = row->profile_count,
        .has_user_id = !cx_id_is_zero(row->user_id),
        .user_id = row->user_id,
        .has_terms_url = row->terms_url.len > 0,
        .terms_url = row->terms_url,
        .has_caa_identity = row->caa_identity.len > 0,
        .caa_identity = row->caa_identity,
        .reuse_hours = row->reuse_s / HOUR_S,
        .account_order_limit = row->account_limit,
        .account_window_hours = row->account_window_s / HOUR_S,
        .name_limit = row->name_limit,
        .name_window_hours = row->name_window_s / HOUR_S,
        .created = row->created_us,
    };
    CX_TRY(acme_url(&call, &url, "directory"));
    made.url = url;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, row->profile_count, &profiles));
    for (size_t i = 0; i < row->profile_count; i++)
        profiles[i] = row->profiles[i];
    made.certificate_profiles = profiles;
    CX_TRY(
        view_challenges(row->challenges, request->arena, &made.challenges, &made.challenges_count));
    *ret_view = made;
    return CX_OK;
}

/* ---- list ---- */

struct listing {
    struct acme_admin_page page;
    struct acme_directory *rows;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct listing *l = arg;
    struct api_request *request = l->page.request;
    return acme_directory_page(tx, request->principal.tenant_id, &l->page.after, l->page.limit,
                               request->arena, l->rows, &l->page.count);
}

cx_err handle_acme_directory_list(struct api_request *request,
                                  const struct api_acme_directory_list_in *in,
                                  struct api_acme_directory_list_out *ret_out)
{
    struct listing l;
    struct api_acme_directory_view *items = NULL;
    struct page_key last = PAGE_START;
    CX_TRY(acme_admin_page_open(&l.page, request, in->cursor, in->limit, sizeof(*l.rows),
                                (void **)&l.rows));
    CX_TRY(store_read(request->core->store, read_page, &l));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, l.page.count, &items));
    for (size_t i = 0; i < l.page.count; i++) {
        CX_TRY(view(request, &l.rows[i], &items[i]));
        last = (struct page_key){l.rows[i].created_us, l.rows[i].directory_id};
    }
    ret_out->body.items = items;
    ret_out->body.items_count = l.page.count;
    return acme_admin_page_next(&l.page, last, &ret_out->body.has_next_cursor,
                                &ret_out->body.next_cursor);
}

/* ---- create ---- */

struct creating {
    struct api_request *request;
    const struct issuer_entry *issuer;
    struct row_acme_directory row;
    struct acme_directory made;
};

static cx_err find_issuer(struct creating *c, const struct api_acme_directory_create_in *in)
{
    struct api_request *request = c->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    if (!in->has_issuer_id)
        return issuer_default(request->core, tenant_id, request->arena, request->diag, &c->issuer);
    cx_err err = issuer_get(request->core, tenant_id, in->issuer_id, &c->issuer);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "issuer_id", "issuer-unknown",
                         "There is no such issuer.");
    return err;
}

static cx_err check_profiles(struct api_request *request,
                             const struct api_acme_directory_create_in *in)
{
    for (size_t i = 0; i < in->certificate_profiles_count; i++) {
        const struct profile_entry *entry = NULL;
        cx_err err = profile_get(request->core, request->principal.tenant_id,
                                 in->certificate_profiles[i], 0, &entry);
        if (err.code == CX_E_NOTFOUND)
            return cx_refuse(request->diag, CX_ERR(POLICY), "certificate_profiles",
                             "profile-unknown", "There is no certificate profile %.*s.",
                             CX_STR_ARG(in->certificate_profiles[i]));
        CX_TRY(err);
        bool server = entry->profile.kind == PKI_KIND_SERVER_TLS ||
                      entry->profile.kind == PKI_KIND_MUTUAL_TLS;
        if (!server)
            return cx_refuse(request->diag, CX_ERR(POLICY), "certificate_profiles", "profile-kind",
                             "ACME validates dns names and addresses: %.*s is not for servers.",
                             CX_STR_ARG(in->certificate_profiles[i]));
        for (size_t j = 0; j < i; j++)
            if (cx_str_eq(in->certificate_profiles[i], in->certificate_profiles[j]))
                return cx_refuse(request->diag, CX_ERR(POLICY), "certificate_profiles",
                                 "profile-duplicate", "A certificate profile is there twice.");
    }
    return CX_OK;
}

static uint32_t challenge_bits(const struct api_acme_directory_create_in *in)
{
    uint32_t bits = 0;
    if (!in->has_challenges)
        return 1u << ACME_HTTP_01 | 1u << ACME_DNS_01 | 1u << ACME_TLS_ALPN_01;
    for (size_t i = 0; i < in->challenges_count; i++) {
        enum acme_challenge challenge;
        if (acme_challenge_from_name(
                cx_str_from(api_enum_name(&api_enum_acme_challenge, in->challenges[i])),
                &challenge))
            bits |= 1u << challenge;
    }
    return bits;
}

static cx_err fill(struct creating *c, const struct api_acme_directory_create_in *in)
{
    struct api_request *request = c->request;
    c->row = (struct row_acme_directory){
        .tenant_id = request->principal.tenant_id,
        .name = in->name,
        .state = CX_STR("active"),
        .issuer_id = c->issuer->issuer_id,
        .has_user_id = in->has_user_id,
        .user_id = in->user_id,
        .challenges = challenge_bits(in),
        .caa_identity = in->has_caa_identity ? in->caa_identity : CX_STR(""),
        .terms_url = in->has_terms_url ? in->terms_url : CX_STR(""),
        .reuse_s = in->reuse_hours * HOUR_S,
        .account_limit = in->account_order_limit,
        .account_window_s = in->account_window_hours * HOUR_S,
        .name_limit = in->name_limit,
        .name_window_s = in->name_window_hours * HOUR_S,
        .created_us = request->now_us,
    };
    CX_TRY(cx_id_new(request->core->rng, &c->row.directory_id));
    return acme_join(request->arena, in->certificate_profiles, in->certificate_profiles_count,
                     &c->row.profiles);
}

static cx_err write_directory(struct store_tx *tx, void *arg)
{
    struct creating *c = arg;
    struct api_request *request = c->request;
    struct user_row user;
    if (c->row.has_user_id) {
        cx_err err = user_find(tx, c->row.tenant_id, c->row.user_id, request->arena, &user);
        if (err.code == CX_E_NOTFOUND)
            return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "user-unknown",
                             "There is no such user.");
        CX_TRY(err);
    }
    CX_TRY(row_acme_directory_insert(tx, &c->row));
    CX_TRY(change_note_id(tx, c->row.tenant_id, CHANGE_ACME_DIRECTORY, c->row.directory_id));
    return acme_directory_find(tx, c->row.directory_id, request->arena, &c->made);
}

cx_err handle_acme_directory_create(struct api_request *request,
                                    const struct api_acme_directory_create_in *in,
                                    struct api_acme_directory_create_out *ret_out)
{
    struct creating c = {.request = request};
    CX_TRY(find_issuer(&c, in));
    CX_TRY(check_profiles(request, in));
    CX_TRY(fill(&c, in));
    struct field_detail details[] = {{"name", in->name}, {"certificate_profiles", c.row.profiles}};
    struct audit_event event = {.object_type = CX_ID_ACME_DIRECTORY,
                                .object_id = c.row.directory_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    cx_err err = api_commit(request, &event, write_directory, &c);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "name", "directory-name-taken",
                         "There is a directory of this name.");
    CX_TRY(err);
    return view(request, &c.made, &ret_out->body);
}

/* ---- state ---- */

struct switching {
    struct api_request *request;
    struct cx_id directory_id;
    bool active;
    struct acme_directory row;
};

static cx_err write_state(struct store_tx *tx, void *arg)
{
    struct switching *s = arg;
    CX_TRY(
        acme_directory_set_state(tx, s->request->principal.tenant_id, s->directory_id, s->active));
    return acme_directory_find(tx, s->directory_id, s->request->arena, &s->row);
}

static cx_err set_state(struct api_request *request, struct cx_id directory_id, bool active,
                        struct api_acme_directory_view *ret_view)
{
    struct switching s = {request, directory_id, active, {.active = false}};
    CX_TRY(acme_admin_change(request, CX_ID_ACME_DIRECTORY, directory_id, CX_STR_NONE, write_state,
                             &s));
    return view(request, &s.row, ret_view);
}

cx_err handle_acme_directory_disable(struct api_request *request,
                                     const struct api_acme_directory_disable_in *in,
                                     struct api_acme_directory_disable_out *ret_out)
{
    return set_state(request, in->directory_id, false, &ret_out->body);
}

cx_err handle_acme_directory_enable(struct api_request *request,
                                    const struct api_acme_directory_enable_in *in,
                                    struct api_acme_directory_enable_out *ret_out)
{
    return set_state(request, in->directory_id, true, &ret_out->body);
}
