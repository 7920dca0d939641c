/*
 * DIR/run/status.json: what runs, as whom, in which sandbox, since when, restarted how often.
 * Replaced atomically at each change; read by `certinext status`. Format: docs/formats/status.md
 */
#pragma once
#include "supervisor/child.h"

enum { STATUS_MAX = 16384 };

struct status {
    pid_t pid;
    cx_time started_us;
    bool stopping;
    bool root; /* roles have user ids of their own */
    const struct child *children;
    size_t child_count;
};

cx_err status_render(const struct status *status, struct cx_buf *out);
cx_err status_write(struct cx_str dir, const struct status *status);
