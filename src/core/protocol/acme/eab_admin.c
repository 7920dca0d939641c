/*
 * Operations on keys for external account binding. A key acts for the person who made it, never for somebody else: who holds a
 * key could otherwise ask in another's name and approve it in their own (docs/design/042-acme-persons.md).
 */
#include "api_routes.h"
#include "base/checked.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "core/access/rights_cache.h"
#include "core/field.h"
#include "core/policy/profile_store.h"
#include "core/protocol/acme/admin.h"
#include "core/protocol/acme/directory_store.h"
#include "core/protocol/acme/eab_store.h"
#include "core/protocol/acme/identifier.h"
#include "pki/name.h"
#include "store/rows.h"

enum { HMAC_KEY_LEN = 32 };

static bool may_see_others(const struct principal *principal)
{
    return access_may(principal, PERMISSION_USER_READ, NULL);
}

static bool may_revoke_others(const struct principal *principal)
{
    return access_may(principal, PERMISSION_USER_DISABLE, NULL);
}

static enum api_acme_eab_state state_of(const struct acme_eab_row *row, cx_time now_us)
{
    if (row->revoked_us)
        return API_ACME_EAB_STATE_REVOKED;
    if (row->expires_us <= now_us)
        return API_ACME_EAB_STATE_EXPIRED;
    return row->use_count >= row->use_max ? API_ACME_EAB_STATE_USED_UP : API_ACME_EAB_STATE_ACTIVE;
}

static cx_err view(struct api_request *request, const struct acme_eab_row *row,
                   struct api_acme_eab_view *ret_view)
{
    struct field_place place = {request->principal.tenant_id, "acme_eab_key", "label", row->eab_id};
    struct cx_str *domains = NULL;
    struct api_acme_eab_view made = {
        .id = row->eab_id,
        .directory_id = row->directory_id,
        .user_id = row->user_id,
        .has_group_id = !cx_id_is_zero(row->group_id),
        .group_id = row->group_id,
        .has_certificate_profile = row->profile_name.len > 0,
        .certificate_profile = row->profile_name,
        .validation = row->trusted ? API_ACME_VALIDATION_NONE : API_ACME_VALIDATION_CHALLENGE,
        .state = state_of(row, request->now_us),
        .use_count = row->use_count,
        .use_max = row->use_max,
        .created = row->created_us,
        .expires = row->expires_us,
        .has_last_used = row->used_us != 0,
        .last_used = row->used_us,
        .has_revoked = row->revoked_us != 0,
        .revoked = row->revoked_us,
    };
    CX_TRY(field_open_text(request->core, place, row->label, request->arena, &made.label));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, ACME_DOMAINS_MAX, &domains));
    CX_TRY(acme_words(row->domains, domains, ACME_DOMAINS_MAX, &made.domains_count));
    made.domains = domains;
    *ret_view = made;
    return CX_OK;
}

/* ---- list ---- */

struct listing {
    struct acme_admin_page page;
    struct acme_eab_row *rows;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct listing *l = arg;
    const struct principal *me = &l->page.request->principal;
    struct cx_id whose = may_see_others(me) ? (struct cx_id){{0}} : me->user_id;
    return acme_eab_page(tx, me->tenant_id, whose, &l->page.after, l->page.limit,
                         l->page.request->arena, l->rows, &l->page.count);
}

cx_err handle_acme_eab_list(struct api_request *request, const struct api_acme_eab_list_in *in,
                            struct api_acme_eab_list_out *ret_out)
{
    struct listing l;
    struct api_acme_eab_view *items = NULL;
    struct page_key last = PAGE_START;
    CX_TRY(acme_admin_page_open(&l.page, request, in->cursor, in->limit, sizeof(*l.rows),
                                (void **)&l.rows));
    CX_TRY(store_read(request->core->store, read_page, &l));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, l.page.count, &items));
    for (size_t i = 0; i < l.page.count; i++) {
        CX_TRY(view(request, &l.rows[i], &items[i]));
        last = (struct page_key){l.rows[i].created_us, l.rows[i].eab_id};
    }
    ret_out->body.items = items;
    ret_out->body.items_count = l.page.count;
    return acme_admin_page_next(&l.page, last, &ret_out->body.has_next_cursor,
                                &ret_out->body.next_cursor);
}

/* ---- create ---- */

struct creating {
    struct api_request *request;
    const struct api_acme_eab_create_in *in;
    struct acme_directory directory;
    struct row_acme_eab_key row;
};

static cx_err read_directory(struct store_tx *tx, void *arg)
{
    struct creating *c = arg;
    CX_TRY(acme_directory_find(tx, c->in->directory_id, c->request->arena, &c->directory));
    bool ours = cx_id_eq(c->directory.tenant_id, c->request->principal.tenant_id);
    return ours ? CX_OK : CX_ERR(NOTFOUND);
}

