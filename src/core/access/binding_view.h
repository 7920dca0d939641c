/* A binding as the contract shows it; reads and opens outside store closures. */
#pragma once
#include "api_types.h"
#include "base/id.h"

struct api_request;

/* CX_E_NOTFOUND "binding-unknown". */
cx_err access_binding_show(struct api_request *request, struct cx_id binding_id,
                           struct api_binding_view *ret_view);
