/*
 * What an approver looks at: who has to decide and by when, whether the rules of today still allow it, and what differs
 * from the certificate before. The certificate is the one that is renewed or replaced, else the last one for the first
 * name; it is shown only to who may read it.
 */
#include "api_routes.h"
#include "core/access/place.h"
#include "core/approval/rule_store.h"
#include "core/approval/stage_view.h"
#include "core/field.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/issue.h"
#include "core/policy/decide.h"
#include "pki/name.h"

enum { DAY_S = 86400, CHANGES_MAX = 8, TEXT_MAX = 4000 };

struct context {
    struct api_request *request;
    struct issuance run; /* the request */
    struct approval_plan plan;
    bool has_previous;
    struct certificate_row previous;
    struct request_row origin; /* the request that the previous certificate came from */
    struct issuance_body before;
    struct api_request_change changes[CHANGES_MAX];
    size_t change_count;
};

/* The newest certificate for the first dns or ip name. */
static cx_err find_by_name(struct store_tx *tx, const struct context *context,
                           struct cx_id *ret_certificate_id)
{
    const struct issuance_body *body = &context->run.body;
    struct cx_str name = CX_STR_NONE;
    struct store_stmt *q = NULL;
    bool row = false;
    if (body->name_count == 0 ||
        (body->names[0].kind != PKI_NAME_DNS && body->names[0].kind != PKI_NAME_IP))
        return CX_OK;
    CX_TRY(pki_name_to_text(context->request->arena, &body->names[0], &name));
    CX_TRY(store_prepare(tx,
                         "SELECT certificate_id FROM certificate_name WHERE tenant_id = $1 "
                         "AND value = $2 AND value <> '' "
                         "ORDER BY issued_us DESC, certificate_id DESC LIMIT 1",
                         &q));
    store_bind_id(q, 1, context->run.tenant_id);
    store_bind_text(q, 2, name);
    CX_TRY(store_step(q, &row));
    if (row)
        *ret_certificate_id = store_col_id(q, 0);
    return CX_OK;
}

static cx_err read_previous(struct store_tx *tx, struct context *context)
{
    struct api_request *request = context->request;
    struct cx_id tenant_id = context->run.tenant_id;
    struct cx_id certificate_id = context->run.request.certificate_id;
    if (cx_id_is_zero(certificate_id))
        CX_TRY(find_by_name(tx, context, &certificate_id));
    if (cx_id_is_zero(certificate_id))
        return CX_OK;
    cx_err err = access_check_certificate(tx, &request->principal, PERMISSION_CERTIFICATE_READ,
                                          certificate_id, request->arena, NULL);
    if (err.code == CX_E_NOTFOUND || err.code == CX_E_DENIED)
        return CX_OK;
    CX_TRY(err);
    CX_TRY(certificate_find(tx, tenant_id, certificate_id, request->arena, &context->previous));
    context->has_previous = true;
    return request_find(tx, tenant_id, context->previous.request_id, request->arena,
                        &context->origin);
}

static cx_err read_context(struct store_tx *tx, void *arg)
{
    struct context *context = arg;
    struct api_request *request = context->request;
    context->has_previous = false;
    CX_TRY(access_check_request(tx, &request->principal, PERMISSION_REQUEST_READ,
                                context->run.request.request_id, &(struct access_object){0},
                                request->arena, NULL));
    CX_TRY(approval_plan_read(tx, context->run.tenant_id, context->run.request.request_id,
                              request->arena, &context->plan));
    return read_previous(tx, context);
}

static cx_err add_change(struct context *context, const char *field, struct cx_str before,
                         struct cx_str after)
{
    if (cx_str_eq(before, after))
        return CX_OK;
    context->changes[context->change_count++] =
        (struct api_request_change){.field = cx_str_from(field),
                                    .has_before = before.len > 0,
                                    .before = before,
                                    .has_after = after.len > 0,
                                    .after = after};
    return CX_OK;
}

static bool has_name(const struct issuance_body *body, const struct pki_name *name)
{
    for (size_t i = 0; i < body->name_count; i++)
        if (pki_name_eq(&body->names[i], name))
            return true;
    return false;
}

/* The names of one that the other has not, with commas; cut where it would be too long to read. */
static cx_err names_only_in(struct arena *arena, const struct issuance_body *one,
                            const struct issuance_body *other, struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE, name = CX_STR_NONE;
    for (size_t i = 0; i < one->name_count; i++) {
        if (has_name(other, &one->names[i]))
            continue;
        CX_TRY(pki_name_to_text(arena, &one->names[i], &name));
        if (text.len + name.len + 8 > TEXT_MAX) {
            CX_TRY(arena_printf(arena, &text, "%.*s, …", CX_STR_ARG(text)));
            break;
        }
        CX_TRY(arena_printf(arena, &text, "%.*s%s%.*s", CX_STR_ARG(text), text.len ? ", " : "",
                            CX_STR_ARG(name)));
    }
    *ret_text = text;
    return CX_OK;
}

static cx_err subject_text(struct arena *arena, const struct issuance_body *body,
                           struct cx_str *ret_text)
{
    struct cx_str text = CX_STR_NONE;
    for (size_t i = 0; i < body->subject_count; i++)
        CX_TRY(arena_printf(arena, &text, "%.*s%s%s=%.*s", CX_STR_ARG(text), i ? ", " : "",
                            pki_attribute_name(body->subject[i].type),
                            CX_STR_ARG(body->subject[i].value)));
    *ret_text = text;
    return CX_OK;
}

static cx_err days_text(struct arena *arena, int64_t seconds, struct cx_str *ret_text)
{
    return seconds ? arena_printf(arena, ret_text, "%lld days", (long long)(seconds / DAY_S))
                   : CX_OK;
}

