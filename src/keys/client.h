/*
 * Core's side of the keys process: one function a typed request. There is no "sign these bytes".
 *
 * Every call may fail with CX_E_BUSY (keys is restarting or its queue is full: nothing was signed, try
 * again), CX_E_POLICY (keys refuses; diag says which rule), CX_E_IO (the answer did not come: whether it
 * was signed is unknown; repeat the same request, which is idempotent by its intent id).
 * Thread-safe: many requests are in flight over one channel. Deadline of a call: 10 s.
 */
#pragma once
#include "base/id.h"
#include "base/secret.h"
#include "pki/certificate.h"

struct keys_client;

/* Takes ownership of fd, the connected channel that the supervisor passed. When the channel breaks, the
 * client asks the supervisor's channel for a new one: calls meanwhile return CX_E_BUSY. */
cx_err keys_client_new(int fd, struct keys_client **ret_client);
/* Replaces the channel after keys was restarted. Requests in flight fail with CX_E_IO. */
void keys_client_reconnect(struct keys_client *client, int fd);
void keys_client_free(struct keys_client *client);

/* Issue: keys re-checks the template against its own copy of profile and issuer, builds, lints under a
 * stand-in signature, journals {intent, issuer, serial, tbs hash} durably, then signs. The same intent with
 * the same content yields the same certificate; with other content CX_E_CONFLICT. DER goes to arena. */
struct keys_issue {
    struct cx_id intent_id, tenant_id, issuer_id;
    const struct pki_template *tmpl; /* tmpl->profile: name and version are sent, not its content */
};
cx_err keys_issue(struct keys_client *client, const struct keys_issue *request, struct arena *arena,
                  struct cx_diag *diag, struct cx_bytes *ret_der);

/* What the journal knows of an intent: recovery after a crash. */
enum keys_journal_state {
    KEYS_JOURNAL_ABSENT,
    KEYS_JOURNAL_INTENDED,
    KEYS_JOURNAL_SIGNED,
    KEYS_JOURNAL_ABANDONED, /* keys_unsettled only */
};
cx_err keys_journal_find(struct keys_client *client, struct cx_id intent_id, struct arena *arena,
                         enum keys_journal_state *ret_state, struct cx_bytes *ret_der);
/* These intents are stored durably: keys may drop them from its index (the journal file keeps them). What is not signed
 * stays there for a minute, since a request to sign it may be on its way; asking is no error. */
cx_err keys_settle(struct keys_client *client, const struct cx_id *intent_ids, size_t count);

/* What keys has in its index, because it was not told, could not be told, or not yet dropped: at most
 * KEYS_UNSETTLED_MAX with ids above after, in order. */
enum { KEYS_UNSETTLED_MAX = 256 };
struct keys_unsettled {
    struct cx_id intent_id, tenant_id, issuer_id;
    uint8_t serial[PKI_SERIAL_MAX];
    uint8_t serial_len;
    enum keys_journal_state state;
};
cx_err keys_list_unsettled(struct keys_client *client, struct cx_id after,
                           struct keys_unsettled rows[static KEYS_UNSETTLED_MAX],
                           size_t *ret_count);

/* Marks an intent as never to be signed: after this keys_issue for it fails. Fails with CX_E_CONFLICT
 * when it is signed already (then ret_der is what was signed). */
cx_err keys_abandon(struct keys_client *client, struct cx_id intent_id, struct arena *arena,
                    struct cx_bytes *ret_der);

struct keys_revoked {
    uint8_t serial[PKI_SERIAL_MAX];
    uint8_t serial_len;
    uint8_t reason; /* CRLReason, RFC 5280 §5.3.1 */
    cx_time revoked_us;
};

/* One CRL shard. keys never uses a number that is not above the last it signed for that shard (its own
 * journal), so numbers never go back, not even after a restore of the database. *ret_number is the number used:
 * number, or one above the last when number is not above it. */
cx_err keys_sign_crl(struct keys_client *client, struct cx_id tenant_id, struct cx_id issuer_id,
                     uint32_t shard, uint64_t number, cx_time this_update_us,
                     cx_time next_update_us, const struct keys_revoked *entries, size_t entry_count,
                     struct arena *arena, struct cx_diag *diag, uint64_t *ret_number,
                     struct cx_bytes *ret_der);

