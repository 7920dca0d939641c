/*
 * What was refused of a request that is carried out in parts: the first refusal is kept for the answer, the others are
 * counted. Lives on the stack or in an arena.
 */
#pragma once
#include "base/diag.h"

struct scim_refusals {
    size_t count;
    cx_err err;          /* of the first */
    struct cx_diag diag; /* of the first */
    size_t operation;    /* of the first, from 1; 0: no operation of a PATCH */
};

static inline void scim_refused(struct scim_refusals *refusals, size_t operation, cx_err err,
                                const struct cx_diag *diag)
{
    if (refusals->count++ > 0)
        return;
    refusals->err = err;
    refusals->diag = *diag;
    refusals->operation = operation;
}
