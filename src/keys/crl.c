/* CRLs: built here from typed entries; the number is taken from the journal, so it never goes back. */
#include "base/cleanup.h"
#include "base/fault.h"
#include "keys/signer.h"
#include "pki/certificate.h"

static cx_err sign_tbs(const struct issuer *issuer, struct cx_bytes tbs, struct cx_buf *out)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX + 16);
    CX_TRY(issuer->key->sign(issuer->key, tbs, &signature));
    return pki_certificate_write(tbs, issuer->pki.key_type, cx_buf_view(&signature), out);
}

cx_err signer_status_times(const struct signer *signer, cx_time this_update_us,
                           cx_time next_update_us, struct cx_diag *diag)
{
    const cx_time now = cx_now(&signer->clock), skew = PKI_SKEW_MAX_S * CX_US_PER_S;
    if (this_update_us < now - skew || this_update_us > now + skew)
        return cx_refuse(diag, CX_ERR(POLICY), "/this_update", "status-time",
                         "thisUpdate is not now");
    if (next_update_us <= this_update_us ||
        next_update_us > now + skew + SIGNER_STATUS_LIFE_MAX_S * CX_US_PER_S)
        return cx_refuse(diag, CX_ERR(POLICY), "/next_update", "status-life",
                         "nextUpdate is not after thisUpdate, or later than %d days from now",
                         SIGNER_STATUS_LIFE_MAX_S / 86400);
    return CX_OK;
}

cx_err signer_crl(struct signer *signer, const struct signer_crl *request, struct cx_diag *diag,
                  uint64_t *ret_number, struct cx_buf *out)
{
    struct issuer *issuer = NULL;
    CX_TRY(issuer_dir_get(signer->issuers, request->tenant_id, request->issuer_id, diag, &issuer));
    if (request->shard >= issuer->pki.shard_count)
        return cx_refuse(diag, CX_ERR(POLICY), "/shard", "crl-shard",
                         "this issuer has no such CRL shard");
    CX_TRY(signer_status_times(signer, request->this_update_us, request->next_update_us, diag));
    struct pki_crl crl = {.issuer = &issuer->pki,
                          .shard = request->shard,
                          .number = 1,
                          .this_update_us = request->this_update_us,
                          .next_update_us = request->next_update_us,
                          .entries = request->entries,
                          .entry_count = request->entry_count};
    CX_CLEANUP(cx_buf_clear) struct cx_buf tbs = CX_BUF_INIT(SIGNER_CRL_MAX);
    uint64_t number = 0;
    CX_TRY(journal_crl(signer->journal, request->issuer_id, request->shard, request->number, diag,
                       &number));
    cx_fault_point("crl-journalled");
    crl.number = number;
    CX_TRY(pki_crl_tbs_write(&crl, diag, &tbs));
    CX_TRY(sign_tbs(issuer, cx_buf_view(&tbs), out));
    *ret_number = number;
    return CX_OK;
}
