/* A table says which fields a type has; writer and reader walk the fields in one order. */
#include "keys/journal_record.h"
#include "base/checked.h"
#include "crypto/hash.h"

enum {
    MAGIC = 0x314a5843, /* "CXJ1" */
    F_INTENT = 1 << 0,
    F_TENANT = 1 << 1,
    F_ISSUER = 1 << 2,
    F_PROFILE = 1 << 3,
    F_SERIAL = 1 << 4,
    F_HASH = 1 << 5,
    F_DER = 1 << 6,
    F_SHARD = 1 << 7,
    F_NUMBER = 1 << 8,
};

static const unsigned fields_of[JOURNAL_TYPE_COUNT] = {
    [JOURNAL_INTENDED] = F_INTENT | F_TENANT | F_ISSUER | F_PROFILE | F_SERIAL | F_HASH,
    [JOURNAL_SIGNED] = F_INTENT | F_DER,
    [JOURNAL_ABANDONED] = F_INTENT,
    [JOURNAL_SETTLED] = F_INTENT,
    [JOURNAL_CRL] = F_ISSUER | F_SHARD | F_NUMBER,
    [JOURNAL_CHECKPOINT] = F_TENANT | F_NUMBER | F_HASH,
    [JOURNAL_RESPONDER] = F_ISSUER | F_HASH,
    [JOURNAL_SIGNED_AT] = F_INTENT | F_SHARD | F_NUMBER,
};

