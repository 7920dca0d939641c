#include "core/authentication/webauthn.h"

#include "codec/cbor.h"
#include "codec/json.h"
#include "crypto/hash.h"

static cx_err refuse(struct cx_diag *diag, cx_err err, const char *rule, const char *text)
{
    return cx_refuse(diag, err, "passkey", rule, "%s", text);
}

static cx_err lower_copy(struct cx_str text, struct arena *arena, struct cx_str *ret_text)
{
    char *copy = NULL;
    CX_TRY(arena_alloc(arena, text.len + 1, (void **)&copy));
    for (size_t i = 0; i < text.len; i++) {
        char c = text.ptr[i];
        copy[i] = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
    }
    *ret_text = (struct cx_str){copy, text.len};
    return CX_OK;
}

cx_err webauthn_party_of(struct cx_str public_url, struct arena *arena,
                         struct webauthn_party *ret_party)
{
    static const char scheme[] = "https://";
    struct webauthn_party party;
    if (!cx_str_starts(public_url, CX_STR("https://")))
        return CX_ERR(USAGE);
    CX_TRY(lower_copy(public_url, arena, &party.origin));
    if (cx_str_ends(party.origin, CX_STR(":443")))
        party.origin.len -= sizeof(":443") - 1;
    party.rp_id = (struct cx_str){party.origin.ptr + sizeof(scheme) - 1,
                                  party.origin.len - (sizeof(scheme) - 1)};
    const char *colon = memchr(party.rp_id.ptr, ':', party.rp_id.len);
    if (colon)
        party.rp_id.len = (size_t)(colon - party.rp_id.ptr);
    if (party.rp_id.len == 0)
        return CX_ERR(USAGE);
    *ret_party = party;
    return CX_OK;
}

cx_err webauthn_client_data(struct cx_bytes client_data, const char *type,
                            const struct webauthn_party *party, struct arena *arena,
                            struct cx_diag *diag, struct cx_bytes *ret_challenge)
{
    json_auto_t *root = NULL;
    struct cx_str read_type, origin;
    struct cx_bytes challenge;
    bool cross_origin = false;
    if (cx_failed(json_parse(client_data, WEBAUTHN_CLIENT_DATA_MAX, NULL, &root)))
        return refuse(diag, CX_ERR(PARSE), "passkey-client-data", "The client data is not JSON.");
    struct json_node top = json_top(root);
    if (cx_failed(json_read_str(&top, "type", 64, NULL, &read_type)) ||
        cx_failed(json_read_str(&top, "origin", 512, NULL, &origin)) ||
        cx_failed(json_read_base64url(&top, "challenge", WEBAUTHN_CHALLENGE_MAX, arena, NULL,
                                      &challenge)) ||
        (json_has(&top, "crossOrigin") &&
         cx_failed(json_read_bool(&top, "crossOrigin", NULL, &cross_origin))))
        return refuse(diag, CX_ERR(PARSE), "passkey-client-data",
                      "The client data lacks type, origin or challenge.");
    if (!cx_str_is(read_type, type))
        return refuse(diag, CX_ERR(AUTH), "passkey-type", "The answer is to another question.");
    if (!cx_str_eq(origin, party->origin))
        return refuse(diag, CX_ERR(AUTH), "passkey-origin",
                      "The answer was given to another site.");
    if (cross_origin || json_has(&top, "topOrigin"))
        return refuse(diag, CX_ERR(AUTH), "passkey-cross-origin",
                      "The answer was given inside a page of another site.");
    *ret_challenge = challenge;
    return CX_OK;
}

/* §6.5: a map of exactly fmt, attStmt and authData. */
static cx_err read_attestation(struct cx_bytes object, struct crypto_fido_registration *in)
{
    struct cbor_reader reader = {object};
    size_t count = 0;
    CX_TRY(cbor_read_map(&reader, &count));
    if (count != 3)
        return CX_ERR(PARSE);
    for (size_t i = 0; i < count; i++) {
        struct cx_str key;
        CX_TRY(cbor_read_text(&reader, &key));
        if (cx_str_is(key, "fmt") && !in->format.ptr)
            CX_TRY(cbor_read_text(&reader, &in->format));
        else if (cx_str_is(key, "attStmt") && !in->statement.ptr)
            CX_TRY(cbor_read_item(&reader, &in->statement));
        else if (cx_str_is(key, "authData") && !in->authenticator_data.ptr)
            CX_TRY(cbor_read_bytes(&reader, &in->authenticator_data));
        else
            return CX_ERR(PARSE);
    }
    return reader.rest.len == 0 ? CX_OK : CX_ERR(PARSE);
}

/*
 * Authenticator data, §6.1: hash of the rp id, flags and counter, then by the flags the attested credential with its COSE key
 * and the extensions, and nothing more. libfido2 reads the same, but believes the length that a map states and
 * reserves that much memory: a few octets could ask for gigabytes.
 */
