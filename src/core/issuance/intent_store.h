/* Rows of intents; inserts are store/rows.h. Inside store closures. */
#pragma once
#include "store/rows.h"

enum intent_state { INTENT_OPEN, INTENT_ABANDONED, INTENT_STATE_COUNT };
const char *intent_state_name(enum intent_state state);

/* CX_E_CONFLICT when another intent or a certificate of the issuer has the serial number already. */
cx_err intent_insert(struct store_tx *tx, const struct row_intent *intent);

/* Both take an open intent, compare-and-set: CX_E_CONFLICT when somebody else closed it. Settled: it became a
 * certificate, whose row goes on reserving the serial number; the intent's row is removed. */
cx_err intent_settle(struct store_tx *tx, struct cx_id tenant_id, struct cx_id intent_id);
cx_err intent_abandon(struct store_tx *tx, struct cx_id tenant_id, struct cx_id intent_id);

/* Open intents whose lease has run out, claimed until lease_us. Rows are in arena; rows has room for limit. */
cx_err intent_claim_stale(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                          cx_time lease_us, size_t limit, struct arena *arena,
                          struct row_intent *rows, size_t *ret_count);
