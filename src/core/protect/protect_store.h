/* Wrapped data keys in the database. */
#pragma once
#include "base/arena.h"
#include "store/store.h"

struct wrapped_key {
    uint32_t version;
    struct cx_bytes wrapped; /* in the arena */
};

/* version 0: the newest active one. CX_E_NOTFOUND when there is none. */
cx_err protect_store_find(struct store *store, struct cx_id tenant_id, uint32_t version,
                          struct arena *arena, struct wrapped_key *ret_key);
