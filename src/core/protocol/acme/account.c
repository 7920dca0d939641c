/* Accounts: RFC 8555 §7.3 (creation, update, deactivation), §7.1.2.1 (list of orders). */
#include "api_routes.h"
#include "base/cleanup.h"
#include "base/checked.h"
#include "codec/json_write.h"
#include "core/access/access_store.h"
#include "core/field.h"
#include "core/protocol/acme/account_store.h"
#include "core/protocol/acme/eab.h"
#include "core/protocol/acme/order_store.h"
#include "store/rows.h"

enum { CONTACT_MAX = 320, CONTACTS_TEXT_MAX = 8192, ORDERS_PAGE = 100 };

/* ---- contacts: sealed as the JSON array that the client sees ---- */

static cx_err check_contact(struct acme_call *call, struct cx_str url)
{
    struct cx_str prefix = CX_STR("mailto:");
    if (!cx_str_starts(url, prefix))
        return acme_refuse(call, ACME_UNSUPPORTED_CONTACT, "contact-scheme",
                           "Contacts are mailto URLs.");
    size_t at_count = 0;
    bool good = url.len > prefix.len + 2 && url.len <= CONTACT_MAX;
    for (size_t i = prefix.len; good && i < url.len; i++) {
        char c = url.ptr[i];
        /* §7.3: no hfields, one address. */
        good = c > ' ' && c < 0x7f && c != '?' && c != ',' && c != '"' && c != '<' && c != '>';
        at_count += c == '@';
    }
    if (good && at_count == 1 && url.ptr[prefix.len] != '@' && url.ptr[url.len - 1] != '@')
        return CX_OK;
    return acme_refuse(call, ACME_INVALID_CONTACT, "contact-form",
                       "A contact is mailto: and one address, without header fields.");
}

static cx_err read_contacts(struct acme_call *call, const struct json_node *payload,
                            struct cx_str *ret_json)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(CONTACTS_TEXT_MAX);
    struct json_writer json = json_writer(&out);
    struct json_node list;
    size_t count = 0;
    struct cx_diag *diag = call->request->diag;
    CX_TRY(json_begin_array(&json, NULL));
    if (json_has(payload, "contact"))
        CX_TRY(acme_refuse_as(
            call, ACME_MALFORMED,
            json_read_array(payload, "contact", ACME_CONTACTS_MAX, diag, &list, &count)));
    for (size_t i = 0; i < count; i++) {
        struct json_node item = json_item(&list, i);
        struct cx_str url = CX_STR_NONE;
        CX_TRY(acme_refuse_as(call, ACME_INVALID_CONTACT,
                              json_as_str(&item, CONTACT_MAX, diag, &url)));
        CX_TRY(check_contact(call, url));
        CX_TRY(json_write_str(&json, NULL, url));
    }
    CX_TRY(json_end(&json));
    return arena_copy_str(call->request->arena, (struct cx_str){(const char *)out.ptr, out.len},
                          ret_json);
}

static struct field_place contact_place(const struct acme_call *call, struct cx_id account_id)
{
    return (struct field_place){call->directory.tenant_id, "acme_account", "contact", account_id};
}

/* ---- the account object ---- */

/* binding: what the client sent and we verified (§7.3.4: the object of a new account returns it), or NULL. */
static cx_err write_binding(struct json_writer *json, const struct json_node *binding,
                            struct cx_diag *diag)
{
    static const char *const members[] = {"protected", "payload", "signature"};
    CX_TRY(json_begin_object(json, "externalAccountBinding"));
    for (size_t i = 0; i < CX_COUNT_OF(members); i++) {
        struct cx_str text = CX_STR_NONE;
        CX_TRY(json_read_str(binding, members[i], JWS_MAX, diag, &text));
        CX_TRY(json_write_str(json, members[i], text));
    }
    return json_end(json);
}

static cx_err answer_account(struct acme_call *call, uint16_t status,
                             const struct acme_account *account, const struct json_node *binding)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ACME_ANSWER_MAX);
    struct json_writer json = json_writer(&out);
    struct cx_str url = CX_STR_NONE, orders = CX_STR_NONE, contact = CX_STR_NONE;
    CX_TRY(field_open_text(call->request->core, contact_place(call, account->account_id),
                           account->contact, call->request->arena, &contact));
    CX_TRY(acme_account_url(call, account->account_id, &url));
    CX_TRY(arena_printf(call->request->arena, &orders, "%.*s/orders", CX_STR_ARG(url)));
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_write_text(&json, "status", acme_account_state_name(account->state)));
    CX_TRY(json_write_raw(&json, "contact", cx_str_bytes(contact)));
    if (account->terms_us)
        CX_TRY(json_write_bool(&json, "termsOfServiceAgreed", true));
    CX_TRY(json_write_str(&json, "orders", orders));
    if (binding)
        CX_TRY(write_binding(&json, binding, call->request->diag));
    CX_TRY(json_end(&json));
    CX_TRY(acme_answer_json(call, status, &out));
    return acme_header(call, "Location", url);
}

