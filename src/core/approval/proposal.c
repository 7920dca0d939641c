#include "core/approval/proposal.h"
#include "core/access/access_store.h"
#include "core/access/binding_store.h"
#include "core/access/conflict.h"
#include "core/access/rights_cache.h"
#include "core/api/api.h"
#include "core/field.h"
#include "core/setting/setting.h"

cx_err proposal_prepare(struct core *core, struct cx_id tenant_id,
                        const struct proposal_draft *draft, struct arena *arena,
                        struct row_proposal *ret_row)
{
    struct row_proposal row = {
        .tenant_id = tenant_id,
        .kind = cx_str_from(proposal_kind_name(draft->kind)),
        .state = cx_str_from(proposal_state_name(PROPOSAL_AWAITING)),
        .requester_id = draft->requester_id,
        .has_receiver_id = !cx_id_is_zero(draft->receiver_id),
        .receiver_id = draft->receiver_id,
        .target_id = draft->target_id,
        .duration_us = draft->duration_us,
        .created_us = draft->now_us,
        .updated_us = draft->now_us,
    };
    CX_TRY(cx_id_new(core->rng, &row.proposal_id));
    struct field_place reason = {tenant_id, "proposal", "reason", row.proposal_id};
    CX_TRY(field_seal_text(core, reason, draft->reason, arena, &row.reason));
    *ret_row = row;
    return CX_OK;
}

cx_err proposal_insert(struct store_tx *tx, struct row_proposal *row,
                       const struct approval_plan *plan)
{
    row->approvals_needed = approval_total(&plan->stages);
    CX_TRY(row_proposal_insert(tx, row));
    return approval_plan_insert(tx, row->tenant_id, row->proposal_id, plan);
}

static cx_err refuse_overtaken(struct api_request *request)
{
    return cx_refuse(request->diag, CX_ERR(CONFLICT), "proposal_id", "proposal-overtaken",
                     "What it rests on has changed meanwhile: propose it again.");
}

/* What the proposer needed the right to; an elevation needs none beside being eligible. */
static bool right_of(enum proposal_kind kind, enum permission *ret_permission)
{
    switch (kind) {
    case PROPOSAL_ROLE_GRANT:
    case PROPOSAL_ELIGIBLE_GRANT:
        *ret_permission = PERMISSION_BINDING_CREATE;
        return true;
    case PROPOSAL_RULE_CREATE:
    case PROPOSAL_RULE_END:
        *ret_permission = PERMISSION_APPROVAL_RULE_SET;
        return true;
    case PROPOSAL_BREAK_GLASS:
        *ret_permission = PERMISSION_BREAK_GLASS_OPEN;
        return true;
    case PROPOSAL_ELEVATION:
    case PROPOSAL_POLICY_CHANGE: /* asked with the call: policy_apply.c, and its handler */
    case PROPOSAL_KIND_COUNT:
        break;
    }
    return false;
}

static cx_err check_requester(struct store_tx *tx, struct api_request *request,
                              const struct proposal_row *row)
{
    struct principal asker = {.tenant_id = request->principal.tenant_id,
                              .user_id = row->requester_id,
                              .authenticated = true};
    enum permission permission = PERMISSION_COUNT;
    struct user_row user;
    CX_TRY(user_find(tx, asker.tenant_id, row->requester_id, request->arena, &user));
    bool may = user.state == USER_ACTIVE;
    if (may && right_of(row->kind, &permission)) {
        CX_TRY(access_principal_load(request->core, tx, request->now_us, &asker));
        may = access_may(&asker, permission, NULL);
        access_principal_clear(&asker);
    }
    return may ? CX_OK
               : cx_refuse(request->diag, CX_ERR(DENIED), "proposal_id", "requester-may-not",
                           "The person who asked may not do this (any more).");
}

static cx_err check_conflicts(struct store_tx *tx, struct api_request *request,
                              const struct binding_row *binding)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    return binding->subject == ACCESS_USER
               ? access_conflict_check(tx, tenant_id, binding->subject_id, request->now_us,
                                       request->diag)
               : access_conflict_check_group(tx, tenant_id, binding->subject_id, request->now_us,
                                             request->arena, request->diag);
}

static cx_err enforce_grant(struct store_tx *tx, struct api_request *request,
                            const struct proposal_row *row)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct binding_row binding;
    CX_TRY(binding_find(tx, tenant_id, row->target_id, request->arena, &binding));
    cx_time start_us = binding.start_us > request->now_us ? binding.start_us : request->now_us;
    bool eligible = row->kind == PROPOSAL_ELIGIBLE_GRANT;
    if (binding.expires_us <= request->now_us)
        return refuse_overtaken(request);
    CX_TRY(binding_settle(tx, tenant_id, row->target_id, BINDING_PROPOSED,
                          eligible ? BINDING_ELIGIBLE : BINDING_BOUND, start_us,
                          binding.expires_us));
    return check_conflicts(tx, request, &binding);
}

