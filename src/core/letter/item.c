#include "core/letter/item.h"
#include "core/access/access_store.h"
#include "core/access/place.h"
#include "core/approval/proposal_store.h"
#include "core/issuance/request_store.h"
#include "core/review/review_store.h"

bool letter_item_type_of(struct cx_str prefix, enum letter_item_type *ret_type)
{
    static const enum cx_id_type types[] = {
        [LETTER_REQUEST] = CX_ID_REQUEST,
        [LETTER_PROPOSAL] = CX_ID_PROPOSAL,
        [LETTER_REVIEW] = CX_ID_REVIEW,
    };
    for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
        if (cx_str_is(prefix, cx_id_prefix(types[i]))) {
            *ret_type = (enum letter_item_type)i;
            return true;
        }
    }
    return false;
}

static cx_err read_stage(struct store_tx *tx, struct cx_id tenant_id, int64_t given,
                         struct arena *arena, struct letter_item *item)
{
    struct approval_plan plan;
    CX_TRY(approval_plan_read(tx, tenant_id, item->id, arena, &plan));
    const struct approval_stage *next = approval_stage_next(&plan.stages, given);
    item->stage = next ? next - plan.stages.list : 0;
    item->due_us = plan.due_us;
    return CX_OK;
}

static cx_err read_request_earlier(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                                   struct letter_item *item)
{
    struct approval_found *found = NULL;
    CX_TRY(ARENA_NEW_ARRAY(arena, REQUEST_APPROVALS_MAX, &found));
    CX_TRY(request_approvals(tx, tenant_id, item->id, arena, found, &item->earlier_count));
    CX_TRY(ARENA_NEW_ARRAY(arena, item->earlier_count, &item->earlier));
    for (size_t i = 0; i < item->earlier_count; i++)
        item->earlier[i] = (struct approval_earlier){found[i].approver_id, found[i].behalf_of_id};
    return CX_OK;
}

static cx_err read_request(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                           struct letter_item *item)
{
    struct access_place_read *read = NULL;
    struct request_row row;
    CX_TRY(ARENA_NEW(arena, &read));
    CX_TRY(request_find(tx, tenant_id, item->id, arena, &row));
    item->waits = row.state == REQUEST_AWAITING_APPROVAL;
    item->requester_id = row.requester_id;
    item->kind = cx_str_from(request_kind_name(row.kind));
    item->detail = row.profile_name;
    item->state = cx_str_from(request_state_name(row.state));
    item->created_us = row.created_us;
    if (!item->waits)
        return CX_OK;
    CX_TRY(access_place_of_request(tx, tenant_id, item->id, arena, read));
    item->place = access_place_view(read);
    CX_TRY(read_request_earlier(tx, tenant_id, arena, item));
    return read_stage(tx, tenant_id, row.approvals_given, arena, item);
}

static cx_err read_proposal(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                            struct letter_item *item)
{
    struct proposal_decision *decisions = NULL;
    struct proposal_row row;
    CX_TRY(ARENA_NEW_ARRAY(arena, PROPOSAL_DECISIONS_MAX, &decisions));
    CX_TRY(proposal_find(tx, tenant_id, item->id, arena, &row));
    item->waits = row.state == PROPOSAL_AWAITING;
    item->requester_id = row.requester_id;
    item->receiver_id = row.receiver_id;
    item->kind = cx_str_from(proposal_kind_name(row.kind));
    item->state = cx_str_from(proposal_state_name(row.state));
    item->created_us = row.created_us;
    if (!item->waits)
        return CX_OK;
    CX_TRY(proposal_decisions(tx, tenant_id, item->id, arena, decisions, &item->earlier_count));
    CX_TRY(ARENA_NEW_ARRAY(arena, item->earlier_count, &item->earlier));
    for (size_t i = 0; i < item->earlier_count; i++)
        item->earlier[i] = (struct approval_earlier){.approver_id = decisions[i].approver_id};
    return read_stage(tx, tenant_id, row.approvals_given, arena, item);
}

static cx_err read_review(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                          struct letter_item *item)
{
    int64_t counts[REVIEW_ITEM_STATE_COUNT];
    struct review_row row;
    CX_TRY(review_find(tx, tenant_id, item->id, arena, &row));
    CX_TRY(review_count(tx, tenant_id, item->id, counts));
    item->open = counts[REVIEW_ITEM_OPEN];
    item->waits = row.state == REVIEW_OPEN && item->open > 0;
    item->created_us = row.created_us;
    item->due_us = row.deadline_us;
    return CX_OK;
}

cx_err letter_item_read(struct store_tx *tx, struct cx_id tenant_id, enum letter_item_type type,
                        struct cx_id id, struct arena *arena, struct letter_item *ret_item)
{
    *ret_item = (struct letter_item){.type = type, .id = id};
    switch (type) {
    case LETTER_REQUEST:
        return read_request(tx, tenant_id, arena, ret_item);
    case LETTER_PROPOSAL:
        return read_proposal(tx, tenant_id, arena, ret_item);
    case LETTER_REVIEW:
        return read_review(tx, tenant_id, arena, ret_item);
    }
    return CX_ERR(INTERNAL);
}

