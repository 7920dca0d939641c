/*
 * Who stands behind a user. Separation of duties compares persons, so every comparison of "the same one" in core goes
 * through here: a service account is its owner's. Tokens, sessions and delegates have no user of their own, so they are
 * their person already. Inside store closures.
 */
#pragma once
#include "base/arena.h"
#include "base/id.h"
#include "store/store.h"

/* Every account that is the same person's as this one, itself included: of a person the service accounts they own, of a
 * service account its owners and what else they own. past: those who owned one before, and groups left since, count. */
enum { ACCESS_ACCOUNTS_MAX = 10000 };
cx_err access_accounts_of(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                          bool past, struct arena *arena, struct cx_id **ret_ids,
                          size_t *ret_count);
/* Whether two accounts, both known, are one person's, now or before. */
cx_err access_same_person(struct store_tx *tx, struct cx_id tenant_id, struct cx_id one,
                          struct cx_id other, bool *ret_same);
/* Whether an account that is the same person's as user_id is among these. */
cx_err access_is_among(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                       const struct cx_id *ids, size_t count, struct arena *arena, bool *ret_is);
