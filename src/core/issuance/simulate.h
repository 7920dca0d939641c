/*
 * What a certificate profile would have decided: past requests of a tenant, run through a version of their profile that is
 * not in force, or not even installed. Nothing is written. A request that was refused has no row, so what a wider profile
 * would let through is not among the answers.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"
#include "base/id.h"
#include "pki/profile.h"

struct core;

enum { SIMULATE_REQUESTS_MAX = 1000, SIMULATE_LISTED_MAX = 500 };

enum simulate_what { SIMULATE_REFUSED, SIMULATE_APPROVALS, SIMULATE_LIFETIME };
struct simulate_difference {
    struct cx_id request_id;
    enum simulate_what what;
    char field[DIAG_FIELD_MAX], rule[DIAG_RULE_MAX], text[DIAG_TEXT_MAX]; /* of a refusal */
    int64_t was, is; /* of the others: approvals, or seconds of validity */
};
struct simulate_result {
    int64_t considered_count, refused_count, unreadable_count;
    struct simulate_difference
        *differences; /* newest request first, at most SIMULATE_LISTED_MAX, in arena */
    size_t difference_count;
};
/* The newest limit requests for certificates of that profile's name. Requests whose key is away are unreadable. */
cx_err simulate_profile(struct core *core, struct cx_id tenant_id,
                        const struct pki_profile *profile, size_t limit, struct arena *arena,
                        struct simulate_result *ret_result);
