/*
 * The issuance cycle of one approved request (docs/issuance-cycle.md):
 *
 *   issuance_load      read request, profile and issuer
 *   issuance_prepare   template, fresh serial number, sealed intent                   (no transaction)
 *   issuance_write_intent   request → issuing, serial reserved, intent stored         (transaction 1, the caller's)
 *   issuance_finish    keys signs; parse, compare; certificate stored, request → done  (transaction 2)
 *
 * Transaction 1 is the caller's, so that what led to it (the request, the last approval) and its audit entry
 * commit together with the intent. A crash between the two leaves an open intent, which recover.c finishes or
 * abandons. Thread-safe; one struct issuance belongs to one thread.
 */
#pragma once
#include "core/access/access.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/body.h"
#include "core/issuance/issuer.h"
#include "core/issuance/request_store.h"
#include "pki/certificate.h"

struct core;

enum {
    ISSUANCE_LEASE_S = 20,      /* twice the longest call to keys (10 s) */
    ISSUANCE_RETRY_MIN_S = 1,   /* back-off while keys is busy … */
    ISSUANCE_RETRY_MAX_S = 300, /* … doubles up to this */
};

struct issuance {
    struct core *core;
    struct arena *arena;
    struct cx_diag *diag;
    struct cx_id tenant_id;
    struct cx_id call_id;          /* of the API call; zero for background work */
    const struct principal *actor; /* NULL: the system */
    cx_time now_us;
    /* loaded */
    struct request_row request;
    struct issuance_body body; /* spki: filled in by collect for a server-side key */
    const struct pki_profile *profile;
    const struct issuer_entry *issuer;
    /* prepared */
    struct row_intent intent;
    struct pki_template tmpl;
    /* May be NULL. Makes what the caller will be handed of a certificate that nobody else can use; when that fails, the
     * certificate is stored revoked and the request has failed with "key-lost". */
    cx_err (*deliver)(struct issuance *run, struct cx_bytes der);
    void *deliver_arg;
    struct certificate_row target; /* what an approved revocation revoked */
};

/* The first seven fields are set. CX_E_NOTFOUND when there is no such request. */
cx_err issuance_load(struct issuance *run, struct cx_id request_id);
/* Profile, issuer and body of a request row already at hand. */
cx_err issuance_load_row(struct issuance *run);
/* CX_E_POLICY when the bounds forbid by now what they allowed when it was asked. */
cx_err issuance_prepare(struct issuance *run);
/* The request must be approved, or awaiting collection when its key is the server's. CX_E_CONFLICT otherwise; a
 * disabled issuer is CX_E_POLICY. */
cx_err issuance_write_intent(struct store_tx *tx, const struct issuance *run);
/* CX_E_POLICY when an incident's block stands against it (core/policy/block.h). */
cx_err issuance_check_blocks(struct store_tx *tx, const struct issuance *run);
/* The same as issuance_write_intent for a request that the same transaction has inserted in state issuing. */
cx_err issuance_insert_intent(struct store_tx *tx, const struct issuance *run);

/* prepare and write_intent in a transaction of its own, for a request that waits already. What is forbidden by
 * now makes the request fail. */
cx_err issuance_start(struct issuance *run);

/* CX_E_BUSY: keys cannot be asked, nothing was signed, the request is approved (or awaiting collection) again and,
 * unless its key is the server's, will be retried. CX_E_POLICY: refused for good, the request has failed. Other
 * errors: the intent stays open and recovery decides. ret_der (in arena) and ret_certificate_id may not be NULL. */
cx_err issuance_finish(struct issuance *run, struct cx_id *ret_certificate_id,
                       struct cx_bytes *ret_der);
/* Step 4 alone, for a certificate that keys had signed before a crash. lost_key: nobody holds the private key (it
 * was the server's and died with the process): stored as revoked, and the request has failed. */
cx_err issuance_store(struct issuance *run, struct cx_bytes der, bool lost_key,
                      struct cx_id *ret_certificate_id);
/* The open intent will not be signed; the request goes back to where it can be tried again at retry_us (0: not by
 * itself). */
cx_err issuance_release(struct issuance *run, cx_time retry_us);
/* The request has failed; if an intent is open it is abandoned. from: the state it is in. */
cx_err issuance_fail(struct issuance *run, enum request_state from, const struct cx_diag *why);
