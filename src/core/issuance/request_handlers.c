#include "api_routes.h"
#include "core/access/place.h"
#include "core/field.h"
#include "core/issuance/csr_read.h"
#include "core/issuance/request_view.h"
#include "core/issuance/submit.h"
#include "core/policy/profile_store.h"

enum { DAY_S = 86400 };

struct request_list {
    struct cx_id tenant_id;
    struct request_filter filter;
    struct page_key after;
    size_t limit, count;
    struct arena *arena;
    struct request_row *rows;
};

static cx_err read_requests(struct store_tx *tx, void *arg)
{
    struct request_list *list = arg;
    return request_page(tx, list->tenant_id, &list->filter, &list->after, list->limit, list->arena,
                        list->rows, &list->count);
}

cx_err handle_request_list(struct api_request *request, const struct api_request_list_in *in,
                           struct api_request_list_out *ret_out)
{
    struct request_list list = {.tenant_id = request->principal.tenant_id,
                                .filter = {.has_state = in->has_state,
                                           .state = (enum request_state)in->state,
                                           .has_kind = in->has_kind,
                                           .kind = (enum request_kind)in->kind},
                                .limit = (size_t)in->limit,
                                .arena = request->arena};
    struct api_request_view *items = NULL;
    list.filter.has_requester_id = in->has_requester_id;
    list.filter.requester_id = in->requester_id;
    CX_TRY(page_cursor_parse("request", in->cursor, request->diag, &list.after));
    CX_TRY(access_scope_of(&request->principal, PERMISSION_REQUEST_READ, request->arena,
                           &list.filter.scope));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(store_read(request->core->store, read_requests, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(request_view(request, &list.rows[i], &items[i]));
    struct api_request_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct request_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->created_us, last->request_id};
        CX_TRY(page_cursor_write(request->arena, "request", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

cx_err handle_request_get(struct api_request *request, const struct api_request_get_in *in,
                          struct api_request_get_out *ret_out)
{
    return request_show(request, in->request_id, &ret_out->body);
}

static cx_err find_profile(struct api_request *request, struct cx_str name,
                           const struct pki_profile **ret_profile)
{
    const struct profile_entry *entry = NULL;
    cx_err err = profile_get(request->core, request->principal.tenant_id, name, 0, &entry);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "certificate_profile", "profile-unknown",
                         "There is no such certificate profile.");
    CX_TRY(err);
    *ret_profile = &entry->profile;
    return CX_OK;
}

static cx_err find_issuer(struct api_request *request, const struct api_request_create_in *in,
                          const struct issuer_entry **ret_issuer)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    if (!in->has_issuer_id)
        return issuer_default(request->core, tenant_id, request->arena, request->diag, ret_issuer);
    cx_err err = issuer_get(request->core, tenant_id, in->issuer_id, ret_issuer);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "issuer_id", "issuer-unknown",
                         "There is no such issuer.");
    return err;
}

static cx_err fill_ask(struct api_request *request, const struct api_request_create_in *in,
                       struct policy_ask *ask)
{
    struct pki_attribute *subject = NULL;
    if (in->has_csr == in->has_server_key)
        return cx_refuse(request->diag, CX_ERR(POLICY), in->has_csr ? "server_key" : "csr",
                         "csr-or-server-key", "Send either a CSR or server_key.");
    ask->has_csr = in->has_csr;
    ask->now_us = request->now_us;
    ask->validity_s = in->has_validity_days ? in->validity_days * DAY_S : 0;
    if (in->has_csr)
        CX_TRY(csr_read(in->csr, ask->profile, request->arena, request->diag, &ask->csr));
    else
        ask->server_key_type = (enum pki_key_type)in->server_key.key_type;
    ask->has_names = in->has_names;
    ask->name_count = in->names_count;
    CX_TRY(
        request_names_read(in->names, in->names_count, request->arena, request->diag, &ask->names));
    ask->has_subject = in->has_subject;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, PKI_ATTR_COUNT, &subject));
    request_subject_read(&in->subject, subject, &ask->subject_count);
    ask->subject = subject;
    return CX_OK;
}

static cx_err read_tags(struct api_request *request, const struct api_tag *tags, size_t count,
                        const struct access_tag **ret_tags)
{
    struct access_tag *read = NULL;
    CX_TRY(ARENA_NEW_ARRAY(request->arena, count, &read));
    for (size_t i = 0; i < count; i++) {
        read[i] = (struct access_tag){tags[i].name, tags[i].value};
        for (size_t j = 0; j < i; j++)
            if (cx_str_eq(read[i].name, read[j].name))
                return cx_refuse(request->diag, CX_ERR(POLICY), "tags", "tag-duplicate",
                                 "A tag name appears twice.");
    }
    *ret_tags = read;
    return CX_OK;
}

/* Who may ask for one group only asks for that one unless they say otherwise. */
static bool only_group(const struct principal *me, struct cx_id *ret_group)
{
    const struct access_held *held = NULL;
    struct cx_id found = {{0}};
    size_t count = access_rights_held(me->rights, &held);
    for (size_t i = 0; i < count; i++) {
        const struct access_binding *binding = held[i].binding;
        if (!permission_set_has(&binding->permissions, PERMISSION_REQUEST_CREATE))
            continue;
        for (size_t g = 0; g < binding->group_count; g++) {
            if (!cx_id_is_zero(found) && !cx_id_eq(found, binding->groups[g]))
                return false;
            found = binding->groups[g];
        }
    }
    *ret_group = found;
    return !cx_id_is_zero(found);
}

