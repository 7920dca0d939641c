#include "core/issuance/csr_read.h"
#include "base/cleanup.h"
#include "codec/base64.h"
#include "codec/pem.h"
#include "pki/csr.h"

cx_err csr_text_der(struct cx_str text, struct arena *arena, struct cx_bytes *ret_der)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf der = CX_BUF_INIT(PKI_CSR_MAX);
    struct pem_limits limits = {.text_max = CSR_TEXT_MAX, .blocks_max = 1, .skip_text = true};
    struct pem_block *blocks = NULL;
    size_t count = 0;
    if (!pem_looks_like(cx_str_bytes(text))) {
        CX_TRY(base64_decode_lines(text, &der));
        return arena_copy(arena, cx_buf_view(&der), ret_der);
    }
    CX_TRY(pem_parse(arena, cx_str_bytes(text), &limits, NULL, &blocks, &count));
    /* RFC 7468 §7: parsers MAY treat the older label as equivalent. */
    if (!cx_str_is(blocks[0].label, "CERTIFICATE REQUEST") &&
        !cx_str_is(blocks[0].label, "NEW CERTIFICATE REQUEST"))
        return CX_ERR(PARSE);
    *ret_der = blocks[0].der;
    return CX_OK;
}

cx_err csr_read_der(struct cx_bytes der, const struct pki_profile *profile, struct arena *arena,
                    struct cx_diag *diag, struct issuance_body *ret_body)
{
    struct cx_diag why = CX_DIAG_INIT;
    struct pki_csr csr;
    cx_err err = pki_csr_parse(arena, der, &why, &csr);
    if (cx_is_ok(err))
        err = pki_csr_fits(&csr, profile, &why);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_failed(err))
        return cx_refuse(diag, err.code == CX_E_PARSE ? err : CX_ERR(POLICY), "csr",
                         why.rule[0] ? why.rule : "csr-refused", "%s",
                         why.text[0] ? why.text : "The CSR is not acceptable.");
    *ret_body = (struct issuance_body){.subject = csr.subject,
                                       .subject_count = csr.subject_count,
                                       .names = csr.names,
                                       .name_count = csr.name_count,
                                       .spki = csr.spki};
    return CX_OK;
}

cx_err csr_read(struct cx_str text, const struct pki_profile *profile, struct arena *arena,
                struct cx_diag *diag, struct issuance_body *ret_body)
{
    struct cx_bytes der = CX_BYTES_NONE;
    cx_err err = csr_text_der(text, arena, &der);
    if (err.code == CX_E_NOMEM)
        return err;
    if (cx_failed(err))
        return cx_refuse(diag, CX_ERR(PARSE), "csr", "csr-form",
                         "Send one PEM block CERTIFICATE REQUEST, or base64 of DER.");
    return csr_read_der(der, profile, arena, diag, ret_body);
}
