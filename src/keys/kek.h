/*
 * Key-encryption keys. The root key (32 random bytes) lies in DIR/keys/kek, sealed under an unlock
 * secret that an operator may keep elsewhere (option unlock_file). Everything else is derived from
 * it by HKDF with a purpose and a scope, or wrapped under a derived key.
 *
 * Wrapping goes through a provider, so that a tenant's key-encryption key can later live in a
 * customer's HSM or KMS: struct kek_provider is all that the data-key code knows.
 *
 * A struct kek is immutable after kek_open and may be used by several threads. Envelope of
 * kek_seal: version 1 octet | salt 24 | commitment 32 | ciphertext | tag 16; the AES-256-GCM key
 * and the commitment come from HKDF over the salt, so nonces cannot repeat and a ciphertext opens
 * under one key only.
 */
#pragma once
#include "base/diag.h"
#include "base/id.h"
#include "base/rng.h"
#include "base/secret.h"

struct kek;

enum { KEK_LEN = 32, KEK_UNLOCK_TEXT_LEN = 64, KEK_ENVELOPE_EXTRA = 1 + 24 + 32 + 16 };

/* What a derived key is for. Append only; the texts are in kek.c. */
enum kek_purpose {
    KEK_JOURNAL,     /* authenticates journal snapshots */
    KEK_ISSUER_MAC,  /* authenticates an issuer's files; scope: issuer */
    KEK_ISSUER_KEY,  /* seals a CA or responder key; scope: issuer */
    KEK_PROFILE_MAC, /* authenticates profiles; scope: tenant */
    KEK_LOG_KEY,     /* seed of a tenant's log key; scope: tenant */
    KEK_TENANT,      /* a tenant's key-encryption key; scope: tenant */
    KEK_PURPOSE_COUNT
};

/* Makes the unlock secret (a file of 64 hexadecimal digits, mode 0400, that must not exist) and the
 * file "kek" in dir. CX_E_CONFLICT when either is there already. Paths are absolute. */
cx_err kek_create(const char *dir, const char *unlock_path, struct cx_rng *rng,
                  struct cx_diag *diag);
/* Reads an unlock secret file: done before the sandbox, which may not reach it. */
cx_err kek_read_unlock(const char *unlock_path, struct cx_diag *diag, struct cx_secret *ret_unlock);
/* CX_E_AUTH: the unlock secret is not the one this key was sealed with. CX_E_CRYPTO: the file is
 * damaged. */
cx_err kek_open(const char *dir, const struct cx_secret *unlock, struct cx_diag *diag,
                struct kek **ret_kek);
void kek_free(struct kek *kek);

/* KEK_LEN bytes for a purpose and a scope; a zero id where the purpose has no scope. */
cx_err kek_derive(const struct kek *kek, enum kek_purpose purpose, struct cx_id scope,
                  struct cx_secret *ret_key);

/* Appends the envelope of plaintext under key, bound to aad. */
cx_err kek_seal(struct cx_bytes key, struct cx_bytes aad, struct cx_bytes plaintext,
                struct cx_rng *rng, struct cx_buf *out);
/* CX_E_CRYPTO: altered, another key, another aad. Appends the plaintext: the caller wipes it. */
cx_err kek_unseal(struct cx_bytes key, struct cx_bytes aad, struct cx_bytes envelope,
                  struct cx_buf *out);

/* HMAC-SHA256 under a derived key over pieces, each preceded by its length. */
cx_err kek_mac(const struct kek *kek, enum kek_purpose purpose, struct cx_id scope,
               const struct cx_bytes *pieces, size_t piece_count, uint8_t ret_mac[static KEK_LEN]);

/* Wraps data keys for tenants. The sealed-file provider derives a key-encryption key per tenant. */
struct kek_provider {
    const char *name;
    void *self;
    cx_err (*wrap)(void *self, struct cx_id tenant_id, struct cx_bytes aad, struct cx_bytes key,
                   struct cx_buf *out);
    cx_err (*unwrap)(void *self, struct cx_id tenant_id, struct cx_bytes aad,
                     struct cx_bytes wrapped, struct cx_secret *ret_key);
};
/* Valid as long as kek. */
struct kek_provider kek_sealed_file_provider(struct kek *kek);
