/*
 * What time brings: the duty is met when the last recipient was told, and who did not acknowledge is reminded. Each commits with its
 * audit entry, and its compare-and-set makes a second one a conflict.
 */
#include "base/cleanup.h"
#include "core/audit/audit.h"
#include "core/core.h"
#include "core/field.h"
#include "core/incident/record.h"
#include "core/notify/delivery_store.h"
#include "core/notify/worker.h"

enum { FINISH_ARENA_MAX = 4 * 1024 * 1024, APPROVED_MAX = 32 };

struct finishing {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us;
    struct row_notice ready[APPROVED_MAX];
    size_t count;
    const struct row_notice *notice;
    struct row_incident_entry entry;
};

static cx_err read_ready(struct store_tx *tx, void *arg)
{
    struct finishing *finishing = arg;
    return notice_told(tx, finishing->tenant_id, APPROVED_MAX, finishing->arena, finishing->ready,
                       &finishing->count);
}

static cx_err write_done(struct store_tx *tx, void *arg)
{
    struct finishing *finishing = arg;
    struct notice_counts counts;
    CX_TRY(notice_count(tx, finishing->notice, &counts));
    if (counts.waiting + counts.unreached > 0)
        return CX_ERR(CONFLICT); /* somebody is still to be told, or waived */
    CX_TRY(notice_end(tx, finishing->tenant_id, finishing->notice->notice_id,
                      API_NOTICE_STATE_APPROVED, API_NOTICE_STATE_DONE, finishing->now_us));
    return incident_append(tx, &finishing->entry);
}

static cx_err finish(struct finishing *finishing, const struct row_notice *notice)
{
    struct cx_str id = CX_STR_NONE;
    finishing->notice = notice;
    CX_TRY(field_id_text(finishing->arena, CX_ID_NOTICE, notice->notice_id, &id));
    const struct entry_draft draft = {.tenant_id = finishing->tenant_id,
                                      .incident_id = notice->incident_id,
                                      .kind = cx_str_is(notice->kind, "update")
                                                  ? KIND_CUSTOMERS_UPDATED
                                                  : KIND_CUSTOMERS_NOTIFIED,
                                      .at_us = finishing->now_us,
                                      .now_us = finishing->now_us,
                                      .proof = id};
    CX_TRY(incident_entry_prepare(finishing->core, finishing->arena, &draft, &finishing->entry));
    const struct field_detail details[] = {{"notice", id}};
    struct audit_event event = {.action = "system.notice.done",
                                .tenant_id = finishing->tenant_id,
                                .object_type = CX_ID_INCIDENT,
                                .object_id = notice->incident_id};
    CX_TRY(field_details(finishing->arena, details, 1, &event.details));
    cx_err err = audit_commit(finishing->core, &event, write_done, finishing);
    return err.code == CX_E_CONFLICT ? CX_OK : err;
}

cx_err notice_finish_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(FINISH_ARENA_MAX);
    struct finishing *finishing = NULL;
    CX_TRY(ARENA_NEW(&arena, &finishing));
    finishing->core = core;
    finishing->tenant_id = tenant_id;
    finishing->arena = &arena;
    finishing->now_us = cx_now(core->clock);
    CX_TRY(store_read(core->store, read_ready, finishing));
    for (size_t i = 0; i < finishing->count && !os_worker_stopping(thread); i++)
        CX_TRY(finish(finishing, &finishing->ready[i]));
    return CX_OK;
}

struct reminding {
    struct core *core;
    struct cx_id tenant_id;
    struct arena *arena;
    cx_time now_us;
    struct reminder rows[REMINDERS_MAX];
    struct row_notice_delivery deliveries[REMINDERS_MAX];
    size_t count;
};

static cx_err read_due(struct store_tx *tx, void *arg)
{
    struct reminding *reminding = arg;
    return reminder_due(tx, reminding->tenant_id, reminding->now_us, reminding->arena,
                        reminding->rows, &reminding->count);
}

static cx_err write_reminders(struct store_tx *tx, void *arg)
{
    struct reminding *reminding = arg;
    for (size_t i = 0; i < reminding->count; i++) {
        const struct reminder *row = &reminding->rows[i];
        CX_TRY(reminder_move_on(tx, reminding->tenant_id, row,
                                notice_reminder_next(row->approved_us, row->has_act_by,
                                                     row->act_by_us, reminding->now_us)));
        if (row->channel.len) /* else it came back meanwhile */
            CX_TRY(row_notice_delivery_insert(tx, &reminding->deliveries[i]));
    }
    return CX_OK;
}

static cx_err prepare_reminders(struct reminding *reminding)
{
    for (size_t i = 0; i < reminding->count; i++) {
        const struct reminder *row = &reminding->rows[i];
        struct row_notice_delivery *delivery = &reminding->deliveries[i];
        *delivery = (struct row_notice_delivery){.tenant_id = reminding->tenant_id,
                                                 .notice_id = row->notice_id,
                                                 .recipient_id = row->recipient_id,
                                                 .channel = row->channel,
                                                 .round = row->count + 1,
                                                 .state = CX_STR("waiting"),
                                                 .due_us = reminding->now_us};
        CX_TRY(cx_id_new_at(reminding->core->rng, reminding->now_us, &delivery->delivery_id));
    }
    return CX_OK;
}

cx_err notice_remind_pass(struct core *core, struct cx_id tenant_id, const struct os_worker *thread)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(FINISH_ARENA_MAX);
    struct reminding *reminding = NULL;
    struct cx_str count = CX_STR_NONE;
    (void)thread;
    CX_TRY(ARENA_NEW(&arena, &reminding));
    reminding->core = core;
    reminding->tenant_id = tenant_id;
    reminding->arena = &arena;
    reminding->now_us = cx_now(core->clock);
    CX_TRY(store_read(core->store, read_due, reminding));
    if (reminding->count == 0)
        return CX_OK;
    CX_TRY(prepare_reminders(reminding));
    CX_TRY(arena_printf(&arena, &count, "%zu", reminding->count));
    const struct field_detail details[] = {{"reminders", count}};
    struct audit_event event = {.action = "system.notice.remind", .tenant_id = tenant_id};
    CX_TRY(field_details(&arena, details, 1, &event.details));
    cx_err err = audit_commit(core, &event, write_reminders, reminding);
    return err.code == CX_E_CONFLICT ? CX_OK : err; /* another node, or acknowledged meanwhile */
}
