/*
 * Carrying out approved plans: step by step, each step's revocations, its CRL marks, its progress and its audit entry in one
 * transaction. After a crash the next pass goes on behind the last step; two nodes share the work, since a step that
 * another took is a conflict.
 */
#include "base/cleanup.h"
#include "base/fault.h"
#include "base/log.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/record.h"
#include "core/incident/revocation_store.h"
#include "core/incident/worker.h"
#include "core/status/status.h"
#include "os/worker.h"

enum { RUN_ARENA_MAX = 4 * 1024 * 1024, ISSUERS_MAX = 64 };

struct step {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us;
    struct revocation_plan plan;
    struct cx_id until_id, issuers[ISSUERS_MAX];
    size_t issuer_count;
    bool last;
    struct row_incident_entry recorded; /* with the last step */
};

static cx_err read_step(struct store_tx *tx, void *arg)
{
    struct step *step = arg;
    CX_TRY(revocation_next(tx, step->tenant_id, step->arena, &step->plan));
    return revocation_step_end(tx, &step->plan, &step->until_id, &step->last);
}

static cx_err read_issuers(struct store_tx *tx, void *arg)
{
    struct step *step = arg;
    return revocation_issuers(tx, &step->plan, step->until_id, step->issuers, ISSUERS_MAX,
                              &step->issuer_count);
}

static cx_err write_step(struct store_tx *tx, void *arg)
{
    struct step *step = arg;
    CX_TRY(revocation_step(tx, &step->plan, step->until_id, step->last, step->now_us));
    return step->last && !step->plan.row.drill ? incident_append(tx, &step->recorded) : CX_OK;
}

static cx_err prepare(struct step *step, struct audit_event *event)
{
    struct cx_str plan = CX_STR_NONE, after = CX_STR_NONE, until = CX_STR_NONE;
    const struct row_incident_revocation *row = &step->plan.row;
    CX_TRY(field_id_text(step->arena, CX_ID_MASS_REVOCATION, row->revocation_id, &plan));
    CX_TRY(field_id_text(step->arena, CX_ID_CERTIFICATE, row->after_id, &after));
    CX_TRY(field_id_text(step->arena, CX_ID_CERTIFICATE, step->until_id, &until));
    const struct entry_draft draft = {.tenant_id = row->tenant_id,
                                      .incident_id = row->incident_id,
                                      .kind = KIND_REVOCATION_RECORDED,
                                      .at_us = step->now_us,
                                      .now_us = step->now_us,
                                      .detail = plan};
    CX_TRY(incident_entry_prepare(step->core, step->arena, &draft, &step->recorded));
    const struct field_detail details[] = {
        {"revocation", plan}, {"after", after}, {"until", until}};
    *event = (struct audit_event){.action = "system.revocation.step",
                                  .tenant_id = row->tenant_id,
                                  .object_type = CX_ID_INCIDENT,
                                  .object_id = row->incident_id};
    return field_details(step->arena, details, 3, &event->details);
}

/* *ret_done: no plan waits any more. */
static cx_err take_step(struct step *step, bool *ret_done)
{
    struct audit_event event;
    cx_err err = store_read(step->core->store, read_step, step);
    *ret_done = err.code == CX_E_NOTFOUND;
    if (*ret_done)
        return CX_OK;
    CX_TRY(err);
    step->now_us = cx_now(step->core->clock);
    CX_TRY(prepare(step, &event));
    cx_fault_delay("revocation-step");
    err = audit_commit(step->core, &event, write_step, step);
    if (err.code == CX_E_CONFLICT)
        return CX_OK; /* another node did */
    CX_TRY(err);
    if (step->plan.row.drill)
        return CX_OK;
    CX_TRY(store_read(step->core->store, read_issuers, step));
    for (size_t i = 0; i < step->issuer_count; i++)
        status_changed_issuer(step->core, step->issuers[i]);
    return CX_OK;
}

cx_err incident_revocations_pass(struct core *core, struct cx_id tenant_id,
                                 const struct os_worker *thread)
{
    while (!os_worker_stopping(thread)) {
        CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(RUN_ARENA_MAX);
        struct step step = {.core = core, .tenant_id = tenant_id, .arena = &arena};
        bool done = false;
        CX_TRY(take_step(&step, &done));
        if (done)
            break;
    }
    return CX_OK;
}
