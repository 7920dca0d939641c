#include "core/authentication/passkey.h"

#include "base/cleanup.h"
#include "codec/base64.h"
#include "crypto/hash.h"

enum { DECODED_MAX = 4096 };

void passkey_handle(struct cx_id tenant_id, struct cx_id user_id,
                    uint8_t ret_handle[static PASSKEY_HANDLE_LEN])
{
    memcpy(ret_handle, tenant_id.b, sizeof(tenant_id.b));
    memcpy(ret_handle + sizeof(tenant_id.b), user_id.b, sizeof(user_id.b));
}

cx_err passkey_decode(struct api_request *request, const char *field, struct cx_str text,
                      struct cx_bytes *ret_bytes)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(DECODED_MAX);
    if (cx_failed(base64url_decode(text, &out)))
        return cx_refuse(request->diag, CX_ERR(PARSE), field, "base64url",
                         "This is base64url without padding.");
    return arena_copy(request->arena, cx_buf_view(&out), ret_bytes);
}

struct find {
    struct cx_id tenant_id;
    uint8_t hash[CRYPTO_SHA256_LEN];
    struct arena *arena;
    struct passkey_proof *proof;
};

static cx_err read_passkey(struct store_tx *tx, void *arg)
{
    struct find *find = arg;
    cx_err err = passkey_find(tx, find->tenant_id, CX_BYTES(find->hash, sizeof(find->hash)),
                              find->arena, &find->proof->passkey);
    find->proof->found = cx_is_ok(err);
    return err.code == CX_E_NOTFOUND ? CX_OK : err;
}

static cx_err refuse_unknown(struct cx_diag *diag)
{
    return cx_refuse(diag, CX_ERR(AUTH), "passkey", "passkey-unknown",
                     "This passkey is not registered here.");
}

static cx_err check_owner(struct api_request *request, struct cx_id user_id,
                          const struct api_passkey_assertion *in, const struct passkey_proof *proof)
{
    uint8_t expected[PASSKEY_HANDLE_LEN];
    struct cx_bytes handle;
    if (!proof->found || (!cx_id_is_zero(user_id) && !cx_id_eq(user_id, proof->passkey.user_id)))
        return refuse_unknown(request->diag);
    if (!in->has_user_handle)
        return CX_OK;
    CX_TRY(passkey_decode(request, "/passkey/user_handle", in->user_handle, &handle));
    passkey_handle(proof->tenant_id, proof->passkey.user_id, expected);
    return cx_bytes_eq(handle, CX_BYTES(expected, sizeof(expected)))
               ? CX_OK
               : refuse_unknown(request->diag);
}

/* The parts of the answer, and its challenge, which says that we asked. */
static cx_err read_assertion(struct api_request *request, const struct webauthn_party *party,
                             const struct api_passkey_assertion *in,
                             struct webauthn_assertion *ret_assertion, struct passkey_proof *proof)
{
    struct cx_bytes challenge;
    struct webauthn_assertion assertion;
    const struct challenge_scope scope = {.tenant_id = proof->tenant_id,
                                          .purpose = CHALLENGE_LOGIN};
    CX_TRY(
        passkey_decode(request, "/passkey/client_data", in->client_data, &assertion.client_data));
    CX_TRY(passkey_decode(request, "/passkey/authenticator_data", in->authenticator_data,
                          &assertion.authenticator_data));
    CX_TRY(passkey_decode(request, "/passkey/signature", in->signature, &assertion.signature));
    CX_TRY(webauthn_client_data(assertion.client_data, "webauthn.get", party, request->arena,
                                request->diag, &challenge));
    CX_TRY(challenge_check(request->core, &scope, challenge, request->now_us, request->diag,
                           &proof->challenge));
    *ret_assertion = assertion;
    return CX_OK;
}

cx_err passkey_verify(struct api_request *request, struct cx_id tenant_id, struct cx_id user_id,
                      const struct api_passkey_assertion *in, struct passkey_proof *ret_proof)
{
    struct webauthn_party party;
    struct webauthn_assertion assertion;
    struct cx_bytes credential;
    *ret_proof = (struct passkey_proof){.tenant_id = tenant_id};
    struct find find = {.tenant_id = tenant_id, .arena = request->arena, .proof = ret_proof};
    CX_TRY(webauthn_party_of(request->core->options.public_url, request->arena, &party));
    CX_TRY(passkey_decode(request, "/passkey/credential_id", in->credential_id, &credential));
    CX_TRY(read_assertion(request, &party, in, &assertion, ret_proof));
    CX_TRY(crypto_sha256(credential, find.hash));
    CX_TRY(store_read(request->core->store, read_passkey, &find));
    CX_TRY(check_owner(request, user_id, in, ret_proof));
    const struct webauthn_stored stored = {.algorithm = ret_proof->passkey.algorithm,
                                           .key = ret_proof->passkey.public_key,
                                           .sign_count = (uint32_t)ret_proof->passkey.sign_count,
                                           .backup_eligible = ret_proof->passkey.backup_eligible};
    return webauthn_assert(&assertion, &stored, &party, request->diag, &ret_proof->sign_count);
}

cx_err passkey_proof_use(struct store_tx *tx, const struct passkey_proof *proof, cx_time now_us)
{
    CX_TRY(challenge_use(tx, proof->tenant_id, &proof->challenge, now_us));
    return passkey_use(tx, proof->tenant_id, &proof->passkey, proof->sign_count, now_us);
}
