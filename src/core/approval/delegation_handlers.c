/* Operations on delegations: who decides gives their right to decide to somebody else for a time. */
#include "api_routes.h"
#include "base/checked.h"
#include "core/access/access_store.h"
#include "core/access/conflict.h"
#include "core/access/group_store.h"
#include "core/access/person.h"
#include "core/access/rights_cache.h"
#include "core/approval/decision.h"
#include "core/approval/delegation_store.h"
#include "core/change/change.h"
#include "core/field.h"
#include "core/setting/setting.h"

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "delegation_id", "delegation-unknown",
                     "There is no such delegation.");
}

static enum api_delegation_state state_of(const struct delegation_row *row, cx_time now_us)
{
    if (row->ended_us)
        return API_DELEGATION_STATE_ENDED;
    if (row->expires_us <= now_us)
        return API_DELEGATION_STATE_EXPIRED;
    return row->start_us > now_us ? API_DELEGATION_STATE_PENDING : API_DELEGATION_STATE_ACTIVE;
}

static cx_err view_of(struct api_request *request, const struct delegation_row *row,
                      struct api_delegation_view *ret_view)
{
    enum request_kind kind = REQUEST_ISSUE;
    struct api_delegation_view view = {
        .id = row->delegation_id,
        .state = state_of(row, request->now_us),
        .delegator_id = row->delegator_id,
        .delegate_id = row->delegate_id,
        .has_kind = row->kind.len > 0,
        .has_group_id = !cx_id_is_zero(row->group_id),
        .group_id = row->group_id,
        .start = row->start_us,
        .expires = row->expires_us,
        .has_ended = row->ended_us != 0,
        .ended = row->ended_us,
    };
    if (view.has_kind)
        CX_TRY(request_kind_from_name(row->kind, &kind));
    view.kind = (enum api_request_kind)kind;
    struct field_place reason = {request->principal.tenant_id, "delegation", "reason",
                                 row->delegation_id};
    CX_TRY(field_open_text(request->core, reason, row->reason, request->arena, &view.reason));
    *ret_view = view;
    return CX_OK;
}

struct delegation_show {
    struct api_request *request;
    struct cx_id delegation_id;
    struct delegation_row row;
};

static cx_err read_delegation(struct store_tx *tx, void *arg)
{
    struct delegation_show *show = arg;
    return delegation_find(tx, show->request->principal.tenant_id, show->delegation_id,
                           show->request->arena, &show->row);
}

static cx_err show_delegation(struct api_request *request, struct cx_id delegation_id,
                              struct api_delegation_view *ret_view)
{
    struct delegation_show show = {.request = request, .delegation_id = delegation_id};
    CX_TRY(store_read(request->core->store, read_delegation, &show));
    return view_of(request, &show.row, ret_view);
}

struct delegation_list {
    struct api_request *request;
    struct page_key after;
    size_t limit, count;
    struct delegation_row *rows;
};

/* Who reads bindings reads all of them, everybody their own. */
static cx_err read_delegations(struct store_tx *tx, void *arg)
{
    struct delegation_list *list = arg;
    const struct principal *me = &list->request->principal;
    bool all = access_may(me, PERMISSION_BINDING_READ, NULL);
    return delegation_page(tx, me->tenant_id, all ? (struct cx_id){{0}} : me->user_id, &list->after,
                           list->limit, list->request->arena, list->rows, &list->count);
}

cx_err handle_delegation_list(struct api_request *request, const struct api_delegation_list_in *in,
                              struct api_delegation_list_out *ret_out)
{
    struct delegation_list list = {.request = request, .limit = (size_t)in->limit};
    struct api_delegation_view *items = NULL;
    CX_TRY(page_cursor_parse("delegation", in->cursor, request->diag, &list.after));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.limit, &list.rows));
    CX_TRY(store_read(request->core->store, read_delegations, &list));
    CX_TRY(ARENA_NEW_ARRAY(request->arena, list.count, &items));
    for (size_t i = 0; i < list.count; i++)
        CX_TRY(view_of(request, &list.rows[i], &items[i]));
    struct api_delegation_page page = {.items = items, .items_count = list.count};
    page.has_next_cursor = list.count == list.limit;
    if (page.has_next_cursor) {
        const struct delegation_row *last = &list.rows[list.count - 1];
        struct page_key key = {last->created_us, last->delegation_id};
        CX_TRY(page_cursor_write(request->arena, "delegation", &key, &page.next_cursor));
    }
    ret_out->body = page;
    return CX_OK;
}