/* A refusal is an answer; whatever else went wrong is none. */
static bool is_refusal(cx_err err)
{
    return err.code == CX_E_DENIED || err.code == CX_E_NOTFOUND || err.code == CX_E_CONFLICT;
}

static cx_err judge(struct store_tx *tx, const struct principal *who,
                    const struct letter_item *item, cx_time now_us, struct arena *arena)
{
    struct cx_diag diag = CX_DIAG_INIT;
    struct access_object object = {.place = item->place, .requester_id = item->requester_id};
    const struct approval_decider decider = {.tenant_id = who->tenant_id,
                                             .user_id = who->user_id,
                                             .rights = who->rights,
                                             .now_us = now_us};
    const struct approval_asked asked = {.object_id = item->id,
                                         .requester_id = item->requester_id,
                                         .receiver_id = item->receiver_id,
                                         .place =
                                             item->type == LETTER_REQUEST ? &item->place : NULL,
                                         .earlier = item->earlier,
                                         .earlier_count = item->earlier_count};
    if (item->type == LETTER_REVIEW)
        return authorise(who, PERMISSION_REVIEW_DECIDE, NULL, &diag);
    if (item->type == LETTER_REQUEST)
        CX_TRY(authorise(who, PERMISSION_REQUEST_APPROVE, &object, &diag));
    else
        CX_TRY(authorise(who, PERMISSION_PROPOSAL_DECIDE, NULL, &diag));
    CX_TRY(approval_check_persons(tx, &decider, &asked, true, &diag));
    return approval_check_stage(tx, &decider, &asked, arena, &diag);
}

cx_err letter_may_act(struct store_tx *tx, const struct principal *who,
                      const struct letter_item *item, cx_time now_us, struct arena *arena,
                      bool *ret_may)
{
    cx_err err = judge(tx, who, item, now_us, arena);
    *ret_may = cx_is_ok(err);
    return is_refusal(err) ? CX_OK : err;
}

/* ---- who could ---- */

static bool concerns(const struct access_rights *rights)
{
    return access_rights_anywhere(rights, PERMISSION_REQUEST_APPROVE) ||
           access_rights_anywhere(rights, PERMISSION_PROPOSAL_DECIDE) ||
           access_rights_anywhere(rights, PERMISSION_REVIEW_DECIDE);
}

static cx_err add_person(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                         const struct access_state *state, struct cx_id user_id,
                         struct arena *arena, struct letter_audience *audience)
{
    struct access_rights *rights = NULL;
    struct user_row user;
    CX_TRY(user_find(tx, tenant_id, user_id, arena, &user));
    if (user.state != USER_ACTIVE || user.service)
        return CX_OK;
    CX_TRY(access_rights_compile(state, (struct access_subject_ids){.user_id = user_id}, now_us,
                                 &rights));
    if (concerns(rights))
        audience->people[audience->count++] = (struct letter_person){user_id, rights};
    else
        access_rights_release(rights);
    return CX_OK;
}

/* Everybody whom a binding could concern, each once. */
static cx_err candidates(const struct access_state *state, struct arena *arena,
                         struct cx_id **ret_users, size_t *ret_count)
{
    struct cx_id *users = NULL;
    size_t found = 0, count = 0;
    CX_TRY(ARENA_NEW_ARRAY(arena, state->binding_count + state->member_count, &users));
    for (size_t i = 0; i < state->binding_count; i++)
        if (state->bindings[i].subject == ACCESS_USER)
            users[found++] = state->bindings[i].subject_id;
    for (size_t i = 0; i < state->member_count; i++)
        users[found++] = state->members[i].user_id;
    if (found > 0)
        qsort(users, found, sizeof(*users), access_id_compare);
    for (size_t i = 0; i < found; i++)
        if (count == 0 || !cx_id_eq(users[count - 1], users[i]))
            users[count++] = users[i];
    *ret_users = users;
    *ret_count = count;
    return CX_OK;
}

cx_err letter_audience_read(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                            struct arena *arena, struct letter_audience *audience)
{
    struct access_state state;
    struct cx_id *users = NULL;
    size_t count = 0;
    if (audience->read)
        return CX_OK;
    CX_TRY(access_state_all(tx, tenant_id, ACCESS_NOW, arena, &state));
    CX_TRY(candidates(&state, arena, &users, &count));
    if (count > LETTER_AUDIENCE_MAX)
        count = LETTER_AUDIENCE_MAX;
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &audience->people));
    for (size_t i = 0; i < count; i++)
        CX_TRY(add_person(tx, tenant_id, now_us, &state, users[i], arena, audience));
    audience->read = true;
    return CX_OK;
}

void letter_audience_clear(struct letter_audience *audience)
{
    for (size_t i = 0; i < audience->count; i++)
        access_rights_release(audience->people[i].rights);
    *audience = (struct letter_audience){0};
}
