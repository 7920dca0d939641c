/* One person's decision on a certificate request: the check of everything that speaks against it, and what it sets off. */
#pragma once
#include "api_types.h"
#include "base/id.h"

struct api_request;

struct approval_ask {
    struct cx_id request_id;
    struct cx_id delegation_id; /* zero: by one's own right */
    bool approve;
    struct cx_str comment;
};
/* Commits under the audit name of the operation; the answer is the request as it is then. */
cx_err approval_decide(struct api_request *request, const struct approval_ask *ask,
                       struct api_request_view *ret_view);
