/*
 * State changes: a version of every object that access and configuration are made of (object.h), written where the object
 * is written. The audit entry that commits with it carries the hash of all versions it brought (audit_entry.state_hash,
 * member "state" of its leaf), so the log vouches for them. From that follow the history of an object with who, when, why and
 * what differs, and the detection of what was changed behind the application's back (check.h).
 *
 * A function that writes a tracked table calls change_note right after, in the same closure; tools/check-writes holds the
 * list of these functions' files, so that no other code writes the tables. A closure that notes something and was not run by
 * audit_commit is refused: its change would have no entry.
 */
#pragma once
#include "core/change/object.h"

enum { CHANGE_HASH_LEN = 32 };

/* What ties the versions noted in a transaction to its entry. */
struct change_tie {
    struct cx_id tenant_id, entry_id;
    int64_t count;
    uint8_t hash[CHANGE_HASH_LEN];
};
/* For audit_commit: before its closure runs, each time it does. tie outlives the transaction. */
void change_tie_begin(struct store_tx *tx, struct change_tie *tie, struct cx_id tenant_id,
                      struct cx_id entry_id);
/* One more version: hash = SHA-256(hash ‖ {"object":…,"key":…,"version":…,"content":…}); it starts as 32 zero octets. */
cx_err change_hash_add(uint8_t hash[static CHANGE_HASH_LEN], struct cx_str object,
                       struct cx_str key, int64_t version, struct cx_str content);

/* Objects whose content is not that of their newest version get a new one. Nothing changed: nothing is written. The first note
 * of a tenant takes over everything that was there before changes were recorded. CX_E_INTERNAL outside audit_commit, and
 * for another tenant than that of its entry. */
cx_err change_note(struct store_tx *tx, struct cx_id tenant_id, enum change_object object,
                   const struct change_key *key);
cx_err change_note_all(struct store_tx *tx, struct cx_id tenant_id, enum change_object object);
cx_err change_note_id(struct store_tx *tx, struct cx_id tenant_id, enum change_object object,
                      struct cx_id id);
cx_err change_note_ids(struct store_tx *tx, struct cx_id tenant_id, enum change_object object,
                       struct cx_id id, struct cx_id other_id);
cx_err change_note_text(struct store_tx *tx, struct cx_id tenant_id, enum change_object object,
                        struct cx_str text);

/* Has anything of the tenant been recorded? */
cx_err change_recorded(struct store_tx *tx, struct cx_id tenant_id, bool *ret_recorded);

/* Inside a closure: from now on an unknown row of that kind is one that came behind the application's back. */
cx_err change_mark_adopted(struct store_tx *tx, struct cx_id tenant_id, enum change_object object);

/* At the start of core: tenants from before changes were recorded, and in the others kinds of objects that a later version of
 * the program records, are taken over, each tenant with an entry. A kind of which there is any version is never taken over
 * again, whoever removes its mark. */
struct core;
cx_err change_adopt(struct core *core);
