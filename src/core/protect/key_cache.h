/*
 * Unwrapped data keys, each in secret memory, for at most PROTECT_CACHE_S seconds of monotonic time: a key that
 * its key-encryption key no longer opens is gone from this process by then, also when nobody asks for it
 * (a thread wipes what has expired). Thread-safe.
 */
#pragma once
#include "core/protect/envelope.h"

struct key_cache;

enum { KEY_CACHE_MAX = 1024 }; /* keys; each locks one page */

cx_err key_cache_new(int64_t max_age_us, struct key_cache **ret_cache);
void key_cache_free(struct key_cache *cache); /* wipes; no key may be borrowed */

/* A key as long as it is borrowed. version 0: the tenant's current one. NULL when not cached. */
struct key_cache_entry;
struct key_cache_entry *key_cache_borrow(struct key_cache *cache, struct cx_id tenant_id,
                                         uint32_t version);
void key_cache_return(struct key_cache *cache, struct key_cache_entry *entry); /* NULL-safe */
const struct envelope_key *key_cache_key(const struct key_cache_entry *entry);

/* Adds or replaces, and lends it. current: later questions for version 0 mean this one. */
cx_err key_cache_put(struct key_cache *cache, struct cx_id tenant_id, uint32_t version,
                     struct cx_bytes data_key, bool current, struct key_cache_entry **ret_entry);
/* Keys held now, expired ones not counted. */
size_t key_cache_count(struct key_cache *cache);
