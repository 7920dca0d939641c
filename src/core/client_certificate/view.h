/* From rows to what the contract shows: sealed fields are opened here, outside store closures. */
#pragma once
#include "api_types.h"
#include "core/client_certificate/client_certificate_store.h"

struct core;

/* In arena. count may be 0. */
cx_err client_certificate_views(struct core *core, struct cx_id tenant_id,
                                const struct client_binding_row *rows, size_t count,
                                struct arena *arena,
                                struct api_client_certificate_view **ret_items);