/* ---- newAccount ---- */

struct creating {
    struct acme_call *call;
    bool only_existing, agreed, bound;
    struct cx_str contact;
    struct json_node binding; /* as it was sent; when bound */
    struct acme_eab_row eab;
    bool found;
    struct acme_account existing;
    bool user_active;
    struct row_acme_account row;
};

static cx_err read_existing(struct store_tx *tx, void *arg)
{
    struct creating *c = arg;
    struct acme_call *call = c->call;
    cx_err err = acme_account_by_key(tx, &call->directory, call->thumbprint, call->request->arena,
                                     &c->existing);
    c->found = cx_is_ok(err);
    return err.code == CX_E_NOTFOUND ? CX_OK : err;
}

static cx_err read_flag(struct acme_call *call, const struct json_node *payload, const char *key,
                        bool *ret_flag)
{
    if (!json_has(payload, key))
        return CX_OK;
    return acme_refuse_as(call, ACME_MALFORMED,
                          json_read_bool(payload, key, call->request->diag, ret_flag));
}

static cx_err answer_existing(struct creating *c)
{
    struct acme_call *call = c->call;
    if (c->existing.state != ACME_ACCOUNT_VALID)
        return acme_refuse(call, ACME_UNAUTHORIZED_ACCOUNT, "account-deactivated",
                           "The account of this key is deactivated.");
    return answer_account(call, 200, &c->existing, NULL);
}

static cx_err read_binding(struct creating *c, const struct json_node *payload)
{
    struct acme_call *call = c->call;
    c->bound = json_has(payload, "externalAccountBinding");
    if (!c->bound && cx_id_is_zero(call->directory.user_id))
        return acme_refuse(call, ACME_EXTERNAL_ACCOUNT_REQUIRED, "eab-required",
                           "This directory needs an external account binding: ask for a key.");
    if (!c->bound)
        return CX_OK;
    c->binding = json_member(payload, "externalAccountBinding");
    return acme_eab_verify(call, &c->binding, &c->eab);
}

static cx_err read_user(struct store_tx *tx, void *arg)
{
    struct creating *c = arg;
    struct acme_acting acting = {c->row.user_id, c->eab.group_id};
    return acme_principal_load(tx, c->call, acting, PERMISSION_REQUEST_CREATE, &c->user_active);
}

/* Whom the account will act for must be active and have a right that an account needs. */
static cx_err make_principal(struct creating *c)
{
    struct acme_call *call = c->call;
    struct api_request *request = call->request;
    CX_TRY(store_read(request->core->store, read_user, c));
    if (!c->user_active)
        return acme_refuse(call, ACME_UNAUTHORIZED, "account-user-inactive",
                           "The user that accounts would act for is not active.");
    return acme_principal_authorise(call, PERMISSION_REQUEST_CREATE);
}

static cx_err write_account(struct store_tx *tx, void *arg)
{
    struct creating *c = arg;
    struct acme_call *call = c->call;
    CX_TRY(read_existing(tx, c)); /* two requests with one key make one account */
    if (c->found)
        return CX_OK;
    if (c->bound) {
        cx_err err = acme_eab_use(tx, c->row.tenant_id, c->eab.eab_id, call->request->now_us);
        if (err.code == CX_E_CONFLICT)
            return acme_refuse(call, ACME_UNAUTHORIZED, "eab-used-up",
                               "externalAccountBinding: the key has been used as often as it may.");
        CX_TRY(err);
    }
    return row_acme_account_insert(tx, &c->row);
}

static cx_err fill_row(struct creating *c)
{
    struct acme_call *call = c->call;
    struct api_request *request = call->request;
    c->row = (struct row_acme_account){
        .tenant_id = call->directory.tenant_id,
        .directory_id = call->directory.directory_id,
        .state = CX_STR("valid"),
        .spki = call->spki,
        .thumbprint = call->thumbprint,
        .user_id = c->bound ? c->eab.user_id : call->directory.user_id,
        .has_eab_id = c->bound,
        .eab_id = c->eab.eab_id,
        .has_terms_us = c->agreed,
        .terms_us = request->now_us,
        .created_us = request->now_us,
    };
    CX_TRY(cx_id_new(request->core->rng, &c->row.account_id));
    return field_seal_text(request->core, contact_place(call, c->row.account_id), c->contact,
                           request->arena, &c->row.contact);
}

