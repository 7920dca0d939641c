/*
 * Asymmetric keys: generation, PKCS#8 and SubjectPublicKeyInfo, signing and verifying.
 *
 * Only the six kinds below exist here; anything else is refused when it is read (CX_E_POLICY),
 * malformed encodings are CX_E_PARSE. A crypto_key is immutable once made and may be used by
 * several threads at once. Private key bytes enter and leave only through cx_secret or a caller's
 * secret view; OpenSSL's own copy lives in its heap and is wiped by crypto_key_free. RFC 5480, RFC
 * 8410, RFC 8017, RFC 5958.
 */
#pragma once
#include "base/cleanup.h"
#include "base/secret.h"

/* Same order as enum pki_key_type, which pki checks at compile time. */
enum crypto_key_type {
    CRYPTO_KEY_P256,
    CRYPTO_KEY_P384,
    CRYPTO_KEY_RSA2048,
    CRYPTO_KEY_RSA3072,
    CRYPTO_KEY_RSA4096,
    CRYPTO_KEY_ED25519,
    CRYPTO_KEY_COUNT
};

enum crypto_signature {
    CRYPTO_SIGNATURE_ECDSA_SHA256,
    CRYPTO_SIGNATURE_ECDSA_SHA384,
    CRYPTO_SIGNATURE_ECDSA_SHA512,
    CRYPTO_SIGNATURE_RSA_SHA256, /* RSASSA-PKCS1-v1_5 */
    CRYPTO_SIGNATURE_RSA_SHA384,
    CRYPTO_SIGNATURE_RSA_SHA512,
    CRYPTO_SIGNATURE_ED25519,
    CRYPTO_SIGNATURE_COUNT
};

enum {
    CRYPTO_P256_POINT_LEN = 65, /* 0x04 ‖ x ‖ y */
    CRYPTO_ED25519_SEED_LEN = 32,
    CRYPTO_SPKI_MAX = 600,
    CRYPTO_PKCS8_MAX = 4096,
    CRYPTO_SIGNATURE_MAX = 512
};

struct crypto_key;

/* The kind of key in a SubjectPublicKeyInfo, by its encoding alone: the key is not checked. */
cx_err crypto_spki_type(struct cx_bytes spki, enum crypto_key_type *ret_type);
/* "p256", "p384", "rsa2048", … "ed25519". */
const char *crypto_key_type_name(enum crypto_key_type type);

cx_err crypto_key_generate(enum crypto_key_type type, struct crypto_key **ret_key);
/* Ed25519 private key from its 32-byte seed, RFC 8032 §5.1.5. */
cx_err crypto_key_from_seed(struct cx_bytes seed, struct crypto_key **ret_key);
/* Private key. The public half is checked against it by a trial signature. */
cx_err crypto_key_from_pkcs8(struct cx_bytes der, struct crypto_key **ret_key);
/* Public key from the one canonical encoding: named curve, uncompressed point on the curve, RSA
 * with NULL parameters. CX_E_PARSE for any other spelling of the same key. */
cx_err crypto_key_from_spki(struct cx_bytes der, struct crypto_key **ret_key);
void crypto_key_free(struct crypto_key *key);
CX_DEFINE_CLEANUP_PTR(struct crypto_key, crypto_key_free)

enum crypto_key_type crypto_key_type(const struct crypto_key *key);
bool crypto_key_is_private(const struct crypto_key *key);
/* SubjectPublicKeyInfo, canonical; valid as long as the key. */
struct cx_bytes crypto_key_spki(const struct crypto_key *key);
/* CX_E_USAGE for a public key. */
cx_err crypto_key_to_pkcs8(const struct crypto_key *key, struct cx_secret *ret_der);

/* What a key of that kind signs with here: P-256 → SHA-256, P-384 → SHA-384, RSA → SHA-256,
 * Ed25519. */
enum crypto_signature crypto_key_signature(enum crypto_key_type type);

/* Appends the signature (ECDSA: DER Ecdsa-Sig-Value). CX_E_USAGE when algorithm and key do not fit.
 */
cx_err crypto_sign(const struct crypto_key *key, enum crypto_signature algorithm,
                   struct cx_bytes message, struct cx_buf *out);
/* CX_E_CRYPTO when the signature does not verify. */
cx_err crypto_verify(const struct crypto_key *key, enum crypto_signature algorithm,
                     struct cx_bytes message, struct cx_bytes signature);
/* ECDSA P-256 with SHA-256 from the raw point, with the thread's contexts: no key object is made.
 * CX_E_CRYPTO when the point is not on the curve or the signature does not verify. */
cx_err crypto_verify_p256(const uint8_t point[static CRYPTO_P256_POINT_LEN],
                          struct cx_bytes message, struct cx_bytes signature);
