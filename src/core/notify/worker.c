#include "core/notify/worker.h"
#include "base/checked.h"
#include "core/core.h"

enum { PASS_PAUSE_MS = 1000, BACKOFF_FIRST_S = 5, BACKOFF_MOST_S = 600 };
#define HOUR_US (INT64_C(3600) * CX_US_PER_S)

static const struct tenant_pass PASSES[] = {
    {"notice-compose-failed", notice_compose_pass},
    {"notice-deliver-failed", notice_deliver_pass},
    {"notice-finish-failed", notice_finish_pass},
    {"notice-remind-failed", notice_remind_pass},
};

cx_err notice_worker_start(struct core *core, struct tenant_worker **ret_worker)
{
    return tenant_worker_start(core, PASSES, CX_COUNT_OF(PASSES), PASS_PAUSE_MS, ret_worker);
}

cx_time notice_reminder_next(cx_time approved_us, bool has_act_by, cx_time act_by_us,
                             cx_time after_us)
{
    static const int64_t before_h[] = {72, 48, 24, 12, 6, 1}, later_h[] = {24, 72};
    for (size_t i = 0; has_act_by && i < CX_COUNT_OF(before_h); i++)
        if (act_by_us - before_h[i] * HOUR_US > after_us)
            return act_by_us - before_h[i] * HOUR_US;
    for (size_t i = 0; !has_act_by && i < CX_COUNT_OF(later_h); i++)
        if (approved_us + later_h[i] * HOUR_US > after_us)
            return approved_us + later_h[i] * HOUR_US;
    return 0;
}

int64_t notice_backoff_us(int64_t attempt_count)
{
    int64_t seconds = BACKOFF_FIRST_S;
    for (int64_t i = 1; i < attempt_count && seconds < BACKOFF_MOST_S; i++)
        seconds *= 2;
    return (seconds < BACKOFF_MOST_S ? seconds : BACKOFF_MOST_S) * CX_US_PER_S;
}