static cx_err create(struct creating *c)
{
    struct acme_call *call = c->call;
    struct cx_str eab = CX_STR_NONE;
    CX_TRY(fill_row(c));
    CX_TRY(make_principal(c));
    if (c->bound)
        CX_TRY(field_id_text(call->request->arena, CX_ID_ACME_EAB, c->eab.eab_id, &eab));
    struct field_detail details[] = {{"directory", call->directory.name}, {"eab", eab}};
    struct audit_event event = {.object_type = CX_ID_ACME_ACCOUNT, .object_id = c->row.account_id};
    CX_TRY(field_details(call->request->arena, details, 2, &event.details));
    CX_TRY(acme_commit(call, &event, write_account, c));
    if (c->found)
        return answer_existing(c);
    struct acme_account made = {.account_id = c->row.account_id,
                                .contact = c->row.contact,
                                .terms_us = c->agreed ? c->row.terms_us : 0};
    return answer_account(call, 201, &made, c->bound ? &c->binding : NULL);
}

static cx_err new_account(struct acme_call *call)
{
    struct creating c = {.call = call};
    json_auto_t *root = NULL;
    CX_TRY(acme_payload(call, &root));
    struct json_node payload = json_top(root);
    CX_TRY(read_flag(call, &payload, "onlyReturnExisting", &c.only_existing));
    CX_TRY(read_flag(call, &payload, "termsOfServiceAgreed", &c.agreed));
    CX_TRY(store_read(call->request->core->store, read_existing, &c));
    if (c.found)
        return answer_existing(&c);
    if (c.only_existing)
        return acme_refuse(call, ACME_ACCOUNT_DOES_NOT_EXIST, "account-unknown",
                           "There is no account with this key.");
    if (call->directory.terms_url.len && !c.agreed)
        return acme_refuse(call, ACME_USER_ACTION_REQUIRED, "terms-not-agreed",
                           "Agree to the terms of service: %.*s",
                           CX_STR_ARG(call->directory.terms_url));
    CX_TRY(read_contacts(call, &payload, &c.contact));
    CX_TRY(read_binding(&c, &payload));
    return create(&c);
}

cx_err handle_acme_new_account(struct api_request *request,
                               const struct api_acme_new_account_in *in,
                               struct api_acme_new_account_out *ret_out)
{
    struct acme_call call;
    cx_err err = acme_open(&call, request, in->directory_id, in->body, ACME_BY_KEY,
                           PERMISSION_ME_READ, &ret_out->raw);
    if (cx_is_ok(err))
        err = new_account(&call);
    return acme_close(&call, err);
}

/* ---- update and deactivation ---- */

struct updating {
    struct acme_call *call;
    bool deactivate, agree, has_contact;
    struct cx_sealed contact;
};

static cx_err write_update(struct store_tx *tx, void *arg)
{
    const struct updating *u = arg;
    struct cx_id tenant_id = u->call->directory.tenant_id;
    struct cx_id account_id = u->call->account.account_id;
    if (u->has_contact)
        CX_TRY(row_acme_account_set_contact(tx, tenant_id, account_id, u->contact));
    if (u->agree)
        CX_TRY(acme_account_agree(tx, tenant_id, account_id, u->call->request->now_us));
    return u->deactivate ? acme_account_end(tx, tenant_id, account_id, ACME_ACCOUNT_DEACTIVATED)
                         : CX_OK;
}

static cx_err read_status(struct updating *u, const struct json_node *payload)
{
    struct cx_str status = CX_STR_NONE;
    if (!json_has(payload, "status"))
        return CX_OK;
    CX_TRY(acme_refuse_as(u->call, ACME_MALFORMED,
                          json_read_str(payload, "status", 32, u->call->request->diag, &status)));
    u->deactivate = cx_str_is(status, "deactivated");
    if (!u->deactivate && !cx_str_is(status, "valid"))
        return acme_refuse(u->call, ACME_MALFORMED, "account-status",
                           "An account can be deactivated, nothing else.");
    return CX_OK;
}

