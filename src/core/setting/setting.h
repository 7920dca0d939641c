/*
 * Settings: values of policy that a tenant may choose within bounds that the program sets. The table in setting.c is the
 * one list of them. Who is governed by one reads it in the transaction that it governs: a change is in force with the next
 * request, on every node. There is no cache: a tenant has at most one row a setting, and they are read in one step.
 *
 * A bound is what a standard or this program allows at most; a row that says more, whoever wrote it, counts as the bound.
 * A change has a time from which on it holds. Pure, apart from setting_store.c. Thread-safe.
 */
#pragma once
#include "base/clock.h"
#include "base/diag.h"
#include "store/store.h"

enum setting_name {
    SETTING_SESSION_LIFE,
    SETTING_SESSION_IDLE,
    SETTING_SESSION_FACTOR_AGE,
    SETTING_TOKEN_LIFE,
    SETTING_PRIVILEGED_BINDING_LIFE,
    SETTING_ELEVATION_LIFE,
    SETTING_DELEGATION_LIFE,
    SETTING_APPROVAL_EXPIRY,
    SETTING_REVIEW_PERIOD,
    SETTING_REVIEW_ANSWER,
    SETTING_COUNT
};
enum setting_unit { SETTING_SECONDS, SETTING_MINUTES, SETTING_HOURS, SETTING_DAYS };

struct setting {
    const char *name, *governs;
    enum setting_unit unit;
    int64_t minimum, maximum, standard; /* standard: without a row */
};
const struct setting *setting_of(enum setting_name name);
const char *setting_unit_name(enum setting_unit unit);

enum { SETTING_AHEAD_MAX_DAYS = 366 };

/* What one tenant chose: in the unit of the setting. */
struct setting_value {
    int64_t value, before; /* before: until effective_us */
    cx_time effective_us;  /* 0: always */
};
struct setting_values {
    struct setting_value list[SETTING_COUNT];
};
/* Every setting at its default. */
void setting_values_default(struct setting_values *ret_values);
/* Within the bounds of the setting. */
int64_t setting_clamp(enum setting_name name, int64_t value);

int64_t setting_at(const struct setting_values *values, enum setting_name name, cx_time now_us);
int64_t setting_us_at(const struct setting_values *values, enum setting_name name, cx_time now_us);
/* When something ends that started then and may last so long. What was over before a change took effect stays over; what
 * a shorter limit ends, ends at once. */
cx_time setting_end_us(const struct setting_values *values, enum setting_name name,
                       cx_time start_us);
/* The same turned round, for SQL: what started then or earlier is over at now_us. */
cx_time setting_over_us(const struct setting_values *values, enum setting_name name,
                        cx_time now_us);

/* Inside a closure. */
cx_err setting_values_read(struct store_tx *tx, struct cx_id tenant_id,
                           struct setting_values *ret_values);
/* Inside a closure: refuses what would last longer than a setting allows. */
struct setting_question {
    struct cx_id tenant_id;
    enum setting_name name;
    const char *what;         /* as a sentence begins: "A token" */
    const char *field, *rule; /* of the refusal */
    int64_t life_us;
    cx_time now_us;
};
cx_err setting_check_life(struct store_tx *tx, const struct setting_question *question,
                          struct cx_diag *diag);
/* Values outside one. */
cx_err setting_values_load(struct store *store, struct cx_id tenant_id,
                           struct setting_values *ret_values);