struct delegation_create {
    struct api_request *request;
    struct row_delegation row;
};

static cx_err check_delegate(struct store_tx *tx, const struct delegation_create *create)
{
    struct api_request *request = create->request;
    struct cx_id tenant_id = create->row.tenant_id;
    struct user_row user;
    bool same = false, leads = false;
    cx_err err = user_find(tx, tenant_id, create->row.delegate_id, request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "delegate_id", "user-unknown",
                         "There is no such user.");
    CX_TRY(err);
    CX_TRY(access_same_person(tx, tenant_id, create->row.delegate_id, create->row.delegator_id,
                              &same));
    if (same)
        return cx_refuse(request->diag, CX_ERR(POLICY), "delegate_id", "delegate-is-delegator",
                         "Nobody delegates to themselves.");
    CX_TRY(delegation_leads(tx, tenant_id, create->row.delegate_id, create->row.delegator_id,
                            request->now_us, &leads));
    return leads ? cx_refuse(request->diag, CX_ERR(POLICY), "delegate_id", "delegation-loop",
                             "They have delegated to you, directly or through others.")
                 : CX_OK;
}

/* As at every use, so that nobody counts on a delegation that separation of duties will refuse. */
static cx_err check_conflict(struct store_tx *tx, const struct delegation_create *create)
{
    struct api_request *request = create->request;
    struct principal delegate = {.tenant_id = create->row.tenant_id,
                                 .user_id = create->row.delegate_id,
                                 .authenticated = true};
    CX_TRY(access_principal_load(request->core, tx, request->now_us, &delegate));
    cx_err err = access_conflict_check_delegate(tx, &delegate, &request->principal, request->arena,
                                                request->diag);
    access_principal_clear(&delegate);
    return err;
}

static cx_err check_life(struct store_tx *tx, const struct delegation_create *create)
{
    const struct row_delegation *row = &create->row;
    const struct setting_question question = {
        row->tenant_id,        SETTING_DELEGATION_LIFE,         "A delegation", "expires",
        "delegation-too-long", row->expires_us - row->start_us, row->created_us};
    return setting_check_life(tx, &question, create->request->diag);
}

static cx_err write_delegation(struct store_tx *tx, void *arg)
{
    const struct delegation_create *create = arg;
    struct api_request *request = create->request;
    CX_TRY(check_life(tx, create));
    CX_TRY(check_delegate(tx, create));
    if (create->row.has_group_id) {
        struct group_row group;
        cx_err err =
            group_find(tx, create->row.tenant_id, create->row.group_id, request->arena, &group);
        if (err.code == CX_E_NOTFOUND)
            return cx_refuse(request->diag, CX_ERR(POLICY), "group_id", "group-unknown",
                             "There is no such group.");
        CX_TRY(err);
    }
    CX_TRY(check_conflict(tx, create));
    CX_TRY(row_delegation_insert(tx, &create->row));
    return change_note_id(tx, create->row.tenant_id, CHANGE_DELEGATION, create->row.delegation_id);
}