/* A domain is written in the normal form of a name; an address too. */
static cx_err check_domains(struct creating *c)
{
    struct api_request *request = c->request;
    for (size_t i = 0; i < c->in->domains_count; i++) {
        struct cx_str text = c->in->domains[i], normal = CX_STR_NONE;
        struct pki_name name;
        cx_err err = pki_name_parse(request->arena, PKI_NAME_DNS, text, "", NULL, &name);
        if (cx_failed(err))
            err = pki_name_parse(request->arena, PKI_NAME_IP, text, "", NULL, &name);
        if (cx_is_ok(err))
            err = pki_name_to_text(request->arena, &name, &normal);
        if (cx_failed(err) || !cx_str_eq(text, normal))
            return cx_refuse(request->diag, CX_ERR(PARSE), "domains", "domain-form",
                             "%.*s is neither a domain name nor an address in its usual form.",
                             CX_STR_ARG(text));
    }
    return CX_OK;
}

/* Without a challenge nothing but the key's maker vouches for a name: only for named domains, and never where others rely on
 * the validation. */
static cx_err check_trust(struct creating *c)
{
    struct api_request *request = c->request;
    const struct acme_directory *directory = &c->directory;
    if (c->in->validation != API_ACME_VALIDATION_NONE)
        return CX_OK;
    if (c->in->domains_count == 0)
        return cx_refuse(request->diag, CX_ERR(POLICY), "validation", "validation-needs-domains",
                         "Without challenges the key must be bound to domains.");
    for (size_t i = 0; i < directory->profile_count; i++) {
        const struct profile_entry *entry = NULL;
        if (!acme_directory_offers(directory, &(struct acme_scope){.profile = c->row.profile_name},
                                   directory->profiles[i]))
            continue;
        CX_TRY(profile_get(request->core, directory->tenant_id, directory->profiles[i], 0, &entry));
        if (entry->profile.trust == PKI_TRUST_PUBLIC)
            return cx_refuse(request->diag, CX_ERR(POLICY), "validation", "validation-public-trust",
                             "Certificates of public trust need a challenge.");
    }
    return CX_OK;
}

static cx_err check(struct creating *c)
{
    struct api_request *request = c->request;
    /* An account acts with rights of the person, so what was taken from a token would come back by it. */
    if (request->principal.narrowed)
        return cx_refuse(request->diag, CX_ERR(DENIED), "", "token-narrowed",
                         "A narrowed token makes no keys: use one with all your rights.");
    cx_err err = store_read(request->core->store, read_directory, c);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "directory_id", "directory-unknown",
                         "There is no such directory.");
    CX_TRY(err);
    c->row.profile_name = c->in->has_certificate_profile ? c->in->certificate_profile : CX_STR("");
    if (c->in->has_certificate_profile &&
        !acme_directory_offers(&c->directory, NULL, c->in->certificate_profile))
        return cx_refuse(request->diag, CX_ERR(POLICY), "certificate_profile", "profile-unknown",
                         "The directory does not have this certificate profile.");
    CX_TRY(check_domains(c));
    return check_trust(c);
}

static cx_err make_key(struct creating *c, struct cx_str *ret_text)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf text = CX_BUF_INIT(64);
    struct api_request *request = c->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    uint8_t key[HMAC_KEY_LEN];
    struct field_place place = {tenant_id, "acme_eab_key", "hmac_key", c->row.eab_id};
    struct field_place label = {tenant_id, "acme_eab_key", "label", c->row.eab_id};
    CX_TRY(cx_rng_fill(request->core->rng, key, sizeof(key)));
    cx_err err = base64url_encode(CX_BYTES(key, sizeof(key)), &text);
    if (cx_is_ok(err))
        err = field_seal(request->core, place, CX_BYTES(key, sizeof(key)), request->arena,
                         &c->row.hmac_key);
    cx_wipe(key, sizeof(key));
    CX_TRY(err);
    CX_TRY(field_seal_text(request->core, label, c->in->label, request->arena, &c->row.label));
    return arena_copy_str(request->arena, (struct cx_str){(const char *)text.ptr, text.len},
                          ret_text);
}

