/* Rows of intents; inserts are store/rows.h. Inside store closures. */
#pragma once
#include "store/rows.h"

enum intent_state { INTENT_OPEN, INTENT_SETTLED, INTENT_ABANDONED, INTENT_STATE_COUNT };
const char *intent_state_name(enum intent_state state);

/* From open to settled or abandoned, compare-and-set: CX_E_CONFLICT when somebody else closed it. */
cx_err intent_close(struct store_tx *tx, struct cx_id tenant_id, struct cx_id intent_id,
                    enum intent_state to);

/* Open intents whose lease has run out, claimed until lease_us. Rows are in arena; rows has room for limit. */
cx_err intent_claim_stale(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us,
                          cx_time lease_us, size_t limit, struct arena *arena,
                          struct row_intent *rows, size_t *ret_count);
