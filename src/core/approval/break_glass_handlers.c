/* Operations on break-glass accounts. */
#include "api_routes.h"
#include "core/access/access_store.h"
#include "core/access/binding_store.h"
#include "core/access/person.h"
#include "core/approval/break_glass.h"
#include "core/approval/proposal.h"
#include "core/change/change.h"
#include "core/field.h"

struct account_change {
    struct api_request *request;
    struct cx_id user_id;
    struct row_break_glass_account row;
    struct access_grant_row grant;
    struct row_proposal proposal;
    cx_time due_us;
};

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(NOTFOUND), "user_id", "break-glass-unknown",
                     "There is no such break-glass account.");
}

/* It starts with nothing, or "opened" and "sealed" would mean nothing. */
static cx_err check_bare(struct store_tx *tx, const struct account_change *change)
{
    struct api_request *request = change->request;
    struct store_stmt *q = NULL;
    bool found = false;
    CX_TRY(store_prepare(
        tx,
        "SELECT 1 FROM role_binding WHERE tenant_id = $1 AND subject_id = $2 AND ended_us IS NULL "
        "AND (expires_us IS NULL OR expires_us > $3) AND (standing IS NULL OR "
        "standing <> 'declined') UNION ALL SELECT 1 FROM group_member WHERE tenant_id = $1 "
        "AND user_id = $2 AND ended_us IS NULL LIMIT 1",
        &q));
    store_bind_id(q, 1, change->row.tenant_id);
    store_bind_id(q, 2, change->row.user_id);
    store_bind_int(q, 3, request->now_us);
    CX_TRY(store_step(q, &found));
    return found ? cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "break-glass-has-rights",
                             "A break-glass account has no roles and groups of its own.")
                 : CX_OK;
}

static cx_err write_account(struct store_tx *tx, void *arg)
{
    const struct account_change *change = arg;
    struct api_request *request = change->request;
    struct user_row user;
    bool same = false, is = false;
    cx_err err = user_find(tx, change->row.tenant_id, change->row.user_id, request->arena, &user);
    if (err.code == CX_E_NOTFOUND)
        return cx_refuse(request->diag, CX_ERR(POLICY), "user_id", "user-unknown",
                         "There is no such user.");
    CX_TRY(err);
    CX_TRY(access_same_person(tx, change->row.tenant_id, change->row.user_id,
                              request->principal.user_id, &same));
    CX_TRY(break_glass_is_account(tx, change->row.tenant_id, change->row.user_id, &is));
    if (same)
        return cx_refuse(request->diag, CX_ERR(DENIED), "user_id", "granter-is-receiver",
                         "Nobody makes themselves a break-glass account.");
    if (is)
        return CX_OK; /* idempotent */
    CX_TRY(check_bare(tx, change));
    CX_TRY(row_break_glass_account_insert(tx, &change->row));
    return change_note_id(tx, change->row.tenant_id, CHANGE_BREAK_GLASS_ACCOUNT,
                          change->row.user_id);
}

struct account_list {
    struct api_request *request;
    struct api_break_glass_view *items;
    size_t count;
};
enum { ACCOUNTS_MAX = 100 };

static cx_err read_accounts(struct store_tx *tx, void *arg)
{
    struct account_list *list = arg;
    struct api_request *request = list->request;
    struct store_stmt *q = NULL;
    list->count = 0;
    CX_TRY(store_prepare(
        tx,
        "SELECT a.user_id, a.created_us, (SELECT MAX(b.expires_us) FROM role_binding b "
        "WHERE b.tenant_id = a.tenant_id AND b.subject_id = a.user_id AND b.break_glass = 1 "
        "AND b.standing IS NULL AND b.ended_us IS NULL AND b.expires_us > $2) "
        "FROM break_glass_account a WHERE a.tenant_id = $1 ORDER BY a.created_us, a.user_id",
        &q));
    store_bind_id(q, 1, request->principal.tenant_id);
    store_bind_int(q, 2, request->now_us);
    for (;;) {
        bool row = false;
        CX_TRY(store_step(q, &row));
        if (!row)
            return CX_OK;
        if (list->count == ACCOUNTS_MAX)
            return CX_ERR(LIMIT);
        list->items[list->count++] =
            (struct api_break_glass_view){.user_id = store_col_id(q, 0),
                                          .created = store_col_int(q, 1),
                                          .open = !store_col_is_null(q, 2),
                                          .has_open_until = !store_col_is_null(q, 2),
                                          .open_until = store_col_int(q, 2)};
    }
}

static cx_err list_accounts(struct api_request *request, struct api_break_glass_page *ret_page)
{
    struct account_list list = {.request = request};
    CX_TRY(ARENA_NEW_ARRAY(request->arena, ACCOUNTS_MAX, &list.items));
    CX_TRY(store_read(request->core->store, read_accounts, &list));
    *ret_page = (struct api_break_glass_page){.items = list.items, .items_count = list.count};
    return CX_OK;
}

cx_err handle_break_glass_list(struct api_request *request,
                               const struct api_break_glass_list_in *in,
                               struct api_break_glass_list_out *ret_out)
{
    (void)in;
    return list_accounts(request, &ret_out->body);
}

