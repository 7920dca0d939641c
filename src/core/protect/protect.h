/*
 * Sealed fields: encryption at rest of personal and secret columns, with a data key per tenant.
 *
 * A field is bound to its place (tenant, table, column, row, schema version) by the AAD, so a ciphertext that
 * is moved elsewhere does not open. The envelope commits to its key (checked in constant time before
 * decryption), because AES-GCM alone does not. Data keys are unwrapped by the keys process and cached here for
 * at most PROTECT_CACHE_S seconds. Format: docs/formats/sealed-field.md.
 *
 * Left for the issue on customer-held keys: a key-encryption key per tenant in a customer's HSM or KMS,
 * rotation jobs (table data_key already holds versions), revoke-to-dark.
 */
#pragma once
#include "base/arena.h"
#include "base/diag.h"
#include "base/id.h"
#include "base/sealed.h"

struct core;
struct protect;

enum { PROTECT_CACHE_S = 60, PROTECT_SCHEMA = 1, PROTECT_INDEX_LEN = 16 };

/* Where a sealed field lives. Names are literals from the generated column list (db/data-classes/). */
struct protect_place {
    struct cx_id tenant_id;
    const char *table;
    const char *column;
    struct cx_bytes
        row; /* the row's key after tenant_id, columns in key order, each length-prefixed if more than one */
};

cx_err protect_new(struct core *core, struct protect **ret_protect);
void protect_free(struct protect *protect);

/* Never called inside a store closure unless the data key is known to be cached (it may ask keys). */
cx_err protect_seal(struct protect *protect, const struct protect_place *place,
                    struct cx_bytes plaintext, struct arena *arena, struct cx_sealed *ret_sealed);
/* CX_E_CRYPTO when the field was altered or moved; CX_E_BUSY when keys cannot be asked. */
cx_err protect_open(struct protect *protect, const struct protect_place *place,
                    struct cx_sealed sealed, struct arena *arena, struct cx_bytes *ret_plaintext);

/* Blind index: keyed, truncated token for equality search on a sealed column. The caller normalises. */
cx_err protect_index(struct protect *protect, struct cx_id tenant_id, const char *table,
                     const char *column, struct cx_bytes plaintext,
                     uint8_t ret_token[static PROTECT_INDEX_LEN]);

/* First data key of a new tenant: asks keys, returns the wrapped key to store in the tenant's transaction. */
cx_err protect_tenant_key(struct core *core, struct cx_id tenant_id, struct arena *arena,
                          struct cx_bytes *ret_wrapped);
