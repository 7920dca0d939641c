/*
 * Issuers as core needs them: the parsed CA certificate and the places its status is published at. Rows of
 * table issuer never change but for their state, so a parsed issuer is cached for the life of the process and its
 * pointers stay valid until issuer_cache_free; the state is read from the database where it decides.
 * Thread-safe.
 */
#pragma once
#include "core/page.h"
#include "pki/ocsp.h"
#include "store/store.h"

struct core;
struct issuer_cache;

enum { ISSUER_CACHE_MAX = 4096, ISSUERS_LISTED_MAX = 500, ISSUER_CHAIN_MAX = 8 };

struct issuer_entry {
    struct cx_id tenant_id, issuer_id, parent_id;
    struct cx_str name;
    struct pki_issuer pki; /* what the certificate builder needs */
    struct cx_bytes certificate_der;
    struct cx_bytes chain[ISSUER_CHAIN_MAX]; /* certificates above it, root last */
    size_t chain_count;
    struct cx_str subject_text; /* RFC 4514, for people */
    uint8_t sha256[32];
    struct pki_ocsp_issuer ocsp[2]; /* by enum pki_ocsp_hash: how OCSP clients name it */
    cx_time not_before_us, created_us;
    struct cx_bytes serial;
    bool is_root;
};

cx_err issuer_cache_new(struct issuer_cache **ret_cache);
void issuer_cache_free(struct issuer_cache *cache);

/* CX_E_NOTFOUND when the tenant has no such issuer. */
cx_err issuer_get(struct core *core, struct cx_id tenant_id, struct cx_id issuer_id,
                  const struct issuer_entry **ret_issuer);
/* Whoever the tenant is: OCSP addresses issuers by id alone. */
cx_err issuer_get_any(struct core *core, struct cx_id issuer_id,
                      const struct issuer_entry **ret_issuer);
/* The tenant's only active issuer below a root, or its only active one: what a request without issuer_id means.
 * CX_E_POLICY with field "issuer_id" when there is none or more than one. arena: working memory. */
cx_err issuer_default(struct core *core, struct cx_id tenant_id, struct arena *arena,
                      struct cx_diag *diag, const struct issuer_entry **ret_issuer);
/* All of a tenant (at most ISSUERS_LISTED_MAX), newest first. */
cx_err issuer_each(struct core *core, struct cx_id tenant_id, struct arena *arena,
                   const struct issuer_entry ***ret_issuers, size_t *ret_count);

struct issuer_listed {
    struct page_key key;
    bool active;
};
cx_err issuer_page(struct store_tx *tx, struct cx_id tenant_id, const struct page_key *after,
                   size_t limit, struct issuer_listed *rows, size_t *ret_count);
/* A disabled issuer issues nothing; its status services go on. */
cx_err issuer_is_active(struct store_tx *tx, struct cx_id tenant_id, struct cx_id issuer_id,
                        bool *ret_active);
/* A CA whose own certificate was revoked here (core/issuance/adopt.h) issues nothing any more. */
cx_err issuer_is_revoked(struct store_tx *tx, const struct issuer_entry *issuer, bool *ret_revoked);
