/*
 * Rows of trusted client CAs and of bound client certificates. Every function runs inside a store closure and has the tenant
 * in its WHERE. What rows view is copied into arena.
 */
#pragma once
#include "base/arena.h"
#include "base/clock.h"
#include "base/id.h"
#include "base/sealed.h"
#include "store/store.h"

enum { CLIENT_CAS_MAX = 32, CLIENT_CERTIFICATES_PER_USER_MAX = 16 };

struct client_ca_row {
    struct cx_id ca_id, created_by_id;
    struct cx_str name;
    struct cx_bytes certificate; /* DER */
    uint8_t sha256[32];
    cx_time not_after_us, created_us;
};
/* Those that are trusted, oldest first; rows has room for CLIENT_CAS_MAX. */
cx_err client_ca_list(struct store_tx *tx, struct cx_id tenant_id, struct arena *arena,
                      struct client_ca_row *rows, size_t *ret_count);
/* CX_E_NOTFOUND when it is not among those trusted. */
cx_err client_ca_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id ca_id,
                        struct cx_id by, cx_time now_us);

struct client_binding_row {
    struct cx_id binding_id, user_id, created_by_id;
    bool whole; /* the certificate of that issuer and serial number; else any for the key */
    uint8_t spki_sha256[32], issuer_sha256[32];
    struct cx_bytes serial;
    struct cx_sealed subject;
    cx_time not_after_us, created_us, last_used_us; /* last_used_us 0: never */
};
/* CX_E_NOTFOUND when there is none, or it was removed. */
cx_err client_binding_find(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                           struct arena *arena, struct client_binding_row *ret_binding);
cx_err client_binding_find_key(struct store_tx *tx, struct cx_id tenant_id,
                               const uint8_t spki_sha256[static 32], struct arena *arena,
                               struct client_binding_row *ret_binding);
/* Oldest first; rows has room for CLIENT_CERTIFICATES_PER_USER_MAX. */
cx_err client_binding_list(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                           struct arena *arena, struct client_binding_row *rows, size_t *ret_count);
/* Notes a use; CX_E_CONFLICT when it was removed. */
cx_err client_binding_use(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                          cx_time now_us);
/* Idempotent. */
cx_err client_binding_remove(struct store_tx *tx, struct cx_id tenant_id, struct cx_id binding_id,
                             struct cx_id by, cx_time now_us);
/* All of a user; by zero: the program. */
cx_err client_binding_remove_all(struct store_tx *tx, struct cx_id tenant_id, struct cx_id user_id,
                                 struct cx_id by, cx_time now_us);
