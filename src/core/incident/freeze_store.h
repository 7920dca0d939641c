/* Freezes in the database, as their people see them; what every look-up of a credential asks is core/access/freeze.h. Inside store closures. */
#pragma once
#include "api_types.h" /* generated */
#include "core/incident/incident_store.h"

enum { FREEZES_MAX = 1000 /* standing ones of a tenant */ };

/* Newest first; rows has room for limit. */
cx_err freeze_page(struct store_tx *tx, struct cx_id tenant_id, bool lifted_too,
                   const struct page_key *after, size_t limit, struct arena *arena,
                   struct row_access_freeze *rows, size_t *ret_count);
/* CX_E_NOTFOUND. */
cx_err freeze_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id freeze_id,
                   struct arena *arena, struct row_access_freeze *ret_row);
cx_err freeze_count_standing(struct store_tx *tx, struct cx_id tenant_id, int64_t *ret_count);
/* CX_E_CONFLICT when it was lifted before. */
cx_err freeze_set_lifted(struct store_tx *tx, struct cx_id tenant_id, struct cx_id freeze_id,
                         struct cx_id lifter_id, cx_time now_us);
/* CX_E_NOTFOUND when the tenant has no such user, token, session or account. */
cx_err freeze_check_subject(struct store_tx *tx, const struct row_access_freeze *row,
                            enum api_freeze_kind kind);
/* What would stop working; days and last_administrator are left to the caller. */
cx_err freeze_count_hit(struct store_tx *tx, const struct row_access_freeze *row,
                        enum api_freeze_kind kind, cx_time now_us, cx_time since_us,
                        struct api_freeze_trial *ret_trial);