static cx_err update(struct acme_call *call)
{
    struct updating u = {.call = call};
    struct cx_str contact = CX_STR_NONE;
    json_auto_t *root = NULL;
    CX_TRY(acme_payload(call, &root));
    struct json_node payload = json_top(root);
    CX_TRY(read_status(&u, &payload));
    CX_TRY(read_flag(call, &payload, "termsOfServiceAgreed", &u.agree));
    u.has_contact = json_has(&payload, "contact");
    if (u.has_contact) {
        CX_TRY(read_contacts(call, &payload, &contact));
        CX_TRY(field_seal_text(call->request->core, contact_place(call, call->account.account_id),
                               contact, call->request->arena, &u.contact));
        call->account.contact = u.contact;
    }
    struct field_detail details[] = {{"status", u.deactivate ? CX_STR("deactivated") : CX_STR_NONE},
                                     {"contact", u.has_contact ? CX_STR("changed") : CX_STR_NONE}};
    struct audit_event event = {.object_type = CX_ID_ACME_ACCOUNT,
                                .object_id = call->account.account_id};
    if (!u.deactivate && !u.agree && !u.has_contact)
        return CX_OK; /* §7.3.2: fields that are not understood are ignored */
    CX_TRY(field_details(call->request->arena, details, 2, &event.details));
    CX_TRY(acme_commit(call, &event, write_update, &u));
    if (u.deactivate)
        call->account.state = ACME_ACCOUNT_DEACTIVATED;
    if (u.agree)
        call->account.terms_us = call->request->now_us;
    return CX_OK;
}

/* An account reads and changes itself only. */
static cx_err own_account(struct acme_call *call, struct cx_id account_id)
{
    if (cx_id_eq(call->account.account_id, account_id))
        return CX_OK;
    return acme_refuse(call, ACME_UNAUTHORIZED, "account-other", "This is another account.");
}

cx_err handle_acme_account(struct api_request *request, const struct api_acme_account_in *in,
                           struct api_acme_account_out *ret_out)
{
    struct acme_call call;
    cx_err err = acme_open(&call, request, in->directory_id, in->body, ACME_BY_ACCOUNT,
                           PERMISSION_ME_READ, &ret_out->raw);
    if (cx_is_ok(err))
        err = own_account(&call, in->account_id);
    if (cx_is_ok(err) && !acme_is_get(&call))
        err = update(&call);
    if (cx_is_ok(err))
        err = answer_account(&call, 0, &call.account, NULL);
    return acme_close(&call, err);
}

/* ---- list of orders ---- */

struct listing {
    struct acme_call *call;
    struct page_key after;
    struct page_key keys[ORDERS_PAGE];
    size_t count;
};

static cx_err read_orders(struct store_tx *tx, void *arg)
{
    struct listing *l = arg;
    return acme_order_page(tx, l->call->directory.tenant_id, l->call->account.account_id, &l->after,
                           ORDERS_PAGE, l->keys, &l->count);
}

static cx_err answer_orders(struct listing *l)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ACME_ANSWER_MAX);
    struct acme_call *call = l->call;
    struct json_writer json = json_writer(&out);
    struct cx_str url = CX_STR_NONE, cursor = CX_STR_NONE;
    char text[CX_ID_TEXT_MAX];
    CX_TRY(json_begin_object(&json, NULL));
    CX_TRY(json_begin_array(&json, "orders"));
    for (size_t i = 0; i < l->count; i++) {
        cx_id_format(CX_ID_ACME_ORDER, l->keys[i].id, text);
        CX_TRY(acme_url(call, &url, "order/%s", text));
        CX_TRY(json_write_str(&json, NULL, url));
    }
    CX_TRY(json_end(&json));
    CX_TRY(json_end(&json));
    CX_TRY(acme_answer_json(call, 0, &out));
    if (l->count < ORDERS_PAGE)
        return CX_OK;
    cx_id_format(CX_ID_ACME_ACCOUNT, call->account.account_id, text);
    CX_TRY(page_cursor_write(call->request->arena, "acme-order", &l->keys[l->count - 1], &cursor));
    CX_TRY(acme_url(call, &url, "account/%s/orders?cursor=%.*s", text, CX_STR_ARG(cursor)));
    return acme_link(call, url, "next"); /* §7.1.2.1 */
}

static cx_err orders(struct acme_call *call, struct cx_id account_id, struct cx_str cursor)
{
    struct listing l = {.call = call};
    CX_TRY(own_account(call, account_id));
    CX_TRY(acme_require_get(call));
    CX_TRY(acme_refuse_as(call, ACME_MALFORMED,
                          page_cursor_parse("acme-order", cursor, call->request->diag, &l.after)));
    CX_TRY(store_read(call->request->core->store, read_orders, &l));
    return answer_orders(&l);
}

cx_err handle_acme_orders(struct api_request *request, const struct api_acme_orders_in *in,
                          struct api_acme_orders_out *ret_out)
{
    struct acme_call call;
    cx_err err = acme_open(&call, request, in->directory_id, in->body, ACME_BY_ACCOUNT,
                           PERMISSION_ME_READ, &ret_out->raw);
    if (cx_is_ok(err))
        err = orders(&call, in->account_id, in->cursor);
    return acme_close(&call, err);
}
