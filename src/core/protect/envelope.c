#include "core/protect/envelope.h"
#include "crypto/aead.h"

enum {
    AT_KEY_ID = 4,
    AT_VERSION = 20,
    AT_NONCE = 24,
    AT_COMMITMENT = 48,
    NAME_MAX_LEN = 64, /* of a table or column */
    AAD_MAX = AT_NONCE + 5 * 4 + 16 + 2 * NAME_MAX_LEN + ENVELOPE_ROW_MAX
};

static const uint8_t magic[] = {'C', 'X', 1, 1};
static const uint8_t zero_nonce[CRYPTO_GCM_NONCE_LEN];

/* What the AEAD and HKDF hash of the place: every part has its length before it, so that no two places
 * have the same bytes. */
struct aad {
    size_t len;
    bool overflow;
    uint8_t bytes[AAD_MAX];
};

static void put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 3; i >= 0; i--) {
        at[i] = (uint8_t)value;
        value >>= 8;
    }
}

static uint32_t get_u32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static void aad_add(struct aad *aad, struct cx_bytes part)
{
    if (aad->overflow || part.len > AAD_MAX - 4 - aad->len) {
        aad->overflow = true;
        return;
    }
    put_u32(aad->bytes + aad->len, (uint32_t)part.len);
    if (part.len)
        memcpy(aad->bytes + aad->len + 4, part.ptr, part.len);
    aad->len += 4 + part.len;
}

static cx_err make_aad(const uint8_t *header, const struct protect_place *place, uint32_t schema,
                       struct aad *aad)
{
    struct cx_bytes table = cx_str_bytes(cx_str_from(place->table));
    struct cx_bytes column = cx_str_bytes(cx_str_from(place->column));
    if (table.len == 0 || table.len > NAME_MAX_LEN || column.len == 0 ||
        column.len > NAME_MAX_LEN || place->row.len > ENVELOPE_ROW_MAX)
        return CX_ERR(LIMIT);
    uint8_t version[4];
    put_u32(version, schema);
    aad->len = AT_NONCE;
    aad->overflow = false;
    memcpy(aad->bytes, header, AT_NONCE);
    aad_add(aad, cx_id_bytes(&place->tenant_id));
    aad_add(aad, table);
    aad_add(aad, column);
    aad_add(aad, place->row);
    aad_add(aad, CX_BYTES(version, sizeof(version)));
    return aad->overflow ? CX_ERR(LIMIT) : CX_OK;
}

cx_err envelope_key_init(struct cx_bytes data_key, uint32_t version, struct envelope_key *ret_key)
{
    if (data_key.len != CRYPTO_GCM_KEY_LEN)
        return CX_ERR(CRYPTO);
    struct cx_str label = CX_STR("certinext data key id v1");
    ret_key->version = version;
    CX_TRY(crypto_hmac_key_init(data_key, &ret_key->hmac));
    return crypto_hkdf_expand_sha256(&ret_key->hmac, cx_str_bytes(label), ret_key->id,
                                     sizeof(ret_key->id));
}

/* 64 bytes: the record's AES key, then its commitment. */
static cx_err derive(const struct envelope_key *key, const uint8_t *nonce,
                     uint8_t ret_keys[static CRYPTO_GCM_KEY_LEN + ENVELOPE_COMMITMENT_LEN])
{
    static const char label[] = "certinext sealed v1";
    uint8_t info[sizeof(label) - 1 + ENVELOPE_NONCE_LEN];
    memcpy(info, label, sizeof(label) - 1);
    memcpy(info + sizeof(label) - 1, nonce, ENVELOPE_NONCE_LEN);
    return crypto_hkdf_expand_sha256(&key->hmac, CX_BYTES(info, sizeof(info)), ret_keys,
                                     CRYPTO_GCM_KEY_LEN + ENVELOPE_COMMITMENT_LEN);
}

cx_err envelope_seal(const struct envelope_key *key, const struct protect_place *place,
                     uint32_t schema, const uint8_t nonce[static ENVELOPE_NONCE_LEN],
                     struct cx_bytes plaintext, struct arena *arena, struct cx_sealed *ret_sealed)
{
    if (plaintext.len > ENVELOPE_PLAINTEXT_MAX)
        return CX_ERR(LIMIT);
    size_t total = plaintext.len + ENVELOPE_OVERHEAD;
    void *memory = NULL;
    CX_TRY(arena_alloc(arena, total, &memory));
    uint8_t *out = memory;
    memcpy(out, magic, sizeof(magic));
    memcpy(out + AT_KEY_ID, key->id, sizeof(key->id));
    put_u32(out + AT_VERSION, key->version);
    memcpy(out + AT_NONCE, nonce, ENVELOPE_NONCE_LEN);
    struct aad aad;
    CX_TRY(make_aad(out, place, schema, &aad));