struct cx_id request_default_group(const struct principal *me)
{
    struct cx_id group_id = {{0}};
    if (!cx_id_is_zero(me->group_id))
        return me->group_id;
    if (access_may(me, PERMISSION_REQUEST_CREATE, NULL) || !only_group(me, &group_id))
        return (struct cx_id){{0}};
    return group_id;
}

static cx_err refuse_place(struct api_request *request, const char *field)
{
    return cx_refuse(
        request->diag, CX_ERR(DENIED), field, "scope-outside",
        "Your right to ask does not reach there: name a group and tags that it reaches.");
}

/* The right to ask has to reach where the request will lie; tags decide who else reaches it, so setting them is a right
 * of its own. */
static cx_err check_place(struct api_request *request, const struct submission *submission)
{
    const struct principal *me = &request->principal;
    struct access_place place = {.groups = &submission->group_id,
                                 .group_count = !cx_id_is_zero(submission->group_id),
                                 .tags = submission->tags,
                                 .tag_count = submission->tag_count};
    if (!access_may(me, PERMISSION_REQUEST_CREATE, &place))
        return refuse_place(request, "group_id");
    if (submission->tag_count && !access_may(me, PERMISSION_TAG_SET, &place))
        return refuse_place(request, "tags");
    return CX_OK;
}

static cx_err group_exists(struct store_tx *tx, void *arg)
{
    const struct submission *submission = arg;
    struct store_stmt *q = NULL;
    bool row = false;
    CX_TRY(
        store_prepare(tx, "SELECT 1 FROM access_group WHERE tenant_id = $1 AND group_id = $2", &q));
    store_bind_id(q, 1, submission->issuer->tenant_id);
    store_bind_id(q, 2, submission->group_id);
    CX_TRY(store_step(q, &row));
    return row ? CX_OK : CX_ERR(NOTFOUND);
}

static cx_err check_group(struct api_request *request, struct submission *submission)
{
    if (cx_id_is_zero(submission->group_id))
        return CX_OK;
    cx_err err = store_read(request->core->store, group_exists, submission);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "group_id", "group-unknown",
                         "There is no such group.");
    return err;
}

cx_err handle_request_create(struct api_request *request, const struct api_request_create_in *in,
                             struct api_request_create_out *ret_out)
{
    struct policy_ask ask = {0};
    struct policy_decision decision;
    struct submission submission = {.kind = REQUEST_ISSUE,
                                    .decision = &decision,
                                    .requester_id = request->principal.user_id,
                                    .comment = in->comment,
                                    .tag_count = in->tags_count};
    CX_TRY(find_profile(request, in->certificate_profile, &submission.profile));
    CX_TRY(find_issuer(request, in, &submission.issuer));
    ask.profile = submission.profile;
    ask.issuer = &submission.issuer->pki;
    ask.key_lists = request->core->key_lists;
    CX_TRY(fill_ask(request, in, &ask));
    CX_TRY(policy_decide(&ask, request->diag, &decision));
    submission.approvals_floor = submission.profile->approvals_issue;
    CX_TRY(read_tags(request, in->tags, in->tags_count, &submission.tags));
    submission.group_id =
        in->has_group_id ? in->group_id : request_default_group(&request->principal);
    CX_TRY(check_place(request, &submission));
    CX_TRY(check_group(request, &submission));
    return request_submit_show(request, &submission, &ret_out->body);
}

struct cancellation {
    struct api_request *request;
    struct cx_id request_id;
};

static cx_err write_cancellation(struct store_tx *tx, void *arg)
{
    const struct cancellation *cancellation = arg;
    struct api_request *request = cancellation->request;
    struct request_row row;
    cx_err err = request_find(tx, request->principal.tenant_id, cancellation->request_id,
                              request->arena, &row);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "request_id", "request-unknown",
                         "There is no such request.");
    CX_TRY(err);
    struct access_object duties = {.requester_id = row.requester_id};
    err = access_check_request(tx, &request->principal, PERMISSION_REQUEST_CANCEL, row.request_id,
                               &duties, request->arena, request->diag);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, err, "request_id", "request-unknown",
                         "There is no such request.");
    CX_TRY(err);
    if (!request_state_may(row.state, REQUEST_CANCELLED))
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "request_id", "request-state",
                         "The request is %s and cannot be cancelled.",
                         request_state_name(row.state));
    CX_TRY(request_transition(tx, request->principal.tenant_id, row.request_id, row.state,
                              REQUEST_CANCELLED, request->now_us));
    return request_set_retry(tx, request->principal.tenant_id, row.request_id, 0,
                             row.attempt_count);
}

cx_err handle_request_cancel(struct api_request *request, const struct api_request_cancel_in *in,
                             struct api_request_cancel_out *ret_out)
{
    struct cancellation cancellation = {request, in->request_id};
    struct audit_event event = {.object_type = CX_ID_REQUEST, .object_id = in->request_id};
    CX_TRY(api_commit(request, &event, write_cancellation, &cancellation));
    return request_show(request, in->request_id, &ret_out->body);
}
