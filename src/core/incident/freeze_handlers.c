/* Keeping accounts and credentials from acting in an incident: trying what a freeze would hit, placing it, listing, and lifting it by somebody else. */
#include "api_routes.h"
#include "core/access/binding_store.h"
#include "core/access/person.h"
#include "core/api/contract.h"
#include "core/field.h"
#include "core/incident/freeze_store.h"
#include "core/incident/view.h"

enum { TRIAL_DAYS = 30 };

struct placing {
    struct api_request *request;
    enum api_freeze_kind kind;
    const char *field; /* the member that names what is frozen */
    struct row_access_freeze row;
    struct row_incident_entry entry;
    struct api_freeze_trial trial;
};

/* Exactly the member that the kind is about. */
static cx_err fill_row(struct placing *placing, const struct api_freeze_place_in *in)
{
    const struct {
        enum api_freeze_kind kind;
        const char *field;
        bool has;
        struct cx_id id;
    } MEMBERS[] = {{API_FREEZE_KIND_USER, "user_id", in->has_user_id, in->user_id},
                   {API_FREEZE_KIND_TOKEN, "token_id", in->has_token_id, in->token_id},
                   {API_FREEZE_KIND_SESSION, "session_id", in->has_session_id, in->session_id},
                   {API_FREEZE_KIND_ACME_ACCOUNT, "acme_account_id", in->has_acme_account_id,
                    in->acme_account_id}};
    struct api_request *request = placing->request;
    const char *kind = api_enum_name(&api_enum_freeze_kind, (int)in->kind);
    placing->kind = in->kind;
    placing->row = (struct row_access_freeze){.tenant_id = request->principal.tenant_id,
                                              .incident_id = in->incident_id,
                                              .kind = cx_str_from(kind),
                                              .placer_id = request->principal.user_id,
                                              .placed_us = request->now_us};
    for (size_t i = 0; i < sizeof(MEMBERS) / sizeof(MEMBERS[0]); i++) {
        if (MEMBERS[i].has != (MEMBERS[i].kind == in->kind))
            return cx_refuse(request->diag, CX_ERR(POLICY), MEMBERS[i].field, "freeze-member",
                             "A freeze of kind %s %s this.", kind,
                             MEMBERS[i].has ? "does not have" : "needs");
        if (!MEMBERS[i].has)
            continue;
        placing->row.subject_id = MEMBERS[i].id;
        placing->field = MEMBERS[i].field;
    }
    return CX_OK;
}

static cx_err check_known(struct store_tx *tx, struct placing *placing)
{
    struct api_request *request = placing->request;
    struct incident_row incident;
    cx_err err = incident_find(tx, placing->row.tenant_id, placing->row.incident_id, request->arena,
                               &incident);
    if (err.code == CX_E_NOTFOUND)
        return incident_refuse_unknown(request->diag);
    CX_TRY(err);
    err = freeze_check_subject(tx, &placing->row, placing->kind);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), placing->field, "freeze-object-unknown",
                         "The tenant has none of this identifier.");
    return err;
}

static cx_err insert(struct store_tx *tx, struct placing *placing, bool *ret_last)
{
    int64_t count = 0;
    CX_TRY(row_access_freeze_insert(tx, &placing->row));
    CX_TRY(
        binding_count_administrators(tx, placing->row.tenant_id, placing->row.placed_us, &count));
    *ret_last = placing->kind == API_FREEZE_KIND_USER && count == 0;
    return CX_OK;
}

/* Nobody could lift it, nor do anything else about the tenant. */
static cx_err refuse_last(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(CONFLICT), "user_id", "last-administrator",
                     "This is the last active administrator: make another one first, or activate a "
                     "break-glass account.");
}

/* The credential that the caller acts with is the one way to be sure to need somebody else at once. */
static cx_err check_own(const struct placing *placing)
{
    const struct principal *principal = &placing->request->principal;
    struct cx_id subject_id = placing->row.subject_id;
    if (cx_id_is_zero(subject_id)) /* no token acts in a session, and the other way round */
        return CX_OK;
    if (!cx_id_eq(subject_id, principal->user_id) && !cx_id_eq(subject_id, principal->token_id) &&
        !cx_id_eq(subject_id, principal->session_id))
        return CX_OK;
    return cx_refuse(
        placing->request->diag, CX_ERR(POLICY), placing->field, "freeze-own",
        "You act with this yourself: somebody else has to freeze it, or you revoke it.");
}

