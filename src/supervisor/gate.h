/*
 * The gate: nginx with a generated configuration, confined before it starts.
 *
 * gate_render is pure. gate_main is the role: it enters the gate's sandbox, reports ready over the
 * control channel and becomes nginx by exec, so nginx inherits user, capabilities, rlimits,
 * Landlock and seccomp.
 */
#pragma once
#include "ipc/role.h"
#include "supervisor/config.h"

struct gate_options {
    struct cx_str dir; /* absolute data directory; checked for characters nginx would interpret */
    const struct config *config;
};

enum { GATE_CONFIG_MAX = 65536 };

/* The text of gate/nginx.conf. CX_E_USAGE when dir cannot be written into it. */
cx_err gate_render(const struct gate_options *options, struct cx_diag *diag, struct cx_buf *out);

/* Renders and writes DIR/gate/nginx.conf. */
cx_err gate_write(struct cx_str dir, const struct config *config, struct cx_diag *diag);

/* What nginx may do. */
cx_err gate_sandbox_spec(const struct role_start *start, const struct config *config,
                         struct sandbox_spec *ret_spec);

/* Does not return on success: the process becomes nginx. */
int gate_main(const struct role_start *start, const struct config *config);