/* What an elevation rests on: an eligible binding of theirs, or of a group that they are (still) in. */
static cx_err check_source(struct store_tx *tx, struct api_request *request,
                           const struct proposal_row *row, const struct binding_row *source)
{
    struct cx_id *people = NULL;
    size_t count = 0;
    bool theirs = cx_id_eq(source->subject_id, row->requester_id);
    if (source->ended_us || source->expires_us <= request->now_us)
        return refuse_overtaken(request);
    if (source->subject == ACCESS_GROUP)
        CX_TRY(access_people_of(tx, request->principal.tenant_id, source->subject_id,
                                request->arena, &people, &count));
    for (size_t i = 0; i < count && !theirs; i++)
        theirs = cx_id_eq(people[i], row->requester_id);
    return theirs ? CX_OK : refuse_overtaken(request);
}

/* From now on, for as long as was asked; an elevation never outlasts what it activates, nor the setting of now. */
static cx_err enforce_timed(struct store_tx *tx, struct api_request *request,
                            const struct proposal_row *row)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    struct binding_row binding, source;
    struct setting_values values;
    cx_time expires_us = request->now_us + row->duration_us;
    CX_TRY(binding_find(tx, tenant_id, row->target_id, request->arena, &binding));
    if (row->kind == PROPOSAL_ELEVATION) {
        CX_TRY(binding_find(tx, tenant_id, binding.source_id, request->arena, &source));
        CX_TRY(check_source(tx, request, row, &source));
        if (expires_us > source.expires_us)
            expires_us = source.expires_us;
        CX_TRY(setting_values_read(tx, tenant_id, &values));
        cx_time limit_us =
            request->now_us + setting_us_at(&values, SETTING_ELEVATION_LIFE, request->now_us);
        if (expires_us > limit_us)
            expires_us = limit_us;
    }
    CX_TRY(binding_settle(tx, tenant_id, row->target_id, BINDING_PROPOSED, BINDING_BOUND,
                          request->now_us, expires_us));
    return check_conflicts(tx, request, &binding);
}

/* Those who agreed saw what it makes of the versions of then. The call itself follows (policy_change.h). */
static cx_err check_base(struct store_tx *tx, struct api_request *request,
                         const struct proposal_row *row)
{
    struct proposal_effect *effects = NULL;
    size_t count = 0;
    CX_TRY(proposal_effects(tx, request->principal.tenant_id, row->proposal_id, request->arena,
                            &effects, &count));
    return proposal_is_stale(effects, count)
               ? cx_refuse(request->diag, CX_ERR(CONFLICT), "proposal_id", "proposal-stale",
                           "Another change came into force since this was proposed: withdraw it "
                           "and propose it again.")
               : CX_OK;
}

static cx_err enforce(struct store_tx *tx, struct api_request *request,
                      const struct proposal_row *row)
{
    struct cx_id tenant_id = request->principal.tenant_id;
    switch (row->kind) {
    case PROPOSAL_ROLE_GRANT:
    case PROPOSAL_ELIGIBLE_GRANT:
        return enforce_grant(tx, request, row);
    case PROPOSAL_ELEVATION:
    case PROPOSAL_BREAK_GLASS:
        return enforce_timed(tx, request, row);
    case PROPOSAL_RULE_CREATE:
        return approval_rule_enforce(tx, tenant_id, row->target_id, request->now_us);
    case PROPOSAL_RULE_END:
        return approval_rule_end(tx, tenant_id, row->target_id, row->requester_id, request->now_us);
    case PROPOSAL_POLICY_CHANGE:
        return check_base(tx, request, row);
    case PROPOSAL_KIND_COUNT:
        break;
    }
    return CX_ERR(STORE);
}

cx_err proposal_enforce(struct store_tx *tx, struct api_request *request,
                        const struct proposal_row *row)
{
    CX_TRY(check_requester(tx, request, row));
    cx_err err = enforce(tx, request, row);
    return err.code == CX_E_CONFLICT ? refuse_overtaken(request) : err;
}

cx_err proposal_discard(struct store_tx *tx, struct cx_id tenant_id, const struct proposal_row *row,
                        cx_time now_us)
{
    cx_err err = CX_OK;
    if (row->kind == PROPOSAL_RULE_CREATE)
        err = approval_rule_end(tx, tenant_id, row->target_id, (struct cx_id){{0}}, now_us);
    else if (row->kind != PROPOSAL_RULE_END && row->kind != PROPOSAL_POLICY_CHANGE)
        err = binding_settle(tx, tenant_id, row->target_id, BINDING_PROPOSED, BINDING_DECLINED,
                             now_us, now_us);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* it ended by itself */
}