static cx_err check_authenticator_data(struct cx_bytes data, struct cx_diag *diag)
{
    enum { FIXED = 37, FLAGS_AT = 32, HAS_CREDENTIAL = 0x40, HAS_EXTENSIONS = 0x80 };
    enum { ID_LEN_AT = FIXED + 16, ID_AT = ID_LEN_AT + 2 };
    struct cx_bytes item;
    size_t at = FIXED;
    bool fine = data.len >= FIXED;
    if (fine && data.ptr[FLAGS_AT] & HAS_CREDENTIAL) {
        fine = data.len >= ID_AT;
        at = fine ? ID_AT + ((size_t)data.ptr[ID_LEN_AT] << 8 | data.ptr[ID_LEN_AT + 1]) : at;
        fine = fine && data.len >= at;
    }
    struct cbor_reader reader = {fine ? CX_BYTES(data.ptr + at, data.len - at) : CX_BYTES_NONE};
    if (fine && data.ptr[FLAGS_AT] & HAS_CREDENTIAL)
        fine = cx_is_ok(cbor_read_item(&reader, &item));
    if (fine && data.ptr[FLAGS_AT] & HAS_EXTENSIONS)
        fine = cx_is_ok(cbor_read_item(&reader, &item));
    if (fine && reader.rest.len == 0)
        return CX_OK;
    return refuse(diag, CX_ERR(PARSE), "passkey-malformed",
                  "The authenticator's data are malformed.");
}

/* §7.1 step 17 and §7.2 step 18 of Level 3: backed up but not eligible cannot be. */
static cx_err check_backup(uint8_t flags, struct cx_diag *diag)
{
    if ((flags & CRYPTO_FIDO_BACKED_UP) && !(flags & CRYPTO_FIDO_BACKUP_ELIGIBLE))
        return refuse(diag, CX_ERR(AUTH), "passkey-backup", "The backup flags contradict.");
    return CX_OK;
}

static cx_err refuse_signature(struct cx_diag *diag, cx_err err)
{
    switch (err.code) {
    case CX_E_PARSE:
        return refuse(diag, err, "passkey-malformed", "The authenticator's data are malformed.");
    case CX_E_POLICY:
        return refuse(diag, err, "passkey-attestation",
                      "This algorithm or attestation is not accepted.");
    case CX_E_CRYPTO:
        return refuse(diag, CX_ERR(AUTH), "passkey-not-verified",
                      "The signature, the site's id or the user verification does not hold.");
    default:
        return err;
    }
}

cx_err webauthn_register(struct cx_bytes client_data, struct cx_bytes attestation_object,
                         struct cx_bytes credential_id, const struct webauthn_party *party,
                         struct cx_diag *diag, struct crypto_fido_credential *ret_credential)
{
    uint8_t hash[CRYPTO_SHA256_LEN];
    struct crypto_fido_credential credential;
    CX_TRY(crypto_sha256(client_data, hash));
    struct crypto_fido_registration in = {.rp_id = party->rp_id, .client_data_hash = hash};
    if (cx_failed(read_attestation(attestation_object, &in)))
        return refuse(diag, CX_ERR(PARSE), "passkey-malformed",
                      "The attestation object is malformed.");
    CX_TRY(check_authenticator_data(in.authenticator_data, diag));
    cx_err err = crypto_fido_register(&in, &credential);
    if (cx_failed(err))
        return refuse_signature(diag, err);
    if (!cx_bytes_eq(credential_id, CX_BYTES(credential.id, credential.id_len)))
        return refuse(diag, CX_ERR(AUTH), "passkey-malformed",
                      "The credential's id is not that of the attestation object.");
    CX_TRY(check_backup(credential.flags, diag));
    *ret_credential = credential;
    return CX_OK;
}

cx_err webauthn_assert(const struct webauthn_assertion *assertion,
                       const struct webauthn_stored *stored, const struct webauthn_party *party,
                       struct cx_diag *diag, uint32_t *ret_sign_count)
{
    uint8_t hash[CRYPTO_SHA256_LEN], flags = 0;
    uint32_t sign_count = 0;
    CX_TRY(crypto_sha256(assertion->client_data, hash));
    const struct crypto_fido_assertion in = {.rp_id = party->rp_id,
                                             .client_data_hash = hash,
                                             .authenticator_data = assertion->authenticator_data,
                                             .signature = assertion->signature,
                                             .algorithm = stored->algorithm,
                                             .key = stored->key};
    CX_TRY(check_authenticator_data(in.authenticator_data, diag));
    cx_err err = crypto_fido_assert(&in, &flags, &sign_count);
    if (cx_failed(err))
        return refuse_signature(diag, err);
    CX_TRY(check_backup(flags, diag));
    if (((flags & CRYPTO_FIDO_BACKUP_ELIGIBLE) != 0) != stored->backup_eligible)
        return refuse(diag, CX_ERR(AUTH), "passkey-backup",
                      "Whether it can be backed up never changes.");
    /* Authenticators that keep no counter send 0 always. */
    if ((sign_count || stored->sign_count) && sign_count <= stored->sign_count)
        return refuse(diag, CX_ERR(AUTH), "passkey-counter",
                      "The counter went back: the authenticator may have been copied.");
    *ret_sign_count = sign_count;
    return CX_OK;
}
