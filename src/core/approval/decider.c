#include "core/approval/decider.h"
#include "core/access/access_store.h"
#include "core/access/person.h"
#include "core/access/state_store.h"

static cx_err refuse_same(struct cx_diag *diag, const char *rule, const char *text)
{
    return cx_refuse(diag, CX_ERR(DENIED), "", rule, "%s", text);
}

/* Both who acts and whose right it is. */
static cx_err is_either(struct store_tx *tx, const struct approval_decider *decider,
                        struct cx_id user_id, bool *ret_same)
{
    bool acts = false, behind = false;
    CX_TRY(access_same_person(tx, decider->tenant_id, decider->user_id, user_id, &acts));
    CX_TRY(access_same_person(tx, decider->tenant_id, decider->behalf_of_id, user_id, &behind));
    *ret_same = acts || behind;
    return CX_OK;
}

static cx_err check_requester(struct store_tx *tx, const struct approval_decider *decider,
                              const struct approval_asked *asked, struct cx_diag *diag)
{
    bool acts = false, behind = false, receives = false;
    struct cx_id tenant_id = decider->tenant_id;
    CX_TRY(access_same_person(tx, tenant_id, decider->user_id, asked->requester_id, &acts));
    CX_TRY(access_same_person(tx, tenant_id, decider->behalf_of_id, asked->requester_id, &behind));
    CX_TRY(is_either(tx, decider, asked->receiver_id, &receives));
    if (acts)
        return refuse_same(diag, "requester-is-approver",
                           "The person who asked cannot decide; another person has to.");
    if (behind)
        return refuse_same(diag, "delegator-is-requester",
                           "The person who asked cannot have a delegate decide for them.");
    if (receives)
        return refuse_same(diag, "receiver-is-approver",
                           "Nobody decides on a right for themselves; another person has to.");
    return CX_OK;
}

static cx_err check_earlier(struct store_tx *tx, const struct approval_decider *decider,
                            const struct approval_earlier *earlier, struct cx_diag *diag)
{
    bool acted = false, behind = false;
    CX_TRY(is_either(tx, decider, earlier->approver_id, &acted));
    CX_TRY(is_either(tx, decider, earlier->behalf_of_id, &behind));
    if (!acted && !behind)
        return CX_OK;
    return cx_refuse(diag, CX_ERR(CONFLICT), "", "approved-before",
                     "You, or who you decide for, have decided on this already; another person "
                     "has to.");
}

/* docs/design/070-enrolled-by.md */
static cx_err check_ties(struct store_tx *tx, const struct approval_decider *decider,
                         const struct approval_asked *asked, struct cx_diag *diag)
{
    enum access_tie tie = ACCESS_TIE_NONE;
    CX_TRY(access_tie_find(tx, decider->tenant_id, asked->requester_id, decider->user_id, &tie));
    CX_TRY(access_check_tie(tie, diag));
    for (size_t i = 0; i < asked->earlier_count; i++) {
        CX_TRY(access_tie_find(tx, decider->tenant_id, asked->earlier[i].approver_id,
                               decider->user_id, &tie));
        CX_TRY(access_check_tie(tie == ACCESS_TIE_NONE ? tie : ACCESS_TIE_APPROVERS, diag));
    }
    return CX_OK;
}

cx_err approval_check_persons(struct store_tx *tx, const struct approval_decider *decider,
                              const struct approval_asked *asked, bool approve,
                              struct cx_diag *diag)
{
    if (decider->rights && access_rights_break_glass(decider->rights))
        return cx_refuse(diag, CX_ERR(DENIED), "", "break-glass-decides-nothing",
                         "Who stands behind a break-glass account is nobody's second person.");
    CX_TRY(check_requester(tx, decider, asked, diag));
    for (size_t i = 0; i < asked->earlier_count; i++)
        CX_TRY(check_earlier(tx, decider, &asked->earlier[i], diag));
    return approve ? check_ties(tx, decider, asked, diag) : CX_OK;
}

static bool role_in(const struct access_rights *rights, struct cx_str role,
                    const struct access_place *place)
{
    const struct access_held *held = NULL;
    size_t count = access_rights_held(rights, &held);
    for (size_t i = 0; i < count; i++)
        if (cx_str_eq(held[i].binding->role, role) &&
            (held[i].binding->everywhere || (place && access_held_covers(&held[i], place))))
            return true;
    return false;
}

static bool has_role(const struct approval_decider *decider, struct cx_str role,
                     const struct access_place *place)
{
    return decider->rights && role_in(decider->rights, role, place) &&
           (!decider->narrowed || role_in(decider->narrowed, role, place));
}

static cx_err in_group(struct store_tx *tx, const struct approval_decider *decider,
                       struct cx_id group_id, struct arena *arena, bool *ret_in)
{
    struct cx_id whose =
        cx_id_is_zero(decider->behalf_of_id) ? decider->user_id : decider->behalf_of_id;
    struct cx_id *people = NULL;
    size_t count = 0;
    bool in = false;
    CX_TRY(access_people_of(tx, decider->tenant_id, group_id, arena, &people, &count));
    for (size_t i = 0; i < count && !in; i++)
        in = cx_id_eq(people[i], whose);
    *ret_in = in;
    return CX_OK;
}

/* Approvals count by stage in the order in which they are given. */
cx_err approval_check_stage(struct store_tx *tx, const struct approval_decider *decider,
                            const struct approval_asked *asked, struct arena *arena,
                            struct cx_diag *diag)
{
    struct approval_plan plan;
    bool in = false;
    CX_TRY(approval_plan_read(tx, decider->tenant_id, asked->object_id, arena, &plan));
    if (plan.due_us && decider->now_us >= plan.due_us)
        return cx_refuse(diag, CX_ERR(CONFLICT), "", "approval-expired",
                         "Nobody decided in time; it has to be asked for again.");
    const struct approval_stage *stage =
        approval_stage_next(&plan.stages, (int64_t)asked->earlier_count);
    if (!stage || stage->who == APPROVAL_ANY)
        return CX_OK;
    if (plan.escalate_us && decider->now_us >= plan.escalate_us &&
        has_role(decider, plan.escalate_to, asked->place))
        return CX_OK;
    if (stage->who == APPROVAL_ROLE)
        return has_role(decider, stage->role, asked->place)
                   ? CX_OK
                   : cx_refuse(diag, CX_ERR(DENIED), "", "stage-role",
                               "It is now for somebody with the role %.*s to approve.",
                               CX_STR_ARG(stage->role));
    CX_TRY(in_group(tx, decider, stage->group_id, arena, &in));
    return in ? CX_OK
              : cx_refuse(diag, CX_ERR(DENIED), "", "stage-group",
                          "It is now for somebody of the group %.*s to approve.",
                          CX_STR_ARG(stage->text));
}
