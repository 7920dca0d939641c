/* The handlers of outbound_validate and outbound_check_caa: message in, verdict out. */
#pragma once
#include "ipc/server.h"

cx_err on_outbound_validate(void *arg, const struct ipc_request *request, struct ipc_reply *reply);
cx_err on_outbound_check_caa(void *arg, const struct ipc_request *request, struct ipc_reply *reply);
