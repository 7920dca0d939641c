#include "core/issuance/body.h"
#include "base/cleanup.h"

static cx_err add_item(struct cx_buf *out, uint8_t tag, struct cx_bytes value)
{
    if (value.len > ISSUANCE_VALUE_MAX)
        return CX_ERR(LIMIT);
    CX_TRY(cx_buf_add_u8(out, tag));
    CX_TRY(cx_buf_add_u8(out, (uint8_t)(value.len & 0xff)));
    CX_TRY(cx_buf_add_u8(out, (uint8_t)(value.len >> 8)));
    return cx_buf_add(out, value);
}

/* A cursor that cannot overrun. */
struct reader {
    const uint8_t *at, *end;
};

static cx_err take(struct reader *in, size_t len, const uint8_t **ret_bytes)
{
    if ((size_t)(in->end - in->at) < len)
        return CX_ERR(PARSE);
    *ret_bytes = in->at;
    in->at += len;
    return CX_OK;
}

static cx_err take_u8(struct reader *in, size_t max, uint8_t *ret_value)
{
    const uint8_t *p = NULL;
    CX_TRY(take(in, 1, &p));
    if (*p > max)
        return CX_ERR(PARSE);
    *ret_value = *p;
    return CX_OK;
}

static cx_err take_value(struct reader *in, struct cx_bytes *ret_value)
{
    const uint8_t *p = NULL, *value = NULL;
    CX_TRY(take(in, 2, &p));
    size_t len = (size_t)p[0] | (size_t)p[1] << 8;
    if (len > ISSUANCE_VALUE_MAX)
        return CX_ERR(PARSE);
    CX_TRY(take(in, len, &value));
    *ret_value = CX_BYTES(value, len);
    return CX_OK;
}

static cx_err read_subject(struct reader *in, struct arena *arena, struct issuance_body *body)
{
    uint8_t count = 0, type = 0;
    struct pki_attribute *subject = NULL;
    struct cx_bytes value;
    CX_TRY(take_u8(in, PKI_ATTRIBUTES_MAX, &count));
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &subject));
    for (size_t i = 0; i < count; i++) {
        CX_TRY(take_u8(in, PKI_ATTR_COUNT - 1, &type));
        CX_TRY(take_value(in, &value));
        subject[i].type = (enum pki_attribute_type)type;
        CX_TRY(cx_str_view(value, &subject[i].value));
    }
    body->subject = subject;
    body->subject_count = count;
    return CX_OK;
}

static cx_err read_names(struct reader *in, struct arena *arena, struct issuance_body *body)
{
    uint8_t count = 0, kind = 0;
    struct pki_name *names = NULL;
    CX_TRY(take_u8(in, PKI_NAMES_MAX, &count));
    CX_TRY(ARENA_NEW_ARRAY(arena, count, &names));
    for (size_t i = 0; i < count; i++) {
        CX_TRY(take_u8(in, PKI_NAME_COUNT - 1, &kind));
        CX_TRY(take_value(in, &names[i].value));
        names[i].kind = (enum pki_name_kind)kind;
    }
    body->names = names;
    body->name_count = count;
    return CX_OK;
}

cx_err issuance_body_write(const struct issuance_body *body, struct arena *arena,
                           struct cx_bytes *ret_bytes)
{
    CX_CLEANUP(cx_buf_clear) struct cx_buf out = CX_BUF_INIT(ISSUANCE_BODY_MAX);
    if (body->subject_count > PKI_ATTRIBUTES_MAX || body->name_count > PKI_NAMES_MAX ||
        body->spki.len > PKI_SPKI_MAX)
        return CX_ERR(LIMIT);
    CX_TRY(cx_buf_add_u8(&out, ISSUANCE_BODY_VERSION));
    CX_TRY(cx_buf_add_u8(&out, (uint8_t)body->subject_count));
    for (size_t i = 0; i < body->subject_count; i++)
        CX_TRY(
            add_item(&out, (uint8_t)body->subject[i].type, cx_str_bytes(body->subject[i].value)));
    CX_TRY(cx_buf_add_u8(&out, (uint8_t)body->name_count));
    for (size_t i = 0; i < body->name_count; i++)
        CX_TRY(add_item(&out, (uint8_t)body->names[i].kind, body->names[i].value));
    CX_TRY(cx_buf_add_u8(&out, (uint8_t)(body->spki.len & 0xff)));
    CX_TRY(cx_buf_add_u8(&out, (uint8_t)(body->spki.len >> 8)));
    CX_TRY(cx_buf_add(&out, body->spki));
    return arena_copy(arena, cx_buf_view(&out), ret_bytes);
}

cx_err issuance_body_parse(struct cx_bytes bytes, struct arena *arena,
                           struct issuance_body *ret_body)
{
    struct reader in = {bytes.ptr, bytes.ptr + bytes.len};
    struct issuance_body body = {0};
    uint8_t version = 0;
    CX_TRY(take_u8(&in, ISSUANCE_BODY_VERSION, &version));
    if (version != ISSUANCE_BODY_VERSION)
        return CX_ERR(PARSE);
    CX_TRY(read_subject(&in, arena, &body));
    CX_TRY(read_names(&in, arena, &body));
    CX_TRY(take_value(&in, &body.spki));
    if (in.at != in.end)
        return CX_ERR(PARSE);
    *ret_body = body;
    return CX_OK;
}
