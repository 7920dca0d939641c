/* Rows of settings. Every function runs inside a store closure and has the tenant in its WHERE. */
#pragma once
#include "core/setting/setting.h"
#include "store/rows.h"

/* Zeroed when nobody changed the setting: version 0. */
struct setting_row {
    int64_t version;
    struct setting_value value;
    cx_time changed_us;
    struct cx_id changed_by_id;
};
/* All of them, in the order of enum setting_name. Values outside the bounds count as the bound. */
cx_err setting_rows_read(struct store_tx *tx, struct cx_id tenant_id,
                         struct setting_row ret_rows[static SETTING_COUNT]);

struct setting_change {
    struct cx_id tenant_id, by;
    enum setting_name name;
    int64_t value;
    cx_time effective_us, now_us;
};
/* The next version, and its note. Inside audit_commit. */
cx_err setting_write(struct store_tx *tx, const struct setting_change *change);
