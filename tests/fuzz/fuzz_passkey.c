/*
 * What a browser and an authenticator send, up to and into libfido2: the first octet chooses client data, attestation object, or
 * authenticator data and signature. Only the genuine assertion may verify.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/lib/passkey_vectors.h"

#include "base/cleanup.h"
#include "core/authentication/webauthn.h"

static const struct webauthn_party party = {CX_STR("https://ca.example.org"),
                                            CX_STR("ca.example.org")};

static void try_client_data(struct cx_bytes bytes)
{
    CX_CLEANUP(arena_clear) struct arena arena = ARENA_INIT(1 << 16);
    struct cx_bytes challenge;
    if (cx_is_ok(webauthn_client_data(bytes, "webauthn.get", &party, &arena, NULL, &challenge)))
        FUZZ_REQUIRE(challenge.len <= WEBAUTHN_CHALLENGE_MAX &&
                     memmem(bytes.ptr, bytes.len, "webauthn.get", 12) != NULL);
}

static void try_attestation(struct cx_bytes bytes)
{
    struct crypto_fido_credential credential = {0};
    struct cx_bytes client = CX_BYTES(vector_create_client, sizeof(vector_create_client));
    struct cx_bytes id = CX_BYTES(vector_credential_id, sizeof(vector_credential_id));
    if (cx_failed(webauthn_register(client, bytes, id, &party, NULL, &credential)))
        return;
    FUZZ_REQUIRE(credential.id_len == id.len && credential.key_len <= CRYPTO_FIDO_KEY_MAX);
    FUZZ_REQUIRE(credential.flags & CRYPTO_FIDO_USER_VERIFIED);
}

static void try_assertion(struct cx_bytes bytes)
{
    const struct webauthn_stored stored = {.algorithm = CRYPTO_FIDO_ES256,
                                           .key = CX_BYTES(vector_key, sizeof(vector_key))};
    uint32_t count = 0;
    if (bytes.len == 0 || bytes.len - 1 < bytes.ptr[0])
        return;
    size_t data_len = bytes.ptr[0];
    const struct webauthn_assertion assertion = {
        .client_data = CX_BYTES(vector_get_client, sizeof(vector_get_client)),
        .authenticator_data = CX_BYTES(bytes.ptr + 1, data_len),
        .signature = CX_BYTES(bytes.ptr + 1 + data_len, bytes.len - 1 - data_len)};
    if (cx_is_ok(webauthn_assert(&assertion, &stored, &party, NULL, &count)))
        FUZZ_REQUIRE(
            cx_bytes_eq(assertion.authenticator_data, CX_BYTES(vector_data, sizeof(vector_data))));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    struct cx_bytes rest = CX_BYTES(data + 1, size - 1);
    switch (data[0] % 3) {
    case 0:
        try_client_data(rest);
        break;
    case 1:
        try_attestation(rest);
        break;
    default:
        try_assertion(rest);
    }
    return 0;
}
