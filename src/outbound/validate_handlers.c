#include "outbound/validate_handlers.h"

#include "outbound/request.h"

static cx_err refuse_without_perspective(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(BUSY), "perspectives", "no-perspective",
                     "this process has no perspective to look from");
}

cx_err on_outbound_validate(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    (void)arg;
    struct ipc_outbound_validate message = {.kind = 0};
    CX_TRY(ipc_outbound_validate_parse(request->payload, request->arena, &message));
    CX_TRY(request_check_validate(&message, &reply->diag));
    return refuse_without_perspective(&reply->diag);
}

cx_err on_outbound_check_caa(void *arg, const struct ipc_request *request, struct ipc_reply *reply)
{
    (void)arg;
    struct ipc_outbound_check_caa message = {.wildcard = false};
    CX_TRY(ipc_outbound_check_caa_parse(request->payload, request->arena, &message));
    CX_TRY(request_check_caa(&message, &reply->diag));
    return refuse_without_perspective(&reply->diag);
}
