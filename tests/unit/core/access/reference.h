/*
 * The access model once more, as plainly as it can be said: no tables, no order, no memory. It walks all rows for every
 * question. test_rights.c asks it and the compiled rights the same and compares answers and reasons.
 */
#pragma once
#include "core/access/rights.h"

struct reference_question {
    struct access_subject_ids who;
    enum permission permission;
    struct access_place place;
    cx_time now_us;
};
struct reference_answer {
    bool allowed;
    struct cx_id binding_id; /* the smallest that allows */
    size_t distance;         /* groups from the user to the binding's subject; 0: direct */
};
struct reference_answer reference_decide(const struct access_state *state,
                                         const struct reference_question *question);
