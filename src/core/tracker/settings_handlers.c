/* Where a tenant's reports go: one tracker, all of it data. The API key is sealed, and shown to nobody. */
#include "api_routes.h"
#include "base/checked.h"
#include "core/field.h"
#include "core/tracker/tracker_store.h"

enum { POLL_DEFAULT_S = 900 };

struct finding {
    struct api_request *request;
    struct row_tracker row;
};

static cx_err find(struct store_tx *tx, void *arg)
{
    struct finding *f = arg;
    return tracker_find(tx, f->request->principal.tenant_id, f->request->arena, &f->row);
}

static cx_err view_of(struct api_request *request, const struct row_tracker *row,
                      struct api_tracker_view *ret_view)
{
    int state = 0;
    struct api_tracker_view view = {.base_url = row->base_url,
                                    .owner_name = row->owner_name,
                                    .product = row->product,
                                    .component = row->component,
                                    .secure_component = row->secure_component,
                                    .secure_group = row->secure_group,
                                    .version = row->bug_version,
                                    .bug_type = row->bug_type,
                                    .has_whiteboard = row->whiteboard.len > 0,
                                    .whiteboard = row->whiteboard,
                                    .has_needinfo = row->needinfo.len > 0,
                                    .needinfo = row->needinfo,
                                    .has_report_address = row->report_address.len > 0,
                                    .report_address = row->report_address,
                                    .has_microsoft_address = row->microsoft_address.len > 0,
                                    .microsoft_address = row->microsoft_address,
                                    .has_ca_certificates = row->ca_pem.len > 0,
                                    .ca_certificates = row->ca_pem,
                                    .poll_s = row->poll_s,
                                    .changed = row->changed_us,
                                    .changed_by_id = row->changed_by_id};
    struct field_place place = {row->tenant_id, "tracker", "login", row->tracker_id};
    CX_TRY(api_enum_value(&api_enum_tracker_state, row->state, &state));
    view.state = (enum api_tracker_state)state;
    CX_TRY(field_open_text(request->core, place, row->login, request->arena, &view.login));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_tracker_get(struct api_request *request, const struct api_tracker_get_in *in,
                          struct api_tracker_get_out *ret_out)
{
    struct finding f = {.request = request};
    (void)in;
    cx_err err = store_read(request->core->store, find, &f);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "", "tracker-unknown", "No tracker is set.");
    CX_TRY(err);
    return view_of(request, &f.row, &ret_out->body);
}

static cx_err write_settings(struct store_tx *tx, void *arg)
{
    return tracker_put(tx, arg);
}

static cx_err check_url(struct api_request *request, struct cx_str url)
{
    bool plain = url.ptr[url.len - 1] != '/';
    for (size_t i = 0; i < url.len; i++)
        plain = plain && !strchr("?#@", url.ptr[i]);
    return plain ? CX_OK
                 : cx_refuse(request->diag, CX_ERR(POLICY), "base_url", "tracker-url",
                             "Give the base of the REST interface, such as "
                             "https://bugzilla.example.org/rest, without query and final slash.");
}

static cx_err seal(struct api_request *request, const struct api_tracker_set_in *in, bool known,
                   struct row_tracker *row)
{
    struct field_place key = {row->tenant_id, "tracker", "api_key", row->tracker_id};
    struct field_place login = {row->tenant_id, "tracker", "login", row->tracker_id};
    CX_TRY(field_seal_text(request->core, login, in->login, request->arena, &row->login));
    if (in->has_api_key)
        return field_seal_text(request->core, key, in->api_key, request->arena, &row->api_key);
    return known ? CX_OK
                 : cx_refuse(request->diag, CX_ERR(POLICY), "api_key", "tracker-key",
                             "The tracker needs an API key.");
}

/* A key is for one tracker: it does not follow the settings to another. */
static cx_err check_move(struct api_request *request, const struct api_tracker_set_in *in,
                         bool known, const struct row_tracker *before)
{
    if (!known || in->has_api_key || cx_str_eq(before->base_url, in->base_url))
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(POLICY), "api_key", "tracker-key",
                     "Another tracker needs its own API key.");
}

cx_err handle_tracker_set(struct api_request *request, const struct api_tracker_set_in *in,
                          struct api_tracker_set_out *ret_out)
{
    struct finding f = {.request = request};
    struct row_tracker *row = &f.row;
    cx_err err = store_read(request->core->store, find, &f);
    bool known = cx_is_ok(err);
    if (!known && err.code != CX_E_NOTFOUND)
        return err;
    CX_TRY(check_url(request, in->base_url));
    CX_TRY(check_move(request, in, known, row));
    if (!known)
        CX_TRY(cx_id_new(request->core->rng, &row->tracker_id));
    row->tenant_id = request->principal.tenant_id;
    row->state = cx_str_from(api_enum_name(&api_enum_tracker_state, in->state));
    row->base_url = in->base_url;
    row->owner_name = in->owner_name;
    row->product = in->product;
    row->component = in->component;
    row->secure_component = in->secure_component;
    row->secure_group = in->secure_group;
    row->bug_version = in->version;
    row->bug_type = in->bug_type;
    row->whiteboard = in->has_whiteboard ? in->whiteboard : CX_STR("");
    row->needinfo = in->has_needinfo ? in->needinfo : CX_STR("");
    row->report_address = in->has_report_address ? in->report_address : CX_STR("");
    row->microsoft_address = in->has_microsoft_address ? in->microsoft_address : CX_STR("");
    row->ca_pem = in->has_ca_certificates ? in->ca_certificates : CX_STR("");
    row->poll_s = in->has_poll_s ? in->poll_s : POLL_DEFAULT_S;
    row->changed_us = request->now_us;
    row->changed_by_id = request->principal.user_id;
    CX_TRY(seal(request, in, known, row));
    struct field_detail details[] = {{"base_url", row->base_url},
                                     {"product", row->product},
                                     {"component", row->component},
                                     {"secure_component", row->secure_component},
                                     {"secure_group", row->secure_group},
                                     {"state", row->state},
                                     {"api_key", in->has_api_key ? CX_STR("set") : CX_STR_NONE}};
    struct audit_event event = {.action = NULL};
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &event.details));
    CX_TRY(api_commit(request, &event, write_settings, row));
    return view_of(request, row, &ret_out->body);
}
