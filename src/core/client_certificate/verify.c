#include "core/client_certificate/client_certificate.h"
#include "core/core.h"
#include "core/issuance/certificate_store.h"
#include "core/issuance/issuer.h"
#include "crypto/client_chain.h"
#include "crypto/hash.h"

static cx_err refuse(struct cx_diag *diag, const char *rule, const char *text)
{
    return cx_refuse(diag, CX_ERR(AUTH), "", rule, "%s", text);
}

cx_err client_certificate_read(struct cx_bytes der, struct cx_diag *diag,
                               struct client_certificate *ret_certificate)
{
    struct client_certificate read = {.der = der};
    struct pki_certificate parsed;
    if (der.len == 0)
        return refuse(diag, "client-certificate-missing",
                      "Come with a client certificate, to the listener that asks for one.");
    if (cx_failed(pki_certificate_parse(der, NULL, &parsed)))
        return refuse(diag, "client-certificate-form",
                      "The client certificate is not a well-formed certificate (RFC 5280).");
    const struct {
        struct cx_bytes piece;
        uint8_t *digest;
    } hashes[] = {
        {der, read.sha256}, {parsed.spki, read.spki_sha256}, {parsed.issuer, read.issuer_sha256}};
    for (size_t i = 0; i < sizeof(hashes) / sizeof(hashes[0]); i++)
        CX_TRY(crypto_digest(CRYPTO_SHA256, &hashes[i].piece, 1, hashes[i].digest));
    read.serial = parsed.serial;
    read.subject = parsed.subject;
    read.not_after_us = parsed.not_after_us;
    *ret_certificate = read;
    return CX_OK;
}

struct reading {
    struct cx_id tenant_id;
    const struct client_certificate *certificate;
    struct arena *arena;
    bool ours;
    struct certificate_row row;
    struct client_ca_row cas[CLIENT_CAS_MAX];
    size_t ca_count;
};

static cx_err read_trust(struct store_tx *tx, void *arg)
{
    struct reading *reading = arg;
    const struct client_certificate *certificate = reading->certificate;
    cx_err err = certificate_find_sha256(tx, reading->tenant_id,
                                         CX_BYTES(certificate->sha256, sizeof(certificate->sha256)),
                                         reading->arena, &reading->row);
    reading->ours = cx_is_ok(err);
    if (err.code != CX_E_NOTFOUND)
        return err;
    return client_ca_list(tx, reading->tenant_id, reading->arena, reading->cas, &reading->ca_count);
}

/* What may end a chain: of our own certificate its issuer, of another one what the tenant trusts. */
static cx_err list_trusted(struct core *core, const struct reading *reading,
                           struct cx_bytes trusted[static CRYPTO_CHAIN_TRUSTED_MAX],
                           size_t *ret_count)
{
    const struct issuer_entry *issuer = NULL;
    if (reading->ours) {
        CX_TRY(issuer_get(core, reading->tenant_id, reading->row.issuer_id, &issuer));
        trusted[0] = issuer->certificate_der;
        for (size_t i = 0; i < issuer->chain_count; i++)
            trusted[i + 1] = issuer->chain[i];
        *ret_count = issuer->chain_count + 1;
        return CX_OK;
    }
    for (size_t i = 0; i < reading->ca_count; i++)
        trusted[i] = reading->cas[i].certificate;
    *ret_count = reading->ca_count;
    return CX_OK;
}
_Static_assert((int)CLIENT_CAS_MAX <= (int)CRYPTO_CHAIN_TRUSTED_MAX &&
                   (int)ISSUER_CHAIN_MAX + 1 <= (int)CRYPTO_CHAIN_TRUSTED_MAX,
               "what is trusted fits");

static cx_err judge(const struct crypto_chain_verdict *verdict, struct cx_diag *diag)
{
    switch (verdict->fault) {
    case CRYPTO_CHAIN_GOOD:
        return CX_OK;
    case CRYPTO_CHAIN_ISSUER:
        return refuse(diag, "client-certificate-issuer",
                      "The client certificate is of no CA that this tenant trusts for it.");
    case CRYPTO_CHAIN_NOT_YET:
        return refuse(diag, "client-certificate-not-yet",
                      "The client certificate, or its CA's, is not valid yet.");
    case CRYPTO_CHAIN_EXPIRED:
        return refuse(diag, "client-certificate-expired",
                      "The client certificate, or its CA's, has expired.");
    case CRYPTO_CHAIN_PURPOSE:
        return refuse(diag, "client-certificate-purpose",
                      "The client certificate is not made for TLS clients: its extended key usage "
                      "has no clientAuth, or it is a CA's.");
    case CRYPTO_CHAIN_OTHER:
        break;
    }
    return cx_refuse(diag, CX_ERR(AUTH), "", "client-certificate-refused",
                     "The client certificate is not accepted: %s.", verdict->text);
}

cx_err client_certificate_verify(struct core *core, struct cx_id tenant_id,
                                 const struct client_certificate *certificate, struct arena *arena,
                                 cx_time now_us, struct cx_diag *diag)
{
    struct reading *reading = NULL;
    struct cx_bytes trusted[CRYPTO_CHAIN_TRUSTED_MAX];
    struct crypto_chain_verdict verdict;
    size_t count = 0;
    CX_TRY(ARENA_NEW(arena, &reading));
    reading->tenant_id = tenant_id;
    reading->certificate = certificate;
    reading->arena = arena;
    CX_TRY(store_read(core->store, read_trust, reading));
    if (reading->ours && reading->row.revoked_us)
        return refuse(diag, "client-certificate-revoked", "The client certificate is revoked.");
    CX_TRY(list_trusted(core, reading, trusted, &count));
    cx_err err = crypto_client_chain_verify(certificate->der, trusted, count, now_us, &verdict);
    if (err.code == CX_E_PARSE)
        return refuse(diag, "client-certificate-form",
                      "The client certificate is not a well-formed certificate (RFC 5280).");
    CX_TRY(err);
    return judge(&verdict, diag);
}

cx_err client_certificate_is_revoked(struct store_tx *tx, struct cx_id tenant_id,
                                     struct cx_bytes sha256, struct arena *arena, bool *ret_revoked)
{
    struct certificate_row row;
    cx_err err = certificate_find_sha256(tx, tenant_id, sha256, arena, &row);
    if (err.code == CX_E_NOTFOUND) {
        *ret_revoked = false;
        return CX_OK;
    }
    CX_TRY(err);
    *ret_revoked = row.revoked_us != 0;
    return CX_OK;
}

cx_err client_certificate_binding(struct store_tx *tx, struct cx_id tenant_id,
                                  const struct client_certificate *certificate, struct arena *arena,
                                  struct client_binding_row *ret_binding)
{
    struct client_binding_row binding;
    CX_TRY(client_binding_find_key(tx, tenant_id, certificate->spki_sha256, arena, &binding));
    bool same = cx_bytes_eq(CX_BYTES(binding.issuer_sha256, sizeof(binding.issuer_sha256)),
                            CX_BYTES(certificate->issuer_sha256, sizeof(binding.issuer_sha256))) &&
                cx_bytes_eq(binding.serial, certificate->serial);
    if (binding.whole && !same)
        return CX_ERR(NOTFOUND);
    *ret_binding = binding;
    return CX_OK;
}