    uint8_t keys[CRYPTO_GCM_KEY_LEN + ENVELOPE_COMMITMENT_LEN];
    CX_TRY(derive(key, nonce, keys));
    memcpy(out + AT_COMMITMENT, keys + CRYPTO_GCM_KEY_LEN, ENVELOPE_COMMITMENT_LEN);
    struct cx_buf buf = {.ptr = out, .len = ENVELOPE_HEADER_LEN, .cap = total, .max = total};
    cx_err sealed = crypto_gcm_seal(CX_BYTES(keys, CRYPTO_GCM_KEY_LEN),
                                    CX_BYTES(zero_nonce, sizeof(zero_nonce)),
                                    CX_BYTES(aad.bytes, aad.len), plaintext, &buf);
    cx_wipe(keys, sizeof(keys));
    CX_TRY(sealed);
    *ret_sealed = (struct cx_sealed){.envelope = CX_BYTES(out, total)};
    return CX_OK;
}

cx_err envelope_version(struct cx_sealed sealed, uint32_t *ret_version)
{
    struct cx_bytes envelope = sealed.envelope;
    if (envelope.len < ENVELOPE_OVERHEAD ||
        envelope.len > ENVELOPE_PLAINTEXT_MAX + ENVELOPE_OVERHEAD ||
        !cx_bytes_eq(CX_BYTES(envelope.ptr, sizeof(magic)), CX_BYTES(magic, sizeof(magic))))
        return CX_ERR(CRYPTO);
    *ret_version = get_u32(envelope.ptr + AT_VERSION);
    return CX_OK;
}

/* The key id selects one key, and the commitment proves that it is the one: no trial decryption. */
static cx_err check_key(const struct envelope_key *key, const uint8_t *envelope,
                        const uint8_t *commitment)
{
    if (get_u32(envelope + AT_VERSION) != key->version ||
        !crypto_ct_equal(CX_BYTES(envelope + AT_KEY_ID, sizeof(key->id)),
                         CX_BYTES(key->id, sizeof(key->id))))
        return CX_ERR(CRYPTO);
    if (!crypto_ct_equal(CX_BYTES(envelope + AT_COMMITMENT, ENVELOPE_COMMITMENT_LEN),
                         CX_BYTES(commitment, ENVELOPE_COMMITMENT_LEN)))
        return CX_ERR(CRYPTO);
    return CX_OK;
}

cx_err envelope_open(const struct envelope_key *key, const struct protect_place *place,
                     uint32_t schema, struct cx_sealed sealed, struct arena *arena,
                     struct cx_bytes *ret_plaintext)
{
    uint32_t version = 0;
    CX_TRY(envelope_version(sealed, &version));
    const uint8_t *envelope = sealed.envelope.ptr;
    size_t text_len = sealed.envelope.len - ENVELOPE_OVERHEAD;
    struct aad aad;
    CX_TRY(make_aad(envelope, place, schema, &aad));
    void *memory = NULL;
    CX_TRY(arena_alloc(arena, text_len, &memory));

    uint8_t keys[CRYPTO_GCM_KEY_LEN + ENVELOPE_COMMITMENT_LEN];
    CX_TRY(derive(key, envelope + AT_NONCE, keys));
    cx_err opened = check_key(key, envelope, keys + CRYPTO_GCM_KEY_LEN);
    struct cx_buf buf = {.ptr = memory, .cap = text_len, .max = text_len};
    if (cx_is_ok(opened))
        opened = crypto_gcm_open(
            CX_BYTES(keys, CRYPTO_GCM_KEY_LEN), CX_BYTES(zero_nonce, sizeof(zero_nonce)),
            CX_BYTES(aad.bytes, aad.len),
            CX_BYTES(envelope + ENVELOPE_HEADER_LEN, sealed.envelope.len - ENVELOPE_HEADER_LEN),
            &buf);
    cx_wipe(keys, sizeof(keys));
    CX_TRY(opened);
    *ret_plaintext = CX_BYTES(memory, text_len);
    return CX_OK;
}

cx_err envelope_index(const struct envelope_key *key, struct cx_id tenant_id, const char *table,
                      const char *column, struct cx_bytes plaintext,
                      uint8_t ret_token[static PROTECT_INDEX_LEN])
{
    struct aad info = {0};
    aad_add(&info, CX_BYTES("certinext blind index v1", 24));
    aad_add(&info, cx_id_bytes(&tenant_id));
    aad_add(&info, cx_str_bytes(cx_str_from(table)));
    aad_add(&info, cx_str_bytes(cx_str_from(column)));
    if (info.overflow)
        return CX_ERR(LIMIT);
    uint8_t index_key[CRYPTO_SHA256_LEN];
    uint8_t mac[CRYPTO_SHA256_LEN];
    CX_TRY(crypto_hkdf_expand_sha256(&key->hmac, CX_BYTES(info.bytes, info.len), index_key,
                                     sizeof(index_key)));
    cx_err made = crypto_hmac_sha256(CX_BYTES(index_key, sizeof(index_key)), &plaintext, 1, mac);
    cx_wipe(index_key, sizeof(index_key));
    CX_TRY(made);
    memcpy(ret_token, mac, PROTECT_INDEX_LEN);
    return CX_OK;
}
