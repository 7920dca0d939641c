/* The message that reads a mailbox. arg: struct validator, of which the address policy is used. */
#pragma once
#include "ipc/server.h"

cx_err on_outbound_mailbox(void *arg, const struct ipc_request *request, struct ipc_reply *reply);
