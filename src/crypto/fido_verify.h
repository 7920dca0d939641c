/*
 * The cryptographic half of WebAuthn (Level 2 §7.1, §7.2) by libfido2: parsing of authenticator data, hash of the relying
 * party's id, flags, public key and signature. What a relying party checks besides (type, challenge, origin, counter,
 * ownership) is in core/authentication/webauthn.h.
 *
 * Accepted: ES256, EdDSA (Ed25519), RS256; attestation "none" and "packed" self-attestation. User presence and user
 * verification are demanded always: a passkey alone logs in, so it has to be two factors. Thread-safe.
 * Errors: CX_E_PARSE (malformed), CX_E_POLICY (another algorithm or attestation), CX_E_CRYPTO (another relying
 * party, a flag missing, a signature that does not verify), CX_E_NOMEM.
 */
#pragma once
#include "base/bytes.h"

enum {
    CRYPTO_FIDO_ES256 = -7,
    CRYPTO_FIDO_EDDSA = -8,
    CRYPTO_FIDO_RS256 = -257,
    CRYPTO_FIDO_CREDENTIAL_MAX = 1023, /* WebAuthn §4: "Credential ID" */
    CRYPTO_FIDO_KEY_MAX = 259,
    CRYPTO_FIDO_HASH_LEN = 32,
    CRYPTO_FIDO_RP_ID_MAX = 253,
    /* Flags of authenticator data, §6.1. */
    CRYPTO_FIDO_USER_PRESENT = 0x01,
    CRYPTO_FIDO_USER_VERIFIED = 0x04,
    CRYPTO_FIDO_BACKUP_ELIGIBLE = 0x08,
    CRYPTO_FIDO_BACKED_UP = 0x10
};

struct crypto_fido_credential {
    int64_t algorithm;
    uint8_t id[CRYPTO_FIDO_CREDENTIAL_MAX];
    size_t id_len;
    uint8_t key[CRYPTO_FIDO_KEY_MAX]; /* x ‖ y, the Ed25519 point, or n ‖ e: as libfido2 has it */
    size_t key_len;
    uint8_t flags;
    uint32_t sign_count;
};

/* rp_id: the relying party's id; client_data_hash: SHA-256 of clientDataJSON. authenticator_data: as in the
 * attestation object; statement: its attStmt, CBOR; format: its fmt. */
struct crypto_fido_registration {
    struct cx_str rp_id;
    const uint8_t *client_data_hash;
    struct cx_str format;
    struct cx_bytes statement, authenticator_data;
};
cx_err crypto_fido_register(const struct crypto_fido_registration *in,
                            struct crypto_fido_credential *ret_credential);

struct crypto_fido_assertion {
    struct cx_str rp_id;
    const uint8_t *client_data_hash;
    struct cx_bytes authenticator_data, signature;
    int64_t algorithm;
    struct cx_bytes key;
};
cx_err crypto_fido_assert(const struct crypto_fido_assertion *in, uint8_t *ret_flags,
                          uint32_t *ret_sign_count);