static cx_err compare(struct context *context)
{
    struct arena *arena = context->request->arena;
    const struct request_row *row = &context->run.request;
    const struct issuance_body *before = &context->before, *after = &context->run.body;
    struct cx_str one = CX_STR_NONE, other = CX_STR_NONE;
    CX_TRY(names_only_in(arena, before, after, &one));
    CX_TRY(names_only_in(arena, after, before, &other));
    CX_TRY(add_change(context, "names", one, other));
    CX_TRY(subject_text(arena, before, &one));
    CX_TRY(subject_text(arena, after, &other));
    CX_TRY(add_change(context, "subject", one, other));
    CX_TRY(add_change(context, "certificate_profile", context->previous.profile_name,
                      row->profile_name));
    CX_TRY(add_change(context, "key_type",
                      cx_str_from(pki_key_type_name(context->previous.key_type)),
                      cx_str_from(pki_key_type_name(row->key_type))));
    if (!cx_bytes_eq(before->spki, after->spki))
        CX_TRY(add_change(context, "key", CX_STR("as before"), CX_STR("another")));
    one = other = CX_STR_NONE;
    CX_TRY(days_text(arena, context->origin.validity_s, &one));
    CX_TRY(days_text(arena, row->validity_s, &other));
    CX_TRY(add_change(context, "validity", one, other));
    one = other = CX_STR_NONE;
    CX_TRY(field_id_text(arena, CX_ID_ISSUER, context->previous.issuer_id, &one));
    CX_TRY(field_id_text(arena, CX_ID_ISSUER, row->issuer_id, &other));
    return add_change(context, "issuer_id", one, other);
}

static cx_err load_previous(struct context *context)
{
    struct api_request *request = context->request;
    struct field_place place = {context->run.tenant_id, "request", "body",
                                context->origin.request_id};
    struct cx_bytes bytes = CX_BYTES_NONE;
    if (!context->has_previous)
        return CX_OK;
    CX_TRY(field_open(request->core, place, context->origin.body, request->arena, &bytes));
    CX_TRY(issuance_body_parse(bytes, request->arena, &context->before));
    return compare(context);
}

/* The request as it would be judged if it were asked for now. */
static cx_err judge(const struct context *context, struct api_request_context *view)
{
    struct cx_diag *diag = NULL;
    struct policy_decision decision;
    const struct issuance *run = &context->run;
    struct policy_ask ask = {.profile = run->profile,
                             .issuer = &run->issuer->pki,
                             .now_us = context->request->now_us,
                             .has_csr = !run->request.server_key,
                             .csr = run->body,
                             .has_names = run->request.server_key,
                             .names = run->body.names,
                             .name_count = run->body.name_count,
                             .has_subject = run->request.server_key,
                             .subject = run->body.subject,
                             .subject_count = run->body.subject_count,
                             .server_key_type = run->request.key_type,
                             .validity_s = run->request.validity_s};
    view->policy_ok = true;
    if (run->request.kind == REQUEST_REVOKE)
        return CX_OK;
    CX_TRY(ARENA_NEW(context->request->arena, &diag));
    cx_err err = policy_decide(&ask, diag, &decision);
    if (err.code != CX_E_POLICY && err.code != CX_E_PARSE)
        return err;
    view->policy_ok = false;
    view->has_policy_rule = view->has_policy_text = true;
    view->policy_rule = cx_str_from(diag->rule);
    view->policy_text = cx_str_from(diag->text);
    return CX_OK;
}

static cx_err view_of(const struct context *context, struct api_request_context *ret_view)
{
    const struct request_row *row = &context->run.request;
    struct approval_stages stages = context->plan.stages;
    struct api_request_context view = {
        .approvals_given = row->approvals_given,
        .has_rule_id = !cx_id_is_zero(context->plan.rule_id),
        .rule_id = context->plan.rule_id,
        .has_due = context->plan.due_us != 0,
        .due = context->plan.due_us,
        .has_escalates = context->plan.escalate_us != 0,
        .escalates = context->plan.escalate_us,
        .has_escalate_to_role = context->plan.escalate_us != 0,
        .escalate_to_role = context->plan.escalate_to,
        .has_previous_certificate_id = context->has_previous,
        .previous_certificate_id = context->previous.certificate_id,
        .changes = context->changes,
        .changes_count = context->change_count,
    };
    if (stages.count == 0 && row->approvals_needed > 0) /* what the profile asks for */
        stages.list[stages.count++] = (struct approval_stage){
            .text = CX_STR("any"), .who = APPROVAL_ANY, .approvers = row->approvals_needed};
    const struct approval_stage *next = approval_stage_next(&stages, row->approvals_given);
    view.has_next = next && row->state == REQUEST_AWAITING_APPROVAL;
    if (view.has_next)
        view.next = next->text;
    view.stages_count = stages.count;
    CX_TRY(approval_stages_view(&stages, context->request->arena, &view.stages));
    CX_TRY(judge(context, &view));
    *ret_view = view;
    return CX_OK;
}

cx_err handle_request_context(struct api_request *request, const struct api_request_context_in *in,
                              struct api_request_context_out *ret_out)
{
    struct context *context = NULL;
    CX_TRY(ARENA_NEW(request->arena, &context));
    context->request = request;
    context->run = (struct issuance){.core = request->core,
                                     .arena = request->arena,
                                     .diag = request->diag,
                                     .tenant_id = request->principal.tenant_id,
                                     .now_us = request->now_us};
    cx_err err = issuance_load(&context->run, in->request_id);
    if (cx_is_ok(err))
        err = store_read(request->core->store, read_context, context);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "request_id", "request-unknown",
                         "There is no such request.");
    CX_TRY(err);
    CX_TRY(load_previous(context));
    return view_of(context, &ret_out->body);
}
