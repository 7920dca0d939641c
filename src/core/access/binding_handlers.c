/* Operations on bindings. A binding is the one way by which a right arrives; who gives is never who receives. */
#include "api_routes.h"
#include "base/checked.h"
#include "core/access/access_store.h"
#include "core/access/binding_store.h"
#include "core/access/binding_view.h"
#include "core/access/conflict.h"
#include "core/access/group_store.h"
#include "core/access/person.h"
#include "core/approval/proposal.h"
#include "core/field.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "binding_id", "binding-unknown",
                     "There is no such binding.");
}

static enum api_binding_state state_of(const struct binding_row *row, cx_time now_us)
{
    if (row->ended_us)
        return API_BINDING_STATE_ENDED;
    if (row->standing == BINDING_PROPOSED)
        return API_BINDING_STATE_PROPOSED;
    if (row->standing == BINDING_DECLINED)
        return API_BINDING_STATE_DECLINED;
    if (row->expires_us <= now_us)
        return API_BINDING_STATE_EXPIRED;
    if (row->start_us > now_us)
        return API_BINDING_STATE_PENDING;
    return row->standing == BINDING_ELIGIBLE ? API_BINDING_STATE_ELIGIBLE
                                             : API_BINDING_STATE_ACTIVE;
}

static cx_err view_of(struct api_request *request, const struct binding_row *row,
                      struct api_binding_view *ret_view)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct api_binding_view view = {
        .id = row->binding_id,
        .state = state_of(row, request->now_us),
        .has_user_id = row->subject == ACCESS_USER,
        .user_id = row->subject_id,
        .has_group_id = row->subject == ACCESS_GROUP,
        .group_id = row->subject_id,
        .has_token_id = row->subject == ACCESS_TOKEN,
        .token_id = row->subject_id,
        .role = row->role,
        .all = row->everywhere,
        .groups = row->groups,
        .groups_count = row->group_count,
        .has_tags = row->tags.len > 0,
        .tags = row->tags,
        .start = row->start_us,
        .has_expires = row->expires_us != CX_TIME_NEVER,
        .expires = row->expires_us,
        .created = row->created_us,
        .has_created_by_id = !cx_id_is_zero(row->created_by_id),
        .created_by_id = row->created_by_id,
        .has_ended = row->ended_us != 0,
        .ended = row->ended_us,
        .has_source_id = !cx_id_is_zero(row->source_id),
        .source_id = row->source_id,
        .has_ended_by_id = !cx_id_is_zero(row->ended_by_id),
        .ended_by_id = row->ended_by_id,
    };
    struct field_place reason = {tenant_id, "role_binding", "reason", row->binding_id};
    CX_TRY(field_open_text(request->core, reason, row->reason, request->arena, &view.reason));
    *ret_view = view;
    return CX_OK;
}

struct binding_show {
    struct api_request *request;
    struct cx_id binding_id;
    struct binding_row row;
};

static cx_err read_binding(struct store_tx *tx, void *arg)
{
    struct binding_show *show = arg;
    return binding_find(tx, show->request->principal.tenant_id, show->binding_id,
                        show->request->arena, &show->row);
}

cx_err access_binding_show(struct api_request *request, struct cx_id binding_id,
                           struct api_binding_view *ret_view)
{
    struct binding_show show = {.request = request, .binding_id = binding_id};
    cx_err err = store_read(request->core->store, read_binding, &show);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    return view_of(request, &show.row, ret_view);
}

struct binding_list {
    struct cx_id tenant_id;
    struct page_key after;
    size_t limit, count;
    struct arena *arena;
    struct binding_row *rows;
};

static cx_err read_bindings(struct store_tx *tx, void *arg)
{
    struct binding_list *list = arg;
    return binding_page(tx, list->tenant_id, &list->after, list->limit, list->arena, list->rows,
                        &list->count);
}

