/*
 * Objects that a person asked for and does not reach, or that are not there: for the caller both are a 404, and the log
 * must not say less than the caller could find out by trying. So that trying does not fill the log, the first such
 * answer of a person to an operation is an entry at once, and those of the ten minutes after it are counted and told
 * with the next one. Kept in memory: what was counted and not told is lost with the process, the first entry is not.
 * Strangers never come here: only who has authenticated is counted. Thread-safe.
 */
#pragma once
#include "base/clock.h"
#include "base/id.h"

struct denial_log;

enum { DENIAL_SLOTS = 2048, DENIAL_WINDOW_S = 600 };

cx_err denial_log_new(struct denial_log **ret_log);
void denial_log_free(struct denial_log *log); /* NULL-safe */

/* Whether this one is an entry; *ret_earlier: how many were counted since the last entry and not told. log NULL: each is
 * an entry. operation lives as long as the program. */
bool denial_log_note(struct denial_log *log, struct cx_id tenant_id, struct cx_id user_id,
                     const char *operation, cx_time now_us, int64_t *ret_earlier);
