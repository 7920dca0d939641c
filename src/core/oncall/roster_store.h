/* Rosters, their people, overrides and gaps in the database. Inside store closures; what is returned is in the arena. */
#pragma once
#include "core/oncall/roster.h"
#include "store/rows.h"

enum { ROSTERS_MAX = 20 /* of a tenant, that have not ended */ };

/* Oldest first, those that have not ended; rows has room for ROSTERS_MAX. */
cx_err roster_rows(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                   struct row_oncall_roster *rows, size_t *ret_count);
/* CX_E_NOTFOUND; an ended one is found. */
cx_err roster_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id roster_id,
                   struct arena *arena, struct row_oncall_roster *ret_row);
/* CX_E_CONFLICT when it has ended. */
cx_err roster_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id roster_id,
                  struct cx_id ender_id, cx_time now_us);
/* The next test, when the one of the row still is. CX_E_CONFLICT otherwise. */
cx_err roster_set_test(struct store_tx *tx, const struct row_oncall_roster *row, cx_time due_us);

/* By level and turn; rows has room for ONCALL_LEVELS_MAX * ONCALL_PEOPLE_MAX. */
cx_err roster_people(struct store_tx *tx, struct cx_id tenant_id, struct cx_id roster_id,
                     struct row_oncall_person *rows, size_t *ret_count);
/* Those that stand and are not over at since_us, in the order in which they were made; rows has room for ONCALL_OVERRIDES_MAX. */
cx_err roster_overrides(struct store_tx *tx, struct cx_id tenant_id, struct cx_id roster_id,
                        cx_time since_us, struct row_oncall_override *rows, size_t *ret_count);
/* CX_E_NOTFOUND. */
cx_err override_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id override_id,
                     struct row_oncall_override *ret_row);
/* CX_E_CONFLICT when it has ended. */
cx_err override_end(struct store_tx *tx, struct cx_id tenant_id, struct cx_id override_id,
                    struct cx_id ender_id, cx_time now_us);

/* Whether a page would reach them: the account works, and a contact of theirs has an address. */
cx_err person_is_reachable(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           struct arena *arena, bool *ret_reachable);
/* Their contacts that have not ended, as far as contact_id and which channels they have; rows has room for limit. */
cx_err person_contacts(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       size_t limit, struct row_notice_contact *rows, size_t *ret_count);

/* The plan as it stands; overrides that were over at since_us are left out. */
cx_err roster_plan(struct store_tx *tx, const struct row_oncall_roster *row, cx_time since_us,
                   struct arena *arena, struct oncall_plan *ret_plan);

/* Whether an alert was raised for it. */
cx_err gap_is_told(struct store_tx *tx, const struct row_oncall_gap *row, bool *ret_told);