cx_err handle_binding_list(struct api_request *request, const struct api_binding_list_in *in,
                           struct api_binding_list_out *ret_out)
{
    struct binding_list list = {.tenant_id = request->principal.tenant_id,
                                .limit = (size_t)in->limit,
                                .arena = request->arena};
    struct api_binding_view *items = NULL;
    CX_TRY(page_cursor_parse("binding", in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(store_read(request->core->store, read_bindings, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(view_of(request, &list.rows[i], &items[i]));
    struct api_binding_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct binding_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->created_us, last->binding_id};
        CX_TRY(page_cursor_write(request->arena, "binding", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

cx_err handle_binding_get(struct api_request *request, const struct api_binding_get_in *in,
                          struct api_binding_get_out *ret_out)
{
    return access_binding_show(request, in->binding_id, &ret_out->body);
}

struct binding_create {
    struct api_request *request;
    struct access_grant_row grant;
    struct row_proposal proposal;
    enum access_subject subject;
    bool eligible;
};

static cx_err refuse_self(struct cx_diag *diag, const char *field)
{
    return cx_refuse(diag, CX_ERR(DENIED), field, "granter-is-receiver",
                     "Nobody gives a role to themselves; another person has to.");
}

static cx_err check_user(struct store_tx *tx, const struct binding_create *create)
{
    struct api_request *request = create->request;
    struct user_row user;
    cx_err err = user_find(tx, request->principal.tenant_id, create->grant.row.subject_id,
                           request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "user-unknown",
                         "There is no such user.");
    CX_TRY(err);
    bool mine = false;
    CX_TRY(access_same_person(tx, request->principal.tenant_id, request->principal.user_id,
                              create->grant.row.subject_id, &mine));
    return mine ? refuse_self(request->diag, "user_id") : CX_OK;
}

static cx_err check_group(struct store_tx *tx, const struct binding_create *create)
{
    struct api_request *request = create->request;
    const struct principal *me = &request->principal;
    struct group_row group;
    struct cx_id *people = NULL;
    size_t count = 0;
    cx_err err =
        group_find(tx, me->tenant_id, create->grant.row.subject_id, request->arena, &group);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "group_id", "group-unknown",
                         "There is no such group.");
    CX_TRY(err);
    CX_TRY(access_people_of(tx, me->tenant_id, create->grant.row.subject_id, request->arena,
                            &people, &count));
    bool mine = false;
    CX_TRY(access_is_among(tx, me->tenant_id, me->user_id, people, count, request->arena, &mine));
    return mine ? refuse_self(request->diag, "group_id") : CX_OK;
}

/* What others decide on by a rule is stored without effect, and waits. */
static cx_err write_grant(struct store_tx *tx, struct binding_create *create)
{
    struct api_request *request = create->request;
    struct approval_plan plan;
    CX_TRY(approval_plan_find(tx, request->principal.tenant_id, APPROVAL_ROLE_GRANT,
                              create->grant.row.role, NULL, 0, request->now_us, request->arena,
                              &plan));
    bool waits = approval_total(&plan.stages) > 0;
    access_grant_stand(&create->grant, waits              ? BINDING_PROPOSED
                                       : create->eligible ? BINDING_ELIGIBLE
                                                          : BINDING_BOUND);
    CX_TRY(access_grant_write(tx, &create->grant, request->diag));
    return waits ? proposal_insert(tx, &create->proposal, &plan) : CX_OK;
}

static cx_err prepare_proposal(struct binding_create *create, struct cx_str reason)
{
    struct api_request *request = create->request;
    bool user = create->subject == ACCESS_USER;
    struct proposal_draft draft = {
        .kind = create->eligible ? PROPOSAL_ELIGIBLE_GRANT : PROPOSAL_ROLE_GRANT,
        .requester_id = request->principal.user_id,
        .receiver_id = user ? create->grant.row.subject_id : (struct cx_id){{0}},
        .target_id = create->grant.row.binding_id,
        .reason = reason,
        .now_us = request->now_us};
    return proposal_prepare(request->core, request->principal.tenant_id, &draft, request->arena,
                            &create->proposal);
}

static cx_err write_binding(struct store_tx *tx, void *arg)
{
    struct binding_create *create = arg;
    struct api_request *request = create->request;
    struct cx_id tenant_id = request->principal.tenant_id;
    struct cx_id subject_id = create->grant.row.subject_id;
    bool user = create->subject == ACCESS_USER;
    CX_TRY(user ? check_user(tx, create) : check_group(tx, create));
    CX_TRY(write_grant(tx, create));
    return user ? access_conflict_check(tx, tenant_id, subject_id, request->now_us, request->diag)
                : access_conflict_check_group(tx, tenant_id, subject_id, request->now_us,
                                              request->arena, request->diag);
}

static cx_err details_of(struct api_request *request, const struct api_binding_create_in *in,
                         struct cx_str *ret_details)
{
    struct cx_str subject = CX_STR_NONE;
    CX_TRY(field_id_text(request->arena, in->has_user_id ? CX_ID_USER : CX_ID_GROUP,
                         in->has_user_id ? in->user_id : in->group_id, &subject));
    struct field_detail details[] = {
        {"subject", subject},
        {"role", in->role},
        {"all", in->all ? CX_STR("true") : CX_STR("false")},
        {"tags", in->tags},
        {"eligible", in->has_eligible && in->eligible ? CX_STR("true") : CX_STR_NONE},
        {"reason", in->reason}};
    return field_details(request->arena, details, CX_COUNT_OF(details), ret_details);
}

cx_err handle_binding_create(struct api_request *request, const struct api_binding_create_in *in,
                             struct api_binding_create_out *ret_out)
{
    struct binding_create create = {.request = request,
                                    .subject = in->has_user_id ? ACCESS_USER : ACCESS_GROUP,
                                    .eligible = in->has_eligible && in->eligible};
    struct audit_event event = {.object_type = CX_ID_BINDING};
    if (in->has_user_id == in->has_group_id)
        return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "subject-one",
                         "Give the role either to a user or to a group.");
    if (in->has_user_id && cx_id_eq(in->user_id, request->principal.user_id))
        return refuse_self(request->diag, "user_id");
    struct access_grant grant = {
        .subject = create.subject,
        .subject_id = in->has_user_id ? in->user_id : in->group_id,
        .role = in->role,
        .everywhere = in->has_all && in->all,
        .groups = in->groups,
        .group_count = in->groups_count,
        .tags = in->tags,
        .start_us = in->has_start ? in->start : request->now_us,
        .expires_us = in->has_expires ? in->expires : CX_TIME_NEVER,
        .reason = in->reason,
        .by = request->principal.user_id,
        .now_us = request->now_us,
    };
    if (in->has_tags && in->tags.len == 0)
        return cx_refuse(request->diag, CX_ERR(POLICY), "tags", "scope-everything",
                         "An empty expression would mean every object: give all instead.");
    CX_TRY(access_grant_prepare(request->core, request->principal.tenant_id, &grant, request->arena,
                                request->diag, &create.grant));
    CX_TRY(prepare_proposal(&create, in->reason));
    event.object_id = create.grant.row.binding_id;
    CX_TRY(details_of(request, in, &event.details));
    CX_TRY(api_commit(request, &event, write_binding, &create));
    return access_binding_show(request, event.object_id, &ret_out->body);
}

static cx_err write_end(struct store_tx *tx, void *arg)
{
    struct binding_show *show = arg;
    struct api_request *request = show->request;
    const struct principal *me = &request->principal;
    int64_t administrators = 0;
    cx_err err = binding_find(tx, me->tenant_id, show->binding_id, request->arena, &show->row);
    if (err.code == CX_E_NOTFOUND)
        return refuse_unknown(request->diag);
    CX_TRY(err);
    if (show->row.subject ==
        ACCESS_TOKEN) /* taking a narrowing away leaves nothing, but revoke says so */
        return cx_refuse(request->diag, CX_ERR(CONFLICT), "binding_id", "binding-of-token",
                         "This narrows a token: revoke the token instead.");
    err = binding_end(tx, me->tenant_id, show->binding_id, me->user_id, request->now_us);
    if (err.code == CX_E_CONFLICT)
        return CX_OK; /* idempotent */
    CX_TRY(err);
    CX_TRY(binding_count_administrators(tx, me->tenant_id, request->now_us, &administrators));
    if (administrators > 0)
        return CX_OK;
    return cx_refuse(request->diag, CX_ERR(CONFLICT), "binding_id", "last-administrator",
                     "At least one active administrator has to remain.");
}

cx_err handle_binding_end(struct api_request *request, const struct api_binding_end_in *in,
                          struct api_binding_end_out *ret_out)
{
    struct binding_show show = {.request = request, .binding_id = in->binding_id};
    struct audit_event event = {.object_type = CX_ID_BINDING, .object_id = in->binding_id};
    CX_TRY(api_commit(request, &event, write_end, &show));
    return access_binding_show(request, in->binding_id, &ret_out->body);
}
