/*
 * Who stands behind a user. Separation of duties compares persons, so every comparison of "the same one" in core goes
 * through here: whatever comes to act for a person later (their service accounts) is mapped in this one place. Tokens,
 * sessions and delegates have no user of their own, so they are their person already.
 */
#pragma once
#include "base/id.h"
#include "store/store.h"

/* Inside a store closure. Zero (the system) stays zero. */
cx_err access_person_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                        struct cx_id *ret_person_id);
/* Both known and the same person. */
cx_err access_same_person(struct store_tx *tx, struct cx_id tenant_id, struct cx_id one,
                          struct cx_id other, bool *ret_same);
