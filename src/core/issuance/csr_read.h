/* A CSR as a client sends it → what it asks for. Its signature has been verified when this returns. */
#pragma once
#include "base/diag.h"
#include "core/issuance/body.h"

enum { CSR_TEXT_MAX = 16384 };

/* text: PEM, or base64 of DER; the DER is in arena. CX_E_PARSE, CX_E_LIMIT. */
cx_err csr_text_der(struct cx_str text, struct arena *arena, struct cx_bytes *ret_der);

/* text: PEM, or base64 of DER. Key usage and basic constraints in the CSR must be those of the profile. Views are in
 * arena. Every refusal has field "csr"; one by rule (signature included) is CX_E_POLICY. */
cx_err csr_read(struct cx_str text, const struct pki_profile *profile, struct arena *arena,
                struct cx_diag *diag, struct issuance_body *ret_body);
/* The same for DER. */
cx_err csr_read_der(struct cx_bytes der, const struct pki_profile *profile, struct arena *arena,
                    struct cx_diag *diag, struct issuance_body *ret_body);
