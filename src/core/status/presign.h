/*
 * OCSP answers signed ahead of their questions, for every certificate that has not expired: the first within seconds of the issuance
 * or revocation, the next OCSP_RENEW_S later. They lie in the database, so that they outlive core and keys; ocsp.c reads them.
 * docs/design/072-presigned-ocsp.md says why all of them, and why there.
 *
 * A pass signs at most PRESIGN_BATCHES times KEYS_OCSP_BATCH_MAX of an issuer, whatever is due: a million certificates are caught up
 * with in the background. Nodes that share a database share the work: of two that sign the same batch one stores it.
 */
#pragma once
#include "core/status/presign_store.h"

struct core;
struct os_worker;

enum {
    PRESIGN_BATCHES = 16,
    /* The walk over new certificates stays this far behind: their rows carry the time before their commit. What commits later
     * than that is signed when somebody asks. BR 2.2.6 §4.9.9: an answer within 15 minutes. */
    PRESIGN_LAG_S = 5,
};

/* The worker's pass over all tenants. */
void presign_pass(struct core *core, const struct os_worker *worker);
/* One issuer's; *ret_more: the bound was met before the end of the work. Fine when the issuer has no responder yet. */
cx_err presign_issuer(struct core *core, struct cx_id tenant_id, struct cx_id issuer_id,
                      bool *ret_more);
/* The responder's key is spki: answers by another one are not used any more. *ret_changed: there were such. */
cx_err presign_key(struct core *core, struct cx_id tenant_id, struct cx_id issuer_id,
                   struct cx_bytes spki, bool *ret_changed);
