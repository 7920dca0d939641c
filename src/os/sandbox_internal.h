/* One function a mechanism; for sandbox.c only. Each adds its name to the report when it is in
 * force. */
#pragma once
#include "os/sandbox.h"

cx_err sandbox_uid_enter(const struct sandbox_spec *spec, struct sandbox_report *report,
                         struct cx_diag *diag);
cx_err sandbox_rlimit_enter(const struct sandbox_spec *spec, struct sandbox_report *report,
                            struct cx_diag *diag);
cx_err sandbox_landlock_enter(const struct sandbox_spec *spec, struct sandbox_report *report,
                              struct cx_diag *diag);
cx_err sandbox_seccomp_enter(const struct sandbox_spec *spec, struct sandbox_report *report,
                             struct cx_diag *diag);

/* Append a word to report->layers or report->missing. */
cx_err sandbox_report_layer(struct sandbox_report *report, const char *layer);
cx_err sandbox_report_missing(struct sandbox_report *report, const char *layer);
/* A refusal that names the mechanism and the system's reason (errno). */
cx_err sandbox_refuse(struct cx_diag *diag, const char *layer, const char *what);