static cx_err check_create(struct api_request *request, const struct api_delegation_create_in *in,
                           cx_time start_us)
{
    const struct principal *me = &request->principal;
    if (!access_may_anywhere(me, PERMISSION_REQUEST_APPROVE))
        return cx_refuse(request->diag, CX_ERR(DENIED), "", "permission-missing",
                         "Who may not decide on requests has nothing to delegate.");
    if (me->narrowed)
        return cx_refuse(request->diag, CX_ERR(DENIED), "", "token-narrowed",
                         "This token has a part of your rights only; a delegation would pass on "
                         "all of them.");
    if (in->expires <= start_us || in->expires <= request->now_us)
        return cx_refuse(request->diag, CX_ERR(POLICY), "expires", "delegation-over",
                         "The end has to come after the start and after now.");
    return CX_OK;
}

static cx_err fill(struct api_request *request, const struct api_delegation_create_in *in,
                   struct row_delegation *row)
{
    *row = (struct row_delegation){
        .tenant_id = request->principal.tenant_id,
        .delegator_id = request->principal.user_id,
        .delegate_id = in->delegate_id,
        .kind =
            in->has_kind ? cx_str_from(request_kind_name((enum request_kind)in->kind)) : CX_STR(""),
        .has_group_id = in->has_group_id,
        .group_id = in->group_id,
        .start_us = in->has_start ? in->start : request->now_us,
        .expires_us = in->expires,
        .created_us = request->now_us,
    };
    CX_TRY(cx_id_new(request->core->rng, &row->delegation_id));
    struct field_place reason = {row->tenant_id, "delegation", "reason", row->delegation_id};
    return field_seal_text(request->core, reason, in->reason, request->arena, &row->reason);
}

cx_err handle_delegation_create(struct api_request *request,
                                const struct api_delegation_create_in *in,
                                struct api_delegation_create_out *ret_out)
{
    struct delegation_create create = {.request = request};
    struct cx_str delegate = CX_STR_NONE;
    CX_TRY(check_create(request, in, in->has_start ? in->start : request->now_us));
    CX_TRY(fill(request, in, &create.row));
    CX_TRY(field_id_text(request->arena, CX_ID_USER, in->delegate_id, &delegate));
    struct field_detail details[] = {
        {"delegate", delegate}, {"kind", create.row.kind}, {"reason", in->reason}};
    struct audit_event event = {.object_type = CX_ID_DELEGATION,
                                .object_id = create.row.delegation_id};
    CX_TRY(field_details(request->arena, details, CX_COUNT_OF(details), &event.details));
    CX_TRY(api_commit(request, &event, write_delegation, &create));
    return show_delegation(request, create.row.delegation_id, &ret_out->body);
}

static cx_err write_end(struct store_tx *tx, void *arg)
{
    struct delegation_show *show = arg;
    struct api_request *request = show->request;
    const struct principal *me = &request->principal;
    cx_err err = read_delegation(tx, show);
    bool mine = cx_is_ok(err) && (cx_id_eq(show->row.delegator_id, me->user_id) ||
                                  cx_id_eq(show->row.delegate_id, me->user_id));
    if (err.code == CX_E_NOTFOUND || (!mine && !access_may(me, PERMISSION_BINDING_END, NULL)))
        return refuse_unknown(request->diag);
    CX_TRY(err);
    err = delegation_end(tx, me->tenant_id, show->delegation_id, me->user_id, request->now_us);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* idempotent */
}

cx_err handle_delegation_end(struct api_request *request, const struct api_delegation_end_in *in,
                             struct api_delegation_end_out *ret_out)
{
    struct delegation_show show = {.request = request, .delegation_id = in->delegation_id};
    struct audit_event event = {.object_type = CX_ID_DELEGATION, .object_id = in->delegation_id};
    CX_TRY(api_commit(request, &event, write_end, &show));
    return show_delegation(request, in->delegation_id, &ret_out->body);
}

cx_err handle_delegation_decide(struct api_request *request,
                                const struct api_delegation_decide_in *in,
                                struct api_delegation_decide_out *ret_out)
{
    struct approval_ask ask = {.request_id = in->request_id,
                               .delegation_id = in->delegation_id,
                               .approve = in->decision == API_APPROVAL_DECISION_APPROVE,
                               .comment = in->comment};
    return approval_decide(request, &ask, &ret_out->body);
}
