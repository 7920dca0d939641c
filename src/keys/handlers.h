/* The message table of the keys process: online, and the additional messages of a ceremony. */
#pragma once
#include "ipc/server.h"
#include "keys/signer.h"

extern const struct ipc_route keys_routes[];
extern const size_t keys_route_count;

/* keys_routes that a ceremony needs as well (issue, data keys), and the ceremony's own. */
extern const struct ipc_route ceremony_routes[];
extern const size_t ceremony_route_count;

/* The handlers that both tables have. arg is the struct signer. */
cx_err handle_keys_issue(void *arg, const struct ipc_request *request, struct ipc_reply *reply);
cx_err handle_keys_responder(void *arg, const struct ipc_request *request, struct ipc_reply *reply);
cx_err handle_keys_responder_install(void *arg, const struct ipc_request *request,
                                     struct ipc_reply *reply);
cx_err handle_keys_checkpoint_key(void *arg, const struct ipc_request *request,
                                  struct ipc_reply *reply);
cx_err handle_keys_data_key_new(void *arg, const struct ipc_request *request,
                                struct ipc_reply *reply);
cx_err handle_keys_data_key_unwrap(void *arg, const struct ipc_request *request,
                                   struct ipc_reply *reply);
cx_err handle_keys_get_status(void *arg, const struct ipc_request *request,
                              struct ipc_reply *reply);