static cx_err write_freeze(struct store_tx *tx, void *arg)
{
    struct placing *placing = arg;
    struct api_request *request = placing->request;
    int64_t standing = 0;
    bool last = false;
    CX_TRY(check_known(tx, placing));
    CX_TRY(freeze_count_standing(tx, placing->row.tenant_id, &standing));
    if (standing >= FREEZES_MAX)
        return cx_refuse(request->diag, CX_ERR(LIMIT), "kind", "freeze-limit",
                         "%d freezes stand, the most there can be.", FREEZES_MAX);
    CX_TRY(insert(tx, placing, &last));
    if (last)
        return refuse_last(request->diag);
    return incident_append(tx, &placing->entry);
}

static cx_err view_of(struct api_request *request, const struct row_access_freeze *row,
                      struct api_freeze_view *ret_view)
{
    struct field_place place = {row->tenant_id, "access_freeze", "reason", row->freeze_id};
    struct api_freeze_view view = {.id = row->freeze_id,
                                   .incident_id = row->incident_id,
                                   .user_id = row->subject_id,
                                   .token_id = row->subject_id,
                                   .session_id = row->subject_id,
                                   .acme_account_id = row->subject_id,
                                   .placer_id = row->placer_id,
                                   .placed = row->placed_us,
                                   .has_lifter_id = row->has_lifter_id,
                                   .lifter_id = row->lifter_id,
                                   .has_lifted = row->has_lifted_us,
                                   .lifted = row->lifted_us};
    int kind = 0;
    CX_TRY(api_enum_value(&api_enum_freeze_kind, row->kind, &kind));
    view.kind = (enum api_freeze_kind)kind;
    view.has_user_id = view.kind == API_FREEZE_KIND_USER;
    view.has_token_id = view.kind == API_FREEZE_KIND_TOKEN;
    view.has_session_id = view.kind == API_FREEZE_KIND_SESSION;
    view.has_acme_account_id = view.kind == API_FREEZE_KIND_ACME_ACCOUNT;
    CX_TRY(field_open_text(request->core, place, row->reason, request->arena, &view.reason));
    *ret_view = view;
    return CX_OK;
}

static cx_err prepare_entry(struct api_request *request, const struct row_access_freeze *row,
                            enum incident_kind kind, struct cx_str reason,
                            struct row_incident_entry *ret_entry)
{
    struct entry_draft draft = {.tenant_id = row->tenant_id,
                                .incident_id = row->incident_id,
                                .actor_id = request->principal.user_id,
                                .kind = kind,
                                .at_us = request->now_us,
                                .now_us = request->now_us,
                                .detail = reason};
    CX_TRY(field_id_text(request->arena, CX_ID_FREEZE, row->freeze_id, &draft.subject));
    return incident_entry_prepare(request->core, request->arena, &draft, ret_entry);
}

