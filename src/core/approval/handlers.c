/* approve and reject by one's own right. */
#include "api_routes.h"
#include "core/approval/decision.h"

cx_err handle_request_approve(struct api_request *request, const struct api_request_approve_in *in,
                              struct api_request_approve_out *ret_out)
{
    struct approval_ask ask = {
        .request_id = in->request_id, .approve = true, .comment = in->comment};
    return approval_decide(request, &ask, &ret_out->body);
}

cx_err handle_request_reject(struct api_request *request, const struct api_request_reject_in *in,
                             struct api_request_reject_out *ret_out)
{
    struct approval_ask ask = {.request_id = in->request_id, .comment = in->comment};
    return approval_decide(request, &ask, &ret_out->body);
}
