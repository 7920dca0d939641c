/*
 * Blocks: standing refusals to issue, placed in an incident: of everything, an issuer, a profile, a requester, a key or a
 * name with all below it. Asked inside the transaction that stores a request and inside the one that stores the intent,
 * so every protocol refuses from the moment the block is committed. Responders' certificates are exempt: without
 * them nobody could learn of a revocation.
 */
#pragma once
#include "core/issuance/body.h"
#include "pki/profile.h"
#include "store/rows.h"

struct block_ask {
    struct cx_id tenant_id, issuer_id, requester_id;
    const struct pki_profile *profile;
    const struct issuance_body *body; /* spki empty: the key is not made yet */
};

enum { BLOCKS_MAX = 1000 /* standing ones of a tenant */ };

/* Inside a store closure. CX_E_POLICY "issuance-blocked" naming the block and the field it is about. */
cx_err block_check(struct store_tx *tx, const struct block_ask *ask, struct cx_diag *diag);

/* Is the dns name the domain or below it? A wildcard counts as the names it stands for. Pure. */
bool block_covers_name(struct cx_str domain, struct cx_bytes dns);
