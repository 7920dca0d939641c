/* Rows of keys for external account binding. Inside store closures; inserts are store/rows.h. Views are in arena. */
#pragma once
#include "core/page.h"
#include "core/protocol/acme/acme.h"

struct acme_eab_row {
    struct cx_id eab_id, directory_id, user_id;
    struct cx_id group_id; /* zero: none */
    struct cx_sealed label, hmac_key;
    struct cx_str profile_name, domains;
    bool trusted;
    int64_t use_max, use_count;
    cx_time created_us, expires_us;
    cx_time used_us, revoked_us; /* 0: never */
};

cx_err acme_eab_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id eab_id,
                     struct arena *arena, struct acme_eab_row *ret_row);
/* user_id zero: of every user. */
cx_err acme_eab_page(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                     const struct page_key *after, size_t limit, struct arena *arena,
                     struct acme_eab_row *rows, size_t *ret_count);
/* Counts one use; CX_E_CONFLICT when it is used up, expired or revoked by now. */
cx_err acme_eab_use(struct store_tx *tx, struct cx_id tenant_id, struct cx_id eab_id,
                    cx_time now_us);
/* Idempotent. */
cx_err acme_eab_revoke(struct store_tx *tx, struct cx_id tenant_id, struct cx_id eab_id,
                       cx_time now_us);
