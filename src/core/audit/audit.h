/*
 * The audit log. Every change and its entry commit in one transaction: audit_commit is the only way by
 * which core changes the database. If the entry cannot be written, the change does not happen.
 *
 * An entry has a plain part (time, action, outcome, actor, object, request id) and sealed details. The
 * leaf that is hashed holds a salted commitment to the details, so that the tree verifies without any key and
 * survives key rotation. A sequencer gives leaves their index, extends the tenant's RFC 6962 tree, and has
 * keys sign a checkpoint at least every second. Format: docs/formats/audit.md.
 */
#pragma once
#include "base/clock.h"
#include "store/store.h"

struct core;
struct principal;
struct audit;

enum audit_outcome { AUDIT_DONE, AUDIT_DENIED, AUDIT_FAILED };

struct audit_event {
    const char *action; /* the contract's x-audit name, or a "system.*" name; [a-z0-9.-]{1,64} */
    enum audit_outcome outcome;
    struct cx_id tenant_id;
    const struct principal *actor; /* NULL: the system itself */
    struct cx_id request_id;       /* correlates entries of one API call; may be zero */
    enum cx_id_type object_type;   /* meaningful when object_id is not zero */
    struct cx_id object_id;        /* the closure may set it */
    struct cx_str details;         /* JSON object, sealed before the closure runs; "" = {} */
};

/* Runs fn and appends event in the same transaction. The event is copied into the entry after fn
 * returned, so fn may fill object_id. fn may run more than once (store/store.h). */
cx_err audit_commit(struct core *core, struct audit_event *event, store_fn fn, void *arg);

/* For a closure that records more than one entry, inside a transaction that audit_commit runs. details must
 * have been sealed with audit_prepare outside. */
struct audit_entry; /* prepared: id, sealed details, commitment; arena-owned */
cx_err audit_prepare(struct core *core, struct arena *arena, const struct audit_event *event,
                     struct audit_entry **ret_entry);
cx_err audit_append(struct store_tx *tx, const struct audit_event *event,
                    const struct audit_entry *entry);

/* The sequencer thread. */
cx_err audit_start(struct core *core, struct audit **ret_audit);
void audit_stop(struct audit *audit);
/* Sequences everything committed so far and returns after its checkpoint is stored: tests, shutdown, export. */
cx_err audit_flush(struct audit *audit);