enum keys_ocsp_status { KEYS_OCSP_GOOD, KEYS_OCSP_REVOKED, KEYS_OCSP_UNKNOWN };
enum keys_ocsp_hash { KEYS_OCSP_SHA1, KEYS_OCSP_SHA256 };
struct keys_ocsp_item {
    struct cx_bytes serial;
    enum keys_ocsp_status status;
    enum keys_ocsp_hash hash; /* of the CertID, as the client asked */
    cx_time revoked_us;
    uint8_t reason;
    cx_time this_update_us, next_update_us, produced_us;
    struct cx_bytes nonce; /* empty = none; RFC 8954: 1 … 32 octets */
};
/* A complete OCSPResponse, signed by the issuer's delegated responder. */
cx_err keys_sign_ocsp(struct keys_client *client, struct cx_id tenant_id, struct cx_id issuer_id,
                      const struct keys_ocsp_item *item, struct arena *arena,
                      struct cx_bytes *ret_der);

/* Answers ahead of their questions, for clients that ask by SHA-1 without a nonce, as RFC 5019 has them do. */
enum { KEYS_OCSP_BATCH_MAX = 64, KEYS_OCSP_DATA_MAX = 512, KEYS_OCSP_SIGNATURE_MAX = 1024 };
struct keys_ocsp_batch {
    cx_time this_update_us, next_update_us; /* of all */
    const struct keys_revoked *asked;       /* revoked_us 0: good */
    size_t count;
};
/* The parts of an OCSPResponse (pki_ocsp_response_write) that differ, views into arena. */
struct keys_ocsp_signed {
    struct cx_bytes data, signature;
};
/* ret_signed has room for batch->count. *ret_certificate: the responder's, in arena. CX_E_NOTFOUND: it has none. */
cx_err keys_presign_ocsp(struct keys_client *client, struct cx_id tenant_id, struct cx_id issuer_id,
                         const struct keys_ocsp_batch *batch, struct arena *arena,
                         struct cx_bytes *ret_certificate, struct keys_ocsp_signed *ret_signed);

/* OCSP responder of an issuer: keys makes (or has) its key; core issues its certificate through the
 * ordinary cycle with the ocsp-signer profile and installs it. *ret_not_after_us is 0 without a certificate. */
cx_err keys_responder(struct keys_client *client, struct cx_id tenant_id, struct cx_id issuer_id,
                      struct arena *arena, struct cx_bytes *ret_spki, cx_time *ret_not_after_us);
cx_err keys_responder_install(struct keys_client *client, struct cx_id tenant_id,
                              struct cx_id issuer_id, struct cx_bytes certificate_der,
                              struct cx_diag *diag);

/* The responder's certificate was revoked: its key, when it is spki still, gives way to a new one, and nothing is
 * answered before that has its certificate. CX_E_POLICY for a key in a token, which an operator replaces. */
cx_err keys_responder_rotate(struct keys_client *client, struct cx_id tenant_id,
                             struct cx_id issuer_id, struct cx_bytes spki);

/* Signs a log checkpoint (C2SP tlog-checkpoint, signed-note with Ed25519). keys keeps the last size and
 * root per tenant outside the database and refuses a smaller tree, or another root for the same size. */
cx_err keys_sign_checkpoint(struct keys_client *client, struct cx_id tenant_id, uint64_t size,
                            const uint8_t root[static 32], struct arena *arena,
                            struct cx_diag *diag, struct cx_str *ret_note);
/* The verifier key ("vkey") of a tenant's log. */
cx_err keys_checkpoint_key(struct keys_client *client, struct cx_id tenant_id, struct arena *arena,
                           struct cx_str *ret_vkey);

/* Data keys: 32 bytes, wrapped by the tenant's key-encryption key. */
cx_err keys_data_key_new(struct keys_client *client, struct cx_id tenant_id, uint32_t version,
                         struct arena *arena, struct cx_bytes *ret_wrapped,
                         struct cx_secret *ret_key);
cx_err keys_data_key_unwrap(struct keys_client *client, struct cx_id tenant_id, uint32_t version,
                            struct cx_bytes wrapped, struct cx_secret *ret_key);

/* Drill instances only: keys refuses otherwise (CX_E_DENIED). */
cx_err keys_set_clock(struct keys_client *client, int64_t offset_us);

struct keys_status {
    uint64_t journal_count; /* records ever written */
    uint64_t signed_count;  /* certificates signed */
    uint32_t issuer_count;
    uint32_t unsettled_count;
};
cx_err keys_get_status(struct keys_client *client, struct keys_status *ret_status);
