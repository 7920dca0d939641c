/*
 * Nonces (RFC 8555 §6.5): 8 octets of time in microseconds, 8 random ones, 16 of a MAC under the tenant's key, in
 * base64url. Any node makes and knows them without storing anything, and they outlive a restart.
 *
 * Each is used once: a node keeps those it has seen in memory until they are too old to be accepted (nonce_set.h), and a
 * request that changes something stores its nonce in the transaction of the change, so that not even another node, or
 * the same one after a crash, makes that change twice. docs/design/043-acme-nonces.md has the reasons and the cost.
 */
#pragma once
#include "core/api/api.h"

struct acme_call;

enum { ACME_NONCE_LEN = 32, ACME_NONCE_KEY_LEN = 16 /* time and random octets name it */ };

cx_err acme_nonce_new(struct api_request *request, struct cx_id tenant_id,
                      struct cx_str *ret_nonce);
/* Made here and not too old; call->nonce is set. malformed when it is not base64url, badNonce otherwise. */
cx_err acme_nonce_check(struct acme_call *call);
/* Seen for the first time on this node; badNonce otherwise. After the signature has been verified. */
cx_err acme_nonce_take(struct acme_call *call);
/* The same for every node, inside the transaction of a change. */
cx_err acme_nonce_use(struct store_tx *tx, struct acme_call *call);
/* Drops what is too old to be accepted. */
cx_err acme_nonce_prune(struct store_tx *tx, struct cx_id tenant_id, cx_time now_us);
