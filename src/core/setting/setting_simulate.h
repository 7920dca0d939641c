/* What another value of a setting would touch that is there now. Reads only. */
#pragma once
#include "base/arena.h"
#include "core/setting/setting.h"

enum setting_effect {
    SETTING_TOUCHES_NOTHING,    /* only what comes later */
    SETTING_SESSIONS_END,       /* open ones that would be over */
    SETTING_SESSIONS_STEP_UP,   /* open ones whose factor would be fresh no longer */
    SETTING_TOKENS_LONGER,      /* that stay, but could not be made again */
    SETTING_BINDINGS_LONGER,    /* likewise */
    SETTING_DELEGATIONS_LONGER, /* likewise */
    SETTING_REVIEWS_OPEN,       /* that the clock would open at once */
    SETTING_EFFECT_COUNT
};
enum setting_effect setting_effect_of(enum setting_name name);

/* Inside a closure. value is in the unit and the bounds of the setting. */
cx_err setting_count_touched(struct store_tx *tx, struct cx_id tenant_id, enum setting_name name,
                             int64_t value, cx_time now_us, struct arena *arena,
                             int64_t *ret_count);
