/*
 * The status services of a node: the CRL publisher (a thread), the pre-signer of OCSP responses (another, presign.h) and
 * the cache of those that were asked for.
 *
 * Every shard of every issuer has a CRL from the start; a revocation marks its shard, and the publisher signs it
 * anew within a second and again before nextUpdate. Numbers come from keys and only grow. Files appear atomically
 * under public_dir/crl/<issuer>/<shard>.crl and public_dir/issuer/<issuer>.cer, where the gate serves them also
 * while core is down. Thread-safe.
 */
#pragma once
#include "core/issuance/certificate_store.h"

struct core;
struct status_service;

enum {
    STATUS_CRL_LIFE_S =
        7 * 86400, /* nextUpdate - thisUpdate; BR §4.9.7: at most 10 days for end entities */
    STATUS_CRL_RENEW_S = 3 * 86400, /* signed again this long before nextUpdate */
};

cx_err status_start(struct core *core, struct status_service **ret_service);
void status_stop(struct status_service *service); /* joins; NULL-safe */

/* A certificate was revoked (committed already): forget its OCSP responses, publish its shard now. */
void status_changed(struct core *core, const struct certificate_row *certificate);
/* The same for many certificates of an issuer at once. */
void status_changed_issuer(struct core *core, struct cx_id issuer_id);