void journal_put_u32(uint8_t *at, uint32_t value)
{
    for (int i = 0; i < 4; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

void journal_put_u64(uint8_t *at, uint64_t value)
{
    for (int i = 0; i < 8; i++)
        at[i] = (uint8_t)(value >> (8 * i));
}

uint32_t journal_get_u32(const uint8_t *at)
{
    uint32_t value = 0;
    for (int i = 3; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

uint64_t journal_get_u64(const uint8_t *at)
{
    uint64_t value = 0;
    for (int i = 7; i >= 0; i--)
        value = value << 8 | at[i];
    return value;
}

static cx_err add_u32(struct cx_buf *out, uint32_t value)
{
    uint8_t bytes[4];
    journal_put_u32(bytes, value);
    return cx_buf_add(out, CX_BYTES(bytes, sizeof(bytes)));
}

static cx_err add_u64(struct cx_buf *out, uint64_t value)
{
    uint8_t bytes[8];
    journal_put_u64(bytes, value);
    return cx_buf_add(out, CX_BYTES(bytes, sizeof(bytes)));
}

static cx_err add_sized(struct cx_buf *out, struct cx_bytes bytes, size_t max)
{
    if (bytes.len > max)
        return CX_ERR(LIMIT);
    CX_TRY(add_u32(out, (uint32_t)bytes.len));
    return cx_buf_add(out, bytes);
}

static unsigned fields_for(enum journal_type type)
{
    return (unsigned)type < JOURNAL_TYPE_COUNT ? fields_of[type] : 0;
}

cx_err journal_body_write(const struct journal_record *record, struct cx_buf *out)
{
    unsigned fields = fields_for(record->type);
    if (fields == 0)
        return CX_ERR(USAGE);
    if (fields & F_INTENT)
        CX_TRY(cx_buf_add(out, cx_id_bytes(&record->intent_id)));
    if (fields & F_TENANT)
        CX_TRY(cx_buf_add(out, cx_id_bytes(&record->tenant_id)));
    if (fields & F_ISSUER)
        CX_TRY(cx_buf_add(out, cx_id_bytes(&record->issuer_id)));
    if (fields & F_PROFILE) {
        CX_TRY(add_sized(out, cx_str_bytes(record->profile), JOURNAL_PROFILE_MAX));
        CX_TRY(add_u32(out, record->version));
    }
    if (fields & F_SERIAL)
        CX_TRY(add_sized(out, record->serial, PKI_SERIAL_MAX));
    if (fields & F_HASH)
        CX_TRY(cx_buf_add(out, CX_BYTES(record->hash, sizeof(record->hash))));
    if (fields & F_DER)
        CX_TRY(add_sized(out, record->der, JOURNAL_DER_MAX));
    if (fields & F_SHARD)
        CX_TRY(add_u32(out, record->shard));
    if (fields & F_NUMBER)
        CX_TRY(add_u64(out, record->number));
    return CX_OK;
}

struct reader {
    struct cx_bytes rest;
};

static cx_err take(struct reader *in, size_t len, struct cx_bytes *ret_bytes)
{
    if (len > in->rest.len)
        return CX_ERR(PARSE);
    *ret_bytes = CX_BYTES(in->rest.ptr, len);
    in->rest = CX_BYTES(in->rest.ptr + len, in->rest.len - len);
    return CX_OK;
}

static cx_err take_fixed(struct reader *in, uint8_t *ret_bytes, size_t len)
{
    struct cx_bytes bytes;
    CX_TRY(take(in, len, &bytes));
    memcpy(ret_bytes, bytes.ptr, len);
    return CX_OK;
}

static cx_err take_u32(struct reader *in, uint32_t *ret_value)
{
    struct cx_bytes bytes;
    CX_TRY(take(in, 4, &bytes));
    *ret_value = journal_get_u32(bytes.ptr);
    return CX_OK;
}

static cx_err take_u64(struct reader *in, uint64_t *ret_value)
{
    struct cx_bytes bytes;
    CX_TRY(take(in, 8, &bytes));
    *ret_value = journal_get_u64(bytes.ptr);
    return CX_OK;
}

static cx_err take_sized(struct reader *in, size_t max, struct cx_bytes *ret_bytes)
{
    uint32_t len = 0;
    CX_TRY(take_u32(in, &len));
    if (len > max)
        return CX_ERR(PARSE);
    return take(in, len, ret_bytes);
}

cx_err journal_body_parse(enum journal_type type, struct cx_bytes body,
                          struct journal_record *ret_record)
{
    struct journal_record record = {.type = type};
    struct reader in = {body};
    unsigned fields = fields_for(type);
    if (fields == 0)
        return CX_ERR(PARSE);
    if (fields & F_INTENT)
        CX_TRY(take_fixed(&in, record.intent_id.b, sizeof(record.intent_id.b)));
    if (fields & F_TENANT)
        CX_TRY(take_fixed(&in, record.tenant_id.b, sizeof(record.tenant_id.b)));
    if (fields & F_ISSUER)
        CX_TRY(take_fixed(&in, record.issuer_id.b, sizeof(record.issuer_id.b)));
    if (fields & F_PROFILE) {
        struct cx_bytes name;
        CX_TRY(take_sized(&in, JOURNAL_PROFILE_MAX, &name));
        CX_TRY(cx_str_view(name, &record.profile));
        CX_TRY(take_u32(&in, &record.version));
    }
    if (fields & F_SERIAL)
        CX_TRY(take_sized(&in, PKI_SERIAL_MAX, &record.serial));
    if (fields & F_HASH)
        CX_TRY(take_fixed(&in, record.hash, sizeof(record.hash)));
    if (fields & F_DER)
        CX_TRY(take_sized(&in, JOURNAL_DER_MAX, &record.der));
    if (fields & F_SHARD)
        CX_TRY(take_u32(&in, &record.shard));
    if (fields & F_NUMBER)
        CX_TRY(take_u64(&in, &record.number));
    if (in.rest.len != 0)
        return CX_ERR(PARSE);
    *ret_record = record;
    return CX_OK;
}

cx_err journal_frame_write(struct journal_frame *frame,
                           const uint8_t previous[static JOURNAL_HASH_LEN], struct cx_buf *out)
{
    if (frame->body.len > JOURNAL_BODY_MAX)
        return CX_ERR(LIMIT);
    uint8_t header[JOURNAL_HEADER_LEN];
    journal_put_u32(header, MAGIC);
    journal_put_u32(header + 4, (uint32_t)frame->body.len);
    journal_put_u64(header + 8, frame->sequence);
    journal_put_u64(header + 16, frame->durable);
    journal_put_u64(header + 24, (uint64_t)frame->at_us);
    journal_put_u32(header + 32, (uint32_t)frame->type);
    const struct cx_bytes pieces[] = {CX_BYTES(previous, JOURNAL_HASH_LEN),
                                      CX_BYTES(header, sizeof(header)), frame->body};
    uint8_t hash[JOURNAL_HASH_LEN];
    CX_TRY(crypto_digest(CRYPTO_SHA256, pieces, CX_COUNT_OF(pieces), hash));
    CX_TRY(cx_buf_reserve(out, sizeof(header) + frame->body.len + sizeof(hash)));
    CX_TRY(cx_buf_add(out, pieces[1]));
    CX_TRY(cx_buf_add(out, frame->body));
    CX_TRY(cx_buf_add(out, CX_BYTES(hash, sizeof(hash))));
    memcpy(frame->hash, hash, sizeof(hash));
    frame->len = sizeof(header) + frame->body.len + sizeof(hash);
    return CX_OK;
}

cx_err journal_frame_parse(struct cx_bytes bytes, const uint8_t previous[static JOURNAL_HASH_LEN],
                           struct journal_frame *ret_frame)
{
    if (bytes.len < JOURNAL_HEADER_LEN + JOURNAL_HASH_LEN || journal_get_u32(bytes.ptr) != MAGIC)
        return CX_ERR(PARSE);
    size_t body_len = journal_get_u32(bytes.ptr + 4);
    if (body_len > JOURNAL_BODY_MAX || body_len > bytes.len - JOURNAL_HEADER_LEN - JOURNAL_HASH_LEN)
        return CX_ERR(PARSE);
    const struct cx_bytes pieces[] = {CX_BYTES(previous, JOURNAL_HASH_LEN),
                                      CX_BYTES(bytes.ptr, JOURNAL_HEADER_LEN + body_len)};
    struct journal_frame frame = {.sequence = journal_get_u64(bytes.ptr + 8),
                                  .durable = journal_get_u64(bytes.ptr + 16),
                                  .at_us = (cx_time)journal_get_u64(bytes.ptr + 24),
                                  .type = (enum journal_type)journal_get_u32(bytes.ptr + 32),
                                  .body = CX_BYTES(bytes.ptr + JOURNAL_HEADER_LEN, body_len),
                                  .len = JOURNAL_HEADER_LEN + body_len + JOURNAL_HASH_LEN};
    CX_TRY(crypto_digest(CRYPTO_SHA256, pieces, CX_COUNT_OF(pieces), frame.hash));
    if (memcmp(frame.hash, bytes.ptr + JOURNAL_HEADER_LEN + body_len, JOURNAL_HASH_LEN) != 0)
        return CX_ERR(PARSE);
    *ret_frame = frame;
    return CX_OK;
}
