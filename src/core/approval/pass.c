#include "core/approval/pass.h"
#include "base/cleanup.h"
#include "base/log.h"
#include "core/approval/proposal.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/issuance/request_store.h"

enum { PASS_BATCH = 64, PASS_ARENA_MAX = 4 * 1024 * 1024 };

struct passing {
    struct core *core;
    struct cx_id tenant_id;
    cx_time now_us;
    struct arena *arena;
    struct approval_due due[PASS_BATCH];
    size_t count;
};

static cx_err list_due(struct store_tx *tx, void *arg)
{
    struct passing *passing = arg;
    return approval_due_list(tx, passing->tenant_id, passing->now_us, PASS_BATCH, passing->arena,
                             passing->due, &passing->count);
}

struct step {
    struct passing *passing;
    const struct approval_due *due;
    struct audit_event *event;
};

/* CX_E_CONFLICT when it does not wait any more. */
static cx_err lapse_request(struct store_tx *tx, const struct step *step)
{
    const struct passing *passing = step->passing;
    struct request_row row;
    CX_TRY(request_find(tx, passing->tenant_id, step->due->object_id, passing->arena, &row));
    step->event->object_type = CX_ID_REQUEST;
    if (row.state != REQUEST_AWAITING_APPROVAL)
        return CX_ERR(CONFLICT);
    if (!step->due->lapses)
        return CX_OK;
    CX_TRY(request_transition(tx, passing->tenant_id, row.request_id, REQUEST_AWAITING_APPROVAL,
                              REQUEST_FAILED, passing->now_us));
    return request_set_failure_rule(tx, passing->tenant_id, row.request_id,
                                    CX_STR("approval-expired"));
}

static cx_err lapse_proposal(struct store_tx *tx, const struct step *step)
{
    const struct passing *passing = step->passing;
    struct proposal_row row;
    CX_TRY(proposal_find(tx, passing->tenant_id, step->due->object_id, passing->arena, &row));
    step->event->object_type = CX_ID_PROPOSAL;
    if (row.state != PROPOSAL_AWAITING)
        return CX_ERR(CONFLICT);
    if (!step->due->lapses)
        return CX_OK;
    CX_TRY(proposal_discard(tx, passing->tenant_id, &row, passing->now_us));
    return proposal_conclude(tx, passing->tenant_id, row.proposal_id, PROPOSAL_EXPIRED,
                             passing->now_us);
}

static cx_err write_step(struct store_tx *tx, void *arg)
{
    const struct step *step = arg;
    CX_TRY(
        approval_due_done(tx, step->passing->tenant_id, step->due->object_id, step->due->lapses));
    cx_err err = lapse_request(tx, step);
    return err.code == CX_E_NOTFOUND ? lapse_proposal(tx, step) : err;
}

static cx_err write_decided(struct store_tx *tx, void *arg)
{
    const struct step *step = arg;
    return approval_due_end(tx, step->passing->tenant_id, step->due->object_id);
}

static cx_err take_step(struct passing *passing, const struct approval_due *due)
{
    struct audit_event event = {.action = due->lapses ? "approval.expire" : "approval.escalate",
                                .outcome = AUDIT_DONE,
                                .tenant_id = passing->tenant_id,
                                .object_id = due->object_id};
    struct step step = {.passing = passing, .due = due, .event = &event};
    struct field_detail details[] = {{"escalate_to", due->escalate_to}};
    if (!due->waits)
        return store_write(passing->core->store, write_decided, &step);
    CX_TRY(field_details(passing->arena, details, due->lapses ? 0 : 1, &event.details));
    cx_err err = audit_commit(passing->core, &event, write_step, &step);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node, or a decision, was first */
}

cx_err approval_pass(struct core *core, struct cx_id tenant_id)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(PASS_ARENA_MAX);
    struct passing *passing = NULL;
    CX_TRY(ARENA_NEW(&arena, &passing));
    passing->core = core;
    passing->tenant_id = tenant_id;
    passing->now_us = cx_now(core->clock);
    passing->arena = &arena;
    CX_TRY(store_read(core->store, list_due, passing));
    for (size_t i = 0; i < passing->count; i++)
        CX_TRY(take_step(passing, &passing->due[i]));
    return CX_OK;
}
