/*
 * Rights compiled once a person (and token) and kept until the tenant's generation moves on or the first of their
 * bindings starts or ends. The generation is read in the transaction that needs the rights, so a change is in force
 * with the next request, on every node. Thread-safe.
 */
#pragma once
#include "core/access/state_store.h"

struct core;
struct access_cache;

enum { ACCESS_CACHE_MAX = 4096 }; /* entries; when they are that many, all go */
cx_err access_cache_new(struct access_cache **ret_cache);
void access_cache_free(struct access_cache *cache); /* NULL-safe */

/* Fills in rights, narrowed and generation of a principal whose ids and narrowed_by are set; releases what it held.
 * Inside a closure, which may run again. */
cx_err access_principal_load(struct core *core, struct store_tx *tx, cx_time now_us,
                             struct principal *principal);
/* The same outside a closure, for rights that the principal holds already. */
cx_err access_principal_reload(struct core *core, cx_time now_us, struct principal *principal);
