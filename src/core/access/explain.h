/*
 * Answers about access: may they, who may, what may they. The judge is authorise() itself over rights compiled from the
 * rows of that time, so an answer is what the gate would say. What the rows do not hold of the past is named as a gap.
 */
#pragma once
#include "core/access/state_store.h"

struct explain_question {
    struct cx_id tenant_id;
    enum permission permission;
    bool has_object;
    enum cx_id_type object_type; /* REQUEST, CERTIFICATE, USER or GROUP */
    struct cx_id object_id;
    bool past;
    cx_time at_us; /* past: the time asked about; else now */
};

enum { EXPLAIN_GAPS_MAX = 8, EXPLAIN_WHY_MAX = 400 };
struct explain_subject { /* of one question: read once */
    struct access_state state;
    struct access_object object;
    struct cx_id object_groups[1];
    struct cx_str gaps[EXPLAIN_GAPS_MAX];
    size_t gap_count;
};
/* user_id zero: of everybody. CX_E_NOTFOUND when there is no such object. */
cx_err explain_read(struct store_tx *tx, const struct explain_question *question,
                    struct cx_id user_id, struct arena *arena, struct explain_subject *ret_subject);

struct explain_verdict {
    bool allowed;
    char why[EXPLAIN_WHY_MAX];
    struct access_rights *rights;     /* the caller's: release */
    const struct access_held *reason; /* the binding that permits or would; NULL: none does */
};
/* CX_E_NOTFOUND when there is no such user. */
cx_err explain_judge(struct store_tx *tx, const struct explain_question *question,
                     const struct explain_subject *subject, struct cx_id user_id,
                     struct arena *arena, struct explain_verdict *ret_verdict);