cx_err handle_freeze_place(struct api_request *request, const struct api_freeze_place_in *in,
                           struct api_freeze_place_out *ret_out)
{
    struct placing placing = {.request = request};
    struct row_access_freeze *row = &placing.row;
    CX_TRY(fill_row(&placing, in));
    CX_TRY(check_own(&placing));
    CX_TRY(cx_id_new_at(request->core->rng, request->now_us, &row->freeze_id));
    struct field_place place = {row->tenant_id, "access_freeze", "reason", row->freeze_id};
    CX_TRY(field_seal_text(request->core, place, in->reason, request->arena, &row->reason));
    CX_TRY(prepare_entry(request, row, KIND_ACCESS_FROZEN, in->reason, &placing.entry));
    struct field_detail details[] = {{"kind", row->kind}, {"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_FREEZE, .object_id = row->freeze_id};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_freeze, &placing));
    return view_of(request, row, &ret_out->body);
}

/* ---- trying ---- */

static cx_err read_trial(struct store_tx *tx, void *arg)
{
    struct placing *placing = arg;
    struct cx_id tenant_id = placing->row.tenant_id, user_id = placing->row.subject_id;
    cx_time now_us = placing->request->now_us;
    bool administers = false;
    int64_t count = 0;
    CX_TRY(check_known(tx, placing));
    CX_TRY(freeze_count_hit(tx, &placing->row, placing->kind, now_us,
                            now_us - TRIAL_DAYS * CX_US_PER_DAY, &placing->trial));
    CX_TRY(binding_count_administrators(tx, tenant_id, now_us, &count));
    CX_TRY(binding_is_administrator(tx, tenant_id, user_id, now_us, &administers));
    placing->trial.last_administrator = count == 1 && administers;
    return CX_OK;
}

cx_err handle_freeze_try(struct api_request *request, const struct api_freeze_try_in *in,
                         struct api_freeze_try_out *ret_out)
{
    /* The two operations have one body. */
    const struct api_freeze_place_in place = {.incident_id = in->incident_id,
                                              .kind = in->kind,
                                              .has_user_id = in->has_user_id,
                                              .user_id = in->user_id,
                                              .has_token_id = in->has_token_id,
                                              .token_id = in->token_id,
                                              .has_session_id = in->has_session_id,
                                              .session_id = in->session_id,
                                              .has_acme_account_id = in->has_acme_account_id,
                                              .acme_account_id = in->acme_account_id,
                                              .reason = in->reason};
    struct placing placing = {.request = request};
    CX_TRY(fill_row(&placing, &place));
    CX_TRY(store_read(request->core->store, read_trial, &placing));
    placing.trial.days = TRIAL_DAYS;
    ret_out->body = placing.trial;
    return CX_OK;
}

/* ---- listing ---- */

struct reading {
    struct api_request *request;
    struct cx_id freeze_id;
    bool lifted_too;
    struct page_key after;
    size_t limit, count;
    struct row_access_freeze *rows;
};

static cx_err read_page(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    struct api_request *request = reading->request;
    return freeze_page(tx, request->principal.tenant_id, reading->lifted_too, &reading->after,
                       reading->limit, request->arena, reading->rows, &reading->count);
}

cx_err handle_freeze_list(struct api_request *request, const struct api_freeze_list_in *in,
                          struct api_freeze_list_out *ret_out)
{
    struct reading reading = {
        .request = request, .lifted_too = in->lifted, .limit = (size_t)in->limit};
    struct api_freeze_view *items = NULL;
    CX_TRY(page_cursor_parse("freeze", in->cursor, request->diag, &reading.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, reading.limit, &reading.rows));
    CX_TRY(store_read(request->core->store, read_page, &reading));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, reading.count, &items));
    for (size_t i = 0; i < reading.count; i++)
        CX_TRY(view_of(request, &reading.rows[i], &items[i]));
    struct api_freeze_page page = {.items = items, .items_count = reading.count};
    page.has_next_cursor = reading.count == reading.limit;
    if (page.has_next_cursor) {
        const struct row_access_freeze *last = &reading.rows[reading.count - 1];
        const struct page_key key = {last->placed_us, last->freeze_id};
        CX_TRY(page_cursor_write(request->arena, "freeze", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

/* ---- lifting ---- */

struct lifting {
    struct api_request *request;
    struct cx_id freeze_id;
    struct row_access_freeze row;
    bool mine;     /* who lifts placed it */
    bool about_me; /* who lifts is the frozen person, by a service account of theirs */
    struct row_incident_entry entry;
};

static cx_err read_one(struct store_tx *tx, void *arg)
{
    struct lifting *lifting = arg;
    struct api_request *request = lifting->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    cx_err err = freeze_find(tx, tenant_id, lifting->freeze_id, request->arena, &lifting->row);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "freeze_id", "freeze-unknown",
                         "There is no such freeze.");
    CX_TRY(err);
    struct cx_id user_id = request->principal.user_id;
    CX_TRY(access_same_person(tx, tenant_id, lifting->row.placer_id, user_id, &lifting->mine));
    return cx_str_is(lifting->row.kind, "user")
               ? access_same_person(tx, tenant_id, lifting->row.subject_id, user_id,
                                    &lifting->about_me)
               : CX_OK;
}

static cx_err write_lifting(struct store_tx *tx, void *arg)
{
    struct lifting *lifting = arg;
    struct api_request *request = lifting->request;
    cx_err err = freeze_set_lifted(tx, lifting->row.tenant_id, lifting->freeze_id,
                                   request->principal.user_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return cx_refuse(request->diag, err, "freeze_id", "freeze-lifted", "It is lifted already.");
    CX_TRY(err);
    return incident_append(tx, &lifting->entry);
}

cx_err handle_freeze_lift(struct api_request *request, const struct api_freeze_lift_in *in,
                          struct api_freeze_lift_out *ret_out)
{
    struct lifting lifting = {.request = request, .freeze_id = in->freeze_id};
    CX_TRY(store_read(request->core->store, read_one, &lifting));
    if (lifting.mine)
        return cx_refuse(request->diag, CX_ERR(DENIED), "freeze_id", "placer-lifts",
                         "You placed this freeze: somebody else has to lift it.");
    if (lifting.about_me)
        return cx_refuse(
            request->diag, CX_ERR(DENIED), "freeze_id", "frozen-lifts",
            "You are one person with whom this keeps out: somebody else has to lift it.");
    CX_TRY(prepare_entry(request, &lifting.row, KIND_ACCESS_UNFROZEN, in->reason, &lifting.entry));
    struct field_detail details[] = {{"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_FREEZE, .object_id = in->freeze_id};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_lifting, &lifting));
    CX_TRY(store_read(request->core->store, read_one, &lifting));
    return view_of(request, &lifting.row, &ret_out->body);
}