static cx_err show_account(struct api_request *request, struct cx_id user_id,
                           struct api_break_glass_view *ret_view)
{
    struct api_break_glass_page page;
    CX_TRY(list_accounts(request, &page));
    for (size_t i = 0; i < page.items_count; i++) {
        if (cx_id_eq(page.items[i].user_id, user_id)) {
            *ret_view = page.items[i];
            return CX_OK;
        }
    }
    return refuse_unknown(request->diag);
}

cx_err handle_break_glass_create(struct api_request *request,
                                 const struct api_break_glass_create_in *in,
                                 struct api_break_glass_create_out *ret_out)
{
    struct account_change change = {.request = request,
                                    .row = {.tenant_id = request->principal.tenant_id,
                                            .user_id = in->user_id,
                                            .created_us = request->now_us,
                                            .created_by_id = request->principal.user_id}};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    struct field_detail details[] = {{"reason", in->reason}};
    CX_TRY(field_details(request->arena, details, 1, &event.details));
    CX_TRY(api_commit(request, &event, write_account, &change));
    return show_account(request, in->user_id, &ret_out->body);
}

/* One other person has to agree, within the hour. */
static cx_err write_opening(struct store_tx *tx, void *arg)
{
    struct account_change *change = arg;
    struct api_request *request = change->request;
    struct approval_plan plan = {.due_us = change->due_us};
    bool is = false;
    CX_TRY(break_glass_is_account(tx, request->principal.tenant_id, change->user_id, &is));
    if (!is)
        return refuse_unknown(request->diag);
    plan.stages.list[plan.stages.count++] =
        (struct approval_stage){.text = CX_STR("any"), .who = APPROVAL_ANY, .approvers = 1};
    CX_TRY(access_grant_write(tx, &change->grant, request->diag));
    return proposal_insert(tx, &change->proposal, &plan);
}

static cx_err prepare_opening(struct account_change *change, int64_t minutes, struct cx_str reason)
{
    struct api_request *request = change->request;
    struct cx_id me = request->principal.user_id, tenant_id = request->principal.tenant_id;
    int64_t duration_us = minutes * 60 * CX_US_PER_S;
    struct access_grant grant = {.standing = BINDING_PROPOSED,
                                 .break_glass = true,
                                 .subject = ACCESS_USER,
                                 .subject_id = change->user_id,
                                 .role = ACCESS_ADMINISTRATOR,
                                 .everywhere = true,
                                 .start_us = request->now_us,
                                 .expires_us = request->now_us + duration_us,
                                 .reason = reason,
                                 .by = me,
                                 .now_us = request->now_us};
    CX_TRY(access_grant_prepare(request->core, tenant_id, &grant, request->arena, request->diag,
                                &change->grant));
    struct proposal_draft draft = {.kind = PROPOSAL_BREAK_GLASS,
                                   .requester_id = me,
                                   .receiver_id = change->user_id,
                                   .target_id = change->grant.row.binding_id,
                                   .duration_us = duration_us,
                                   .reason = reason,
                                   .now_us = request->now_us};
    change->due_us = request->now_us + BREAK_GLASS_WAIT_S * CX_US_PER_S;
    return proposal_prepare(request->core, tenant_id, &draft, request->arena, &change->proposal);
}

cx_err handle_break_glass_open(struct api_request *request,
                               const struct api_break_glass_open_in *in,
                               struct api_break_glass_open_out *ret_out)
{
    struct account_change change = {.request = request, .user_id = in->user_id};
    struct cx_str reason = CX_STR_NONE;
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    CX_TRY(arena_printf(request->arena, &reason, "%.*s: %.*s", CX_STR_ARG(in->ticket),
                        CX_STR_ARG(in->reason)));
    CX_TRY(prepare_opening(&change, in->minutes, reason));
    struct field_detail details[] = {{"ticket", in->ticket}, {"reason", in->reason}};
    CX_TRY(field_details(request->arena, details, 2, &event.details));
    CX_TRY(api_commit(request, &event, write_opening, &change));
    ret_out->body = (struct api_break_glass_opening){.proposal_id = change.proposal.proposal_id,
                                                     .due = change.due_us};
    return CX_OK;
}

/* Taking the rights away needs nobody else. */
static cx_err write_closing(struct store_tx *tx, void *arg)
{
    const struct account_change *change = arg;
    const struct principal *me = &change->request->principal;
    bool is = false;
    CX_TRY(break_glass_is_account(tx, me->tenant_id, change->user_id, &is));
    if (!is)
        return refuse_unknown(change->request->diag);
    return binding_end_break_glass(tx, me->tenant_id, change->user_id, me->user_id,
                                   change->request->now_us);
}

cx_err handle_break_glass_close(struct api_request *request,
                                const struct api_break_glass_close_in *in,
                                struct api_break_glass_close_out *ret_out)
{
    struct account_change change = {.request = request, .user_id = in->user_id};
    struct audit_event event = {.object_type = CX_ID_USER, .object_id = in->user_id};
    CX_TRY(api_commit(request, &event, write_closing, &change));
    return show_account(request, in->user_id, &ret_out->body);
}
