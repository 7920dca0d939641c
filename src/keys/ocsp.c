/* OCSP answers, signed by the issuer's delegated responder (RFC 6960 §2.6), whose certificate goes with them. */
#include "base/cleanup.h"
#include "crypto/hash.h"
#include "keys/signer.h"
#include "pki/ocsp.h"

_Static_assert((int)KEYS_OCSP_SHA1 == (int)PKI_OCSP_SHA1 &&
                   (int)KEYS_OCSP_SHA256 == (int)PKI_OCSP_SHA256 &&
                   (int)KEYS_OCSP_REVOKED == (int)PKI_OCSP_REVOKED &&
                   (int)KEYS_OCSP_UNKNOWN == (int)PKI_OCSP_UNKNOWN,
               "client and builder speak of the same things");

static cx_err find_responder(struct signer *signer, struct issuer *issuer, cx_time at_us,
                             struct cx_diag *diag, const struct responder **ret_responder)
{
    const struct responder *responder = NULL;
    CX_TRY(issuer_responder(signer->issuers, issuer, diag, &responder));
    if (responder->certificate_der.len == 0 || responder->certificate.not_after_us < at_us)
        return cx_refuse(
            diag, CX_ERR(NOTFOUND), "", "responder-missing",
            "the issuer's OCSP responder has no valid certificate: issue and install one");
    *ret_responder = responder;
    return CX_OK;
}

/* Appends what is signed and the signature over it. */
static cx_err sign(const struct issuer *issuer, const struct responder *responder,
                   const struct keys_ocsp_item *item, struct cx_buf *data, struct cx_buf *signature)
{
    const struct pki_ocsp_issuer *hashes = &issuer->ocsp[item->hash];
    const struct pki_ocsp_single single = {
        .id = {.hash = (enum pki_ocsp_hash)item->hash,
               .name_hash = CX_BYTES(hashes->name_hash, hashes->len),
               .key_hash = CX_BYTES(hashes->key_hash, hashes->len),
               .serial = item->serial},
        .status = (enum pki_ocsp_status)item->status,
        .revoked_us = item->revoked_us,
        .reason = item->reason,
        .this_update_us = item->this_update_us,
        .next_update_us = item->next_update_us};
    const struct pki_ocsp_response response = {.responder_spki = responder->key->spki,
                                               .produced_us = item->produced_us,
                                               .singles = &single,
                                               .single_count = 1,
                                               .nonce = item->nonce};
    CX_TRY(pki_ocsp_data_write(&response, data));
    return responder->key->sign(responder->key, cx_buf_view(data), signature);
}

cx_err signer_ocsp(struct signer *signer, struct cx_id tenant_id, struct cx_id issuer_id,
                   const struct keys_ocsp_item *item, struct cx_diag *diag, struct cx_buf *out)
{
    struct issuer *issuer = NULL;
    const struct responder *responder = NULL;
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf data = CX_BUF_INIT(SIGNER_OCSP_MAX),
                  signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX + 16);
    CX_TRY(issuer_dir_get(signer->issuers, tenant_id, issuer_id, diag, &issuer));
    CX_TRY(signer_status_times(signer, item->this_update_us, item->next_update_us, diag));
    CX_TRY(signer_status_times(signer, item->produced_us, item->next_update_us, diag));
    CX_TRY(find_responder(signer, issuer, item->produced_us, diag, &responder));
    CX_TRY(sign(issuer, responder, item, &data, &signature));
    return pki_ocsp_response_write(cx_buf_view(&data), (enum pki_key_type)responder->key->type,
                                   cx_buf_view(&signature), responder->certificate_der, out);
}

static cx_err presign_one(const struct issuer *issuer, const struct responder *responder,
                          const struct keys_ocsp_batch *batch, size_t i, struct arena *arena,
                          struct keys_ocsp_signed *ret_signed)
{
    const struct keys_revoked *asked = &batch->asked[i];
    const struct keys_ocsp_item item = {.serial = CX_BYTES(asked->serial, asked->serial_len),
                                        .status =
                                            asked->revoked_us ? KEYS_OCSP_REVOKED : KEYS_OCSP_GOOD,
                                        .hash = KEYS_OCSP_SHA1,
                                        .revoked_us = asked->revoked_us,
                                        .reason = asked->reason,
                                        .this_update_us = batch->this_update_us,
                                        .next_update_us = batch->next_update_us,
                                        .produced_us = batch->this_update_us};
    CX_CLEANUP(cx_buf_clear)
    struct cx_buf data = CX_BUF_INIT(KEYS_OCSP_DATA_MAX),
                  signature = CX_BUF_INIT(CRYPTO_SIGNATURE_MAX + 16);
    CX_TRY(sign(issuer, responder, &item, &data, &signature));
    CX_TRY(arena_copy(arena, cx_buf_view(&data), &ret_signed->data));
    return arena_copy(arena, cx_buf_view(&signature), &ret_signed->signature);
}

/* One responder for the batch: its certificate goes with every answer, also when it is replaced meanwhile. */
cx_err signer_presign_ocsp(struct signer *signer, struct cx_id tenant_id, struct cx_id issuer_id,
                           const struct keys_ocsp_batch *batch, struct arena *arena,
                           struct cx_diag *diag, struct cx_bytes *ret_certificate,
                           struct keys_ocsp_signed *ret_signed)
{
    struct issuer *issuer = NULL;
    const struct responder *responder = NULL;
    CX_TRY(issuer_dir_get(signer->issuers, tenant_id, issuer_id, diag, &issuer));
    CX_TRY(signer_status_times(signer, batch->this_update_us, batch->next_update_us, diag));
    CX_TRY(find_responder(signer, issuer, batch->this_update_us, diag, &responder));
    for (size_t i = 0; i < batch->count; i++)
        CX_TRY(presign_one(issuer, responder, batch, i, arena, &ret_signed[i]));
    return arena_copy(arena, responder->certificate_der, ret_certificate);
}

cx_err signer_responder(struct signer *signer, struct cx_id tenant_id, struct cx_id issuer_id,
                        struct cx_diag *diag, struct cx_bytes *ret_spki, cx_time *ret_not_after_us)
{
    struct issuer *issuer = NULL;
    const struct responder *responder = NULL;
    CX_TRY(issuer_dir_get(signer->issuers, tenant_id, issuer_id, diag, &issuer));
    CX_TRY(issuer_responder(signer->issuers, issuer, diag, &responder));
    *ret_spki = responder->key->spki;
    *ret_not_after_us =
        responder->certificate_der.len > 0 ? responder->certificate.not_after_us : 0;
    return CX_OK;
}

cx_err signer_responder_install(struct signer *signer, struct cx_id tenant_id,
                                struct cx_id issuer_id, struct cx_bytes certificate_der,
                                struct cx_diag *diag)
{
    struct issuer *issuer = NULL;
    uint8_t hash[CRYPTO_SHA256_LEN];
    CX_TRY(issuer_dir_get(signer->issuers, tenant_id, issuer_id, diag, &issuer));
    CX_TRY(issuer_responder_install(signer->issuers, issuer, certificate_der, diag));
    CX_TRY(crypto_sha256(certificate_der, hash));
    return journal_responder(signer->journal, issuer_id, hash);
}

cx_err signer_responder_rotate(struct signer *signer, struct cx_id tenant_id,
                               struct cx_id issuer_id, struct cx_bytes spki, struct cx_diag *diag)
{
    struct issuer *issuer = NULL;
    CX_TRY(issuer_dir_get(signer->issuers, tenant_id, issuer_id, diag, &issuer));
    return issuer_responder_rotate(signer->issuers, issuer, spki, diag);
}
