/*
 * Certificate profiles out of the database. A version is immutable, so its parsed form is cached for the life of the
 * process and pointers stay valid until profile_cache_free. Which version is the newest is asked every time.
 * Thread-safe.
 */
#pragma once
#include "pki/profile.h"
#include "store/store.h"

struct core;
struct profile_cache;

enum { PROFILE_CACHE_MAX = 4096, PROFILE_ARENA_MAX = 256 * 1024, PROFILE_PAGE_MAX = 500 };

struct profile_entry {
    struct pki_profile profile;
    struct cx_str text;   /* the YAML it was read from */
    cx_time effective_us; /* when it comes into force; 0: when it was installed */
};

cx_err profile_cache_new(struct profile_cache **ret_cache);
void profile_cache_free(struct profile_cache *cache);

/* version 0: the newest active one that is in force. CX_E_NOTFOUND when there is none. */
cx_err profile_get(struct core *core, struct cx_id tenant_id, struct cx_str name, uint32_t version,
                   const struct profile_entry **ret_entry);
/* Names of profiles with a version in force, after the name given ("" = from the start). names are in arena. */
cx_err profile_names(struct core *core, struct cx_id tenant_id, struct cx_str after, size_t limit,
                     struct arena *arena, struct cx_str *ret_names, size_t *ret_count);
