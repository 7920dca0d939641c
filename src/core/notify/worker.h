/*
 * What happens to notices by itself, one thread a node (tenant_worker.h): texts are composed, letters and webhooks sent,
 * reminders made, and the duty met when the last recipient was told. All of it goes on where it stood after a crash.
 */
#pragma once
#include "api_types.h" /* generated */
#include "core/tenant/tenant_worker.h"
#include "store/rows.h"

struct arena;

cx_err notice_worker_start(struct core *core, struct tenant_worker **ret_worker);

cx_err notice_compose_pass(struct core *core, struct cx_id tenant_id,
                           const struct os_worker *thread);
cx_err notice_deliver_pass(struct core *core, struct cx_id tenant_id,
                           const struct os_worker *thread);
cx_err notice_finish_pass(struct core *core, struct cx_id tenant_id,
                          const struct os_worker *thread);
cx_err notice_remind_pass(struct core *core, struct cx_id tenant_id,
                          const struct os_worker *thread);

/* One step of the tenant's oldest notice that is being composed. *ret_done: there was none. */
cx_err notice_compose_step(struct core *core, struct cx_id tenant_id, bool *ret_done);
/* Content is in arena; not inside a store closure. */
cx_err notice_content_open(struct core *core, const struct row_notice *row, struct arena *arena,
                           struct api_notice_content *ret_content);
/* When a reminder comes after that time: 72, 48, 24, 12, 6 and 1 hour before recipients have to act, else 24 and 72 hours after the
 * approval. 0: none. Pure. */
cx_time notice_reminder_next(cx_time approved_us, bool has_act_by, cx_time act_by_us,
                             cx_time after_us);
/* How long to wait after that many attempts, in microseconds. Pure. */
int64_t notice_backoff_us(int64_t attempt_count);
