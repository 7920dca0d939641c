/*
 * CA certificates that a ceremony signed: their place in the inventory, so that OCSP knows them (RFC 6960 §2.2: "good"
 * only for what was issued) and they can be found and revoked like any other. Called on the host, after the signature is
 * in the ceremonies' journal; one transaction with its audit entry "system.ca.certificate". One thread.
 */
#pragma once
#include "base/diag.h"
#include "core/issuance/body.h"
#include "core/issuance/issuer.h"

struct ca_adoption {
    const struct issuer_entry *issuer; /* that signed it */
    const struct pki_profile *profile; /* of kind sub-ca, installed for the tenant */
    const struct pki_attribute *subject;
    size_t subject_count;
    struct cx_bytes der;
};

/* CX_E_CONFLICT: the inventory has it already. arena: working memory. */
cx_err ca_certificate_adopt(struct core *core, const struct ca_adoption *adoption,
                            struct arena *arena, struct cx_diag *diag);
