/*
 * The bytes of a sealed field: pure functions of a data key, a place and the content.
 *
 *   offset  0  magic "CX", version 1, algorithm 1
 *           4  key id, 16: names the data key, derived from it
 *          20  data key version, 32 bits, big-endian
 *          24  nonce, 24 random bytes
 *          48  commitment, 32
 *          80  ciphertext, tag (16)
 *
 * Each record has a key of its own: HKDF-Expand(data key, label ‖ nonce) yields 64 bytes, first the AES-256-GCM
 * key, then the commitment. So the 96-bit nonce limit of GCM does not apply (its nonce is zero, its key is used
 * once), and the envelope opens under one key only: the commitment is compared, in constant time, before
 * anything is decrypted. Format and reasons: docs/formats/sealed-field.md.
 */
#pragma once
#include "core/protect/protect.h"
#include "crypto/hash.h"

enum {
    ENVELOPE_KEY_ID_LEN = 16,
    ENVELOPE_NONCE_LEN = 24,
    ENVELOPE_COMMITMENT_LEN = 32,
    ENVELOPE_HEADER_LEN = 80,
    ENVELOPE_OVERHEAD = 96,
    ENVELOPE_PLAINTEXT_MAX = 16 * 1024 * 1024,
    ENVELOPE_ROW_MAX = 256
};

/* A data key ready for use. Lives in secret memory. */
struct envelope_key {
    struct crypto_hmac_key hmac;
    uint32_t version;
    uint8_t id[ENVELOPE_KEY_ID_LEN];
};

cx_err envelope_key_init(struct cx_bytes data_key, uint32_t version, struct envelope_key *ret_key);

/* schema is PROTECT_SCHEMA save in tests. */
cx_err envelope_seal(const struct envelope_key *key, const struct protect_place *place,
                     uint32_t schema, const uint8_t nonce[static ENVELOPE_NONCE_LEN],
                     struct cx_bytes plaintext, struct arena *arena, struct cx_sealed *ret_sealed);
/* Which data key it needs. CX_E_CRYPTO when it is no envelope of this version. */
cx_err envelope_version(struct cx_sealed sealed, uint32_t *ret_version);
cx_err envelope_open(const struct envelope_key *key, const struct protect_place *place,
                     uint32_t schema, struct cx_sealed sealed, struct arena *arena,
                     struct cx_bytes *ret_plaintext);

/* Blind index token: HMAC under a key for (tenant, table, column), truncated. */
cx_err envelope_index(const struct envelope_key *key, struct cx_id tenant_id, const char *table,
                      const char *column, struct cx_bytes plaintext,
                      uint8_t ret_token[static PROTECT_INDEX_LEN]);
