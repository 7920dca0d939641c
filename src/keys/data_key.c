/* Data keys: random, wrapped by the tenant's key-encryption key and bound to tenant and version. */
#include "base/cleanup.h"
#include "keys/signer.h"

enum { DATA_KEY_LEN = 32, AAD_LEN = 8 + 16 + 4 };

static struct cx_bytes data_key_aad(struct cx_id tenant_id, uint32_t version,
                                    uint8_t buf[static AAD_LEN])
{
    memcpy(buf, "data-key", 8);
    memcpy(buf + 8, tenant_id.b, sizeof(tenant_id.b));
    journal_put_u32(buf + 24, version);
    return CX_BYTES(buf, AAD_LEN);
}

cx_err signer_data_key_new(struct signer *signer, struct cx_id tenant_id, uint32_t version,
                           struct cx_buf *wrapped, struct cx_secret *ret_key)
{
    uint8_t buf[AAD_LEN];
    CX_CLEANUP(cx_secret_clear) struct cx_secret key = CX_SECRET_INIT;
    CX_TRY(cx_secret_new(DATA_KEY_LEN, &key));
    CX_TRY(cx_rng_fill(&signer->rng, key.ptr, key.len));
    CX_TRY(signer->provider.wrap(signer->provider.self, tenant_id,
                                 data_key_aad(tenant_id, version, buf), cx_secret_view(&key),
                                 wrapped));
    *ret_key = key;
    key = CX_SECRET_INIT;
    return CX_OK;
}

cx_err signer_data_key_unwrap(struct signer *signer, struct cx_id tenant_id, uint32_t version,
                              struct cx_bytes wrapped, struct cx_diag *diag,
                              struct cx_secret *ret_key)
{
    uint8_t buf[AAD_LEN];
    CX_CLEANUP(cx_secret_clear) struct cx_secret key = CX_SECRET_INIT;
    cx_err err = signer->provider.unwrap(signer->provider.self, tenant_id,
                                         data_key_aad(tenant_id, version, buf), wrapped, &key);
    if (err.code == CX_E_CRYPTO || (cx_is_ok(err) && key.len != DATA_KEY_LEN))
        return cx_refuse(diag, CX_ERR(CRYPTO), "/wrapped", "data-key-altered",
                         "this is not a data key of this tenant and version");
    CX_TRY(err);
    *ret_key = key;
    key = CX_SECRET_INIT;
    return CX_OK;
}
