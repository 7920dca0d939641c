/*
 * Asks every perspective at once and puts their observations together. RFC 8555 §8; the quorum is the
 * operator's (docs/design/050-domain-validation.md).
 */
#pragma once
#include "outbound/challenge.h"

/* Exactly one of the two is set. */
struct validate_task {
    const struct ipc_outbound_validate *challenge;
    const struct ipc_outbound_check_caa *caa;
    uint32_t timeout_ms;
};

struct validate_verdict {
    enum outbound_problem problem;
    char text[OBSERVE_TEXT_MAX];
    struct observation seen[OUTBOUND_PERSPECTIVES_MAX]; /* one a perspective */
};

/* CX_E_NOMEM: a perspective could not look; no verdict then. */
cx_err validate_run(const struct perspective_set *set, const struct validate_task *task,
                    struct validate_verdict *ret_verdict);
/* The verdict of what was seen: fills problem and text. Pure. */
void validate_judge(const struct perspective_set *set, struct validate_verdict *verdict);
