/* Rows of renewal windows. Inside store closures; inserts are store/rows.h. Views are in arena. */
#pragma once
#include "core/issuance/certificate_store.h"
#include "core/page.h"
#include "store/store.h"

struct renewal_window_row {
    struct cx_id window_id, issuer_id;
    struct cx_str profile_name, explanation_url; /* "": any, none */
    cx_time issued_before_us, start_us, end_us, created_us;
    cx_time withdrawn_us; /* 0: in force */
};

cx_err renewal_window_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id window_id,
                           struct arena *arena, struct renewal_window_row *ret_row);
cx_err renewal_window_page(struct store_tx *tx, struct cx_id tenant_id,
                           const struct page_key *after, size_t limit, struct arena *arena,
                           struct renewal_window_row *rows, size_t *ret_count);
/* The earliest window in force that the certificate falls under. */
cx_err renewal_window_for(struct store_tx *tx, struct cx_id tenant_id,
                          const struct certificate_row *certificate, struct arena *arena,
                          bool *ret_found, struct renewal_window_row *ret_row);
/* Idempotent. */
cx_err renewal_window_withdraw(struct store_tx *tx, struct cx_id tenant_id, struct cx_id window_id,
                               cx_time now_us);
/* How many certificates that are neither expired, revoked nor replaced fall under it. */
cx_err renewal_window_count(struct store_tx *tx, struct cx_id tenant_id,
                            const struct renewal_window_row *window, cx_time now_us,
                            int64_t *ret_count);
