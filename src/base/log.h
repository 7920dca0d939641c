/*
 * Structured log lines on standard error: one JSON object a line, times from the system clock.
 *
 * Library code (codec, crypto, pki, store) does not log; the handler or subcommand logs once, with the
 * request id. Values are always escaped. Never pass a secret or personal data: those go, sealed, into
 * the audit log.
 */
#pragma once
#include "base/bytes.h"

enum cx_log_level { CX_LOG_DEBUG, CX_LOG_INFO, CX_LOG_WARN, CX_LOG_ERROR };

/* Once per process, before threads start. role names the process in each line. */
void cx_log_init(const char *role, enum cx_log_level minimum);

/* keys and values alternate and end with NULL: cx_log(CX_LOG_INFO, "started", "pid", "12", NULL) */
void cx_log(enum cx_log_level level, const char *event, ...) __attribute__((sentinel));
/* The same with the error's category added as "error". */
void cx_log_err(enum cx_log_level level, cx_err err, const char *event, ...)
    __attribute__((sentinel));
