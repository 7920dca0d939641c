#include "core/incident/key_proof.h"
#include "core/issuance/csr_read.h"
#include "pki/csr.h"

cx_err key_proof_verify(struct cx_str csr_text, struct arena *arena, struct cx_diag *diag,
                        uint8_t ret_spki_sha256[static CRYPTO_SHA256_LEN])
{
    struct cx_bytes der = CX_BYTES_NONE;
    struct pki_csr csr;
    if (cx_failed(csr_text_der(csr_text, arena, &der)))
        return cx_refuse(diag, CX_ERR(PARSE), "proof", "csr-form",
                         "The proof is not one PEM block CERTIFICATE REQUEST.");
    cx_err err = pki_csr_parse(arena, der, NULL, &csr);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_failed(err))
        return cx_refuse(diag, CX_ERR(POLICY), "proof", "proof-signature",
                         "The proof cannot be read, or its signature does not verify.");
    if (csr.subject_count != 1 || csr.name_count != 0 ||
        csr.subject[0].type != PKI_ATTR_COMMON_NAME ||
        !cx_str_is(csr.subject[0].value, KEY_PROOF_NAME))
        return cx_refuse(diag, CX_ERR(POLICY), "proof", "proof-name",
                         "The subject of the proof must be the common name \"" KEY_PROOF_NAME
                         "\" alone.");
    return crypto_sha256(csr.spki, ret_spki_sha256);
}