/* Whoever has the key can do what it binds to, so its maker must be able to, in this transaction. */
static cx_err check_member(struct store_tx *tx, const struct creating *c)
{
    struct api_request *request = c->request;
    const struct access_place place = {.groups = &c->row.group_id, .group_count = 1};
    struct principal member = {
        .tenant_id = c->row.tenant_id, .user_id = c->row.user_id, .group_id = c->row.group_id};
    if (!c->row.has_group_id)
        return CX_OK;
    CX_TRY(access_principal_load(request->core, tx, request->now_us, &member));
    member.authenticated = true;
    bool may = access_may(&member, PERMISSION_REQUEST_CREATE, &place);
    access_principal_clear(&member);
    return may ? CX_OK
               : cx_refuse(request->diag, CX_ERR(DENIED), "group_id", "group-cannot-ask",
                           "You are no member of this group, or its members may not ask for "
                           "certificates in it.");
}

static cx_err write_key(struct store_tx *tx, void *arg)
{
    const struct creating *c = arg;
    CX_TRY(check_member(tx, c));
    return row_acme_eab_key_insert(tx, &c->row);
}

static struct acme_eab_row made_of(const struct row_acme_eab_key *row)
{
    return (struct acme_eab_row){.eab_id = row->eab_id,
                                 .directory_id = row->directory_id,
                                 .user_id = row->user_id,
                                 .group_id = row->group_id,
                                 .label = row->label,
                                 .profile_name = row->profile_name,
                                 .domains = row->domains,
                                 .trusted = cx_str_is(row->validation, "none"),
                                 .use_max = row->use_max,
                                 .created_us = row->created_us,
                                 .expires_us = row->expires_us};
}

static cx_err fill(struct creating *c)
{
    struct api_request *request = c->request;
    const struct api_acme_eab_create_in *in = c->in;
    c->row = (struct row_acme_eab_key){
        .tenant_id = request->principal.tenant_id,
        .directory_id = in->directory_id,
        .user_id = request->principal.user_id,
        .has_group_id = in->has_group_id,
        .group_id = in->has_group_id ? in->group_id : (struct cx_id){{0}},
        .profile_name = c->row.profile_name,
        .validation =
            in->validation == API_ACME_VALIDATION_NONE ? CX_STR("none") : CX_STR("challenge"),
        .use_max = in->use_max,
        .created_us = request->now_us,
        .expires_us = request->now_us + in->expires_in_days * CX_US_PER_DAY,
    };
    CX_TRY(cx_id_new(request->core->rng, &c->row.eab_id));
    return acme_join(request->arena, in->domains, in->domains_count, &c->row.domains);
}

cx_err handle_acme_eab_create(struct api_request *request, const struct api_acme_eab_create_in *in,
                              struct api_acme_eab_create_out *ret_out)
{
    struct creating c = {.request = request, .in = in};
    struct api_acme_eab_secret_view made = {0};
    struct cx_str group = CX_STR_NONE;
    CX_TRY(check(&c));
    CX_TRY(fill(&c));
    CX_TRY(make_key(&c, &made.hmac_key));
    if (in->has_group_id)
        CX_TRY(field_id_text(request->arena, CX_ID_GROUP, in->group_id, &group));
    struct field_detail details[] = {{"label", in->label},
                                     {"directory", c.directory.name},
                                     {"group", group},
                                     {"domains", c.row.domains},
                                     {"validation", c.row.validation}};
    struct audit_event event = {.object_type = CX_ID_ACME_EAB, .object_id = c.row.eab_id};
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &event.details));
    CX_TRY(api_commit(request, &event, write_key, &c));
    struct acme_eab_row row = made_of(&c.row);
    CX_TRY(view(request, &row, &made.eab));
    ret_out->body = made;
    return CX_OK;
}

/* ---- revoke ---- */

struct revoking {
    struct api_request *request;
    struct cx_id eab_id;
    struct acme_eab_row row;
};

static cx_err write_revocation(struct store_tx *tx, void *arg)
{
    struct revoking *r = arg;
    const struct principal *me = &r->request->principal;
    CX_TRY(acme_eab_find(tx, me->tenant_id, r->eab_id, r->request->arena, &r->row));
    /* Somebody else's key does not exist for those who may not see it. */
    if (!cx_id_eq(r->row.user_id, me->user_id) && !may_revoke_others(me))
        return CX_ERR(NOTFOUND);
    CX_TRY(acme_eab_revoke(tx, me->tenant_id, r->eab_id, r->request->now_us));
    return acme_eab_find(tx, me->tenant_id, r->eab_id, r->request->arena, &r->row);
}

cx_err handle_acme_eab_revoke(struct api_request *request, const struct api_acme_eab_revoke_in *in,
                              struct api_acme_eab_revoke_out *ret_out)
{
    struct revoking r = {.request = request, .eab_id = in->eab_id};
    CX_TRY(
        acme_admin_change(request, CX_ID_ACME_EAB, in->eab_id, CX_STR_NONE, write_revocation, &r));
    return view(request, &r.row, &ret_out->body);
}
