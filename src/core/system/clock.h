/*
 * The simulated clock of a drill instance: the offset is kept in the database and given to core's clock and to keys. It
 * only grows. An instance that was not marked as a drill instance at init never has one. Thread-safe.
 */
#pragma once
#include "base/diag.h"
#include "store/store.h"

struct core;

/* Puts the stored offset into force: at start, before anything reads the time. Nothing to do outside drills. */
cx_err system_clock_load(struct core *core);
/* Tells keys the offset in force: after every (re)connection. CX_E_BUSY while keys cannot be asked. */
cx_err system_clock_tell_keys(struct core *core);
/* Inside the transaction of system.clock.set. */
cx_err system_clock_store(struct store_tx *tx, struct cx_id tenant_id, int64_t offset_us,
                          cx_time now_us);
