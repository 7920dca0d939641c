/*
 * How long the texts of an incident are kept, and their end. Nothing is deleted: a disposal replaces the sealed texts of one
 * class by RETENTION_GONE and leaves the rows, their times, persons and states, with the SHA-256 over the sealed texts
 * that were there. Who proposed it does not approve it. A hold on the incident stops both.
 *
 * The period runs from the day when the incident ended (was closed, found to be a false alarm, or merged) and starts anew when
 * it is reopened and ends again. No tenant sets one below RETENTION_DAYS_MIN.
 */
#pragma once
#include "api_types.h" /* generated */
#include "core/incident/record.h"

#define RETENTION_GONE "[disposed]"
enum {
    RETENTION_DAYS_MIN = 731,      /* two years, one of them a leap year: TLS BR 5.4.3, 5.5.2 */
    RETENTION_DAYS_DEFAULT = 2557, /* seven years */
    RETENTION_DAYS_MAX = 36525,
    DISPOSAL_TEXTS_MAX = 20000,
    RECORD_HOLDS_MAX = 200,
};

/* The newest that was set, else the default. Inside store closures, as all here. */
cx_err retention_days(struct store_tx *tx, struct cx_id tenant_id, enum api_retention_class class,
                      int64_t *ret_days);
/* When it ended last; false: it has not. */
bool retention_ended(const struct incident *incident, cx_time *ret_us);

/* Oldest first; rows has room for RECORD_HOLDS_MAX. */
cx_err record_hold_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct arena *arena, struct row_record_hold *rows, size_t *ret_count);
cx_err record_hold_stands(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                          bool *ret_stands);
/* CX_E_CONFLICT when it was lifted before or is not of the incident. */
cx_err record_hold_lift(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                        struct cx_id hold_id, struct cx_id lifter_id, cx_time now_us);

/* One a class at most; rows has room for API_RETENTION_CLASS_COUNT. */
cx_err disposal_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                     struct arena *arena, struct row_incident_disposal *rows, size_t *ret_count);
/* CX_E_CONFLICT when it was approved before. */
cx_err disposal_set_approved(struct store_tx *tx, const struct row_incident_disposal *row);

/* The sealed texts of a class, in a fixed order. */
struct disposal_text {
    size_t target; /* which column */
    struct cx_id row_id;
    struct cx_sealed sealed;
};
cx_err disposal_texts(struct store_tx *tx, struct cx_id tenant_id, struct cx_id incident_id,
                      enum api_retention_class class, struct arena *arena,
                      struct disposal_text *texts, size_t *ret_count);
/* In place of each, RETENTION_GONE under the text's own place. Not inside a store closure. */
cx_err disposal_seal(struct core *core, struct cx_id tenant_id, struct arena *arena,
                     const struct disposal_text *texts, size_t count, struct cx_sealed *gone);
cx_err disposal_write(struct store_tx *tx, struct cx_id tenant_id,
                      const struct disposal_text *texts, size_t count,
                      const struct cx_sealed *gone);
